// Limits on what a connection sends and how long it may take, each at the limit: the longest that is allowed is taken,
// one byte, one header or one moment more is refused in the documented way.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Synchronization
import Testing

@testable import LiveServer

@Suite(.serialized) struct TransportLimitTests {
    private static func status(_ peer: CorePeer) -> String { String(peer.text.prefix(12).suffix(3)) }

    /// The status of the answer to a request as it stands.
    private func answer(_ world: CoreWorld, _ request: String) throws -> String {
        let peer = try world.peer()
        peer.send(Array(request.utf8))
        try world.until("an answer") { peer.has("\r\n\r\n") }
        return Self.status(peer)
    }

    /// The text of a request whose head has so many bytes.
    private static func head(bytes: Int) -> String {
        let start = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: "
        return start + String(repeating: "x", count: bytes - start.utf8.count - 4) + "\r\n\r\n"
    }

    /// Lets time pass for timers and deadlines, by the clock that only this thread sees.
    private func ahead(_ ms: UInt64, _ world: CoreWorld, _ what: String, _ condition: () throws -> Bool) throws {
        let plan = FaultPlan(at: 0)
        plan.monotonicAheadNs = ms * 1_000_000
        try plan.during { try world.until(what, seconds: 30 + ms / 1_000, condition) }
    }

    @Test(arguments: [(sent: 12, atOnce: 12, throttled: UInt64(0)), (sent: 13, atOnce: 12, throttled: 1)])
    func `so many steps of one connection are taken in a stretch, one more waits for the next`(
        sent: Int, atOnce: Int, throttled: UInt64
    ) throws {
        // A hundred a second are twelve in a stretch of 128 ms. One read brings all, so they share one look at a clock.
        let world = try CoreWorld { $0.limits.frameRate = 100 }
        let peer = try world.peer()
        let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        peer.send(Array(String(repeating: request, count: sent).utf8))
        func answers() -> Int { peer.text.ranges(of: "HTTP/1.1 200").count }
        try world.until("the first answers") { answers() > 0 }
        #expect(answers() == atOnce)
        #expect(world.cores[0].counters.throttled == throttled)
        try world.until("all are answered in the end") { answers() == sent }
    }

    @Test func `a head of the longest size is taken, one byte more is 431`() throws {
        let world = try CoreWorld { $0.limits.headBytes = 4_096 }
        #expect(try answer(world, Self.head(bytes: 4_096)) == "200")
        #expect(try answer(world, Self.head(bytes: 4_097)) == "431")
    }

    @Test func `a target of the longest size is taken, one byte more is 414`() throws {
        let world = try CoreWorld { $0.limits.targetBytes = 1_024 }
        func target(_ bytes: Int) -> String {
            "GET /healthz?" + String(repeating: "q", count: bytes - 9) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
        }
        #expect(try answer(world, target(1_024)) == "200")
        #expect(try answer(world, target(1_025)) == "414")
    }

    @Test func `so many headers are taken, one more is 431`() throws {
        let world = try CoreWorld { $0.limits.headerCount = 16 }
        func headers(_ count: Int) -> String {
            let more = (1..<count).map { "X-\($0): y\r\n" }.joined()
            return "GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n"
        }
        #expect(try answer(world, headers(16)) == "200")
        #expect(try answer(world, headers(17)) == "431")
    }

    @Test func `a body of the longest size is taken, one byte more is 413`() throws {
        let world = try CoreWorld { $0.limits.bodyBytes = 1_024 }
        func body(_ bytes: Int) -> String {
            "POST /v1/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(bytes)\r\n\r\n"
                + String(repeating: "x", count: bytes)
        }
        #expect(try answer(world, body(1_024)) == "400", "read, and no JSON")
        #expect(try answer(world, body(1_025)) == "413")
    }

    @Test func `a message of the longest size is taken, one byte more closes with 1009`() throws {
        let world = try CoreWorld { $0.limits.frameBytes = 1_024 }
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        func command(_ bytes: Int) -> String {
            let start = #"{"op":"chat_send","id":"c\#(bytes)","text":""#
            return start + String(repeating: "x", count: bytes - start.utf8.count - 2) + "\"}"
        }
        ada.command(command(1_024))
        try world.until("it is accepted") { ada.has("\"re\":\"c1024\",\"ok\":true") }
        let core = world.cores[0]
        ada.command(command(1_025))
        try world.until("it is closed") { core.connectionsByTransport().webSocket == 0 }
        #expect(core.counters.protocolErrors == 1)
    }

