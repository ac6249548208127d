// Chat: modes, mute, replies, deletion, reactions and their bounds.

import Testing

@testable import Rooms

struct ChatRuleTests {
    @Test func `a message carries author, place and time`() throws {
        var f = RoomFixture()
        let event = try #require(f.send(People.ada, .chatSend(text: "hi", replyTo: nil)).event)
        guard case .chatMessage(let message) = event else { return #expect(Bool(false), "\(event)") }
        #expect(message.id == MessageID(seq: 1))
        #expect(message.author == People.ada)
        #expect(message.text == "hi")
        #expect(message.ts == RoomFixture.start)
        #expect(event.audience == .all)
        #expect(event.directed == nil)
        #expect(f.room.chat.map(\.message) == [message])
    }

    @Test func `the last fifty messages are kept`() {
        var f = RoomFixture()
        for _ in 0..<120 { _ = f.message(People.ada) }
        #expect(f.room.chat.map(\.message.id.seq) == Array(71...120))
    }

    @Test func `a reply names a message that exists`() {
        var f = RoomFixture()
        let first = f.message(People.ada)
        #expect(f.refusal(People.ben, .chatSend(text: "re", replyTo: first)) == nil)
        #expect(f.refusal(People.ben, .chatSend(text: "re", replyTo: MessageID(seq: 99))) == .notFound)
        let question = f.ask(People.ada)
        #expect(f.refusal(People.ben, .chatSend(text: "re", replyTo: MessageID(seq: question.seq))) == .notFound)
        for _ in 0..<60 { _ = f.message(People.ada) }
        #expect(f.refusal(People.ben, .chatSend(text: "re", replyTo: first)) == nil, "older than the kept ones")
        f.send(People.assistant, .chatDelete(first))
        #expect(f.refusal(People.ben, .chatSend(text: "re", replyTo: first)) == .notFound)
    }

    @Test func `a text over the limit is refused`() {
        var f = RoomFixture()
        let long = String(repeating: "x", count: RoomLimits.chatTextBytesMax)
        #expect(f.refusal(People.ada, .chatSend(text: long, replyTo: nil)) == nil)
        #expect(f.refusal(People.ada, .chatSend(text: long + "x", replyTo: nil)) == .badRequest)
    }

    @Test func `slow mode holds a student for its seconds, by the log's clock`() {
        var f = RoomFixture()
        f.send(People.assistant, .chatMode(.slow, slowS: 10))
        #expect(f.room.slowS == 10)
        #expect(f.refusal(People.ada, .chatSend(text: "1", replyTo: nil)) == nil)
        f.nowMs += 9_999
        let early = f.send(People.ada, .chatSend(text: "2", replyTo: nil))
        #expect(early.rejection == Rejection(.rateLimited, "The chat is in slow mode.", retryAfterMs: 1))
        #expect(f.refusal(People.ben, .chatSend(text: "1", replyTo: nil)) == nil, "each student on their own")
        #expect(f.refusal(People.assistant, .chatSend(text: "1", replyTo: nil)) == nil)
        #expect(f.refusal(People.assistant, .chatSend(text: "2", replyTo: nil)) == nil, "moderators are exempt")
        f.nowMs += 1
        #expect(f.refusal(People.ada, .chatSend(text: "3", replyTo: nil)) == nil)
        #expect(f.refusal(People.ada, .chatSend(text: "4", replyTo: nil)) == .rateLimited)
        f.send(People.assistant, .chatMode(.open, slowS: 0))
        #expect(f.refusal(People.ada, .chatSend(text: "5", replyTo: nil)) == nil)
        #expect(f.room.slowS == 0)
    }

    @Test(arguments: [0, -1, 3_601]) func `slow mode has one to 3,600 seconds`(seconds: Int) {
        var f = RoomFixture()
        #expect(f.refusal(People.teacher, .chatMode(.slow, slowS: seconds)) == .badRequest)
        #expect(f.refusal(People.teacher, .chatMode(.open, slowS: seconds)) == nil, "other modes have none")
        #expect(f.room.slowS == 0)
    }

    @Test func `in mode moderators only they write, and all react`() {
        var f = RoomFixture()
        let message = f.message(People.ada)
        f.send(People.teacher, .chatMode(.moderators, slowS: 0))
        #expect(f.refusal(People.ada, .chatSend(text: "x", replyTo: nil)) == .forbidden)
        #expect(f.refusal(People.ada, .chatReact(message, emoji: "👍", on: true)) == nil)
        #expect(f.refusal(People.assistant, .chatSend(text: "x", replyTo: nil)) == nil)
    }

    @Test func `in mode off nobody writes or reacts, and instructors announce`() {
        var f = RoomFixture()
        let message = f.message(People.ada)
        f.send(People.teacher, .chatMode(.off, slowS: 0))
        for actor in [People.ada, People.assistant, People.teacher, People.service] {
            #expect(f.refusal(actor, .chatSend(text: "x", replyTo: nil)) == .closed)
            #expect(f.refusal(actor, .chatReact(message, emoji: "👍", on: true)) == .closed)
        }
        #expect(f.refusal(People.teacher, .announce(text: "x", link: nil)) == nil)
    }

    @Test func `a deletion takes text and reactions from the state and names what to redact`() throws {
        var f = RoomFixture()
        let message = f.message(People.ada, "secret text")
        f.send(People.ben, .chatReact(message, emoji: "👍", on: true))
        let event = try #require(f.send(People.assistant, .chatDelete(message)).event)
        #expect(event.redacts == message.seq)
        let entry = try #require(f.room.chat.first)
        #expect(entry.deleted && entry.message.text.isEmpty && entry.reactions.isEmpty)
        #expect(f.room.reactionCount == 0)
        #expect(!f.room.encodeSnapshot().contains(subsequence: Array("secret text".utf8)))
        #expect(f.refusal(People.assistant, .chatDelete(message)) == .notFound, "once")
        #expect(f.refusal(People.ben, .chatReact(message, emoji: "👍", on: true)) == .notFound)
    }

    @Test func `messages far beyond the kept ones can be deleted, other things cannot`() {
        var f = RoomFixture()
        let old = f.message(People.ada)
        let question = f.ask(People.ada)
        for _ in 0..<100 { _ = f.message(People.ben) }
        #expect(f.refusal(People.assistant, .chatDelete(MessageID(seq: question.seq))) == .notFound)
        #expect(f.refusal(People.assistant, .chatDelete(MessageID(seq: 0))) == .notFound)
        #expect(f.refusal(People.assistant, .chatDelete(MessageID(seq: 9_999))) == .notFound)
        #expect(f.send(People.assistant, .chatDelete(old)).event?.redacts == old.seq)
    }

    @Test func `a state built from redacted history equals the one built from the original`() throws {
        var f = RoomFixture()
        let message = f.message(People.ada, "gone soon")
        _ = f.message(People.ben)
        f.send(People.assistant, .chatDelete(message))
        var replayed = Room(key: f.room.key)
        for entry in f.entries {
            let bare = entry.seq == message.seq ? try #require(entry.redacted) : entry
            _ = replayed.apply(bare)
        }
        #expect(replayed.digest == f.room.digest)
        #expect(f.entries[2].redacted == nil, "only messages have a redacted form")
        let event = f.room.chat[1]
        #expect(
            Event.chatMessage(event.message).redacted
                == .chatMessage(
                    ChatMessage(
                        id: event.message.id, ts: event.message.ts, author: event.message.author, text: "", replyTo: nil
                    )))
    }

