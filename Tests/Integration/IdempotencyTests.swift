// The promise of ids: an accepted command sent again has the same reply and no second effect, another one under its id
// is a conflict, a rejected one is judged anew; and a reply with seq N follows event N.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct IdempotencyTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `an accepted command sent again gives the same reply and one event`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let ben = try room.socket("ben")
        let first = try ada.demand("chat_send", ["text": "once"], id: "x1")
        let second = try ada.demand("chat_send", ["text": "once"], id: "x1")
        #expect(first.text == second.text)
        // Both under way at once, on one connection and over another transport.
        try ada.send("chat_send", ["text": "twice"], id: "x2")
        try ada.send("chat_send", ["text": "twice"], id: "x2")
        let (_, posted) = try room.post("chat_send", ["text": "twice"], id: "x2", by: "ada")
        let replies = try (0..<2).map { _ in try ada.next("a reply") { $0.re == "x2" } }
        #expect(Set(replies.map(\.text)).count == 1)
        #expect(posted.seq == replies[0].seq)
        // The same id of another person is another command.
        try ben.demand("chat_send", ["text": "thrice"], id: "x1")
        try ben.chat("thrice")
        #expect(ben.chat == ["once", "twice", "thrice"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `the same id with another content is a conflict and has no effect`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        try ada.demand("chat_send", ["text": "one"], id: "x")
        #expect(try ada.ask("chat_send", ["text": "two"], id: "x").code == "conflict")
        #expect(try ada.ask("hand_raise", id: "x").code == "conflict")
        _ = try ada.heartbeat()
        #expect(ada.chat == ["one"])
        #expect(!ada.log.contains { $0.event == "hand_raised" })
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a rejected command is judged anew under its id`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        try teacher.demand("chat_mode", ["mode": "off"])
        #expect(try ada.ask("chat_send", ["text": "now?"], id: "x").code == "closed")
        try teacher.demand("chat_mode", ["mode": "open"])
        #expect(try ada.ask("chat_send", ["text": "now?"], id: "x").isOK)
        try teacher.chat("now?")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `outcomes are remembered across a restart of the node`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let ada = try room.socket("ada")
        let first = try ada.demand("question_ask", ["text": "why?"], id: "q")
        try node.crashAndRestart()
        let back = try room.socket("ada", AttachOptions(after: ada))
        let second = try back.demand("question_ask", ["text": "why?"], id: "q")
        #expect(second.text == first.text)
        _ = try back.heartbeat()
        #expect(back.log.isEmpty)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a reply follows its event on the same connection`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let others = try (0..<4).map { try room.socket("s\($0)", .instructor) }
        for number in 0..<25 {
            for socket in others { try socket.send("chat_send", ["text": .text("n\(number)")], id: "r\(number)") }
        }
        for socket in others {
            _ = try socket.find("the last reply") { $0.re == "r24" }
            var seen: UInt64 = 0
            var replies = 0
            for message in socket.messages {
                if message.event == "chat_message" {
                    #expect(message.seq ?? 0 > seen, "events rise")
                    seen = message.seq ?? 0
                } else if message.isReply, let seq = message.seq {
                    #expect(seq <= seen, "the reply with \(seq) came before its event, at \(seen)")
                    replies += 1
                }
            }
            #expect(replies == 25)
        }
    }
}
