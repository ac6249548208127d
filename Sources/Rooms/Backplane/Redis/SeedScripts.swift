// Owns how a room gets a new epoch in Redis: after a restart, a restore or a failover, and for a room that was never
// there, every node that holds the room claims what it holds; after a while the one with the most seeds the room, in
// one step, and only while nobody else has. Pure; carried out by whoever holds a connection.
//
// The most: the later epoch (as bytes), then the greater seq, then the lesser name. Of two branches that two primaries
// began, the one that lives on may have the earlier name, where the clocks of the seeding nodes differ. So whoever
// knows a later name than the one that is served has the served one renamed (`raise`): what dies out never comes first
// again. A claim that was not renewed for `claimMs` counts no longer: a claimant that died keeps nobody waiting.

/// What a node holds of a room.
package struct RoomPosition: Equatable, Hashable, Sendable {
    /// The epoch in which it applied.
    package var epoch: String
    /// The last seq that it applied.
    package var seq: UInt64
    /// The room's time at that seq, milliseconds since 1970.
    package var ts: Int64

    /// All members.
    package init(epoch: String, seq: UInt64, ts: Int64) {
        self.epoch = epoch
        self.seq = seq
        self.ts = ts
    }
}

/// How a claim stands.
package enum ClaimVerdict: Equatable, Sendable {
    /// The room is seeded, by this run of Redis: look at its head.
    case seeded
    /// It waits for its seed since the first claim.
    /// - isMine: nobody holds more than the asking node.
    /// - least: the lowest seq that is claimed in the epoch of the most.
    /// - latest: the latest epoch that a claim or Redis itself names.
    case waiting(forMs: UInt64, isMine: Bool, least: UInt64, latest: String)
}

/// How a seed went.
package enum SeedVerdict: Equatable, Sendable {
    /// The room has the new epoch.
    case seeded
    /// Somebody was faster: look at the head.
    case late
    /// Somebody holds more, or the new epoch is no later than one that is known: claim again.
    case refused
}

/// What seeds a room.
package struct RoomSeed: Equatable, Sendable {
    /// What the seeding node holds: the new epoch goes on behind it.
    package var position: RoomPosition
    /// Later than every epoch that is known.
    package var epoch: String
    /// The last entries up to the position, in order and without a gap, for nodes that hold less.
    package var tail: [RoomMessage]
    /// The state at the position, for nodes that hold nothing.
    package var snapshot: [UInt8]

    /// All members.
    package init(position: RoomPosition, epoch: String, tail: [RoomMessage], snapshot: [UInt8]) {
        self.position = position
        self.epoch = epoch
        self.tail = tail
        self.snapshot = snapshot
    }
}

