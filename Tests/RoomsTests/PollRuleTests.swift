// Polls: drafts within limits, one close, timers by the log's clock, results that only rise and reach whom they may.

import Testing

@testable import Rooms

struct PollRuleTests {
    @Test func `a poll opens under the seq of its entry`() throws {
        var f = RoomFixture()
        _ = f.message(People.ada)
        let id = f.openPoll()
        #expect(id == PollID(seq: 2))
        let poll = try #require(f.room.poll(id))
        #expect(poll.isOpen && !poll.revealed && poll.closesTs == nil && poll.results == nil)
        #expect(f.room.outcome(of: People.teacher.participant, id: commandID("auto2"))?.poll == id)
    }

    @Test func `a poll has its whole time where the date was set back before it opened`() throws {
        var f = RoomFixture()
        _ = f.message(People.ada)
        let ts = f.room.ts
        f.nowMs -= 3_600_000
        var draft = RoomFixture.quiz
        draft.durationS = 60
        let id = f.openPoll(draft)
        let poll = try #require(f.room.poll(id))
        #expect(poll.openedTs == ts && poll.closesTs == ts + 60_000)
    }

    @Test func `a draft that breaks a limit is refused`() {
        var f = RoomFixture()
        func refusal(_ change: (inout PollDraft) -> Void) -> RejectionCode? {
            var draft = RoomFixture.quiz
            change(&draft)
            return f.refusal(People.teacher, .pollOpen(draft))
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.question = "" } == .badRequest)
        #expect(refusal { $0.question = String(repeating: "x", count: 4_001) } == .badRequest)
        #expect(refusal { $0.options = ["a"] } == .badRequest)
        #expect(refusal { $0.options = ["a", ""] } == .badRequest)
        #expect(refusal { $0.options = ["a", String(repeating: "x", count: 801)] } == .badRequest)
        #expect(refusal { $0.options = Array(repeating: "x", count: 21) } == .badRequest)
        #expect(refusal { $0.options = Array(repeating: "x", count: 20) } == nil)
        #expect(refusal { $0.correct = [] } == .badRequest)
        #expect(refusal { $0.correct = [2] } == .badRequest)
        #expect(refusal { $0.correct = [-1] } == .badRequest)
        #expect(refusal { $0.correct = [1, 0] } == .badRequest)
        #expect(refusal { $0.correct = [0, 0] } == .badRequest)
        #expect(refusal { $0.correct = [0, 1] } == nil)
        #expect(refusal { $0.correct = nil } == nil)
        #expect(refusal { $0.kind = .single } == .badRequest, "only a quiz has right options")
        #expect(refusal { $0.durationS = 4 } == .badRequest)
        #expect(refusal { $0.durationS = 86_401 } == .badRequest)
        #expect(refusal { $0.durationS = 5 } == nil)
    }

    @Test func `twenty polls are open at once`() {
        var f = RoomFixture()
        let polls = (0..<20).map { _ in f.openPoll() }
        #expect(f.refusal(People.teacher, .pollOpen(RoomFixture.single)) == .overloaded)
        f.send(People.teacher, .pollClose(polls[3], reveal: true, closedTs: nil))
        #expect(f.refusal(People.teacher, .pollOpen(RoomFixture.single)) == nil)
    }

    @Test func `a poll closes once, at the store's time where there is one`() {
        var f = RoomFixture()
        let poll = f.openPoll()
        let closedTs = RoomFixture.start + 77
        let verdict = f.send(People.teacher, .pollClose(poll, reveal: false, closedTs: closedTs))
        #expect(verdict == .accepted(.pollClosed(poll, revealed: false)))
        #expect(f.room.poll(poll)?.closedTs == closedTs)
        #expect(f.refusal(People.teacher, .pollClose(poll, reveal: true, closedTs: nil)) == .closed)
        #expect(f.refusal(People.teacher, .pollClose(PollID(seq: 99), reveal: true, closedTs: nil)) == .notFound)
        let other = f.openPoll()
        #expect(f.refusal(People.teacher, .pollClose(other, reveal: true, closedTs: -1)) == .badRequest)
    }

    @Test func `the digest of a close does not change when the server completes it`() {
        let poll = PollID(seq: 4)
        let asked = Command.pollClose(poll, reveal: true, closedTs: nil)
        #expect(asked.payloadDigest == Command.pollClose(poll, reveal: true, closedTs: 5).payloadDigest)
        #expect(asked.payloadDigest != Command.pollClose(poll, reveal: false, closedTs: nil).payloadDigest)
    }

    @Test func `thirty-two closed polls are kept and ten are shown`() {
        var f = RoomFixture()
        var ids: [PollID] = []
        for _ in 0..<40 {
            let poll = f.openPoll()
            ids.append(poll)
            f.send(People.teacher, .pollClose(poll, reveal: true, closedTs: nil))
        }
        let open = f.openPoll()
        #expect(f.room.polls.map(\.id) == Array(ids.suffix(10)) + [open])
        #expect(f.room.poll(ids[8]) != nil)
        #expect(f.room.poll(ids[7]) == nil)
        #expect(f.refusal(.system, .pollResults(RoomFixture.results(ids[8], revision: 1))) == nil, "late drains count")
        #expect(f.refusal(.system, .pollResults(RoomFixture.results(ids[7], revision: 1))) == .notFound)
    }

    @Test func `a timer closes at its deadline and not before`() {
        var f = RoomFixture()
        var draft = RoomFixture.single
        draft.durationS = 5
        let poll = f.openPoll(draft)
        let deadline = RoomFixture.start + 5_000
        #expect(f.room.deadlines.map(\.deadline) == [deadline])
        f.nowMs = deadline - 1
        let early = f.sequence(.timer(poll: poll, deadline: deadline))
        #expect(early.refusal == .unavailable)
        #expect(early.rejection?.retryAfterMs == 1)
        f.nowMs = deadline
        #expect(f.sequence(.timer(poll: poll, deadline: deadline + 1)).refusal == .badRequest, "not its deadline")
        let first = f.sequence(.timer(poll: poll, deadline: deadline))
        #expect(first == .accepted(.pollClosed(poll, revealed: true)))
        let second = f.sequence(.timer(poll: poll, deadline: deadline, closedTs: deadline + 3))
        #expect(second == .duplicate(of: f.room.seq - 1), "another holder of the replica fired too")
        #expect(f.room.deadlines.isEmpty)
    }

    @Test func `a timer after a close by hand is ignored`() {
        var f = RoomFixture()
        var draft = RoomFixture.single
        draft.durationS = 5
        let poll = f.openPoll(draft)
        f.send(People.teacher, .pollClose(poll, reveal: true, closedTs: nil))
        f.nowMs += 5_000
        #expect(f.sequence(.timer(poll: poll, deadline: RoomFixture.start + 5_000)).refusal == .closed)
    }

    @Test func `results belong to a closed poll, fit it and rise in revision`() {
        var f = RoomFixture()
        let poll = f.openPoll()
        func publish(_ results: PollResults) -> RejectionCode? { f.refusal(.system, .pollResults(results)) }
        #expect(publish(RoomFixture.results(poll, revision: 1)) == .conflict, "open")
        f.send(People.teacher, .pollClose(poll, reveal: true, closedTs: nil))
        #expect(publish(RoomFixture.results(poll, revision: 1, counts: [1, 2])) == .badRequest)
        #expect(publish(RoomFixture.results(poll, revision: 1, counts: [1, 2, -3])) == .badRequest)
        #expect(publish(RoomFixture.results(PollID(seq: 99), revision: 1)) == .notFound)
        #expect(publish(RoomFixture.results(poll, revision: 2)) == nil)
        #expect(publish(RoomFixture.results(poll, revision: 2)) == .conflict)
        #expect(publish(RoomFixture.results(poll, revision: 1)) == .conflict)
        #expect(publish(RoomFixture.results(poll, revision: 3, counts: [9, 0, 0])) == nil)
        #expect(f.room.poll(poll)?.results?.counts == [9, 0, 0])
        var pending = RoomFixture.results(poll, revision: 4)
        pending.pending = ["node-b"]
        #expect(publish(pending) == .badRequest, "final waits for nobody")
        pending.final = false
        #expect(publish(pending) == nil)
        #expect(f.refusal(People.service, .pollResults(RoomFixture.results(poll, revision: 9))) == .forbidden)
    }

    @Test(arguments: [true, false], [PollShow.live, .after])
    func `members see counts if revealed or live, and right options only revealed`(reveal: Bool, show: PollShow) {
        var f = RoomFixture()
        var draft = RoomFixture.quiz
        draft.show = show
        let id = f.openPoll(draft)
        #expect(f.room.poll(id)?.correct(for: .moderator) == [1])
        #expect(f.room.poll(id)?.correct(for: .member) == nil)
        f.send(People.teacher, .pollClose(id, reveal: reveal, closedTs: nil))
        #expect(f.room.poll(id)?.correct(for: .member) == nil, "not before the results")
        let verdict = f.send(.system, .pollResults(RoomFixture.results(id, revision: 1, counts: [1, 2])))
        #expect(verdict.event?.audience == (reveal || show == .live ? .all : .moderator))
        for view in [View.member, .observer] {
            #expect((f.room.poll(id)?.results(for: view) != nil) == (reveal || show == .live))
            #expect((f.room.poll(id)?.correct(for: view) != nil) == reveal)
        }
        #expect(f.room.poll(id)?.results(for: .moderator) != nil)
    }
}
