// Owns how a room's log, head and snapshot are asked for in Redis, and what the answers say. Pure.

/// Where a room stands in Redis.
package struct RoomHead: Equatable, Sendable {
    /// Its epoch; nil where nobody has seeded the room.
    package let epoch: String?
    /// The run of Redis that gave the last seq.
    package let runID: String?
    /// The last seq; 0 where there is none.
    package let seq: UInt64
    /// The epoch before, and the last seq that it has in common with this one; nil where there was none.
    package let previous: RoomLineage?

    /// All members.
    package init(epoch: String?, runID: String?, seq: UInt64, previous: RoomLineage? = nil) {
        self.epoch = epoch
        self.runID = runID
        self.seq = seq
        self.previous = previous
    }
}

/// An epoch that another one goes on from.
package struct RoomLineage: Equatable, Sendable {
    /// The older epoch.
    package let epoch: String
    /// Up to this seq both are the same.
    package let base: UInt64

    /// Both members.
    package init(epoch: String, base: UInt64) {
        self.epoch = epoch
        self.base = base
    }
}

/// A state of a room that Redis keeps for nodes that have none.
package struct KeptSnapshot: Equatable, Sendable {
    /// The epoch in which it was taken.
    package let epoch: String
    /// The seq that it shows.
    package let seq: UInt64
    /// `Room.encodeSnapshot`.
    package let bytes: [UInt8]

    /// All members.
    package init(epoch: String, seq: UInt64, bytes: [UInt8]) {
        self.epoch = epoch
        self.seq = seq
        self.bytes = bytes
    }
}

/// Questions about a room's log.
package enum RoomLogQuery {
    /// Entries of one answer: at 16 KiB an entry, well within `RedisLimits.replyBytesMax`.
    package static let portion = 512

    /// The entries behind `after`, at most `portion`.
    package static func read(_ keys: RoomKeys, after: UInt64) -> RedisCommand {
        RedisCommand(arguments: [
            Array("XRANGE".utf8), keys.log, Array("(\(after)-0".utf8), Array("+".utf8), Array("COUNT".utf8),
            Array("\(portion)".utf8),
        ])
    }

    /// The entries of an answer, and whether the log ended with them; nil where it is none, or holds what is no entry.
    package static func range(_ reply: RedisValue) -> (messages: [RoomMessage], isEnd: Bool)? {
        guard let entries = reply.array else { return nil }
        var messages: [RoomMessage] = []
        messages.reserveCapacity(entries.count)
        for entry in entries {
            guard let parts = entry.array, parts.count == 2, let fields = parts[1].array, fields.count == 2,
                let message = fields[1].bytes.flatMap({ bytes in bytes.withUnsafeBytes { RoomMessage($0) } })
            else { return nil }
            messages.append(message)
        }
        return (messages, messages.count < portion)
    }

    /// Where the room stands.
    package static func head(_ keys: RoomKeys) -> RedisCommand {
        RedisCommand(
            arguments: [Array("HMGET".utf8), keys.head]
                + ["epoch", "run", "seq", "prev", "base"].map { Array($0.utf8) })
    }

    /// The head of an answer; nil where it is none.
    package static func head(_ reply: RedisValue) -> RoomHead? {
        guard let fields = reply.array, fields.count == 5 else { return nil }
        if case .null = fields[2] { return RoomHead(epoch: fields[0].text, runID: fields[1].text, seq: 0) }
        guard let seq = fields[2].integer, seq >= 0 else { return nil }
        var previous: RoomLineage?
        if let epoch = fields[3].text, let base = fields[4].integer, base >= 0 {
            previous = RoomLineage(epoch: epoch, base: UInt64(base))
        }
        return RoomHead(epoch: fields[0].text, runID: fields[1].text, seq: UInt64(seq), previous: previous)
    }

    /// The snapshot that Redis keeps.
    package static func snapshot(_ keys: RoomKeys) -> RedisCommand {
        RedisCommand(
            arguments: [Array("HMGET".utf8), keys.snapshot] + ["epoch", "seq", "bytes"].map { Array($0.utf8) })
    }

    /// The snapshot of an answer; nil where there is none.
    package static func snapshot(_ reply: RedisValue) -> KeptSnapshot? {
        guard let fields = reply.array, fields.count == 3, let epoch = fields[0].text, let seq = fields[1].integer,
            seq >= 0, let bytes = fields[2].bytes
        else { return nil }
        return KeptSnapshot(epoch: epoch, seq: UInt64(seq), bytes: bytes)
    }
}