/// The scripts that claim and seed.
package enum SeedScripts {
    /// How long a claim counts that is not renewed, in milliseconds.
    package static let claimMs: UInt64 = 1_000

    /// What both begin with. KEYS head claims; ARGV run, node, epoch, seq.
    /// `seeded`: this run of Redis gave the last seq, and the caller holds no more of its epoch.
    private static let common = """
        local head = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'seq', 'ts')
        local run, node, epoch, seq = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
        local seeded = head[1] and head[2] == run
          and not (head[1] == epoch and tonumber(head[3]) < tonumber(seq))
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local function most()
          local all = redis.call('HGETALL', KEYS[2])
          local best, least, latest = nil, nil, head[1] or ''
          for i = 1, #all, 2 do
            local e, s, at = string.match(all[i + 1], '^(%w+) (%d+) (%d+)$')
            if e and now - tonumber(at) <= \(claimMs) then
              if e > latest then latest = e end
              local n = tonumber(s)
              if not best or e > best.e or (e == best.e and (n > best.s or (n == best.s and all[i] < best.n))) then
                best = {e = e, s = n, n = all[i]}
              end
            end
          end
          if not best then return nil, nil, latest end
          for i = 1, #all, 2 do
            local e, s, at = string.match(all[i + 1], '^(%w+) (%d+) (%d+)$')
            if e and e == best.e and now - tonumber(at) <= \(claimMs) then
              if not least or tonumber(s) < least then least = tonumber(s) end
            end
          end
          return best, least, latest
        end

        """

    /// Answers {0} · {1, ms since the first claim, mine, least, latest}.
    package static let claim =
        common + """
            if seeded then return {0} end
            redis.call('HSET', KEYS[2], node, epoch .. ' ' .. seq .. ' ' .. string.format('%.0f', now))
            redis.call('HSETNX', KEYS[2], '@', string.format('%.0f', now))
            redis.call('PEXPIRE', KEYS[2], 5000)
            local best, least, latest = most()
            local waited = now - tonumber(redis.call('HGET', KEYS[2], '@'))
            if waited < 0 then waited = 0 end
            local mine = 0
            if best.n == node then mine = 1 end
            return {1, waited, mine, string.format('%.0f', least), latest}
            """

    /// KEYS head claims log snapshot; ARGV run, node, epoch, seq, new epoch, ts, channel, snapshot, then seq and
    /// message of each entry of the tail. Answers {1} · {0, "late"} · {0, "refused"}.
    package static let seed =
        common + """
            if seeded then return {0, 'late'} end
            local best, _, latest = most()
            if not best or best.n ~= node or best.e ~= epoch or best.s ~= tonumber(seq) or ARGV[5] <= latest then
              return {0, 'refused'}
            end
            local ts = tonumber(ARGV[6])
            if head[4] and tonumber(head[4]) > ts then ts = tonumber(head[4]) end
            redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
            redis.call('HSET', KEYS[1], 'epoch', ARGV[5], 'run', run, 'seq', seq, 'ts', string.format('%.0f', ts),
              'prev', epoch, 'base', seq)
            redis.call('HSET', KEYS[4], 'epoch', ARGV[5], 'seq', seq, 'bytes', ARGV[8])
            for i = 9, #ARGV, 2 do redis.call('XADD', KEYS[3], ARGV[i] .. '-0', 'm', ARGV[i + 1]) end
            redis.call('PUBLISH', ARGV[7], '')
            return {1}
            """

    /// KEYS head snapshot; ARGV run, epoch, new epoch, channel. Gives a room that is served a later epoch, which goes
    /// on from where it stands. Answers 1, or 0 where the room is not what the caller saw.
    package static let raise = """
        local head = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'seq')
        if head[1] ~= ARGV[2] or head[2] ~= ARGV[1] or ARGV[3] <= head[1] then return 0 end
        redis.call('HSET', KEYS[1], 'epoch', ARGV[3], 'prev', head[1], 'base', head[3])
        if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], 'epoch', ARGV[3]) end
        redis.call('PUBLISH', ARGV[4], '')
        return 1
        """

    /// Gives the room a later epoch.
    package static func raise(
        digest: String, keys: RoomKeys, runID: String, from epoch: String, to next: String
    ) -> RedisCommand {
        RedisCommand(arguments: [
            Array("EVALSHA".utf8), Array(digest.utf8), Array("2".utf8), keys.head, keys.snapshot, Array(runID.utf8),
            Array(epoch.utf8), Array(next.utf8), keys.news,
        ])
    }

    /// Says that `node` holds the room up to `position`, or renews that.
    package static func claim(
        digest: String, keys: RoomKeys, runID: String, node: String, position: RoomPosition
    ) -> RedisCommand {
        RedisCommand(
            arguments: [Array("EVALSHA".utf8), Array(digest.utf8), Array("2".utf8), keys.head, keys.claims]
                + common(runID, node, position))
    }

    /// Seeds the room.
    package static func seed(
        digest: String, keys: RoomKeys, runID: String, node: String, _ seed: RoomSeed
    ) -> RedisCommand {
        var arguments = [
            Array("EVALSHA".utf8), Array(digest.utf8), Array("4".utf8), keys.head, keys.claims, keys.log, keys.snapshot,
        ]
        arguments += common(runID, node, seed.position)
        arguments += [Array(seed.epoch.utf8), Array("\(seed.position.ts)".utf8), keys.news, seed.snapshot]
        for message in seed.tail { arguments += [Array("\(message.seq)".utf8), message.bytes] }
        return RedisCommand(arguments: arguments)
    }

    private static func common(_ runID: String, _ node: String, _ position: RoomPosition) -> [[UInt8]] {
        [Array(runID.utf8), Array(node.utf8), Array(position.epoch.utf8), Array("\(position.seq)".utf8)]
    }

    /// What an answer to a claim says; nil where it is none.
    package static func claimVerdict(_ reply: RedisValue) -> ClaimVerdict? {
        guard let parts = reply.array, let open = parts.first?.integer else { return nil }
        if open == 0 { return .seeded }
        guard open == 1, parts.count == 5, let waited = parts[1].integer, waited >= 0, let mine = parts[2].integer,
            let least = parts[3].integer, least >= 0, let latest = parts[4].text
        else { return nil }
        return .waiting(forMs: UInt64(waited), isMine: mine == 1, least: UInt64(least), latest: latest)
    }

    /// What an answer to a seed says; nil where it is none.
    package static func seedVerdict(_ reply: RedisValue) -> SeedVerdict? {
        guard let parts = reply.array, let taken = parts.first?.integer else { return nil }
        if taken == 1 { return .seeded }
        guard taken == 0, parts.count == 2 else { return nil }
        return switch parts[1].text {
        case "late": .late
        case "refused": .refused
        default: nil
        }
    }
}

/// Names of epochs that are given while rooms are seeded: a number of 12 digits to base 36 that rises with time, its
/// last four at random. Later ones are greater as bytes.
package enum SeededEpoch {
    private static let noises: Int64 = 36 * 36 * 36 * 36
    private static let end: Int64 = noises * noises * noises

    /// An epoch greater than `latest`, also where this machine's clock lags behind the one that named it.
    package static func after(_ latest: String, nowMs: Int64, random: UInt32) -> String {
        let noise = Int64(random) % noises
        // A machine that believes in a year beyond 2058 takes the last one.
        let byTime = min(max(0, nowMs), noises * noises - noises) * noises + noise
        let named = latest.prefix(12)
        let known = Int64(named + String(repeating: "0", count: 12 - named.utf8.count), radix: 36) ?? 0
        let next = max(byTime, known + 1 + noise)
        // Names of another kind may begin with anything: longer is greater.
        guard next < end else { return named + String(repeating: "z", count: 16 - named.utf8.count) }
        let text = String(next, radix: 36)
        return String(repeating: "0", count: 12 - text.utf8.count) + text
    }
}
