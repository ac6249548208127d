// Owns what happens in Redis for one command: one script, so that order, log and delivery are one step. Pure; it is
// carried out by whoever holds a connection.

/// What a caller must know of a room for Redis to take its command.
package struct SequenceTerms: Equatable, Sendable {
    /// The epoch in which the caller applies.
    package var epoch: String
    /// The run_id that the caller's connection read on connecting.
    package var runID: String
    /// The last seq that the caller applied.
    package var applied: UInt64
    /// Entries in the stream from which on nothing more is taken.
    package var logMax: Int

    /// All members.
    package init(epoch: String, runID: String, applied: UInt64, logMax: Int) {
        self.epoch = epoch
        self.runID = runID
        self.applied = applied
        self.logMax = logMax
    }
}

/// What Redis made of a command.
package enum SequenceVerdict: Equatable, Sendable {
    /// It is in the log. The event is shown when it comes back, in its order.
    case sequenced(seq: UInt64, ts: Int64)
    /// The room has another epoch in Redis, or another run of Redis gave its last seq, or none did: it must be seeded.
    case foreign(epoch: String, runID: String)
    /// Redis is behind what this caller applied: it came back from an older copy.
    case behind(seq: UInt64)
    /// The log has its most entries: the store is behind.
    case full
}

/// The script that sequences commands.
package enum SequenceScript {
    /// KEYS head log; ARGV epoch, run, applied, logMax, channel, tag, entry, frames.
    /// Answers {1, seq, ts} · {0, "foreign", epoch, run} · {0, "behind", seq} · {0, "full"}.
    package static let source = """
        local head = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'seq', 'ts')
        if head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then
          return {0, 'foreign', head[1] or '', head[2] or ''}
        end
        local seq = tonumber(head[3])
        if seq < tonumber(ARGV[3]) then return {0, 'behind', head[3]} end
        if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[4]) then return {0, 'full'} end
        local now = redis.call('TIME')
        local ts = now[1] * 1000 + math.floor(now[2] / 1000)
        if ts < tonumber(head[4]) then ts = tonumber(head[4]) end
        seq = seq + 1
        local message = struct.pack('<I8I8I2', seq, ts, #ARGV[6]) .. ARGV[6] .. struct.pack('<I4', #ARGV[7])
          .. ARGV[7] .. ARGV[8]
        local id = string.format('%.0f', seq)
        redis.call('HSET', KEYS[1], 'seq', id, 'ts', string.format('%.0f', ts))
        redis.call('XADD', KEYS[2], id .. '-0', 'm', message)
        redis.call('PUBLISH', ARGV[5], message)
        return {1, id, string.format('%.0f', ts)}
        """

    /// The call for one command.
    /// - Parameter digest: the script's, as the connection's greeting told.
    package static func call(
        digest: String, keys: RoomKeys, terms: SequenceTerms, tag: [UInt8], entry: [UInt8], frames: [UInt8]
    ) -> RedisCommand {
        RedisCommand(arguments: [
            Array("EVALSHA".utf8), Array(digest.utf8), Array("2".utf8), keys.head, keys.log, Array(terms.epoch.utf8),
            Array(terms.runID.utf8), Array("\(terms.applied)".utf8), Array("\(terms.logMax)".utf8), keys.news, tag,
            entry, frames,
        ])
    }

    /// What an answer of the script says; nil where it is none.
    package static func verdict(_ reply: RedisValue) -> SequenceVerdict? {
        guard let parts = reply.array, let taken = parts.first?.integer else { return nil }
        if taken == 1, parts.count == 3, let seq = parts[1].integer, let ts = parts[2].integer, seq > 0, ts >= 0 {
            return .sequenced(seq: UInt64(seq), ts: ts)
        }
        guard taken == 0, parts.count >= 2 else { return nil }
        switch parts[1].text {
        case "foreign":
            guard parts.count == 4, let epoch = parts[2].text, let run = parts[3].text else { return nil }
            return .foreign(epoch: epoch, runID: run)
        case "behind":
            guard parts.count == 3, let seq = parts[2].integer, seq >= 0 else { return nil }
            return .behind(seq: UInt64(seq))
        case "full": return .full
        default: return nil
        }
    }
}
