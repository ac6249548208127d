// Owns the meeting of swift-log with our lines: level, metadata, time. Never waits and never decides what may be shown:
// see LogOutput and LogLine.

import LiveIO
package import Logging
import Synchronization

/// The level of all loggers of a node, changed while it runs (SIGHUP).
package final class LogLevelSwitch: Sendable {
    private let raw: Atomic<Int>

    /// Begins at a level.
    package init(_ level: LogLevelName) { raw = Atomic(Self.index(level)) }

    /// The level now. Any thread.
    package var level: Logger.Level {
        get { Logger.Level.allCases[raw.load(ordering: .relaxed)] }
        set { raw.store(Logger.Level.allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    /// Changes the level by the configuration's name.
    package func set(_ name: LogLevelName) { raw.store(Self.index(name), ordering: .relaxed) }

    /// Both lists run from trace to critical.
    private static func index(_ name: LogLevelName) -> Int {
        LogLevelName.allCases.firstIndex(of: name) ?? 0
    }
}

/// A log handler that writes lines of ours without ever making its caller wait.
package struct LiveLogHandler: LogHandler {
    private let output: LogOutput
    private let line: LogLine
    private let levels: LogLevelSwitch

    /// Metadata of every line of this logger.
    package var metadata: Logger.Metadata = [:]

    /// A handler; those of one node share output and level.
    package init(output: LogOutput, line: LogLine, levels: LogLevelSwitch) {
        self.output = output
        self.line = line
        self.levels = levels
    }

    /// The node's level; setting it sets it for all loggers.
    package var logLevel: Logger.Level {
        get { levels.level }
        set { levels.level = newValue }
    }

    /// One field of `metadata`.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    package func log(event: LogEvent) {
        var fields = metadata
        if let more = event.metadata { fields.merge(more) { $1 } }
        let sorted = fields.sorted { $0.key < $1.key }.map { (key: $0.key, value: Self.text($0.value)) }
        output.write(
            line.bytes(
                level: event.level.rawValue, message: event.message.description, fields: sorted,
                wallMs: WallClock.nowMs()))
    }

    /// Lists and nested fields are not shown: their names could not be checked.
    private static func text(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let thing): thing.description
        case .array, .dictionary: "-"
        @unknown default: "-"
        }
    }
}
