// Owns how a room's log and head are asked for in Redis, and what the answers say. Pure.

/// Where a room stands in Redis.
package struct RoomHead: Equatable, Sendable {
    /// Its epoch; nil where nobody has seeded the room.
    package let epoch: String?
    /// The run of Redis that gave the last seq.
    package let runID: String?
    /// The last seq; 0 where there is none.
    package let seq: UInt64

    /// All members.
    package init(epoch: String?, runID: String?, seq: UInt64) {
        self.epoch = epoch
        self.runID = runID
        self.seq = seq
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
        RedisCommand(arguments: [
            Array("HMGET".utf8), keys.head, Array("epoch".utf8), Array("run".utf8), Array("seq".utf8),
        ])
    }

    /// The head of an answer; nil where it is none.
    package static func head(_ reply: RedisValue) -> RoomHead? {
        guard let fields = reply.array, fields.count == 3 else { return nil }
        if case .null = fields[2] { return RoomHead(epoch: fields[0].text, runID: fields[1].text, seq: 0) }
        guard let seq = fields[2].integer, seq >= 0 else { return nil }
        return RoomHead(epoch: fields[0].text, runID: fields[1].text, seq: UInt64(seq))
    }
}
