// Owns the life of a connection to Redis: greeting, pipeline, deadlines, and what it says at its end. Without a socket.

import RoomsBackplane
import Testing

@Suite struct RedisLinkTests {
    private static let info = "# Server\r\nredis_version:7.0.15\r\nrun_id:abc123\r\n# Replication\r\nrole:master\r\n"
    private static let greeted = "+OK\r\n$4\r\nda39\r\n$\(info.utf8.count)\r\n\(info)\r\n"

    /// Feeds a text.
    private func feed(_ link: RedisLink, _ text: String) -> [RedisLink.Action] {
        Array(text.utf8).withUnsafeBytes { link.received($0) }
    }

    private func ready(_ link: RedisLink) {
        _ = link.connected()
        _ = feed(link, Self.greeted)
        #expect(link.isReady)
    }

    private func made(nowMs: UInt64 = 0) -> RedisLink {
        RedisLink(RedisGreeting(clientName: "node-a", scripts: ["return 1"]), nowMs: nowMs)
    }

    @Test func `a connection is ready once its scripts are loaded and the run of its server is known`() {
        let link = made()
        guard case .write(let bytes)? = link.connected().first else {
            Issue.record("no greeting")
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("SETNAME") && text.contains("return 1") && text.contains("INFO"))
        var early: [UInt8] = []
        #expect(!link.send(RedisCommand("PING"), tag: 1, nowMs: 0, to: &early), "nothing before the greeting is over")
        let actions = feed(link, Self.greeted)
        let facts = RedisServerFacts(runID: "abc123", version: "7.0.15", role: "master", scripts: ["da39"])
        #expect(actions == [.ready(facts)])
    }

    @Test func `a refused greeting ends the connection with the server's words`() {
        let link = RedisLink(RedisGreeting(clientName: "a", user: "u", password: "p"), nowMs: 0)
        _ = link.connected()
        let actions = feed(link, "-WRONGPASS invalid username-password pair\r\n")
        let reason = "greeting refused: WRONGPASS invalid username-password pair"
        #expect(actions == [.close(reason: reason, unanswered: [])])
        #expect(feed(link, Self.greeted).isEmpty, "what comes behind counts for nothing")
    }

    @Test func `replies come to their commands in order`() {
        let link = made()
        ready(link)
        var bytes: [UInt8] = []
        for tag in UInt64(1)...3 { #expect(link.send(RedisCommand("GET", "k"), tag: tag, nowMs: 5, to: &bytes)) }
        #expect(link.inFlight == 3)
        #expect(
            feed(link, ":1\r\n-ERR no\r\n") == [.reply(tag: 1, .integer(1)), .reply(tag: 2, .error("ERR no"))])
        #expect(feed(link, "$-1\r\n") == [.reply(tag: 3, .null)])
        #expect(link.inFlight == 0)
    }

    @Test func `a server that lost its scripts is closed, and all that it owes is unknown`() {
        let link = made()
        ready(link)
        var bytes: [UInt8] = []
        for tag in UInt64(1)...3 { _ = link.send(RedisCommand("EVALSHA", "x", "0"), tag: tag, nowMs: 0, to: &bytes) }
        let actions = feed(link, ":1\r\n-NOSCRIPT No matching script\r\n")
        #expect(
            actions == [
                .reply(tag: 1, .integer(1)), .close(reason: "the server lost its scripts", unanswered: [2, 3]),
            ])
        #expect(!link.send(RedisCommand("PING"), tag: 4, nowMs: 0, to: &bytes))
    }

    @Test func `no more are under way than the limit, by count and by bytes`() {
        let link = made()
        ready(link)
        var bytes: [UInt8] = []
        for tag in 0..<UInt64(RedisLimits.inFlightMax) {
            #expect(link.send(RedisCommand("PING"), tag: tag, nowMs: 0, to: &bytes))
        }
        #expect(!link.send(RedisCommand("PING"), tag: 0, nowMs: 0, to: &bytes))
        _ = feed(link, "+PONG\r\n")
        #expect(link.send(RedisCommand("PING"), tag: 0, nowMs: 0, to: &bytes))

        let heavy = made()
        ready(heavy)
        let large = RedisCommand(arguments: [[83], [UInt8](repeating: 1, count: RedisLimits.inFlightBytesMax)])
        #expect(heavy.send(large, tag: 1, nowMs: 0, to: &bytes))
        #expect(!heavy.send(RedisCommand("PING"), tag: 2, nowMs: 0, to: &bytes))
        _ = feed(heavy, "+OK\r\n")
        #expect(heavy.send(RedisCommand("PING"), tag: 2, nowMs: 0, to: &bytes))
    }

    @Test func `a greeting and a reply have their time, and a quiet connection has all of it`() {
        let late = made(nowMs: 100)
        _ = late.connected()
        #expect(late.tick(nowMs: 99 + RedisLimits.greetingTimeoutMs).isEmpty)
        #expect(
            late.tick(nowMs: 100 + RedisLimits.greetingTimeoutMs) == [
                .close(reason: "no greeting in time", unanswered: [])
            ])

        let link = made()
        ready(link)
        #expect(link.tick(nowMs: 1_000_000).isEmpty)
        var bytes: [UInt8] = []
        _ = link.send(RedisCommand("PING"), tag: 7, nowMs: 1_000_000, to: &bytes)
        #expect(link.tick(nowMs: 999_999 + RedisLimits.replyTimeoutMs).isEmpty)
        #expect(
            link.tick(nowMs: 1_000_000 + RedisLimits.replyTimeoutMs)
                == [.close(reason: "no reply in time", unanswered: [7])])
        #expect(link.tick(nowMs: 9_000_000).isEmpty && link.ended("gone").isEmpty, "an end is told once")
    }

    @Test func `messages of channels are told apart from replies`() {
        let link = made()
        ready(link)
        var bytes: [UInt8] = []
        #expect(link.subscribe([Array("c".utf8)], true, to: &bytes))
        let pushed =
            "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n"
            + "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n"
        #expect(
            feed(link, pushed) == [
                .subscribed(channel: [99], true), .message(channel: [99], payload: Array("hi".utf8)),
                .subscribed(channel: [99], false),
            ])
        #expect(
            feed(link, "+surprise\r\n") == [.close(reason: "a reply that nobody asked for", unanswered: [])])
    }
}
