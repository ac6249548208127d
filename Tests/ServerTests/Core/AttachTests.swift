// Joining while something else happens: the peer ends, the home is slow, too many come at once, tokens are bad.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import RoomsBackplane
import Synchronization
import Testing

@testable import LiveServer

@Suite(.serialized) struct AttachTests {
    @Test(arguments: [0, 1])
    func `who leaves while the room is being read does not stay in its presence`(home: Int) throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: home)
        world.stores.state.withLock { $0.holdsHistory = true }
        let ghost = try world.peer(at: 0)
        ghost.upgrade(room, try world.token("ghost"))
        try world.until("the attach waits for the room") { world.home(room)?.waiting?.count == 1 }
        ghost.close()
        try world.until("the connection is over") { world.cores[0].counters.closed == 1 }
        world.stores.letHistoryGo()
        try world.until("the room is read") { world.home(room)?.waiting == nil }
        for _ in 0..<5 { world.turn() }
        #expect(world.home(room)?.presence.count == 0)
        #expect(world.cores[0].joinsInProgress == 0)
        #expect(home == 0 || world.cores[0].replica(room) != nil, "what ends the subscription in time")
    }

    @Test func `who has said all and closes its half still gets an answer that is long in coming`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        world.log.state.withLock { $0.isOpen = false }
        let peer = try world.peer()
        peer.request(
            "POST", "/v1/rooms/\(room.raw)/commands", ["Authorization: Bearer \(try world.token("ada"))"],
            body: #"{"op":"chat_send","id":"c1","text":"hi"}"#)
        peer.shutdownWrites()
        try world.until("it is at the log") { world.home(room)?.pendingCount == 1 }
        for _ in 0..<10 { world.turn() }
        #expect(world.cores[0].counters.closed == 0)
        world.log.state.withLock { $0.isOpen = true }
        try world.until("the answer") { peer.has("\"re\":\"c1\",\"ok\":true") }
        try world.until("the end") { world.cores[0].counters.closed == 1 }
    }

    @Test func `a poll whose peer goes away leaves the room at once`() throws {
        let world = try CoreWorld { $0.limits.longpollWaitMaxS = 25 }
        let room = try world.room()
        let peer = try world.peer()
        let field = "Authorization: Bearer \(try world.token("ada"))"
        peer.get("/v1/rooms/\(room.raw)/live?cursor=epoch1234567.0&wait=25", [field])
        try world.until("it waits") { world.cores[0].connectionsByTransport().longPoll == 1 }
        peer.close()
        try world.until("it is over", seconds: 5) { world.cores[0].counters.closed == 1 }
    }

    @Test func `an answer that comes too late is not the answer of the next request`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        world.stores.state.withLock { $0.holdsHistory = true }
        let peer = try world.peer()
        peer.get("/v1/rooms/\(room.raw)/live?wait=1", ["Authorization: Bearer \(try world.token("ada"))"])
        let core = world.cores[0]
        try world.until("the poll waits for the room") { world.home(room)?.waiting?.count == 1 }
        guard case .attach(let request)? = world.home(room)?.waiting?.first else { throw Overdue(what: "no attach") }
        core.deadlineReached(request.endpoint.connection)
        try world.until("the poll is told") { peer.has("503 ") && peer.isOver }
        #expect(peer.has("Connection: close"))
        world.stores.letHistoryGo()
        try world.until("the room is read") { world.home(room)?.waiting == nil }
        for _ in 0..<5 { world.turn() }
        #expect(world.home(room)?.presence.count == 0)
    }

    @Test func `a socket whose room does not answer in time is told when to come again`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        world.stores.state.withLock { $0.holdsHistory = true }
        let peer = try world.peer()
        peer.upgrade(room, try world.token("ada"))
        try world.until("the attach waits") { world.home(room)?.waiting?.count == 1 }
        guard case .attach(let request)? = world.home(room)?.waiting?.first else { throw Overdue(what: "no attach") }
        world.cores[0].deadlineReached(request.endpoint.connection)
        try world.until("the close") { peer.has("{\"retry_after_ms\":1000}") }
    }

    @Test func `joins beyond the limit are sent away before their token is looked at`() throws {
        let world = try CoreWorld(reactors: 2) { $0.limits.joinsInProgress = 2 }
        let room = try world.room()
        world.stores.state.withLock { $0.holdsHistory = true }
        let first = try world.peer()
        first.upgrade(room, try world.token("first"))
        try world.until("the attach waits") { world.cores[0].joinsInProgress == 1 }
        let socket = try world.peer()
        socket.upgrade(room, "not-even-a-token")
        let poll = try world.peer()
        poll.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer nonsense"])
        try world.until("both are sent away") { socket.has("retry_after_ms") && poll.has("503 ") }
        #expect(socket.has("101 Switching Protocols"))
        #expect(poll.has("Retry-After: "))
        let digits = try #require(socket.text.components(after: "retry_after_ms\":"))
        #expect((500...5_000).contains(digits))
        world.stores.letHistoryGo()
        try world.until("the first is greeted") { first.has("\"ev\":\"welcome\"") }
        #expect(world.cores[0].joinsInProgress == 0)
        _ = try world.member("later", of: room)
    }

    @Test func `an address whose tokens keep failing is told to wait, good tokens are not`() throws {
        let world = try CoreWorld { $0.limits.addressFailures = 2 }
        let room = try world.room()
        var answers: [String] = []
        for turn in 0..<4 {
            let peer = try world.peer()
            if turn == 3 {
                peer.upgrade(room, "bad")
            } else {
                peer.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer bad"])
            }
            try world.until("an answer") { peer.has("\r\n\r\n") }
            answers.append(peer.text)
        }
        #expect(answers[0].contains("401 ") && answers[1].contains("401 "))
        for limited in answers[2...] {
            #expect(limited.contains("429 ") && limited.contains("Retry-After: "))
            #expect(limited.contains("application/problem+json") && limited.contains("rate_limited"))
        }
        let old = try world.peer()
        old.upgrade(room, try world.token("old", expS: WallClock.nowMs() / 1000 - 10))
        try world.until("the expired token is told so") { old.has("the token has expired") }
        _ = try world.member("good", of: room)
    }

    @Test func `a cursor that left the tail while the home was asked gets a snapshot`() throws {
        let world = try CoreWorld(reactors: 2) { $0.limits.tailEvents = 16 }
        let room = try world.room(at: 1)
        let reader = try world.member("reader", of: room, at: 0)
        let writer = try world.member("writer", .instructor, of: room, at: 1)
        for number in 0..<40 { writer.command(#"{"op":"chat_send","id":"c\#(number)","text":"m"}"#) }
        try world.until("all messages") { reader.has("\"seq\":40,") }
        let core = world.cores[0]
        let back = try world.peer()
        back.upgrade(room, try world.token("back"), query: "?cursor=epoch1234567.1")
        let limitNs = MonotonicClock.nowNs() + 30_000_000_000
        while core.joinsInProgress == 0, MonotonicClock.nowNs() < limitNs { core.reactor.turn(waitMaxMs: 1) }
        // What the home answered while this reactor's tail still reached back to 1.
        let endpoints = (0..<UInt32(8)).map { core.sessions.at($0).pointee }.filter { $0.flags.contains(.joining) }
        let joining = try #require(endpoints.first)
        core.attached(
            AttachReply(
                endpoint: Endpoint(reactor: 0, connection: joining.id), room: room,
                participant: try #require(ParticipantID("back")), view: .member,
                verdict: .resumed(
                    ResumedParts(
                        epoch: "epoch1234567", from: 1, head: 40, presence: Array("{}".utf8), you: Array("{}".utf8),
                        missed: nil))))
        #expect(core.joinsInProgress == 1, "it asks again")
        try world.until("a snapshot") { back.has("\"ev\":\"welcome\"") }
        #expect(back.has("\"reset\":true") && !back.has("resumed"))
    }
}

extension String {
    /// The number that follows a text.
    fileprivate func components(after text: String) -> Int? {
        guard let range = firstRange(of: text) else { return nil }
        return Int(self[range.upperBound...].prefix { $0.isNumber })
    }
}
