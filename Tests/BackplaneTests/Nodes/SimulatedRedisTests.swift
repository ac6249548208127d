// Owns that the simulated Redis means what the scripts in a real one do: the same requests of several nodes, at random,
// get the same answers from both.

import Foundation
import LiveTestSupport
import Rooms
import RoomsBackplane
import Testing

@Suite struct SimulatedRedisTests {
    /// One node with a connection to a real Redis and a hand in a simulated one.
    private final class Pair {
        let name: String
        let sender: SenderTag
        let probe: RedisProbe
        let facts: RedisServerFacts
        let speaker: RoomLogSpeaker

        /// With `claimsLast` no claim lapses in Redis either: the simulated one's clock stands still there.
        init(_ name: String, _ server: RedisServer, run: UInt64, claimsLast: Bool = false) throws {
            self.name = name
            sender = SenderTag(run: run)
            let scripts = RoomLogSpeaker.scripts.map { script in
                guard claimsLast else { return script }
                return script.replacingOccurrences(of: "<= \(SeedScripts.claimMs)", with: "<= 100000000")
                    .replacingOccurrences(of: "KEYS[2], 5000", with: "KEYS[2], 100000000")
            }
            probe = try RedisProbe(
                server, greeting: RedisGreeting(clientName: name, scripts: scripts))
            facts = try #require(probe.facts)
            speaker = RoomLogSpeaker(
                prefix: "lc:", room: TestEntry.room, node: name, sender: sender, digests: facts.scripts)
        }

        func ask(_ request: RoomLogRequest) throws -> RoomLogAnswer {
            let reply = try probe.call(speaker.command(request))
            return try #require(speaker.answer(reply, to: request), "\(reply)")
        }
    }

    /// What both must agree in: everything but the time.
    private static func timeless(_ answer: RoomLogAnswer) -> RoomLogAnswer {
        switch answer {
        case .range(let messages, let isEnd):
            .range(
                messages.map {
                    RoomMessage(
                        seq: $0.seq, ts: 0, epoch: $0.epoch, tag: $0.tag, entry: $0.entry, frames: $0.frames)
                }, isEnd: isEnd)
        case .sequenced(let tag, .sequenced(let seq, _)): .sequenced(tag: tag, .sequenced(seq: seq, ts: 0))
        case .claimed(.waiting(_, let isMine, let least, let latest)):
            .claimed(.waiting(forMs: 0, isMine: isMine, least: least, latest: latest))
        case .head, .snapshot, .sequenced, .claimed, .seeded, .raised: answer
        }
    }

    @Test(arguments: Array(UInt64(1)...8))
    func `random requests of three nodes get the same answers from both`(seed: UInt64) throws {
        let server = try RedisServer()
        var random = SeededRandom(seed: seed)
        let pairs = try (0..<3).map { try Pair("n\($0)", server, run: UInt64($0) + 1, claimsLast: true) }
        let run = pairs[0].facts.runID
        var simulated = SimulatedRedis(run: run)
        var epochs = ["000000000000", "lx3k9f2a0001", "lx3k9f2b0002"]
        var head: UInt64 = 0
        var kinds: Set<String> = []
        for step in 0..<600 {
            let pair = pairs[random.below(pairs.count)]
            let served = simulated.head?.epoch ?? epochs[0]
            let epoch = random.below(4) > 0 ? served : epochs[random.below(epochs.count)]
            let runID = random.below(8) > 0 ? run : "another"
            let seq = head > 3 && random.below(3) == 0 ? head - UInt64(random.below(3)) : head + UInt64(random.below(2))
            let position = RoomPosition(epoch: epoch, seq: seq, ts: 1_000)
            let request: RoomLogRequest
            switch random.below(13) {
            case 0: request = .head
            case 1: request = .read(after: UInt64(random.below(Int(head) + 2)))
            case 2: request = .snapshot
            case 12:
                let name = SeededEpoch.after(epoch, nowMs: Int64(random.below(2_000_000_000)) * 1_000, random: 3)
                epochs.append(name)
                request = .raise(runID: runID, from: epoch, to: name)
            case 3...5: request = .claim(runID: runID, position)
            case 6, 7:
                let name = SeededEpoch.after(epoch, nowMs: Int64(random.below(2_000_000_000)) * 1_000, random: 7)
                epochs.append(name)
                let tail = (seq > 2 ? [seq - 1, seq] : []).map {
                    RoomMessage(
                        seq: $0, ts: 5, epoch: epoch, tag: [], entry: TestEntry.entry(epoch: epoch), frames: [9])
                }
                request = .seed(
                    runID: runID, RoomSeed(position: position, epoch: name, tail: tail, snapshot: [1, 2, 0, 255]))
            default:
                let terms = SequenceTerms(epoch: epoch, runID: runID, applied: seq, logMax: 12)
                request = .sequence(
                    terms, OutgoingCommand(tag: UInt64(step), proposal: TestEntry.proposal, frames: [0, 13, 10]))
            }
            let real = try pair.ask(request)
            let (answer, _) = simulated.perform(
                request, room: TestEntry.room, node: pair.name, sender: pair.sender, nowMs: 1_800_000_000_000)
            #expect(Self.timeless(real) == Self.timeless(answer), "step \(step): \(request)")
            if case .sequenced(_, let verdict) = answer { kinds.insert("\(verdict)".prefix { $0 != "(" }.description) }
            if case .seeded(let verdict) = answer { kinds.insert("\(verdict)") }
            head = simulated.head?.seq ?? 0
        }
        #expect(kinds.isSuperset(of: ["sequenced", "foreign", "seeded", "refused"]), "\(kinds)")
    }

