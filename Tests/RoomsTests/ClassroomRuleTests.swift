// Questions, hands, announcements, moderation, lock and end.

import Testing

@testable import Rooms

struct QuestionRuleTests {
    @Test func `a participant upvotes a question once, their own too`() {
        var f = RoomFixture()
        let question = f.ask(People.ada)
        let first = f.send(People.ada, .questionUpvote(question))
        #expect(first == .accepted(.questionUpvoted(question: question, votes: 1, by: People.ada.participant)))
        #expect(first.event?.directed == People.ada.participant)
        #expect(f.refusal(People.ada, .questionUpvote(question)) == .conflict)
        #expect(f.refusal(People.ben, .questionUpvote(question)) == nil)
        #expect(f.room.upvotes(of: People.ben.participant) == [question])
        #expect(f.room.upvotes(of: People.assistant.participant) == [])
        #expect(f.refusal(People.ben, .questionUpvote(QuestionID(seq: 99))) == .notFound)
    }

    @Test func `a settled question takes nothing more`() {
        var f = RoomFixture()
        let answered = f.ask(People.ada)
        let dismissed = f.ask(People.ada)
        #expect(f.refusal(People.assistant, .questionAnswer(answered, text: "because")) == nil)
        #expect(f.refusal(People.assistant, .questionDismiss(dismissed)) == nil)
        #expect(f.room.question(answered)?.answer == "because")
        for question in [answered, dismissed] {
            #expect(f.refusal(People.ben, .questionUpvote(question)) == .closed)
            #expect(f.refusal(People.assistant, .questionAnswer(question, text: nil)) == .closed)
            #expect(f.refusal(People.assistant, .questionDismiss(question)) == .closed)
        }
        #expect(f.room.questions.map(\.status) == [.answered, .dismissed])
        let open = f.ask(People.ada)
        let first = f.ask(People.ada)
        for question in [first, open] { f.send(People.ben, .questionUpvote(question)) }
        f.send(People.teacher, .questionDismiss(open))
        #expect(f.room.upvotes(of: People.ben.participant) == [open, first], "in order of asking, settled ones too")
    }

    @Test func `texts of questions and answers have limits`() {
        var f = RoomFixture()
        let question = f.ask(People.ada)
        let long = String(repeating: "x", count: RoomLimits.answerTextBytesMax + 1)
        #expect(f.refusal(People.ada, .questionAsk(text: "", anonymous: false)) == .badRequest)
        #expect(f.refusal(People.ada, .questionAsk(text: long, anonymous: false)) == .badRequest)
        #expect(f.refusal(People.teacher, .questionAnswer(question, text: "")) == .badRequest)
        #expect(f.refusal(People.teacher, .questionAnswer(question, text: long)) == .badRequest)
        #expect(f.refusal(People.teacher, .questionAnswer(question, text: nil)) == nil)
    }

    @Test func `five hundred questions are open, and fifty settled ones stay`() {
        var f = RoomFixture()
        let ids = (0..<500).map { _ in f.ask(People.ada) }
        #expect(f.refusal(People.ada, .questionAsk(text: "one more", anonymous: false)) == .overloaded)
        f.send(People.ben, .questionUpvote(ids[0]))
        for id in ids[..<51] { f.send(People.teacher, .questionDismiss(id)) }
        #expect(f.room.questions.count == 449 + 50)
        #expect(f.room.question(ids[0]) == nil)
        #expect(f.room.upvoteCount == 0, "upvotes leave with their question")
        #expect(f.refusal(People.ben, .questionUpvote(ids[0])) == .notFound)
    }
}

struct HandRuleTests {
    @Test func `hands stand in the order of raising`() {
        var f = RoomFixture()
        f.send(People.ben, .handRaise)
        f.send(People.ada, .handRaise)
        f.send(People.ben, .handRaise)
        #expect(f.room.hands.map(\.participant.raw) == ["ben", "ada"], "raising again keeps the place")
        f.send(People.assistant, .handCall(People.ben.participant))
        #expect(f.room.hands.map(\.called) == [true, false])
        f.send(People.ben, .handRaise)
        #expect(f.room.hands.map(\.participant.raw) == ["ada", "ben"], "who was called asks anew")
        #expect(f.room.hands.map(\.called) == [false, false])
    }

    @Test func `one's own hand may be lowered, another's by moderators`() {
        var f = RoomFixture()
        f.send(People.ada, .handRaise)
        #expect(f.refusal(People.ben, .handLower(People.ada.participant)) == .forbidden)
        #expect(f.refusal(People.ben, .handLower(nil)) == .notFound)
        #expect(
            f.send(People.ada, .handLower(nil))
                == .accepted(
                    .handLowered(participant: People.ada.participant, by: nil)))
        f.send(People.ada, .handRaise)
        #expect(
            f.send(People.assistant, .handLower(People.ada.participant))
                == .accepted(
                    .handLowered(participant: People.ada.participant, by: People.assistant.participant)))
        #expect(f.refusal(People.assistant, .handLower(People.ada.participant)) == .notFound)
        #expect(f.refusal(People.assistant, .handCall(People.ada.participant)) == .notFound)
        #expect(f.room.hasHandUp(People.ada.participant) == false)
    }

    @Test func `five thousand hands are up at most`() {
        var f = RoomFixture()
        for index in 0..<5_000 { f.send(People.actor("s\(index)", .student), .handRaise) }
        #expect(f.refusal(People.ada, .handRaise) == .overloaded)
        #expect(f.refusal(People.actor("s7", .student), .handRaise) == nil)
        f.send(People.actor("s7", .student), .handLower(nil))
        #expect(f.refusal(People.ada, .handRaise) == nil)
    }
}