    @Test func `a head that does not arrive in time is 408, one that does is answered`() throws {
        let world = try CoreWorld { $0.limits.headTimeoutMs = 5_000 }
        let peer = try world.peer()
        peer.send(Array("GET /healthz HTTP/1.1\r\nHost:".utf8))
        try world.until("it is accepted") { world.node.gauges.connections == 1 }
        try ahead(4_000, world, "still there") { world.cores[0].reactor.nowMs > 0 && !peer.has("408") }
        try ahead(6_000, world, "408") { peer.has("408 ") }
    }

    @Test func `a body that does not arrive in time is 408`() throws {
        let world = try CoreWorld { $0.limits.bodyTimeoutMs = 5_000 }
        let peer = try world.peer()
        peer.send(Array("POST /v1/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{".utf8))
        try world.until("it is accepted") { world.cores[0].counters.requests == 1 }
        #expect(!peer.has("408"))
        try ahead(6_000, world, "408") { peer.has("408 ") }
    }

    @Test func `a connection without a request ends after its time`() throws {
        let world = try CoreWorld {
            $0.limits.httpIdleMs = 5_000
            $0.limits.headTimeoutMs = 50_000
        }
        let peer = try world.peer()
        peer.get("/healthz")
        try world.until("an answer") { peer.has("200 OK") }
        #expect(!peer.isOver)
        try ahead(6_000, world, "the end") {
            _ = peer.text
            return peer.isOver
        }
    }

    @Test func `a silent socket is pinged, and ends when it stays silent`() throws {
        let world = try CoreWorld {
            $0.limits.pingMs = 2_000
            $0.limits.silentMs = 5_000
        }
        let ada = try world.member("ada", of: try world.room())
        let core = world.cores[0]
        #expect(!ada.text.utf8.contains(0x89))
        try ahead(2_500, world, "a ping") {
            core.sessions.at(0).pointee.flags.contains(.pingUnderWay)
        }
        try ahead(9_000, world, "the end") { core.connectionsByTransport().webSocket == 0 }
        #expect(core.counters.silentEnds >= 1)
    }

    @Test func `a quiet event stream gets a comment`() throws {
        let world = try CoreWorld { $0.limits.sseHeartbeatMs = 5_000 }
        let room = try world.room()
        let stream = try world.peer()
        stream.get(
            "/v1/rooms/\(room.raw)/live",
            ["Authorization: Bearer \(try world.token("ben"))", "Accept: text/event-stream"])
        try world.until("the stream stands") { stream.has("welcome") }
        #expect(!stream.has("\n:"))
        try ahead(6_000, world, "a comment") { stream.has("\n:") }
    }

    @Test func `a long poll waits no longer than it may`() throws {
        let world = try CoreWorld { $0.limits.longpollWaitMaxS = 2 }
        let room = try world.room()
        let poll = try world.peer()
        poll.get(
            "/v1/rooms/\(room.raw)/live?cursor=epoch1234567.0&wait=100",
            ["Authorization: Bearer \(try world.token("ada"))"])
        let core = world.cores[0]
        try world.until("it waits") { core.connectionsByTransport().longPoll == 1 }
        try ahead(2_100, world, "an empty answer") { poll.has("\"events\":[]") }
    }

