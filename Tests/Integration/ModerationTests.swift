// The promise to those who keep order: what they close is closed, whom they send away is away, and the class can end.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct ModerationTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `a removed person is closed with 4403 and may come back, a banned one may not`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let phone = try room.socket("eve", AttachOptions(device: "phone"))
        let laptop = try room.stream("eve", AttachOptions(device: "laptop"))
        try teacher.demand("remove", ["participant": "eve"])
        #expect(try phone.waitForClose().code == 4403)
        while try laptop.readMore(Deadline(), waitingFor: "the stream's end") {}
        let back = try room.socket("eve")
        try teacher.demand("ban", ["participant": "eve"])
        #expect(try back.waitForClose().code == 4403)
        let again = try room.knock("eve")
        #expect(try again.waitForClose().code == 4403, "upgraded and closed, as browsers need it")
        #expect(throws: LiveSocket.Refused.self) { try room.stream("eve") }
        let (status, reply) = try room.post("chat_send", ["text": "let me in"], id: "1", by: "eve")
        #expect(status == 403 && reply.code == "forbidden")
        let resumed = try room.knock("eve", .student, AttachOptions(after: back))
        #expect(try resumed.waitForClose().code == 4403, "a resume token is no permission")
        try teacher.demand("chat_send", ["text": "fence"])
        try teacher.chat("fence")
        #expect(teacher.chat == ["fence"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a waiting long poll of a banned person ends with 403`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let first = try room.poll("eve")
        try first.poll()
        let client = try HTTPClient(port: room.node.port)
        let place = try #require(first.place)
        try client.send(
            "GET", room.livePath + "?cursor=\(place)&wait=20",
            [("Authorization", "Bearer \(try room.token("eve", .student))")])
        // The poll has arrived once its person is seen, by the roster or by what it holds: the ban waits for neither.
        try teacher.demand("ban", ["participant": "eve"])
        let answer = try client.answer()
        #expect(answer.status == 403)
        #expect(answer.problem == "forbidden")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a locked room keeps newcomers out and those inside in`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada", AttachOptions(device: "phone"))
        try teacher.demand("room_lock")
        #expect(try ada.event("room_locked")["locked"]?.bool == true)
        #expect(try room.knock("ben").waitForClose().code == 4403)
        do {
            _ = try room.stream("ben")
            Issue.record("a locked room let somebody in")
        } catch let refused as LiveSocket.Refused {
            #expect(refused.response.status == 403)
        }
        let second = try room.socket("ada", AttachOptions(device: "laptop"))
        try second.demand("chat_send", ["text": "inside"])
        _ = try room.socket("helper", .assistant)
        try teacher.demand("room_lock", ["locked": false])
        _ = try room.socket("ben")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a muted person reads and does not write until unmuted`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let eve = try room.socket("eve")
        try teacher.demand("mute", ["participant": "eve"])
        #expect(try eve.ask("chat_send", ["text": "x"]).code == "muted")
        #expect(try eve.ask("question_ask", ["text": "x"]).code == "muted")
        try eve.demand("hand_raise")
        try teacher.demand("chat_send", ["text": "read this"])
        try eve.chat("read this")
        let back = try room.socket("eve", AttachOptions(device: "other"))
        #expect(back.messages.first?["you"]?["muted"]?.bool == true)
        try teacher.demand("unmute", ["participant": "eve"])
        try eve.demand("chat_send", ["text": "thanks"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `chat modes: off, moderators and slow`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        try teacher.demand("chat_mode", ["mode": "moderators"])
        let changed = try ada.event("chat_mode_changed")
        #expect(changed["mode"]?.string == "moderators")
        #expect(try ada.ask("chat_send", ["text": "x"]).code == "forbidden")
        try teacher.demand("chat_send", ["text": "only me"])
        try teacher.demand("chat_mode", ["mode": "off"])
        #expect(try teacher.ask("chat_send", ["text": "x"]).code == "closed")
        try teacher.demand("chat_mode", ["mode": "slow", "slow_s": 1_800])
        #expect(try ada.event("chat_mode_changed") { $0["mode"]?.string == "slow" }["slow_s"]?.int == 1_800)
        try ada.demand("chat_send", ["text": "first"])
        let refused = try ada.ask("chat_send", ["text": "second"])
        #expect(refused.code == "rate_limited")
        let waitMs = refused["error"]?["retry_after_ms"]?.int ?? 0
        #expect(waitMs > 1_700_000 && waitMs <= 1_800_000)
        try teacher.demand("chat_send", ["text": "a"])
        try teacher.demand("chat_send", ["text": "b"])
        try teacher.demand("chat_mode", ["mode": "open"])
        try ada.demand("chat_send", ["text": "second"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `an ended class is read and no longer written`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        try ada.demand("chat_send", ["text": "bye"])
        try teacher.demand("room_end")
        #expect(try ada.event("room_ended")["by"]?.string == "ms-k")
        #expect(try ada.ask("chat_send", ["text": "x"]).code == "closed")
        #expect(
            try teacher.ask("poll_open", ["question": "?", "kind": "single", "options": ["a", "b"]]).code == "closed")
        let late = try room.socket("late")
        #expect(late.messages.first?["state"]?["ended"]?.bool == true)
        #expect(late.messages.first?["state"]?["chat"]?.array?.first?["text"]?.string == "bye")
    }
}
