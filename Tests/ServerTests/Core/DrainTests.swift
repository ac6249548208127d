// The end of a node as its people see it: told at a steady pace, each in the way of its transport, nobody new let in,
// readiness gone at once.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct DrainTests {
    @Test func `everybody leaves once, within the time, at no less than the slowest pace`() {
        let members = (0..<2_000).map { ConnectionID(index: UInt32($0), generation: 1) }
        for (spreadMs, steps) in [(10_000, 100), (1_000, 50), (1, 1), (60_000, 100)] {
            var farewell = Farewell(members, spreadMs: spreadMs)
            var gone: [ConnectionID] = []
            var portions = 0
            #expect(farewell.remainingMs == steps * Farewell.stepMs)
            while !farewell.isOver {
                gone += farewell.next()
                portions += 1
            }
            #expect(portions == steps && Set(gone) == Set(members) && gone.count == members.count)
            #expect(gone != members, "in an order of chance")
        }
        #expect(Farewell([], spreadMs: 5).isOver)
    }

    @Test func `a draining node says so, lets nobody in, and ends each transport in its way`() throws {
        let world = try CoreWorld { $0.limits.drainMs = 100 }
        let room = try world.room()
        let bearer = "Authorization: Bearer \(try world.token("other"))"
        let socket = try world.member("socket", of: room)
        let stream = try world.peer()
        stream.get("/v1/rooms/\(room.raw)/live", [bearer, "Accept: text/event-stream"])
        try world.until("the stream stands") { stream.has("welcome") }
        let poll = try world.peer()
        poll.get("/v1/rooms/\(room.raw)/live?cursor=epoch1234567.0&wait=20", [bearer])
        let core = world.cores[0]
        try world.until("the poll waits") { core.connectionsByTransport().longPoll == 1 }
        let idle = try world.peer()
        idle.get("/healthz")
        try world.until("it is answered") { idle.has("200 OK") }
        core.handle(.drain)
        let probe = try world.peer()
        probe.get("/readyz")
        let late = try world.peer()
        late.upgrade(room, "no token is looked at")
        try world.until("the balancer knows") { probe.has("503 ") && probe.has("draining") }
        try world.until("the newcomer is told") { late.has("retry_after_ms") }
        try world.until("all are told") {
            socket.has("reconnect_after_ms") && stream.has("reconnect_after_ms") && poll.has("\"cursor\"")
        }
        #expect(poll.has("200 OK") && poll.has("\"cursor\":\"epoch1234567.0\"") && poll.has("Connection: close"))
        #expect(stream.text.ranges(of: "retry: ").count == 2, "the time to come back is the EventSource's, too")
        try world.until("the reactor ends") { core.isStopped }
    }

    @Test func `a drain ends when nobody is left, and is cut short on demand`() throws {
        let quiet = try CoreWorld()
        quiet.cores[0].handle(.drain)
        #expect(quiet.cores[0].isStopped, "nobody was there")
        let busy = try CoreWorld { $0.limits.drainMs = 600_000 }
        let room = try busy.room()
        let members = try (0..<30).map { try busy.member("p\($0)", of: room) }
        busy.cores[0].handle(.drain)
        #expect(!busy.cores[0].isStopped)
        busy.cores[0].handle(.stop)
        #expect(busy.cores[0].isStopped)
        for member in members { member.close() }
    }
}

extension ReactorCore {
    fileprivate var isStopped: Bool { reactor.isStopping }
}