    @Test func `an answer to a poll is as long as one write may be, and the cursor goes on from there`() throws {
        let world = try CoreWorld {
            $0.limits.gatherBytes = 16_384
            $0.limits.moderatorBurst = 1_000
        }
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let text = String(repeating: "x", count: 1_500)
        for number in 0..<40 { teacher.command(#"{"op":"chat_send","id":"c\#(number)","text":"\#(text)"}"#) }
        try world.until("all messages") { teacher.text.ranges(of: "\"ok\":true").count == 40 }
        let poll = try world.peer()
        poll.get(
            "/v1/rooms/\(room.raw)/live?cursor=epoch1234567.0", ["Authorization: Bearer \(try world.token("ada"))"])
        try world.until("an answer") { poll.has("\"events\"") && poll.has("]}") }
        let events = poll.text.ranges(of: "chat_message").count
        #expect((9...12).contains(events), "\(events)")
        #expect(poll.has("\"cursor\":\"epoch1234567.\(events)\""))
    }

    @Test func `a welcome says how often to send heartbeats`() throws {
        let world = try CoreWorld { $0.limits.heartbeatS = 7 }
        #expect(try world.member("ada", of: try world.room()).has("\"heartbeat_s\":7"))
    }

    @Test func `a round accepts its portion and the rest with the next`() throws {
        let portion = 3
        var configuration = ReactorConfiguration()
        configuration.acceptBudget = portion
        let world = try CoreWorld(io: configuration)
        let core = world.cores[0]
        let peers = try (0..<8).map { _ in try world.peer() }
        var seen: [UInt64] = []
        try world.until("all are accepted") {
            seen.append(core.counters.accepted)
            return core.counters.accepted == 8
        }
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $1 - $0 <= UInt64(portion) } && seen.count >= 3)
        for peer in peers { peer.close() }
    }

