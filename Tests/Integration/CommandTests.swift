// The promise of each command: what it makes for everybody, and what its sender is told.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct CommandTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `a welcome names room, person, place and what the client must know`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada", name: "Ada")
        let welcome = try #require(ada.messages.first)
        #expect(ada.subprotocol == "live.v1")
        #expect(welcome["room"]?.string == room.key)
        #expect(welcome["participant"]?.string == "ada")
        #expect(welcome["role"]?.string == "student")
        #expect(ada.epoch.count >= 8 && ada.epoch.count <= 16)
        #expect(welcome["heartbeat_s"]?.int == 30)
        #expect(welcome["dedupe"]?["ids"]?.int == 128)
        #expect(welcome["dedupe"]?["minutes"]?.int == 10)
        #expect(welcome["server_ts"]?.int ?? 0 > 1_700_000_000_000)
        #expect(welcome["reset"] == nil)
        #expect(!ada.resume.isEmpty)
        #expect(welcome["presence"]?["count"]?.int == 1)
        #expect(welcome["you"]?["name"]?.string == "Ada")
        #expect(welcome["state"]?["chat_mode"]?.string == "open")
        #expect(welcome["state"]?["muted"] == nil, "the list of the muted is the moderators'")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `chat is sent, answered, reacted to and deleted, for everybody in the same order`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada", name: "Ada")
        let ben = try room.socket("ben", name: "Ben")
        let teacher = try room.socket("ms-k", .instructor)

        let sent = try ada.demand("chat_send", ["text": "What is a monad?"])
        let message = try #require(sent["message"]?.string)
        #expect(message == "m\(sent.seq ?? 0)")
        for reader in [ada, ben, teacher] {
            let event = try reader.chat("What is a monad?")
            #expect(event["id"]?.string == message)
            #expect(event["from"]?.string == "ada")
            #expect(event["name"]?.string == "Ada")
            #expect(event["role"]?.string == "student")
            #expect(event.seq == sent.seq)
        }
        try ben.demand("chat_send", ["text": "A burrito", "reply_to": .text(message)])
        #expect(try ada.chat("A burrito")["reply_to"]?.string == message)

        try ben.demand("chat_react", ["message": .text(message), "emoji": "👍"])
        let reaction = try ada.event("chat_reaction")
        #expect(reaction["emoji"]?.string == "👍")
        #expect(reaction["count"]?.int == 1)
        #expect(reaction["on"]?.bool == true)
        try ben.demand("chat_react", ["message": .text(message), "emoji": "👍", "on": false])
        #expect(try ada.event("chat_reaction")["count"]?.int == 0)

        try teacher.demand("chat_delete", ["message": .text(message)])
        let deleted = try ben.event("chat_deleted")
        #expect(deleted["message"]?.string == message)
        #expect(deleted["by"]?.string == "ms-k")
        #expect(try ada.ask("chat_react", ["message": .text(message), "emoji": "🎉"]).code == "not_found")

        let late = try room.socket("late")
        #expect(!late.wire.received.holds("What is a monad?"), "a deleted text reaches nobody who comes later")
        #expect(late.wire.received.holds("A burrito"))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a poll opens, takes answers, closes and shows its count`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let ben = try room.socket("ben")
        let opened = try teacher.demand(
            "poll_open", ["question": "Tea or coffee?", "kind": "single", "options": ["Tea", "Coffee"]])
        let poll = try #require(opened["poll"]?.string)
        let started = try ada.event("poll_started")
        #expect(started["poll"]?.string == poll)
        #expect(started["options"]?.array?.compactMap(\.string) == ["Tea", "Coffee"])
        #expect(started["show"]?.string == "after")

        let receipt = try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "a-1", "choice": 1])
        #expect(receipt["durable"]?.string == "store")
        #expect(receipt["choice"]?.int == 1)
        #expect(receipt["accepted_ms"]?.int ?? 0 > 1_700_000_000_000)
        #expect(receipt.seq == nil, "a ballot is not an event of the log")
        #expect(receipt["duplicate"] == nil)
        try ben.demand("poll_answer", ["poll": .text(poll), "attempt_id": "b-1", "choice": 0])
        #expect(
            try ben.ask("poll_answer", ["poll": .text(poll), "attempt_id": "b-2", "choice": 1]).code
                == "already_answered")
        let again = try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "a-1", "choice": 1])
        #expect(again["duplicate"]?.bool == true)
        #expect(again["accepted_ms"]?.int == receipt["accepted_ms"]?.int)
        #expect(
            try ada.ask("poll_answer", ["poll": .text(poll), "attempt_id": "a-3", "choice": 2]).code == "bad_request")
        #expect(try ada.ask("poll_answer", ["poll": "p999999", "attempt_id": "a-4", "choice": 0]).code == "not_found")

        try teacher.demand("poll_close", ["poll": .text(poll)])
        for reader in [ada, ben, teacher] {
            #expect(try reader.event("poll_closed")["poll"]?.string == poll)
            let results = try reader.event("poll_results")
            #expect(results["counts"]?.array?.compactMap(\.int) == [1, 1])
            #expect(results["total"]?.int == 2)
            #expect(results["final"]?.bool == true)
            #expect(results["revision"]?.int == 1)
        }
        #expect(try ada.ask("poll_answer", ["poll": .text(poll), "attempt_id": "a-9", "choice": 0]).code == "closed")
        #expect(try teacher.ask("poll_close", ["poll": .text(poll)]).code == "closed")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a poll with several choices and one that may be changed count what was last meant`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let opened = try teacher.demand(
            "poll_open",
            [
                "question": "Which?", "kind": "multiple", "options": ["a", "b", "c"], "allow_change": true,
                "show": "live",
            ])
        let poll = try #require(opened["poll"]?.string)
        let first = try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choices": [0, 2]])
        #expect(first["choices"]?.array?.compactMap(\.int) == [0, 2])
        try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "2", "choices": [1]])
        let tally = try ada.event("poll_tally") { $0["counts"]?.array?.compactMap(\.int) == [0, 1, 0] }
        #expect(tally.seq == nil, "a tally is ephemeral")
        #expect(tally["total"]?.int == 1)

        // An old attempt that is sent again, as after a lost network, is what it was and changes nothing.
        let stale = try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choices": [0, 2]])
        #expect(stale["duplicate"]?.bool == true)
        #expect(stale["choices"]?.array?.compactMap(\.int) == [0, 2])

        let back = try room.socket("ada", AttachOptions(device: "second"))
        let ballots = try #require(back.messages.first?["you"]?["ballots"]?.array)
        #expect(ballots.count == 1)
        #expect(ballots.first?["attempt_id"]?.string == "2")
        #expect(ballots.first?["choices"]?.array?.compactMap(\.int) == [1])
        #expect(ballots.first?["durable"]?.string == "store")

        try teacher.demand("poll_close", ["poll": .text(poll)])
        #expect(try ada.finalResults(poll)["counts"]?.array?.compactMap(\.int) == [0, 1, 0])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `questions are asked, upvoted once a person, answered and dismissed`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .assistant)
        let ada = try room.socket("ada", name: "Ada")
        let ben = try room.socket("ben")
        let asked = try ada.demand("question_ask", ["text": "Will it rain?"])
        let question = try #require(asked["question"]?.string)
        let event = try ben.event("question_asked")
        #expect(event["id"]?.string == question)
        #expect(event["from"]?.string == "ada")
        #expect(event["anonymous"]?.bool == false)
        try ben.demand("question_upvote", ["question": .text(question)])
        #expect(try ada.event("question_upvoted")["votes"]?.int == 1)
        #expect(try ben.ask("question_upvote", ["question": .text(question)]).code == "conflict")
        try teacher.demand("question_answer", ["question": .text(question), "text": "No."])
        let answered = try ben.event("question_answered")
        #expect(answered["text"]?.string == "No.")
        #expect(answered["by"]?.string == "ms-k")
        let second = try ada.demand("question_ask", ["text": "Sure?"])
        try teacher.demand("question_dismiss", ["question": .text(try #require(second["question"]?.string))])
        #expect(try ben.event("question_dismissed")["question"]?.string == second["question"]?.string)
        #expect(try ben.ask("question_upvote", ["question": .text(question)]).code == "closed")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `hands go up, are called and come down`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada", name: "Ada")
        let ben = try room.socket("ben")
        try ada.demand("hand_raise")
        let raised = try teacher.event("hand_raised")
        #expect(raised["participant"]?.string == "ada")
        #expect(raised["name"]?.string == "Ada")
        #expect(try ben.ask("hand_lower", ["participant": "ada"]).code == "forbidden")
        try teacher.demand("hand_call", ["participant": "ada"])
        #expect(try ada.event("hand_called")["by"]?.string == "ms-k")
        try ada.demand("hand_lower")
        #expect(try ben.event("hand_lowered")["participant"]?.string == "ada")
        try ben.demand("hand_raise")
        try teacher.demand("hand_lower", ["participant": "ben"])
        let lowered = try ada.event("hand_lowered") { $0["participant"]?.string == "ben" }
        #expect(lowered["by"]?.string == "ms-k")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `announcements reach everybody, with links that are web links only`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor, name: "Ms K")
        let watcher = try room.socket("guest", .observer)
        try teacher.demand("announce", ["text": "Room 5 today", "link": "https://school.example/5"])
        let event = try watcher.event("announcement")
        #expect(event["text"]?.string == "Room 5 today")
        #expect(event["link"]?.string == "https://school.example/5")
        #expect(event["name"]?.string == "Ms K")
        #expect(try teacher.ask("announce", ["text": "x", "link": "javascript:alert(1)"]).code == "bad_request")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a heartbeat is answered with head, clock and a fresh resume token`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let sent = try ada.demand("chat_send", ["text": "hi"])
        let reply = try ada.demand(
            "heartbeat",
            [
                "seq": .number(Int(ada.seq)), "lag_ms": 12, "transport": "ws", "failed_connects": 0, "focus": true,
                "position_sec": 17,
            ])
        #expect(reply["head"]?.int.map(UInt64.init) == sent.seq)
        #expect(reply["server_ts"]?.int != nil)
        #expect(reply["resume"]?.string?.isEmpty == false)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a command by POST has the same effect and the same reply as one on the socket`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ben = try room.socket("ben")
        let (status, reply) = try room.post(
            "chat_send", ["text": "by post"], id: "p1", by: "ada", fields: [("Idempotency-Key", "p1")])
        #expect(status == 200)
        #expect(reply.isOK && reply.re == "p1")
        #expect(try ben.chat("by post").seq == reply.seq)
        let (again, same) = try room.post("chat_send", ["text": "by post"], id: "p1", by: "ada")
        #expect(again == 200 && same.seq == reply.seq)
        let (wrong, _) = try room.post(
            "chat_send", ["text": "x"], id: "p2", by: "ada", fields: [("Idempotency-Key", "other")])
        #expect(wrong == 400)
        let (forbidden, refusal) = try room.post("room_end", id: "p3", by: "ada")
        #expect(forbidden == 403 && refusal.code == "forbidden")
        _ = try ben.heartbeat()
        #expect(ben.chat == ["by post"])
    }
}
