// Owns that a feed brings a whole room out of a real Redis: while others write, while its subscription is cut, while
// pub/sub drops it for reading too slowly, and from a log of any length.

import LiveTestSupport
import RoomsBackplane
import Testing

/// A home with the two connections that it has to Redis, and the feed between them.
private final class FeedingHome {
    private let server: RedisServer
    private let keys: RoomKeys
    private let commands: RedisProbe
    private var news: RedisProbe
    private var feed: RoomFeed
    private(set) var delivered: [UInt64] = []
    private var taken = 0
    private(set) var cuts = 0

    init(_ server: RedisServer, _ keys: RoomKeys, epoch: String) throws {
        self.server = server
        self.keys = keys
        commands = try RedisProbe(server)
        news = try RedisProbe(server)
        feed = RoomFeed(epoch: epoch, applied: 0)
        try carryOut(feed.start())
    }

    private func carryOut(_ actions: [RoomFeedAction]) throws {
        for action in actions {
            switch action {
            case .subscribe:
                try news.subscribe([keys.news])
                try carryOut(feed.subscribed())
            case .read(let after):
                let reply = try commands.call(RoomLogQuery.read(keys, after: after))
                let (messages, isEnd) = try #require(RoomLogQuery.range(reply))
                try carryOut(feed.range(messages, isEnd: isEnd))
            case .deliver(let run): delivered += run.map(\.seq)
            case .caughtUp: break
            case .reload, .otherEpoch: throw RedisProbeFailure(what: "\(action)")
            }
        }
    }

    /// Takes what has been published by now, and goes on behind a cut.
    func takeNews() throws {
        // The answer to a question of our own comes behind all that was published before it, but on its own connection
        // only: so whatever is there is taken, and the head tells of the rest.
        news.readNow()
        if news.closed != nil {
            cuts += 1
            feed.lost()
            news = try RedisProbe(server)
            taken = 0
            try carryOut(feed.start())
        }
        while taken < news.messages.count {
            let message = try #require(news.messages[taken].payload.withUnsafeBytes { RoomMessage($0) })
            taken += 1
            try carryOut(feed.news(message))
        }
    }

    func askForHead() throws -> UInt64 {
        let head = try #require(RoomLogQuery.head(try commands.call(RoomLogQuery.head(keys))))
        try carryOut(feed.head(head.seq))
        return head.seq
    }
}

@Suite struct RoomFeedRedisTests {
    private static let keys = RoomKeys(prefix: "lc:", room: "demo/cs101/live")

    private func writer(_ server: RedisServer, seq: Int = 0) throws -> (RedisProbe, () throws -> RedisCommand) {
        let probe = try RedisProbe(
            server, greeting: RedisGreeting(clientName: "writer", scripts: [SequenceScript.source]))
        let facts = try #require(probe.facts)
        let head = String(decoding: Self.keys.head, as: UTF8.self)
        _ = try probe.call("HSET", head, "epoch", "epoch001", "run", facts.runID, "seq", "\(seq)", "ts", "0")
        let terms = SequenceTerms(epoch: "epoch001", runID: facts.runID, applied: 0, logMax: 100_000)
        return (
            probe,
            {
                SequenceScript.call(
                    digest: facts.scripts[0], keys: Self.keys, terms: terms, tag: [1],
                    entry: TestEntry.bytes, frames: [UInt8](repeating: 7, count: 100))
            }
        )
    }

    @Test func `a home that comes late has the whole log, and what is written meanwhile`() throws {
        let server = try RedisServer()
        let (probe, command) = try writer(server)
        _ = try probe.pipeline(try (0..<1_500).map { _ in try command() })
        let home = try FeedingHome(server, Self.keys, epoch: "epoch001")
        #expect(home.delivered == Array(1...1_500), "more than two portions")
        for _ in 0..<50 { _ = try probe.call(try command()) }
        try home.takeNews()
        #expect(try home.askForHead() == 1_550)
        #expect(home.delivered == Array(1...1_550))
    }

    @Test func `a subscription that is cut again and again loses and doubles nothing`() throws {
        let server = try RedisServer()
        let (probe, command) = try writer(server)
        let home = try FeedingHome(server, Self.keys, epoch: "epoch001")
        var random = SeededRandom(seed: 11)
        for round in 0..<60 {
            _ = try probe.pipeline(try (0...Int(random.next() % 20)).map { _ in try command() })
            if round % 7 == 3 { _ = try probe.call("CLIENT", "KILL", "TYPE", "pubsub") }
            if random.next() % 3 > 0 { try home.takeNews() }
        }
        try home.takeNews()
        let head = try home.askForHead()
        #expect(home.delivered == Array(1...head))
        #expect(home.cuts > 3)
    }

    @Test func `pub/sub that drops a slow reader is repaired from the log`() throws {
        let server = try RedisServer(["--client-output-buffer-limit", "pubsub 64kb 32kb 1"])
        let (probe, command) = try writer(server)
        let home = try FeedingHome(server, Self.keys, epoch: "epoch001")
        // Far more than the socket's buffers and the limit hold, and nobody reads.
        for _ in 0..<20 { _ = try probe.pipeline(try (0..<400).map { _ in try command() }) }
        try home.takeNews()
        let head = try home.askForHead()
        #expect(head == 8_000)
        #expect(home.delivered == Array(1...head))
        #expect(home.cuts == 1)
    }

    @Test func `a head of a room that nobody seeded says so`() throws {
        let server = try RedisServer()
        let probe = try RedisProbe(server)
        let reply = try probe.call(RoomLogQuery.head(Self.keys))
        #expect(RoomLogQuery.head(reply) == RoomHead(epoch: nil, runID: nil, seq: 0))
        let empty = RoomLogQuery.range(try probe.call(RoomLogQuery.read(Self.keys, after: 0)))
        #expect(empty?.messages.isEmpty == true && empty?.isEnd == true)
        #expect(RoomLogQuery.head(.null) == nil && RoomLogQuery.range(.null) == nil)
        #expect(RoomLogQuery.range(.array([.array([.bytes([1]), .array([.bytes([109]), .bytes([1, 2])])])])) == nil)
    }
}