    @Test func `a round serves its portion of newcomers, and all of those who are in`() throws {
        var configuration = ReactorConfiguration()
        configuration.newcomersPerRound = 2
        let world = try CoreWorld(io: configuration)
        let room = try world.room()
        let people = try ["ada", "ben", "cas", "dan"].map { try world.member($0, of: room) }
        let strangers = try (0..<6).map { _ in try world.peer() }
        let core = world.cores[0]
        try world.until("all are accepted") { core.counters.accepted == 10 }
        let before = core.counters.requests
        for stranger in strangers { stranger.get("/healthz") }
        for person in people { person.command(#"{"op":"hand_raise","id":"h"}"#) }
        let messages = core.counters.messages
        world.turn()
        #expect(core.counters.messages == messages + 4)
        #expect(core.counters.requests == before + 2)
        try world.until("all are answered") { core.counters.requests == before + 6 }
        for stranger in strangers { stranger.close() }
    }

    @Test func `an address may fail once more after its time`() throws {
        let world = try CoreWorld {
            $0.limits.addressFailures = 1
            $0.limits.addressRefillS = 10
        }
        let room = try world.room()
        let request = "GET /v1/rooms/\(room.raw)/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer bad\r\n\r\n"
        #expect(try answer(world, request) == "401")
        #expect(try answer(world, request) == "429")
        let plan = FaultPlan(at: 0)
        plan.monotonicAheadNs = 10_500_000_000
        let later = try plan.during { () throws in try answer(world, request) }
        #expect(later == "401")
    }

    @Test func `allowances come back at their rate`() throws {
        let beat = #"{"op":"heartbeat","id":"x","seq":0,"lag_ms":1,"transport":"ws"}"#
        let raise = #"{"op":"hand_raise","id":"x"}"#
        for (name, role, command, waitMs) in [
            ("ada", Role.student, raise, UInt64(1_000)), ("eve", .instructor, raise, 500),
            ("ben", .student, beat, 1_000),
        ] {
            let world = try CoreWorld {
                $0.limits.studentRate = 1
                $0.limits.studentBurst = 1
                $0.limits.moderatorRate = 2
                $0.limits.moderatorBurst = 1
                $0.limits.connectionRate = 1
                $0.limits.connectionBurst = 1
            }
            let peer = try world.member(name, role, of: try world.room())
            // Two at once, the clock standing still: another id each, so that none is a repeat.
            let plan = FaultPlan(at: 0)
            plan.frozenMonotonicNs = world.cores[0].reactor.nowNs + 60_000_000_000
            func send(_ number: Int) throws {
                peer.forget()
                peer.command(command.replacingOnce("\"x\"", with: "\"\(name)\(number)\""))
                let limitNs = FaultPlan.without { MonotonicClock.nowNs() } + 30_000_000_000
                while !peer.has("\"re\":\"\(name)\(number)\"") {
                    guard FaultPlan.without({ MonotonicClock.nowNs() }) < limitNs else { throw Overdue(what: name) }
                    world.turn()
                }
            }
            try plan.during {
                try send(1)
                #expect(!peer.has("rate_limited"), "\(name)")
                try send(2)
                #expect(peer.has("rate_limited"), "\(name)")
                plan.frozenMonotonicNs = (plan.frozenMonotonicNs ?? 0) + (waitMs - 10) * 1_000_000
                try send(3)
                #expect(peer.has("rate_limited"), "\(name)")
                plan.frozenMonotonicNs = (plan.frozenMonotonicNs ?? 0) + 20 * 1_000_000
                try send(4)
                #expect(!peer.has("rate_limited"), "\(name)")
            }
        }
    }

    @Test func `so many commands wait for the log, the next one is overloaded`() throws {
        let world = try CoreWorld {
            $0.limits.pendingProposals = 64
            $0.limits.moderatorBurst = 1_000
        }
        let room = try world.room()
        world.log.state.withLock { $0.isOpen = false }
        let teacher = try world.member("teacher", .instructor, of: room)
        for number in 0..<65 { teacher.command(#"{"op":"chat_send","id":"c\#(number)","text":"m"}"#) }
        try world.until("one is refused") { teacher.has("overloaded") }
        #expect(teacher.has("\"re\":\"c64\"") && world.home(room)?.pendingCount == 64)
        world.log.state.withLock { $0.isOpen = true }
        try world.until("the others are accepted") { teacher.text.ranges(of: "\"ok\":true").count == 64 }
    }

    @Test func `presence and tallies are told at their rate`() throws {
        let world = try CoreWorld {
            $0.limits.presenceMs = 5_000
            $0.limits.tallyMs = 3_000
        }
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let ada = try world.member("ada", of: room)
        let core = world.cores[0]
        #expect(!teacher.has("\"ev\":\"presence\""))
        try ahead(5_700, world, "one event for both") { teacher.has("\"ev\":\"presence\",\"count\":2") }
        teacher.command(#"{"op":"poll_open","id":"p","question":"?","kind":"single","options":["a","b"]}"#)
        try ahead(5_100, world, "it is open") { ada.has("poll_started") }
        ada.command(#"{"op":"poll_answer","id":"a","poll":"\#(PollID(seq: 1).text)","attempt_id":"x","choice":0}"#)
        try ahead(5_100, world, "the receipt") { ada.has("\"re\":\"a\",\"ok\":true") }
        #expect(!teacher.has("poll_tally"))
        try ahead(8_300, world, "the tally") { teacher.has("poll_tally") }
        #expect(core.counters.ballotsStored + core.counters.ballotsOnNode == 1)
    }

    @Test func `rooms tell who came and went one after another within the second, each once`() {
        let everyMs: UInt64 = 1_000
        let nowMs: UInt64 = 123_456_789
        let waits = (0..<50).map { ReactorCore.presenceWaitMs(UInt32($0), nowMs: nowMs, everyMs: everyMs) }
        #expect(waits.allSatisfy { (everyMs / 8..<everyMs * 9 / 8).contains($0) })
        let sorted = waits.sorted()
        #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $1 - $0 >= 5 }, "no two in one round")
        for (handle, wait) in waits.enumerated() {
            let next = ReactorCore.presenceWaitMs(UInt32(handle), nowMs: nowMs + wait + 3, everyMs: everyMs)
            #expect(next + 3 == everyMs, "a full period after the one before")
        }
    }

    @Test func `a room that nobody uses leaves memory after its time, not before`() throws {
        let world = try CoreWorld { $0.limits.idleRoomUnloadS = 60 }
        let room = try world.room()
        try world.member("ada", of: room).close()
        try world.until("she has left") { world.home(room)?.presence.count == 0 }
        world.cores[0].tidyRooms()
        #expect(world.home(room) != nil)
        try ahead(70_000, world, "the room is let go") { world.home(room) == nil }
        #expect(world.node.gauges.rooms == 0 && world.node.gauges.tailBytes == 0)
    }
}

extension String {
    fileprivate func replacingOnce(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return replacingCharacters(self, range, other)
    }

    private func replacingCharacters(_ text: String, _ range: Range<Index>, _ other: String) -> String {
        String(text[..<range.lowerBound]) + other + String(text[range.upperBound...])
    }
}