    @Test func `a claim that is not renewed keeps nobody waiting`() throws {
        let server = try RedisServer()
        let one = try Pair("n1", server, run: 1)
        let other = try Pair("n2", server, run: 2)
        let run = one.facts.runID
        let most = RoomLogRequest.claim(runID: run, RoomPosition(epoch: "000000000000", seq: 9, ts: 0))
        let less = RoomLogRequest.claim(runID: run, RoomPosition(epoch: "000000000000", seq: 4, ts: 0))
        #expect(Self.timeless(try one.ask(most)) == waiting(true, least: 9))
        #expect(Self.timeless(try other.ask(less)) == waiting(false, least: 4))
        usleep(UInt32(SeedScripts.claimMs + 100) * 1_000)
        #expect(Self.timeless(try other.ask(less)) == waiting(true, least: 4))
        let seed = RoomSeed(
            position: RoomPosition(epoch: "000000000000", seq: 4, ts: 77), epoch: "lx3k9f2a0001", tail: [],
            snapshot: [1])
        let listener = try RedisProbe(server)
        try listener.subscribe([RoomKeys(prefix: "lc:", room: TestEntry.room.raw).news])
        usleep(UInt32(SeedScripts.claimMs + 100) * 1_000)
        #expect(try other.ask(.seed(runID: run, seed)) == .seeded(.refused), "its own claim is too old as well")
        #expect(Self.timeless(try other.ask(less)) == waiting(true, least: 4))
        #expect(try other.ask(.seed(runID: run, seed)) == .seeded(.seeded))
        try listener.wait("the news of a new epoch") { listener.messages.count == 1 }
        #expect(listener.messages[0].payload.isEmpty)
        let head = RoomHead(
            epoch: "lx3k9f2a0001", runID: run, seq: 4, previous: RoomLineage(epoch: "000000000000", base: 4))
        #expect(try one.ask(.head) == .head(head))
        #expect(try one.ask(most) == .claimed(.seeded), "of another epoch: what it holds is no reason any more")
        #expect(try one.ask(.seed(runID: run, seed)) == .seeded(.late))
    }

    private func waiting(_ isMine: Bool, least: UInt64) -> RoomLogAnswer {
        .claimed(.waiting(forMs: 0, isMine: isMine, least: least, latest: "000000000000"))
    }

    @Test func `a snapshot is kept only where it is higher, and the log is trimmed no further than it`() throws {
        let server = try RedisServer()
        let keys = RoomKeys(prefix: "lc:", room: TestEntry.room.raw)
        let probe = try RedisProbe(
            server,
            greeting: RedisGreeting(
                clientName: "keeper", scripts: [SequenceScript.source, KeepScripts.snapshot, KeepScripts.trim]))
        let facts = try #require(probe.facts)
        let head = String(decoding: keys.head, as: UTF8.self)
        _ = try probe.call("HSET", head, "epoch", "epoch001", "run", facts.runID, "seq", "0", "ts", "0")
        let terms = SequenceTerms(epoch: "epoch001", runID: facts.runID, applied: 0, logMax: 1_000)
        _ = try probe.pipeline(
            (0..<20).map { _ in
                SequenceScript.call(
                    digest: facts.scripts[0], keys: keys, terms: terms, tag: [], entry: TestEntry.bytes, frames: [])
            })
        func keep(_ seq: UInt64, epoch: String = "epoch001") throws -> Int64? {
            let snapshot = KeptSnapshot(epoch: epoch, seq: seq, bytes: [UInt8(seq)])
            return try probe.call(KeepScripts.snapshot(digest: facts.scripts[1], keys: keys, snapshot)).integer
        }
        func trim(_ stored: UInt64, epoch: String = "epoch001") throws -> Int64? {
            try probe.call(KeepScripts.trim(digest: facts.scripts[2], keys: keys, epoch: epoch, stored: stored)).integer
        }
        #expect(try trim(20) == 0, "no snapshot")
        #expect(try keep(8) == 1 && keep(7) == 0 && keep(8) == 0)
        #expect(try keep(9, epoch: "epoch000") == 0)
        let kept = RoomLogQuery.snapshot(try probe.call(RoomLogQuery.snapshot(keys)))
        #expect(kept == KeptSnapshot(epoch: "epoch001", seq: 8, bytes: [8]))
        #expect(try trim(5, epoch: "epoch000") == 0)
        #expect(try trim(5) == 5)
        #expect(try trim(20) == 3)
        let rest = RoomLogQuery.range(try probe.call(RoomLogQuery.read(keys, after: 0)))
        #expect(rest?.messages.map(\.seq) == Array(9...20))
        #expect(RoomLogQuery.snapshot(try probe.call("HMGET", "nothing", "a", "b", "c")) == nil)
    }

    @Test func `the name of an epoch is later than every name before it, whatever the clock says`() {
        var random = SeededRandom(seed: 5)
        var latest = "000000000000"
        for _ in 0..<2_000 {
            let next = SeededEpoch.after(
                latest, nowMs: Int64(random.below(4_000_000)) * 1_000_000,
                random: UInt32(truncatingIfNeeded: random.next()))
            #expect(next > latest && next.utf8.count == 12)
            latest = next
        }
        for odd in ["zzzzzzzz", "zzzzzzzzzzzz", "zzzzzzzzabcd", "a1b2c3d4e5f6"] {
            let next = SeededEpoch.after(odd, nowMs: 1_800_000_000_000, random: 1)
            #expect(next > odd && next.utf8.count <= 16)
        }
    }
}
