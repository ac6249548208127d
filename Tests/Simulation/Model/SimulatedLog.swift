// The durable log of a simulated node, as bytes of the real codec. What was appended survives the death of the process;
// a power cut may take what was appended after the last sync.

import Rooms

/// An append-only log of one room; the entry with seq n stands at place n - 1.
struct SimulatedLog {
    private(set) var records: [[UInt8]] = []
    private(set) var syncedCount = 0
    let room: RoomKey
    /// The epoch of what is appended now.
    var epoch: String

    var head: UInt64 { UInt64(records.count) }

    mutating func append(_ entry: LogEntry) {
        precondition(entry.seq == head + 1, "the log has no gaps")
        var bytes: [UInt8] = []
        LogEntryCodec.encode(entry, room: room, epoch: epoch, into: &bytes)
        records.append(bytes)
    }

    mutating func sync() { syncedCount = records.count }

    /// Loses everything after `count` entries.
    mutating func cut(to count: Int) {
        records.removeSubrange(count...)
        syncedCount = min(syncedCount, count)
    }

    func entry(_ seq: UInt64) throws -> (epoch: String, entry: LogEntry) {
        let decoded = try records[Int(seq) - 1].withUnsafeBytes { try LogEntryCodec.decode($0) }
        guard decoded.room == room, decoded.entry.seq == seq else { throw Violation("the log holds another entry") }
        return (decoded.epoch, decoded.entry)
    }
}