struct ModerationRuleTests {
    @Test func `the muted may not write, ask or react, and still raise a hand`() {
        var f = RoomFixture()
        let message = f.message(People.ben)
        let verdict = f.send(People.assistant, .mute(People.ada.participant))
        #expect(verdict.event?.audience == .moderator)
        #expect(verdict.event?.directed == People.ada.participant)
        #expect(f.room.isMuted(People.ada.participant))
        #expect(f.refusal(People.ada, .chatSend(text: "x", replyTo: nil)) == .muted)
        #expect(f.refusal(People.ada, .questionAsk(text: "x", anonymous: false)) == .muted)
        #expect(f.refusal(People.ada, .chatReact(message, emoji: "👍", on: true)) == .muted)
        #expect(f.refusal(People.ada, .handRaise) == nil)
        #expect(f.refusal(People.assistant, .mute(People.ada.participant)) == nil, "again changes nothing")
        #expect(f.room.muted == [People.ada.participant])
        f.send(People.assistant, .unmute(People.ada.participant))
        #expect(f.refusal(People.ada, .chatSend(text: "x", replyTo: nil)) == nil)
    }

    @Test func `the banned may do nothing and not come back`() {
        var f = RoomFixture()
        f.send(People.assistant, .ban(People.ada.participant))
        #expect(f.refusal(People.ada, .handRaise) == .forbidden)
        #expect(f.room.admits(participant: People.ada.participant, role: .student)?.code == .forbidden)
        #expect(f.room.admits(participant: People.ada.participant, role: .instructor)?.code == .forbidden)
        #expect(f.room.admits(participant: People.ben.participant, role: .student) == nil)
    }

    @Test func `the removed may come back`() {
        var f = RoomFixture()
        let verdict = f.send(People.assistant, .remove(People.ada.participant))
        #expect(verdict.event?.directed == People.ada.participant)
        #expect(f.room.admits(participant: People.ada.participant, role: .student) == nil)
    }

    @Test func `nobody moderates themselves or the server`() {
        var f = RoomFixture()
        for target in [People.assistant.participant, .system] {
            for command in [Command.mute(target), .unmute(target), .remove(target), .ban(target)] {
                #expect(f.refusal(People.assistant, command) == .badRequest)
            }
        }
    }

    @Test func `a lock keeps newcomers out, moderators excepted`() {
        var f = RoomFixture()
        f.send(People.assistant, .roomLock(true))
        #expect(f.room.admits(participant: People.ada.participant, role: .student)?.code == .forbidden)
        #expect(f.room.admits(participant: People.observer.participant, role: .observer)?.code == .forbidden)
        #expect(f.room.admits(participant: People.teacher.participant, role: .assistant) == nil)
        #expect(f.refusal(People.ada, .chatSend(text: "x", replyTo: nil)) == nil, "who is inside goes on")
        f.send(People.assistant, .roomLock(false))
        #expect(f.room.admits(participant: People.ada.participant, role: .student) == nil)
    }

    @Test func `nobody comes in under the server's name`() {
        #expect(RoomFixture().room.admits(participant: .system, role: .service)?.code == .forbidden)
        var f = RoomFixture()
        let impostor = Actor(participant: .system, name: "x", role: .instructor)
        #expect(f.refusal(impostor, .announce(text: "x", link: nil)) == .forbidden)
    }

    @Test func `after the end everything is closed and nothing is lost`() {
        var f = RoomFixture()
        _ = f.message(People.ada)
        let poll = f.openPoll()
        #expect(f.refusal(People.teacher, .roomEnd, id: "end") == nil)
        let kept = f.room.chat
        #expect(f.refusal(People.ada, .chatSend(text: "x", replyTo: nil)) == .closed)
        #expect(f.refusal(People.teacher, .pollClose(poll, reveal: true, closedTs: nil)) == .closed)
        #expect(f.refusal(People.teacher, .roomEnd, id: "again") == .closed)
        #expect(f.send(People.teacher, .roomEnd, id: "end") == .duplicate(of: 3))
        #expect(f.room.chat == kept)
        #expect(f.refusal(.system, .pollClose(poll, reveal: true, closedTs: nil)) == nil, "the server still counts")
        #expect(f.refusal(.system, .pollResults(RoomFixture.results(poll, revision: 1))) == nil)
        #expect(f.room.admits(participant: People.ada.participant, role: .student) == nil, "the record stays readable")
    }

    @Test func `lists of muted and banned are bounded`() {
        var f = RoomFixture()
        for index in 0..<5_000 { f.send(People.assistant, .mute(People.actor("s\(index)", .student).participant)) }
        #expect(f.refusal(People.assistant, .mute(People.ada.participant)) == .overloaded)
        #expect(f.refusal(People.assistant, .mute(People.actor("s1", .student).participant)) == nil)
        #expect(f.room.muted.count == 5_000)
        #expect(zip(f.room.muted, f.room.muted.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `the last five announcements are kept`() {
        var f = RoomFixture()
        for index in 0..<7 { f.send(People.teacher, .announce(text: "t\(index)", link: nil)) }
        #expect(f.room.announcements.map(\.text) == ["t2", "t3", "t4", "t5", "t6"])
        #expect(f.refusal(People.teacher, .announce(text: "", link: nil)) == .badRequest)
        #expect(f.refusal(People.teacher, .announce(text: "x", link: "")) == .badRequest)
        let long = String(repeating: "x", count: RoomLimits.linkBytesMax + 1)
        #expect(f.refusal(People.teacher, .announce(text: "x", link: long)) == .badRequest)
    }
}
