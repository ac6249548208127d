// The promise of a poll's end: what was to stay hidden stays hidden, whoever ends the poll at last, and a close that
// the store has made reaches the log whatever became of the one who asked for it.

import LiveProtocol
import Rooms
import RoomsStore
import Synchronization
import Testing

@testable import LiveServer

@Suite(.serialized) struct PollCloseTests {
    /// The secret of these polls.
    private static let quiz =
        #"{"op":"poll_open","id":"o1","question":"?","kind":"quiz","options":["a","b"],"correct":[1]}"#

    @Test func `a close that hides the results hides them although the class ends behind it`() throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(Self.quiz)
        world.stores.state.withLock { $0.holdsBallots = true }
        lesson.teacher.command(lesson.close(reveal: false))
        lesson.teacher.command(#"{"op":"room_end","id":"e1"}"#)
        try world.until("the class is over") { lesson.teacher.has("room_ended") }
        world.stores.letBallotsGo()
        try world.until("the count is there") { lesson.home.room.poll(lesson.poll)?.isFinal == true }
        #expect(lesson.home.room.poll(lesson.poll)?.revealed == false)
        try world.until("the moderator is shown") { lesson.teacher.has("poll_results") }
        try world.until("the student is told") { lesson.ada.has("poll_closed") }
        #expect(!lesson.ada.has("poll_results") && !lesson.ada.has("correct"))
        #expect(lesson.home.closing.isEmpty)
    }

    @Test func `a close whose sender may send no more when the log takes it is carried to its end as it was asked`()
        throws
    {
        let world = try CoreWorld()
        let lesson = try world.pollClass(Self.quiz)
        world.stores.state.withLock { $0.holdsBallots = true }
        lesson.teacher.command(lesson.close(reveal: false))
        try world.until("the store has closed it") {
            world.stores.state.withLock { $0.ballotsHeld.contains { $0.isClose } }
        }
        let other = Actor(participant: try #require(ParticipantID("other")), name: "O", role: .instructor)
        let sender = try #require(ParticipantID("teacher"))
        let ban = Proposal(actor: other, id: try #require(CommandID("b1")), command: .ban(sender))
        world.cores[0].propose(ban, origin: nil, lesson.home)
        try world.until("the sender is banned") { lesson.home.room.isBanned(sender) }
        world.stores.letBallotsGo()
        try world.until("the poll is closed") { lesson.home.room.poll(lesson.poll)?.isFinal == true }
        #expect(lesson.home.room.poll(lesson.poll)?.revealed == false)
        #expect(!lesson.ada.has("poll_results"))
    }

    @Test(arguments: [true, false])
    func `a close of which only the store knows is recovered, and shows no answers of a quiz`(isQuiz: Bool) throws {
        let world = try CoreWorld()
        let single = #"{"op":"poll_open","id":"o1","question":"?","kind":"single","options":["a","b"]}"#
        let lesson = try world.pollClass(isQuiz ? Self.quiz : single)
        let home = lesson.home
        // As if the node had died behind the store's close; a ticket that nobody holds.
        #expect(world.node.ballots.close(room: home.key, poll: lesson.poll, closedTs: nil, ticket: 0))
        world.cores[0].openAtDesk(try #require(home.room.poll(lesson.poll)), home)
        try world.until("the poll is closed") { home.room.poll(lesson.poll)?.isFinal == true }
        #expect(home.room.poll(lesson.poll)?.revealed == !isQuiz)
    }

    @Test func `answers are recovered hidden unless the poll's time or its class was over`() throws {
        let draft = PollDraft(question: "?", kind: .quiz, options: ["a", "b"], correct: [0], durationS: 10)
        var room = Room(key: try #require(RoomKey("demo/cs101/live")))
        let teacher = Actor(participant: try #require(ParticipantID("t")), name: "T", role: .instructor)
        let open = Proposal(actor: teacher, id: try #require(CommandID("o1")), command: .pollOpen(draft))
        _ = room.apply(LogEntry(seq: 1, ts: 1_000, proposal: open))
        let poll = try #require(room.openPolls.first)
        #expect(!PollClosing.mayReveal(poll, closedTs: 10_999, hasEnded: false))
        #expect(PollClosing.mayReveal(poll, closedTs: 11_000, hasEnded: false))
        #expect(PollClosing.mayReveal(poll, closedTs: 5_000, hasEnded: true))
    }
}

extension BallotOutcome {
    fileprivate var isClose: Bool {
        if case .closed = self { true } else { false }
    }
}
