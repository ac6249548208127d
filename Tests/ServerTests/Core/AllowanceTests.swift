// What one participant may send: commands over all its connections in a room, repeats of what was accepted, heartbeats
// and messages that cannot be read. Each at its limit.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct AllowanceTests {
    private static func replies(_ peer: CorePeer, _ part: String) -> Int { peer.text.ranges(of: part).count }

    private func slow(_ configuration: inout ServerConfiguration) {
        configuration.limits.studentRate = 1
        configuration.limits.studentBurst = 3
        configuration.limits.moderatorRate = 1
        configuration.limits.moderatorBurst = 4
    }

    @Test(arguments: [(Role.student, 3), (.instructor, 4)])
    func `a burst of commands is taken and the next one is limited`(role: Role, burst: Int) throws {
        let world = try CoreWorld(slow)
        let room = try world.room()
        let ada = try world.member("ada", role, of: room)
        for number in 0...burst { ada.command(#"{"op":"chat_send","id":"c\#(number)","text":"m"}"#) }
        try world.until("all are answered") { Self.replies(ada, "\"re\":\"c") == burst + 1 }
        #expect(Self.replies(ada, "\"ok\":true") == burst)
        #expect(Self.replies(ada, "\"rate_limited\"") == 1 && ada.has("\"retry_after_ms\":"))
    }

    @Test func `the allowance is one over all connections of a participant, and leaving does not fill it`() throws {
        let world = try CoreWorld(reactors: 2, slow)
        let room = try world.room(at: 1)
        let here = try world.member("ada", of: room, at: 0)
        let there = try world.member("ada", of: room, at: 1)
        here.command(#"{"op":"hand_raise","id":"h1"}"#)
        here.command(#"{"op":"hand_lower","id":"h2"}"#)
        try world.until("two are answered") { Self.replies(here, "\"re\":\"h") == 2 }
        there.command(#"{"op":"hand_raise","id":"t1"}"#)
        there.command(#"{"op":"hand_lower","id":"t2"}"#)
        try world.until("both are answered") { Self.replies(there, "\"re\":\"t") == 2 }
        #expect(Self.replies(there, "\"ok\":true") == 1 && Self.replies(there, "\"rate_limited\"") == 1)
        here.close()
        there.close()
        try world.until("ada has left") { world.home(room)?.presence.count == 0 }
        let back = try world.member("ada", of: room, at: 0)
        for number in 0..<3 { back.command(#"{"op":"hand_raise","id":"b\#(number)"}"#) }
        try world.until("all are answered") { Self.replies(back, "\"re\":\"b") == 3 }
        #expect(Self.replies(back, "\"rate_limited\"") >= 1)
    }

    @Test func `an accepted command sent again gets the same reply though the allowance is used up, within bounds`()
        throws
    {
        let world = try CoreWorld(slow)
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        for number in 0..<4 { ada.command(#"{"op":"chat_send","id":"c\#(number)","text":"m"}"#) }
        try world.until("three are accepted, one is limited") {
            Self.replies(ada, "\"ok\":true") == 3 && Self.replies(ada, "rate_limited") == 1
        }
        ada.forget()
        for number in 0..<3 { ada.command(#"{"op":"chat_send","id":"c\#(number)","text":"m"}"#) }
        try world.until("the same replies") { Self.replies(ada, "\"re\":\"c") == 3 }
        #expect(Self.replies(ada, "\"ok\":true") == 3, "\(ada.text)")
        #expect(world.home(room)?.room.seq == 3, "no second effect")
        ada.forget()
        for _ in 0..<4 { ada.command(#"{"op":"chat_send","id":"c1","text":"m"}"#) }
        try world.until("repeats are bounded too") { Self.replies(ada, "\"re\":\"c1\"") == 4 }
        #expect(Self.replies(ada, "rate_limited") >= 3)
        ada.forget()
        // Under the same id something else is no repeat.
        ada.command(#"{"op":"chat_send","id":"c1","text":"other"}"#)
        try world.until("it is limited") { ada.has("rate_limited") }
    }

    @Test func `heartbeats have an allowance of their own`() throws {
        let world = try CoreWorld {
            $0.limits.connectionRate = 1
            $0.limits.connectionBurst = 3
        }
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        let beat = #"{"op":"heartbeat","id":"h","seq":0,"lag_ms":1,"transport":"ws"}"#
        for _ in 0..<4 { ada.command(beat) }
        try world.until("all are answered") { Self.replies(ada, "\"re\":\"h\"") == 4 }
        #expect(Self.replies(ada, "\"ok\":true") == 3 && Self.replies(ada, "\"rate_limited\"") == 1)
        ada.command(#"{"op":"chat_send","id":"c1","text":"goes on"}"#)
        try world.until("commands are not concerned") { ada.has("\"re\":\"c1\",\"ok\":true") }
        // By POST the allowance is the sender's, over all requests.
        let fields = ["Authorization: Bearer \(try world.token("ben"))"]
        for number in 0..<4 {
            let post = try world.peer()
            post.request("POST", "/v1/rooms/\(room.raw)/commands", fields, body: beat)
            try world.until("an answer") { post.has("\r\n\r\n") && post.has("\"re\"") }
            #expect(post.has(number < 3 ? "200 OK" : "429 "), "\(number): \(post.text)")
        }
    }

    @Test func `messages that cannot be read cost an allowance, and too many end the connection`() throws {
        let world = try CoreWorld {
            $0.limits.connectionRate = 1
            $0.limits.connectionBurst = 2
            $0.limits.malformedMessages = 5
        }
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        for _ in 0..<4 { ada.command("{nonsense") }
        try world.until("all are answered") { Self.replies(ada, "\"ok\":false") == 4 }
        #expect(Self.replies(ada, "\"bad_request\"") == 2 && Self.replies(ada, "\"rate_limited\"") == 2)
        ada.command("{nonsense")
        try world.until("the fifth ends it") { ada.has("too many malformed messages") }
    }
}
