// Owns the contract of the script that sequences commands, against a real Redis: one order, one log, one delivery; and
// every reason for which it takes nothing.

import LiveTestSupport
import RoomsBackplane
import Testing

@Suite struct SequenceScriptTests {
    private static let keys = RoomKeys(prefix: "lc:", room: "demo/cs101/live")
    private static let entry = TestEntry.bytes
    private static let frames: [UInt8] = [0, 255, 13, 10]

    private func connect(_ server: RedisServer) throws -> (RedisProbe, RedisServerFacts) {
        let probe = try RedisProbe(
            server, greeting: RedisGreeting(clientName: "test", scripts: [SequenceScript.source]))
        return (probe, try #require(probe.facts))
    }

    /// As a seeding node does.
    private func seed(_ probe: RedisProbe, _ facts: RedisServerFacts, epoch: String = "epoch001", seq: Int = 0) throws {
        let head = String(decoding: Self.keys.head, as: UTF8.self)
        _ = try probe.call("HSET", head, "epoch", epoch, "run", facts.runID, "seq", "\(seq)", "ts", "0")
    }

    private func command(
        _ facts: RedisServerFacts, epoch: String = "epoch001", runID: String? = nil, applied: UInt64 = 0,
        logMax: Int = 1_000, tag: [UInt8] = [7]
    ) -> RedisCommand {
        SequenceScript.call(
            digest: facts.scripts[0], keys: Self.keys,
            terms: SequenceTerms(epoch: epoch, runID: runID ?? facts.runID, applied: applied, logMax: logMax), tag: tag,
            entry: Self.entry, frames: Self.frames)
    }

    private func message(_ bytes: [UInt8]) throws -> RoomMessage {
        try #require(bytes.withUnsafeBytes { RoomMessage($0) })
    }

    /// All of the room's stream: id and message.
    private func log(_ probe: RedisProbe) throws -> [(id: String, message: RoomMessage)] {
        let name = String(decoding: Self.keys.log, as: UTF8.self)
        return try #require(try probe.call("XRANGE", name, "-", "+").array).map { entry in
            let parts = try #require(entry.array)
            let fields = try #require(parts[1].array)
            return (try #require(parts[0].text), try message(try #require(fields[1].bytes)))
        }
    }

    @Test func `commands are numbered in order, logged and published with the same bytes`() throws {
        let server = try RedisServer()
        let (probe, facts) = try connect(server)
        let listener = try RedisProbe(server)
        try listener.subscribe([Self.keys.news])
        try seed(probe, facts, seq: 41)
        let replies = try probe.pipeline((0..<3).map { command(facts, applied: 41, tag: [UInt8($0)]) })
        let verdicts = replies.map { SequenceScript.verdict($0) }
        var last: Int64 = 0
        for (number, verdict) in verdicts.enumerated() {
            guard case .sequenced(let seq, let ts)? = verdict else {
                Issue.record("\(String(describing: verdict))")
                return
            }
            #expect(seq == UInt64(42 + number) && ts >= last && ts > 1_700_000_000_000)
            last = ts
        }
        try listener.wait("news") { listener.messages.count == 3 }
        let logged = try log(probe)
        #expect(logged.map(\.id) == ["42-0", "43-0", "44-0"])
        let published = try listener.messages.map { try message($0.payload) }
        #expect(published == logged.map(\.message))
        #expect(published.map(\.tag) == [[0], [1], [2]] && published.map(\.seq) == [42, 43, 44])
        #expect(published.allSatisfy { $0.entry == Self.entry && $0.frames == Self.frames })
    }

    @Test func `a room that nobody seeded, of another epoch, or of another run takes nothing`() throws {
        let server = try RedisServer()
        let (probe, facts) = try connect(server)
        #expect(SequenceScript.verdict(try probe.call(command(facts))) == .foreign(epoch: "", runID: ""))
        try seed(probe, facts)
        let foreign = SequenceVerdict.foreign(epoch: "epoch001", runID: facts.runID)
        #expect(SequenceScript.verdict(try probe.call(command(facts, epoch: "epoch002"))) == foreign)
        #expect(SequenceScript.verdict(try probe.call(command(facts, runID: "elsewhere"))) == foreign)
        #expect(try log(probe).isEmpty)
        #expect(SequenceScript.verdict(try probe.call(command(facts))).map { "\($0)".hasPrefix("sequenced") } == true)
    }

    @Test func `a Redis that lags behind its caller takes nothing`() throws {
        let server = try RedisServer()
        let (probe, facts) = try connect(server)
        try seed(probe, facts, seq: 9)
        #expect(SequenceScript.verdict(try probe.call(command(facts, applied: 10))) == .behind(seq: 9))
        #expect(try log(probe).isEmpty)
        // Who lags behind Redis is no reason: the event comes back in its order all the same.
        guard case .sequenced(seq: 10, ts: _)? = SequenceScript.verdict(try probe.call(command(facts, applied: 3)))
        else {
            Issue.record("refused")
            return
        }
    }

    @Test func `a full log takes nothing more`() throws {
        let server = try RedisServer()
        let (probe, facts) = try connect(server)
        try seed(probe, facts)
        let replies = try probe.pipeline((0..<3).map { _ in command(facts, logMax: 2) })
        #expect(SequenceScript.verdict(replies[2]) == .full)
        #expect(try log(probe).count == 2)
    }

    @Test func `time never falls within a room, also where the clock did`() throws {
        let server = try RedisServer()
        let (probe, facts) = try connect(server)
        try seed(probe, facts)
        let ahead: Int64 = 9_000_000_000_000
        let head = String(decoding: Self.keys.head, as: UTF8.self)
        _ = try probe.call("HSET", head, "ts", "\(ahead)")
        #expect(SequenceScript.verdict(try probe.call(command(facts))) == .sequenced(seq: 1, ts: ahead))
        #expect(SequenceScript.verdict(try probe.call(command(facts))) == .sequenced(seq: 2, ts: ahead))
    }

    @Test func `a seq near the end of what a double holds exactly stays exact`() throws {
        let server = try RedisServer()
        let (probe, facts) = try connect(server)
        let seq = 9_007_199_254_740_000
        try seed(probe, facts, seq: seq)
        guard case .sequenced(let given, _)? = SequenceScript.verdict(try probe.call(command(facts))) else {
            Issue.record("refused")
            return
        }
        #expect(given == UInt64(seq) + 1)
        #expect(try log(probe).map(\.message.seq) == [UInt64(seq) + 1])
    }

    @Test func `a restart is another run, and a connection to it knows no script before it greets`() throws {
        let server = try RedisServer()
        let (before, facts) = try connect(server)
        try seed(before, facts)
        server.kill()
        try server.start()
        #expect(throws: (any Error).self) { try before.call(command(facts)) }
        let stranger = try RedisProbe(server)
        _ = try? stranger.call(command(facts))
        #expect(stranger.closed?.reason == "the server lost its scripts")
        let (after, now) = try connect(server)
        #expect(now.runID != facts.runID && now.scripts == facts.scripts)
        #expect(SequenceScript.verdict(try after.call(command(now))) == .foreign(epoch: "", runID: ""))
    }

    @Test func `of two nodes that send at once each command has a seq of its own`() throws {
        let server = try RedisServer()
        let (one, facts) = try connect(server)
        let (other, _) = try connect(server)
        try seed(one, facts)
        var mine: [UInt64] = []
        for _ in 0..<50 {
            for probe in [one, other] {
                guard case .sequenced(let seq, _)? = SequenceScript.verdict(try probe.call(command(facts))) else {
                    Issue.record("refused")
                    return
                }
                mine.append(seq)
            }
        }
        #expect(mine == Array(1...100))
    }

    @Test func `bytes that are no message are none`() throws {
        let server = try RedisServer()
        let (probe, facts) = try connect(server)
        let listener = try RedisProbe(server)
        try listener.subscribe([Self.keys.news])
        try seed(probe, facts)
        _ = try probe.call(command(facts))
        try listener.wait("news") { listener.messages.count == 1 }
        let whole = listener.messages[0].payload
        for length in 0..<(whole.count - Self.frames.count) {
            #expect(whole[..<length].withUnsafeBytes { RoomMessage($0) } == nil)
        }
        var random = SeededRandom(seed: 3)
        for _ in 0..<2_000 {
            let bytes = (0..<Int(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            _ = bytes.withUnsafeBytes { RoomMessage($0) }
        }
    }

    @Test func `an answer that the script never gives is no verdict`() {
        for value: RedisValue in [
            .null, .integer(1), .array([]), .array([.integer(1)]), .array([.integer(0), .bytes([120])]),
            .array([.integer(1), .bytes([120]), .integer(3)]), .array([.integer(2), .integer(1), .integer(1)]),
        ] {
            #expect(SequenceScript.verdict(value) == nil)
        }
    }
}
