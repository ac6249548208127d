// The promise of ballots at their room's home: what the desk cannot do for now is asked for again, what could not be
// read is no count, and nobody is told of a ballot what is not so.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore
import Synchronization
import Testing

@testable import LiveServer

@Suite(.serialized) struct PollBallotTests {
    private static let single = #"{"op":"poll_open","id":"o1","question":"?","kind":"single","options":["a","b"]}"#
    private static let changeable =
        #"{"op":"poll_open","id":"o1","question":"?","kind":"single","options":["a","b"],"allow_change":true}"#

    private static func entry(_ attempt: String, at ms: Int64, stored: Bool) -> BallotBook.Entry {
        BallotBook.Entry(attempt: attempt, choices: 1, acceptedMs: ms, stored: stored, several: false)
    }

    @Test func `a ballot for a poll that the desk is still to open is told to come again`() throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(Self.single)
        let home = lesson.home
        // Open in the room; its way to the desk was refused.
        let seq = home.nextSeq
        let teacher = Actor(participant: try #require(ParticipantID("teacher")), name: "T", role: .instructor)
        let draft = PollDraft(question: "?", kind: .single, options: ["a", "b"])
        let open = Proposal(actor: teacher, id: try #require(CommandID("o2")), command: .pollOpen(draft))
        guard case .accepted = home.room.apply(LogEntry(seq: seq, ts: home.room.ts, proposal: open)) else {
            throw Overdue(what: "the room opens no poll")
        }
        home.nextSeq += 1
        let second = PollClass(home: home, poll: PollID(seq: seq), teacher: lesson.teacher, ada: lesson.ada)
        lesson.ada.command(second.answer("a1", 0))
        try world.until("it is answered") { lesson.ada.has("\"re\":\"a1\"") }
        #expect(lesson.ada.has("\"code\":\"unavailable\"") && !lesson.ada.has("not_found"))
        try world.until("the desk knows the poll") { home.debts.isEmpty && world.cores[0].tickets.count == 0 }
        lesson.ada.forget()
        lesson.ada.command(second.answer("a1", 0))
        try world.until("the ballot is stored") { lesson.ada.has("\"durable\":\"store\"") }
    }

    @Test func `a count that could not be read is not published`() throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(Self.single)
        let core = world.cores[0]
        lesson.ada.command(lesson.answer("a1", 0))
        try world.until("the count is shown") { lesson.teacher.has("\"counts\":[1,0]") }
        lesson.teacher.forget()
        let unknown = Tally(counts: [], total: 0, pending: true, known: false, drainedRevisionHint: 0)
        let live = core.tickets.issue(.liveTally(room: lesson.home.handle, poll: lesson.poll), reactor: 0)
        core.ballotOutcome(.tally(ticket: live, room: lesson.home.key, poll: lesson.poll, unknown))
        lesson.teacher.command(#"{"op":"chat_send","id":"c0","text":"behind it"}"#)
        try world.until("what came is here") { lesson.teacher.has("\"re\":\"c0\"") }
        #expect(!lesson.teacher.has("poll_tally"))
        lesson.teacher.command(lesson.close(reveal: true))
        try world.until("the results are there") { lesson.home.room.poll(lesson.poll)?.isFinal == true }
        let results = core.tickets.issue(.results(room: lesson.home.handle, poll: lesson.poll), reactor: 0)
        core.ballotOutcome(.tally(ticket: results, room: lesson.home.key, poll: lesson.poll, unknown))
        #expect(lesson.home.pendingCount == 0, "the log is told nothing")
    }

    @Test func `ballots that could not be read with the room are read later, and shown`() throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(Self.single)
        let (core, home) = (world.cores[0], lesson.home)
        let ada = try #require(ParticipantID("ada"))
        let ballot = try #require(
            Ballot(room: home.key, poll: lesson.poll, participant: ada, attempt: "a1", choices: 2))
        // Of an earlier life: under a ticket that nobody holds.
        #expect(world.node.ballots.submit(ballot, ticket: 0))
        home.loadsUnderWay = 1
        let ticket = core.tickets.issue(.own(room: home.handle, poll: lesson.poll), reactor: 0)
        core.ballotOutcome(.rejected(ticket: ticket, .unavailable))
        #expect(home.loadsUnderWay == 0, "the room does not wait for it")
        // Refused once more.
        let again = core.tickets.issue(.ownAll(room: home.handle, poll: lesson.poll), reactor: 0)
        core.ballotOutcome(.rejected(ticket: again, .unavailable))
        try world.until("the ballot is known") { home.ballots.of(ada).map(\.attempt) == ["a1"] }
        #expect(home.loadsUnderWay == 0 && home.debts.isEmpty)
    }

    @Test(arguments: [true, false])
    func `only a ballot that stands as it was receipted is told to be stored`(allowChange: Bool) throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(allowChange ? Self.changeable : Self.single)
        let (core, home) = (world.cores[0], lesson.home)
        let ada = try #require(ParticipantID("ada"))
        for (attempt, fate) in [("a1", StoredFate.counted), ("a2", .replaced), ("a3", .refused)] {
            core.ballotOutcome(
                .stored(room: home.key, poll: lesson.poll, participant: ada, attempt: attempt, fate))
        }
        lesson.ada.command(#"{"op":"chat_send","id":"c0","text":"behind it"}"#)
        try world.until("what came is here") { lesson.ada.has("\"re\":\"c0\"") }
        let told = ["a1", "a2", "a3"].filter { lesson.ada.has("\"attempt_id\":\"\($0)\"") }
        #expect(told == (allowChange ? ["a1", "a2"] : ["a1"]))
    }

    @Test func `a ballot is read anew only where what is shown of it may be wrong`() throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(Self.changeable)
        let (core, home) = (world.cores[0], lesson.home)
        func asks(_ name: String, _ attempt: String, _ fate: StoredFate) throws -> Bool {
            world.stores.state.withLock { $0.holdsBallots = true }
            let who = try #require(ParticipantID(name))
            core.ballotOutcome(
                .stored(room: home.key, poll: lesson.poll, participant: who, attempt: attempt, fate))
            defer { world.stores.letBallotsGo() }
            return core.tickets.count > 0
        }
        for (name, stored) in [("later", false), ("other", true)] {
            let who = try #require(ParticipantID(name))
            home.ballots.record(lesson.poll, who, Self.entry("b", at: 20, stored: stored), allowChange: true)
        }
        #expect(try !asks("later", "a", .counted), "the later one of the journal has its own news to come")
        #expect(try !asks("later", "a", .replaced), "as it is shown")
        #expect(try !asks("later", "b", .counted), "as it is shown")
        #expect(try asks("other", "a", .counted))
        try world.until("it is read") { core.tickets.count == 0 }
        #expect(try asks("nobody", "a", .counted))
        try world.until("it is read") { core.tickets.count == 0 }
        #expect(try asks("later", "b", .refused))
    }

    @Test func `a poll that was closed by hand has no deadline any more`() throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(
            #"{"op":"poll_open","id":"o1","question":"?","kind":"single","options":["a","b"],"duration_s":86400}"#)
        #expect(lesson.home.deadlines.count == 1)
        lesson.teacher.command(lesson.close(reveal: true))
        try world.until("it is closed") { lesson.home.room.poll(lesson.poll)?.isFinal == true }
        #expect(lesson.home.deadlines.isEmpty)
    }

    @Test func `a node that drains waits for the receipt of a ballot whose sender has left`() throws {
        let world = try CoreWorld()
        let lesson = try world.pollClass(Self.single)
        world.stores.state.withLock { $0.holdsBallots = true }
        lesson.ada.command(lesson.answer("a1", 1))
        try world.until("the desk has judged it") { world.stores.state.withLock { !$0.ballotsHeld.isEmpty } }
        lesson.ada.close()
        lesson.teacher.close()
        let core = world.cores[0]
        try world.until("both have left") { core.reactor.connectionCount == 0 }
        core.handle(.drain)
        #expect(!core.reactor.isStopping)
        world.stores.letBallotsGo()
        try world.until("the reactor ends") { core.reactor.isStopping }
        #expect(lesson.home.ballots.of(try #require(ParticipantID("ada"))).map(\.attempt) == ["a1"])
    }
}
