// The promise of views: what a role may not see is not in its bytes. Everything that a student's connections receive is
// searched, on all three transports, with snapshots and after a resume.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct PrivacyTests {
    /// All bytes that one person received, by whatever transport.
    private final class Receiver {
        var bytes: [UInt8] = []
        func take(_ wire: WireSocket) { bytes += wire.received }
        func holds(_ text: String) -> Bool { bytes.holds(text) }
    }

    @Test(arguments: SharedNodes.threadCounts, [Role.student, .observer])
    func `the answer of a quiz reaches no peer before it is revealed`(threads: Int, role: Role) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let socket = try room.socket("a", role)
        let stream = try room.stream("b", role)
        let opened = try teacher.demand(
            "poll_open",
            ["question": "2+2?", "kind": "quiz", "options": ["3", "4"], "correct": [1], "show": "live"])
        let poll = try #require(opened["poll"]?.string)
        #expect(try teacher.event("poll_started")["correct"]?.array?.compactMap(\.int) == [1], "moderators see it")
        let student = try room.socket("c")
        try student.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 1])
        _ = try socket.event("poll_tally")
        let late = try room.socket("late", role)
        try teacher.demand("poll_close", ["poll": .text(poll), "reveal": false])
        try socket.event("poll_closed")
        try stream.event("poll_closed")
        _ = try teacher.event("poll_results")
        try teacher.demand("chat_send", ["text": "fence"])
        for reader in [socket, stream, late] as [LiveReader] { try reader.chat("fence") }
        for wire in [socket.wire, stream.wire, late.wire, student.wire] {
            #expect(wire.received.holds("2+2?"), "the poll itself is seen")
            #expect(!wire.received.holds("correct"))
        }
        let after = try room.socket("after", role)
        #expect(!after.wire.received.holds("correct"), "not in a snapshot after the close either")
        let moderator = try room.socket("mod", .assistant)
        #expect(moderator.wire.received.holds("correct"))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a revealed quiz shows its answer with the results`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let opened = try teacher.demand(
            "poll_open", ["question": "2+2?", "kind": "quiz", "options": ["3", "4"], "correct": [1]])
        let poll = try #require(opened["poll"]?.string)
        try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 0])
        try ada.event("poll_started")
        _ = try ada.heartbeat()
        #expect(!ada.wire.received.holds("poll_tally"), "without show:live the count is the moderators'")
        #expect(!ada.wire.received.holds("correct"))
        try teacher.demand("poll_close", ["poll": .text(poll)])
        let results = try ada.finalResults(poll)
        #expect(results["correct"]?.array?.compactMap(\.int) == [1])
        #expect(results["counts"]?.array?.compactMap(\.int) == [1, 0])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `the author of an anonymous question is known to moderators alone`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .assistant)
        let ben = try room.socket("ben")
        let observer = try room.stream("viewer", .observer)
        // By POST alone, so that the author's name is not in presence either.
        let (_, reply) = try room.post(
            "question_ask", ["text": "May I leave?", "anonymous": true], id: "1", by: "shy-secret-one")
        #expect(reply.isOK)
        let seen = try ben.event("question_asked")
        #expect(seen["anonymous"]?.bool == true)
        #expect(seen["from"] == nil && seen["name"] == nil)
        try observer.event("question_asked")
        #expect(try teacher.event("question_asked")["from"]?.string == "shy-secret-one")
        let late = try room.socket("late")
        let poll = try room.poll("poller")
        try poll.poll()
        #expect(late.wire.received.holds("May I leave?"))
        for bytes in [ben.wire.received, observer.wire.received, late.wire.received, poll.response.body] {
            #expect(!bytes.holds("shy-secret-one"))
        }
        let moderator = try room.socket("mod", .instructor)
        #expect(moderator.wire.received.holds("shy-secret-one"))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `who was muted, removed or banned is the moderators' to know`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ben = try room.socket("ben")
        let eve = try room.socket("eve")
        try teacher.demand("mute", ["participant": "eve"])
        #expect(try teacher.event("participant_muted")["participant"]?.string == "eve")
        #expect(try eve.event("you")["muted"]?.bool == true)
        try teacher.demand("unmute", ["participant": "eve"])
        #expect(try eve.event("you")["muted"]?.bool == false)
        try teacher.demand("ban", ["participant": "zed"])
        try teacher.event("participant_banned")
        try teacher.demand("remove", ["participant": "eve"])
        try teacher.event("participant_removed")
        #expect(try eve.waitForClose().code == 4403)
        try teacher.demand("chat_send", ["text": "fence"])
        try ben.chat("fence")
        let late = try room.socket("late")
        for socket in [ben, late] {
            for word in ["participant_", "\"muted\":[", "\"banned\"", "zed"] {
                #expect(!socket.wire.received.holds(word), "\(word)")
            }
        }
        let moderator = try room.socket("mod", .assistant)
        let state = try #require(moderator.messages.first?["state"])
        #expect(state["banned"]?.array?.compactMap(\.string) == ["zed"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a resume brings no more than the view that asks`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        ada.wire.cut()
        try teacher.demand(
            "poll_open", ["question": "2+2?", "kind": "quiz", "options": ["3", "4"], "correct": [1]])
        try teacher.demand("mute", ["participant": "eve"])
        try teacher.demand("chat_send", ["text": "fence"])
        let back = try room.socket("ada", AttachOptions(after: ada))
        try back.chat("fence")
        #expect(back.wire.received.holds("2+2?"))
        #expect(!back.wire.received.holds("correct"))
        #expect(!back.wire.received.holds("participant_muted"))
    }
}
