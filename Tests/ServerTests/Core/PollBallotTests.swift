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
}
