// Switches: which rule counts, that they outlast a restart, that people are refused in words and told, and what an
// operator reads.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct SwitchTests {
    private static func room(_ path: String) throws -> RoomKey { try #require(RoomKey(path)) }

    @Test func `the nearest rule counts: room, institution, node, configuration`() throws {
        var table = SwitchTable()
        let (here, there) = (try Self.room("school/c/s"), try Self.room("other/c/s"))
        let polls = FeatureSet(.polls)
        func off(_ room: RoomKey) -> [Feature] { table.off(in: room, default: polls).features }
        #expect(off(here) == [.polls])
        let taken = [
            table.set(.chat, false, for: .node), table.set(.chat, true, for: .institution("school")),
            table.set(.polls, true, for: .room(here)), table.set(.hands, false, for: .room(there)),
        ]
        #expect(taken == [true, true, true, true])
        #expect(off(here) == [] && off(there) == [.chat, .polls, .hands])
        #expect(table.off(default: polls).features == [.chat, .polls])
        let back = try SwitchTable(json: table.json)
        #expect(back == table && table.count == 4)
        let takenBack = [table.set(.chat, nil, for: .node), table.set(.hands, nil, for: .room(there))]
        #expect(takenBack == [true, true])
        #expect(off(there) == [.polls] && table.count == 2)
        #expect(SwitchTable.Scope(room: "no room", institution: nil) == nil)
        #expect(SwitchTable.Scope(room: "a/b/c", institution: "a") == nil)
        #expect(SwitchTable.Scope(room: nil, institution: "a/b") == nil)
    }

    @Test func `rules are bounded, and a full table still changes those it has`() {
        var table = SwitchTable()
        for number in 0..<SwitchTable.rulesMax {
            let taken = table.set(.chat, false, for: .institution("i\(number)"))
            #expect(taken, "\(number)")
        }
        let more = [table.set(.chat, false, for: .node), table.set(.chat, true, for: .institution("i5"))]
        #expect(more == [false, true])
    }

    @Test func `every feature is needed by some command or route, and what ends things always works`() {
        let actor = MessageID(seq: 1)
        #expect(Feature.needed(by: .chatSend(text: "x", replyTo: nil)) == .chat)
        #expect(Feature.needed(by: .chatDelete(actor)) == nil)
        #expect(Feature.needed(by: .handRaise) == .hands && Feature.needed(by: .roomEnd) == nil)
        #expect(FeatureSet(.echo).features == [.echo] && Feature.allCases.count <= 16)
    }

    @Test func `people are refused in words and told, at once and when they come in`() throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        let stream = try world.peer(at: 1)
        stream.get(
            "/v1/rooms/\(room.raw)/live",
            ["Authorization: Bearer \(try world.token("ben"))", "Accept: text/event-stream"])
        try world.until("the stream stands") { stream.has("welcome") }
        ada.command(#"{"op":"chat_send","id":"c1","text":"before"}"#)
        try world.until("it is accepted") { ada.has("\"re\":\"c1\",\"ok\":true") }
        let line = Array(#"{"do":"set","feature":"chat","on":false,"room":"\#(room.raw)"}"#.utf8)
        let said = String(decoding: AdminSocket.answer(line, world.node), as: UTF8.self)
        #expect(said.contains("\"ok\":true") && said.contains("\"feature\":\"chat\",\"on\":false"))
        try world.until("all are told") { ada.has("\"off\":[\"chat\"]") && stream.has("\"off\":[\"chat\"]") }
        ada.forget()
        ada.command(#"{"op":"chat_send","id":"c2","text":"now"}"#)
        ada.command(#"{"op":"chat_send","id":"c1","text":"before"}"#)
        ada.command(#"{"op":"hand_raise","id":"h1"}"#)
        try world.until("answers") { ada.has("\"re\":\"h1\"") && ada.has("\"re\":\"c1\"") }
        #expect(ada.has("the chat is switched off here") && ada.has("\"code\":\"forbidden\""))
        #expect(ada.has("\"re\":\"c1\",\"ok\":true"), "what was accepted before has the same reply")
        let late = try world.member("late", of: room, at: 0)
        try world.until("who comes in is told") { late.has("\"off\":[\"chat\"]") }
        let elsewhere = try world.member("ada", of: try world.room(at: 0), at: 0)
        elsewhere.command(#"{"op":"chat_send","id":"c1","text":"here it is on"}"#)
        try world.until("another room goes on") { elsewhere.has("\"ok\":true") }
        // Kept over a restart, and taken back.
        let again = try SwitchBoard(dataDirectory: world.folder.path, settings: FeatureSettings())
        #expect(again.off(in: room).features == [.chat])
        #expect(world.node.switches.set(.chat, nil, for: .room(room)) == nil)
        world.cores[1].switchesChanged()
        try world.until("all are told") { ada.has("\"off\":[]") }
        ada.command(#"{"op":"chat_send","id":"c3","text":"again"}"#)
        try world.until("it is on") { ada.has("\"re\":\"c3\",\"ok\":true") }
    }

    @Test func `a poll that is open when polls are switched off can be closed and takes no answer`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let ada = try world.member("ada", of: room)
        teacher.command(#"{"op":"poll_open","id":"p","question":"?","kind":"single","options":["a","b"]}"#)
        try world.until("it is open") { ada.has("poll_started") }
        #expect(world.node.switches.set(.polls, false, for: .node) == nil)
        let poll = PollID(seq: 1).text
        ada.command(#"{"op":"poll_answer","id":"a","poll":"\#(poll)","attempt_id":"x","choice":0}"#)
        try world.until("it is refused") { ada.has("polls are switched off here") }
        teacher.command(#"{"op":"poll_close","id":"q","poll":"\#(poll)"}"#)
        try world.until("results") { ada.has("poll_results") }
    }

    @Test func `a file of switches that cannot be read refuses the start`() throws {
        let folder = TemporaryDirectory("switches")
        try SmallFile.write(Array("{\"switches\":[{".utf8), to: folder.path("switches.json"))
        #expect(throws: StartFailure.self) {
            _ = try SwitchBoard(dataDirectory: folder.path, settings: FeatureSettings())
        }
        try SmallFile.write(
            Array(#"{"switches":[{"feature":"of a newer program","on":false},{"feature":"chat","on":false}]}"#.utf8),
            to: folder.path("switches.json"))
        let board = try SwitchBoard(dataDirectory: folder.path, settings: FeatureSettings())
        #expect(!board.isOn(.chat) && board.isOn(.polls) && !board.isOn(.echo))
    }

    @Test func `the administration refuses in words what it does not understand`() throws {
        let world = try CoreWorld()
        func say(_ line: String) -> String {
            String(decoding: AdminSocket.answer(Array(line.utf8), world.node), as: UTF8.self)
        }
        for line in [
            "", "{", "[]", "{}", #"{"do":"what"}"#, #"{"do":"set","feature":"tea","on":true}"#,
            #"{"do":"set","feature":"echo","on":true,"institution":"i"}"#, #"{"do":"room"}"#,
            #"{"do":"set","feature":"chat","on":true,"room":"x"}"#, #"{"do":"kick","room":"a/b/c"}"#,
        ] {
            #expect(say(line).hasPrefix(#"{"ok":false,"error":""#), "\(line)")
        }
        #expect(say(#"{"do":"node"}"#).contains("\"reactors\":1"))
    }
}