    @Test func `a reaction counts each participant once an emoji`() {
        var f = RoomFixture()
        let message = f.message(People.ada)
        func count(_ verdict: Verdict) -> Int? {
            guard case .chatReaction(let reaction)? = verdict.event else { return nil }
            return reaction.count
        }
        #expect(count(f.send(People.ada, .chatReact(message, emoji: "👍", on: true))) == 1)
        #expect(count(f.send(People.ada, .chatReact(message, emoji: "👍", on: true))) == 1, "again changes nothing")
        #expect(count(f.send(People.ben, .chatReact(message, emoji: "👍", on: true))) == 2)
        #expect(count(f.send(People.ben, .chatReact(message, emoji: "❤️", on: true))) == 1)
        #expect(f.room.reactionCount == 3)
        #expect(count(f.send(People.ada, .chatReact(message, emoji: "👍", on: false))) == 1)
        #expect(count(f.send(People.ada, .chatReact(message, emoji: "👍", on: false))) == 1)
        #expect(count(f.send(People.ben, .chatReact(message, emoji: "👍", on: false))) == 0)
        #expect(f.room.chat[0].reactions.map(\.emoji) == ["❤️"])
        #expect(f.room.reactionCount == 1)
    }

    @Test func `everybody's own reactions are known, and only to them`() {
        var f = RoomFixture()
        let first = f.message(People.ada)
        let second = f.message(People.ben)
        #expect(f.room.reactions(of: People.ada.participant).isEmpty)
        f.send(People.ada, .chatReact(second, emoji: "👍", on: true))
        f.send(People.ada, .chatReact(first, emoji: "❤️", on: true))
        f.send(People.ada, .chatReact(first, emoji: "👍", on: true))
        f.send(People.ben, .chatReact(first, emoji: "👍", on: true))
        let own = f.room.reactions(of: People.ada.participant)
        #expect(own.map(\.message) == [first, second] && own.map(\.emoji) == [["❤️", "👍"], ["👍"]])
        #expect(f.room.reactions(of: People.ben.participant).map(\.emoji) == [["👍"]])
        f.send(People.ada, .chatReact(second, emoji: "👍", on: false))
        #expect(f.room.reactions(of: People.ada.participant).map(\.message) == [first])
    }

