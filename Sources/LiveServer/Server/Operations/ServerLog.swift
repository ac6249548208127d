// Owns the way in which the server itself logs: constant messages with known fields. A message can't be put together
// from what people sent, because it is a StaticString. Never waits.

import LiveIO
import Logging

/// The server's log; a value that every thread may copy.
package struct ServerLog: Sendable {
    private let logger: Logger
    private let output: LogOutput
    private let levels: LogLevelSwitch

    /// A log on standard error, or on `descriptor`, with a writing thread of its own.
    package init(_ settings: LogSettings, descriptor: Int32 = 2) {
        let line = LogLine(format: settings.format, names: settings.names)
        let output = LogOutput(descriptor: descriptor) { dropped in
            line.bytes(
                level: "warning", message: "log lines dropped", fields: [("count", "\(dropped)")],
                wallMs: WallClock.nowMs())
        }
        let levels = LogLevelSwitch(settings.level)
        self.output = output
        self.levels = levels
        logger = Logger(label: "liveserver") { _ in LiveLogHandler(output: output, line: line, levels: levels) }
    }

    /// Something that only a developer looks for.
    package func debug(_ message: StaticString, reason: String? = nil, fields: [LogField: String] = [:]) {
        log(.debug, message, reason, fields)
    }

    /// Something that happened as it should.
    package func info(_ message: StaticString, reason: String? = nil, fields: [LogField: String] = [:]) {
        log(.info, message, reason, fields)
    }

    /// Something that an operator should look at some time.
    package func warning(_ message: StaticString, reason: String? = nil, fields: [LogField: String] = [:]) {
        log(.warning, message, reason, fields)
    }

    /// Something that failed.
    package func error(_ message: StaticString, reason: String? = nil, fields: [LogField: String] = [:]) {
        log(.error, message, reason, fields)
    }

    /// Another level from now on.
    package func setLevel(_ level: LogLevelName) { levels.set(level) }

    /// The handler for libraries that log by swift-log: same lines, same limits.
    package func bootstrapLibraries() {
        let handler = logger.handler
        LoggingSystem.bootstrap { _ in handler }
    }

    /// Writes what waits; at the end of the process.
    package func stop() { output.stop() }

    private func log(_ level: Logger.Level, _ message: StaticString, _ reason: String?, _ fields: [LogField: String]) {
        guard level >= levels.level else { return }
        var metadata: Logger.Metadata = [:]
        for (field, value) in fields { metadata[field.rawValue] = .string(value) }
        if let reason { metadata[LogField.reason.rawValue] = .string(reason) }
        logger.log(level: level, "\(message)", metadata: metadata)
    }
}
