// Owns: an event journal with a history behind it, and the log as it ought to be.

import Foundation
import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore

/// What the history said, in order; any thread.
///
/// Unchecked, because `all` is touched under `condition`'s lock only.
final class HistoryLog: @unchecked Sendable {
    private let condition = NSCondition()
    private var all: [HistoryOutcome] = []

    func append(_ outcome: HistoryOutcome) {
        condition.lock()
        all.append(outcome)
        condition.broadcast()
        condition.unlock()
    }

    func wait<Found>(_ seconds: Double = 20, for found: ([HistoryOutcome]) -> Found?) -> Found? {
        let limit = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = found(all) { return result }
            if !condition.wait(until: limit) { return found(all) }
        }
    }
}

/// A journal and a history over one folder. The journal is written by the test.
final class HistoryProbe {
    static let room = sample("i/c/s", RoomKey.init)

    private let directory: TemporaryDirectory
    private(set) var writer: JournalWriter
    private(set) var store: HistoryStore
    let log = HistoryLog()
    private var lastTicket: UInt64 = 0

    init(_ directory: TemporaryDirectory, segmentBytes: Int = 1_024 * 1_024) throws {
        self.directory = directory
        try FileManager.default.createDirectory(
            atPath: directory.path("data"), withIntermediateDirectories: true)
        var options = JournalOptions()
        options.segmentBytes = segmentBytes
        options.freeBytesMin = 0
        writer = try JournalWriter(directory: directory.path("data/journal"), options: options)
        store = try Self.open(directory, writer.end, log)
    }

    private static func open(
        _ directory: TemporaryDirectory, _ end: JournalPosition, _ log: HistoryLog
    ) throws -> HistoryStore {
        try HistoryStore(
            dataDirectory: directory.path("data"), journalDirectory: directory.path("data/journal"), journalEnd: end
        ) { log.append($0) }
    }

    /// Stops the history and starts another over the same files.
    func reopen() throws {
        store.stop()
        store = try Self.open(directory, writer.end, log)
    }

    /// Commits entries and tells the history.
    func commit(_ entries: [(LogEntry, epoch: String)], room: RoomKey = room, announce: Bool = true) throws {
        var buffer: [UInt8] = []
        for (entry, epoch) in entries {
            buffer.removeAll()
            LogEntryCodec.encode(entry, room: room, epoch: epoch, into: &buffer)
            buffer.withUnsafeBytes { writer.append(kind: 1, $0) }
        }
        let end = try writer.commit(sync: false)
        if announce { store.committed(upTo: end) }
    }

    func commit(raw bytes: [UInt8], kind: UInt8) throws {
        bytes.withUnsafeBytes { writer.append(kind: kind, $0) }
        store.committed(upTo: try writer.commit(sync: false))
    }

    func removeSegments(before position: JournalPosition) throws { try writer.removeSegments(before: position) }

    func load(_ room: RoomKey = room, tailEntries: Int = 0) -> LoadedRoom? {
        lastTicket += 1
        let ticket = lastTicket
        guard store.load(room: room, tailEntries: tailEntries, ticket: ticket) else { return nil }
        let answer: LoadedRoom?? = log.wait { outcomes in
            for case let outcome in outcomes {
                if case .loaded(ticket, let loaded) = outcome { return .some(loaded) }
                if case .unavailable(ticket) = outcome { return .some(nil) }
            }
            return nil
        }
        return answer ?? nil
    }
}

/// A chat message as a log entry.
func chat(_ seq: UInt64, _ text: String, ts: Int64? = nil) -> LogEntry {
    entry(seq, .chatSend(text: text, replyTo: nil), ts: ts)
}

/// An entry by a student, or by a moderator.
func entry(_ seq: UInt64, _ command: Command, role: Role = .student, ts: Int64? = nil) -> LogEntry {
    let actor = Actor(participant: person("ada"), name: "Ada", role: role)
    let id = sample("c\(seq)", CommandID.init)
    return LogEntry(seq: seq, ts: ts ?? Int64(seq), proposal: Proposal(actor: actor, id: id, command: command))
}

/// The bytes of an entry.
func bytes(_ entry: LogEntry, _ epoch: String, room: RoomKey = HistoryProbe.room) -> [UInt8] {
    var buffer: [UInt8] = []
    LogEntryCodec.encode(entry, room: room, epoch: epoch, into: &buffer)
    return buffer
}