    @Test func `emoji are compared as bytes`() {
        var f = RoomFixture()
        let message = f.message(People.ada)
        f.send(People.ada, .chatReact(message, emoji: "\u{E9}", on: true))
        f.send(People.ben, .chatReact(message, emoji: "e\u{301}", on: true))
        #expect(f.room.chat[0].reactions.count == 2)
    }

    @Test func `a message takes twenty different emoji`() {
        var f = RoomFixture()
        let message = f.message(People.ada)
        for index in 0..<20 {
            #expect(f.refusal(People.ada, .chatReact(message, emoji: "e\(index)", on: true)) == nil)
        }
        #expect(f.refusal(People.ada, .chatReact(message, emoji: "e20", on: true)) == .overloaded)
        #expect(f.refusal(People.ben, .chatReact(message, emoji: "e19", on: true)) == nil)
        #expect(f.refusal(People.ben, .chatReact(message, emoji: "", on: true)) == .badRequest)
        let long = String(repeating: "e", count: 33)
        #expect(f.refusal(People.ben, .chatReact(message, emoji: long, on: true)) == .badRequest)
    }

    @Test func `reactions leave the count with the message that leaves the state`() {
        var f = RoomFixture()
        let message = f.message(People.ada)
        f.send(People.ben, .chatReact(message, emoji: "👍", on: true))
        #expect(f.room.reactionCount == 1)
        for _ in 0..<50 { _ = f.message(People.ada) }
        #expect(f.room.reactionCount == 0)
        #expect(f.refusal(People.ben, .chatReact(message, emoji: "👍", on: true)) == .notFound)
    }
}

extension [UInt8] {
    func contains(subsequence: [UInt8]) -> Bool {
        guard count >= subsequence.count else { return false }
        return (0...(count - subsequence.count)).contains { self[$0...].starts(with: subsequence) }
    }
}
