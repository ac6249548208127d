// Owns what keeps a room's log short in Redis: a snapshot, of which the highest stays, and trimming up to where both
// the store and that snapshot reach. Pure; carried out by whoever holds a connection.

/// The scripts that keep a snapshot and trim the log.
package enum KeepScripts {
    /// Every so many entries whoever applies one writes a snapshot.
    package static let snapshotEvery: UInt64 = 256

    /// KEYS head snapshot; ARGV epoch, seq, bytes. Answers 1 where it was kept, 0 where Redis is in another epoch or
    /// has one as high.
    package static let snapshot = """
        if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
        local kept = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
        if kept[1] == ARGV[1] and tonumber(kept[2]) >= tonumber(ARGV[2]) then return 0 end
        redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'seq', ARGV[2], 'bytes', ARGV[3])
        return 1
        """

    /// KEYS head log snapshot; ARGV epoch, the store's seq. Answers how many entries left the log.
    package static let trim = """
        if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
        local kept = redis.call('HMGET', KEYS[3], 'epoch', 'seq')
        if kept[1] ~= ARGV[1] then return 0 end
        local upTo = math.min(tonumber(kept[2]), tonumber(ARGV[2]))
        return redis.call('XTRIM', KEYS[2], 'MINID', '=', string.format('%.0f-0', upTo + 1))
        """

    /// Keeps a snapshot of the state at `seq`.
    package static func snapshot(digest: String, keys: RoomKeys, _ snapshot: KeptSnapshot) -> RedisCommand {
        RedisCommand(arguments: [
            Array("EVALSHA".utf8), Array(digest.utf8), Array("2".utf8), keys.head, keys.snapshot,
            Array(snapshot.epoch.utf8), Array("\(snapshot.seq)".utf8), snapshot.bytes,
        ])
    }

    /// Lets go of what the store has up to `stored`, as far as a snapshot covers it.
    package static func trim(digest: String, keys: RoomKeys, epoch: String, stored: UInt64) -> RedisCommand {
        RedisCommand(arguments: [
            Array("EVALSHA".utf8), Array(digest.utf8), Array("3".utf8), keys.head, keys.log, keys.snapshot,
            Array(epoch.utf8), Array("\(stored)".utf8),
        ])
    }
}
