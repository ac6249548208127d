// Event streams as browsers open them: where one goes on that comes back by itself, and what a newcomer is told.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct StreamTests {
    private func stream(
        _ world: CoreWorld, _ room: RoomKey, query: String = "", lastEventID: String? = nil
    ) throws -> CorePeer {
        let peer = try world.peer()
        var fields = ["Authorization: Bearer \(try world.token("ben"))", "Accept: text/event-stream"]
        if let lastEventID { fields.append("Last-Event-ID: \(lastEventID)") }
        peer.get("/v1/rooms/\(room.raw)/live\(query)", fields)
        return peer
    }

    @Test(arguments: ["cursor", "last_event_id"])
    func `a stream that comes back goes on from what it saw last, not from its address`(name: String) throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        for number in 1...3 { teacher.command(#"{"op":"chat_send","id":"c\#(number)","text":"m\#(number)"}"#) }
        try world.until("three messages") { teacher.has("\"re\":\"c3\",\"ok\":true") }
        let address = "?\(name)=epoch1234567.1"
        let first = try stream(world, room, query: address)
        try world.until("what it missed") { first.has("\"text\":\"m3\"") }
        #expect(first.has("\"text\":\"m2\"") && !first.has("\"text\":\"m1\""))
        let back = try stream(world, room, query: address, lastEventID: "epoch1234567.2")
        try world.until("the rest") { back.has("\"text\":\"m3\"") }
        #expect(!back.has("\"text\":\"m2\""))
        let empty = try stream(world, room, query: address, lastEventID: "")
        try world.until("an empty header says nothing") { empty.has("\"text\":\"m3\"") }
        #expect(empty.has("\"text\":\"m2\""))
    }

    @Test func `a stream that begins while the server is degraded is told so`() throws {
        let world = try CoreWorld()
        world.cores[0].isDegraded = true
        let stream = try stream(world, try world.room())
        try world.until("it is greeted") { stream.has("welcome") }
        try world.until("it is told") { stream.has("\"degraded\":true") }
    }
}
