// Idempotency: the first reply again, no second effect, a window that is kept, and memory that is bounded.

import Testing

@testable import Rooms

struct IdempotencyTests {
    @Test func `a command sent again has no second effect and gives the first outcome`() {
        var f = RoomFixture()
        let proposal = Proposal(
            actor: People.ada, id: commandID("c1"), command: .chatSend(text: "once", replyTo: nil))
        _ = f.message(People.ben)
        #expect(f.room.decide(proposal, nowTs: f.nowMs) == .propose)
        #expect(f.sequence(proposal).event != nil)
        let outcome = f.room.outcome(of: People.ada.participant, id: commandID("c1"))
        #expect(outcome?.seq == 2 && outcome?.message == MessageID(seq: 2))
        #expect(f.sequence(proposal) == .duplicate(of: 2))
        #expect(f.room.chat.count == 2)
        guard case .replay(let replayed) = f.room.decide(proposal, nowTs: f.nowMs) else {
            return #expect(Bool(false), "not replayed")
        }
        #expect(replayed == outcome)
    }

    @Test func `the same id with other content is a conflict`() {
        var f = RoomFixture()
        f.send(People.ada, .chatSend(text: "a", replyTo: nil), id: "c1")
        let other = Proposal(actor: People.ada, id: commandID("c1"), command: .chatSend(text: "b", replyTo: nil))
        guard case .reject(let rejection) = f.room.decide(other, nowTs: f.nowMs) else {
            return #expect(Bool(false), "not rejected")
        }
        #expect(rejection.code == .conflict)
        #expect(f.sequence(other).refusal == .conflict)
        #expect(f.room.chat.count == 1)
    }

    @Test func `ids are each participant's own`() {
        var f = RoomFixture()
        f.send(People.ada, .handRaise, id: "same")
        #expect(f.send(People.ben, .handRaise, id: "same").event != nil)
    }

    @Test func `a rejected command is judged anew`() {
        var f = RoomFixture()
        f.send(People.assistant, .mute(People.ada.participant))
        #expect(f.refusal(People.ada, .chatSend(text: "x", replyTo: nil), id: "c1") == .muted)
        #expect(f.room.outcome(of: People.ada.participant, id: commandID("c1")) == nil)
        f.send(People.assistant, .unmute(People.ada.participant))
        #expect(f.refusal(People.ada, .chatSend(text: "x", replyTo: nil), id: "c1") == nil)
    }

    @Test func `within ten minutes an id is known whatever came after`() {
        var f = RoomFixture()
        f.send(People.ada, .handRaise, id: "first")
        f.nowMs += 599_000
        for _ in 0..<500 { _ = f.message(People.ada) }
        #expect(f.send(People.ada, .handRaise, id: "first") == .duplicate(of: 1))
    }

    @Test func `the last 128 ids of who still speaks are known beyond ten minutes`() {
        var f = RoomFixture()
        f.send(People.ada, .handRaise, id: "first")
        f.send(People.ada, .handRaise, id: "second")
        for _ in 0..<125 {
            f.nowMs += 60_000
            _ = f.message(People.ada)
        }
        #expect(f.room.outcome(of: People.ada.participant, id: commandID("first")) != nil)
        f.nowMs += 60_000
        _ = f.message(People.ada)
        #expect(f.room.outcome(of: People.ada.participant, id: commandID("first")) != nil, "128 ids")
        _ = f.message(People.ada)
        #expect(f.room.outcome(of: People.ada.participant, id: commandID("first")) == nil, "129 ids")
        #expect(f.room.outcome(of: People.ada.participant, id: commandID("second")) != nil)
    }

    @Test func `who was silent for ten minutes is forgotten when someone speaks`() {
        var f = RoomFixture()
        f.send(People.ada, .handRaise, id: "old")
        f.nowMs += 599_999
        _ = f.message(People.ben)
        #expect(f.room.outcome(of: People.ada.participant, id: commandID("old")) != nil)
        f.nowMs += 1
        _ = f.message(People.ben)
        #expect(f.room.outcome(of: People.ada.participant, id: commandID("old")) == nil)
        #expect(f.room.outcomes.speakerCount == 1)
    }

    @Test func `one participant holds at most 3,072 ids`() {
        var f = RoomFixture()
        for _ in 0..<4_000 { _ = f.message(People.service) }
        #expect(f.room.outcomes.count == RoomLimits.outcomesPerParticipantMax)
        #expect(f.room.outcome(of: People.service.participant, id: commandID("auto4000")) != nil)
        #expect(f.room.outcome(of: People.service.participant, id: commandID("auto928")) == nil)
        #expect(f.room.outcome(of: People.service.participant, id: commandID("auto929")) != nil)
    }

    @Test func `a full room cuts the speaker first, then the longest silent`() {
        var table = OutcomeTable()
        func outcome(_ seq: Int) -> Outcome { Outcome(seq: UInt64(seq), ts: 0, digest: 0, kind: .plain) }
        let ada = People.ada.participant
        for index in 0..<200 { table.record(outcome(index), of: ada, id: commandID("a\(index)"), now: 0) }
        var speaker = 0
        while table.count < RoomLimits.outcomesPerRoomMax {
            let id = People.actor("s\(speaker / 128)", .student).participant
            table.record(outcome(speaker), of: id, id: commandID("c\(speaker)"), now: 0)
            speaker += 1
        }
        table.record(outcome(999), of: ada, id: commandID("a200"), now: 0)
        #expect(table.count == RoomLimits.outcomesPerRoomMax - 72, "ada is cut to her last 128")
        #expect(table.outcome(ada, commandID("a72")) == nil)
        #expect(table.outcome(ada, commandID("a73")) != nil)
        for index in 0..<100 {
            let id = People.actor("t\(index)", .student).participant
            table.record(outcome(index), of: id, id: commandID("d"), now: 0)
        }
        #expect(table.count == RoomLimits.outcomesPerRoomMax)
        #expect(table.outcome(People.actor("s0", .student).participant, commandID("c0")) == nil)
        #expect(table.outcome(ada, commandID("a200")) != nil)
    }

    @Test func `an entry at or before the head is ignored without a trace`() {
        var f = RoomFixture()
        _ = f.message(People.ada)
        _ = f.message(People.ada)
        let digest = f.room.digest
        for entry in f.entries { #expect(f.room.apply(entry).event == nil) }
        #expect(f.room.digest == digest)
    }
}
