// Limits of a node, which count over all its reactors: so many are let in, the next one is refused in the documented
// way, and places that are given back are free again.

import Glibc
import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Synchronization
import Testing

@testable import LiveServer

@Suite(.serialized) struct NodeLimitTests {
    @Test func `connections count over all reactors, and one too many hears when to come again`() throws {
        let world = try CoreWorld(reactors: 2) { $0.limits.connections = 16 }
        let inside = try (0..<16).map { try world.peer(at: $0 % 2) }
        try world.until("all are accepted") { world.node.gauges.connections == 16 }
        let room = try world.room()
        let socket = try world.peer(at: 0)
        socket.upgrade(room, "no token is looked at")
        let stream = try world.peer(at: 1)
        stream.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer none", "Accept: text/event-stream"])
        let page = try world.peer(at: 1)
        page.get("/")
        try world.until("all three are turned away") {
            [socket, stream, page].allSatisfy { $0.isOverAfterReading || $0.has("retry_after_ms") }
        }
        #expect(socket.has("101 Switching Protocols") && socket.has("{\"retry_after_ms\":"))
        for peer in [stream, page] { #expect(peer.has("503 ") && peer.has("Retry-After: ")) }
        let probe = try world.peer(at: 0)
        probe.get("/healthz")
        try world.until("a probe is answered") { probe.has("200 OK") }
        inside[0].close()
        inside[1].close()
        try world.until("places are free") { world.node.gauges.connections <= 15 }
        _ = try world.member("ada", of: room)
    }

    @Test(arguments: [(UInt64(256), 171), (1_024, 854), (20_000, 18_912), (1_000_000, 50_000)])
    func `as many connections as descriptors leave room for, beside those who are to be told`(
        descriptors: UInt64, connections: Int
    ) {
        var configuration = ServerConfiguration()
        configuration.limits.connections = 50_000
        let limits = CoreLimits(configuration.within(descriptors: descriptors), reactors: 1)
        #expect(limits.connections == connections)
        #expect(
            limits.connections + limits.surplusMax + ServerConfiguration.descriptorsBeside <= Int(descriptors))
        // Who is still shaking hands counts as a socket, and never takes what the files need.
        #expect(ServerConfiguration.socketsMax(descriptors: descriptors) == Int(descriptors) - 32)
    }

    @Test func `rooms count over all reactors, and one too many is overloaded`() throws {
        let world = try CoreWorld(reactors: 2) { $0.limits.rooms = 2 }
        _ = try world.member("ada", of: try world.room(at: 0))
        _ = try world.member("ada", of: try world.room(at: 1))
        #expect(world.node.gauges.rooms == 2)
        for home in 0..<2 {
            let peer = try world.peer()
            let others = (0..<1_000).compactMap { RoomKey("demo/cs101/x\($0)") }
            let other = try #require(others.first { world.node.home(of: $0) == home })
            peer.upgrade(other, try world.token("ben"))
            try world.until("the third room is refused") { peer.has("retry_after_ms") }
        }
        #expect(world.node.gauges.rooms == 2)
        let core = world.cores[0]
        let home = try #require(core.homes.values.first)
        core.abandon(home, Rejection(.unavailable, "x"))
        #expect(world.node.gauges.rooms == 1)
    }

    @Test func `a full room takes moderators and those who are inside, nobody else`() throws {
        let world = try CoreWorld { $0.limits.roomParticipants = 2 }
        let room = try world.room()
        let first = try world.member("first", of: room)
        let second = try world.member("second", of: room)
        let third = try world.peer()
        third.upgrade(room, try world.token("third"))
        try world.until("the third is told") { third.has("retry_after_ms") }
        #expect(!third.has("welcome"))
        let again = try world.member("first", of: room)
        let teacher = try world.member("teacher", .instructor, of: room)
        #expect(world.home(room)?.presence.count == 3)
        for peer in [first, second, again, teacher] { peer.close() }
    }

    @Test func `the devices of a participant beyond the limit push the oldest out`() throws {
        let world = try CoreWorld { $0.limits.connectionsPerParticipant = 2 }
        let room = try world.room()
        let first = try world.member("ada", of: room)
        let second = try world.member("ada", of: room)
        _ = try world.member("ada", of: room)
        try world.until("the first is pushed out") { first.has("replaced by a newer connection") }
        for _ in 0..<5 { world.turn() }
        #expect(!second.has("replaced") && world.home(room)?.presence.count == 1)
        // The same device gives way at once.
        let phone = try world.peer()
        phone.upgrade(room, try world.token("ben"), query: "?device=phone")
        try world.until("ben is in") { phone.has("welcome") }
        let again = try world.peer()
        again.upgrade(room, try world.token("ben"), query: "?device=phone")
        try world.until("the old one goes") { phone.has("replaced by a newer connection") }
    }

    @Test func `newcomers are told to come again while the loop is late, those inside are served`() throws {
        let world = try CoreWorld { $0.limits.joinLagMs = 10 }
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        let core = world.cores[0]
        let late = try world.peer()
        late.upgrade(room, "no token is looked at")
        // One round that takes long makes the average late.
        let slow = MetricsScrape(expected: 1) { _ in usleep(200_000) }
        #expect(world.node.post(.scrape(slow), to: 0))
        try world.until("the newcomer is told") { late.has("retry_after_ms") }
        #expect(late.has("101 Switching Protocols"))
        ada.command(#"{"op":"chat_send","id":"c1","text":"served"}"#)
        try world.until("who is inside is served") { ada.has("served") }
        try world.until("the loop has recovered") { core.reactor.lagAverageNs < 10_000_000 }
        _ = try world.member("later", of: room)
    }
}

extension CorePeer {
    /// Whether the server has ended the connection, after reading all that it said.
    fileprivate var isOverAfterReading: Bool {
        _ = text
        return isOver
    }
}
