// Owns: the desk with a store that answers.

import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

@Suite(.timeLimit(.minutes(2)))
struct BallotDeskTests {
    let directory = TemporaryDirectory("desk")
    let key = LedgerContract.key

    @Test func `a ballot is receipted by the store and counted`() throws {
        let probe = try DeskProbe(directory) { $0.clock = { 1_000 } }
        defer { probe.desk.stop() }
        #expect(probe.open() == .opened(ticket: 1, room: key.room, poll: key.poll, closedTs: nil))
        #expect(
            probe.submit(ballot("ada", "a", 0b010))
                == .receipt(ticket: 2, durable: .store, acceptedMs: 1_000, choices: 0b010, duplicate: false))
        #expect(
            probe.submit(ballot("ada", "a", 0b001))
                == .receipt(ticket: 3, durable: .store, acceptedMs: 1_000, choices: 0b010, duplicate: true))
        #expect(probe.submit(ballot("ada", "b", 0b001))?.rejection == .alreadyAnswered(attempt: "a", choices: 0b010))
        #expect(probe.submit(ballot("bob", "a", 0b100))?.durable == .store)
        let tally = Tally(counts: [0, 1, 1], total: 2, pending: false, known: true, drainedRevisionHint: 0)
        #expect(probe.tally() == tally)
        guard case .closed(_, _, _, let closedTs)? = probe.close() else {
            Issue.record("the poll was not closed")
            return
        }
        #expect(closedTs > 1_001)
        #expect(probe.submit(ballot("cyd", "a", 0b100))?.rejection == .closed)
        #expect(probe.tally() == tally)
    }

    @Test func `a poll that was closed before a restart says so when it is opened again`() throws {
        do {
            let probe = try DeskProbe(directory) { $0.clock = { 1_000 } }
            _ = probe.open()
            _ = probe.submit(ballot("ada", "a", 1))
            #expect(probe.close() == .closed(ticket: 3, room: key.room, poll: key.poll, closedTs: 1_001))
            probe.desk.stop()
        }
        // The clock has been set back by an hour in between.
        let probe = try DeskProbe(directory) { $0.clock = { -3_600_000 } }
        defer { probe.desk.stop() }
        #expect(probe.open() == .opened(ticket: 1, room: key.room, poll: key.poll, closedTs: 1_001))
        #expect(probe.submit(ballot("bob", "a", 1))?.rejection == .closed)
        #expect(
            probe.submit(ballot("ada", "a", 1))
                == .receipt(ticket: 3, durable: .store, acceptedMs: 1_000, choices: 1, duplicate: true))
    }

    @Test(arguments: [false, true])
    func `the node's clock hears the last stamp of an earlier process`(isInJournal: Bool) throws {
        let hourMs: Int64 = 3_600_000
        let aheadMs = WallClock.nowMs() + hourMs
        do {
            let probe = try DeskProbe(directory, transactionMs: isInJournal ? 50 : 10_000) { $0.clock = { aheadMs } }
            _ = probe.open()
            let lock = isInJournal ? try ForeignLock(directory.path("data/live.db")) : nil
            #expect(probe.submit(ballot("ada", "a", 1))?.durable == (isInJournal ? .node : .store))
            probe.desk.stop()
            try lock?.release()
        }
        let clock = NodeClock()
        #expect(clock.nowMs() < aheadMs)
        let probe = try DeskProbe(directory) {
            $0.clock = { clock.nowMs() }
            $0.raiseClock = { clock.raise(to: $0) }
        }
        defer { probe.desk.stop() }
        #expect(clock.nowMs() >= aheadMs)
    }

    @Test func `unknown polls and impossible choices are refused`() throws {
        let probe = try DeskProbe(directory)
        defer { probe.desk.stop() }
        #expect(probe.submit(ballot("ada", "a", 1))?.rejection == .notFound)
        #expect(probe.close()?.rejection == .notFound)
        #expect(probe.ask { $0.tally(room: key.room, poll: key.poll, ticket: $1) }?.rejection == .notFound)
        _ = probe.open()
        #expect(probe.submit(ballot("ada", "a", 0b1000))?.rejection == .invalid)
        #expect(probe.open(LedgerContract.changeable)?.rejection == .conflict)
    }

    @Test func `own ballots are shown for one participant and for a poll`() throws {
        let probe = try DeskProbe(directory) { $0.clock = { 5 } }
        defer { probe.desk.stop() }
        _ = probe.open()
        _ = probe.submit(ballot("ada", "a", 1))
        _ = probe.submit(ballot("bob", "b", 2))
        let ada = OwnBallot(
            poll: key.poll, participant: person("ada"), attempt: "a", choices: 1, acceptedMs: 5, durable: .store)
        let bob = OwnBallot(
            poll: key.poll, participant: person("bob"), attempt: "b", choices: 2, acceptedMs: 5, durable: .store)
        let mine = probe.ask {
            $0.own(room: key.room, participant: person("ada"), polls: [PollID(seq: 2), key.poll], ticket: $1)
        }
        #expect(mine == .own(ticket: 4, [ada]))
        #expect(
            probe.ask { $0.own(room: key.room, poll: key.poll, ticket: $1) } == .own(ticket: 5, [ada, bob]))
    }

    @Test func `two thousand ballots at once need few commits, and each is answered once`() throws {
        let probe = try DeskProbe(directory)
        defer { probe.desk.stop() }
        _ = probe.open()
        let tickets = (0..<2_000).map { number in
            probe.send { $0.submit(ballot("voter\(number % 1_000)", "a\(number / 1_000)", 1), ticket: $1) }
        }
        let answers: [BallotOutcome]? = probe.log.wait { $0.count >= 2_001 ? Array($0.dropFirst()) : nil }
        #expect(answers?.compactMap(\.ticket).sorted() == tickets)
        #expect(answers?.count { $0.durable == .store } == 1_000)
        #expect(probe.tally()?.counts == [1_000, 0, 0])
        let statistics = probe.desk.statistics
        #expect(statistics.committedRecords == 2_001)
        #expect(statistics.commits < 500, "group commit gathers what waits")
        #expect(statistics.commitMs.reduce(0, +) == statistics.commits)
    }

    @Test func `a full queue refuses at once and recovers`() throws {
        let gate = Gate()
        let probe = try DeskProbe(directory) { configuration in
            configuration.queueMax = 10
            configuration.onStep = { if $0 == .transacting { gate.pass() } }
        }
        defer { probe.desk.stop() }
        gate.shut()
        let taken = (1...15).map { ticket in
            probe.desk.submit(ballot("voter\(ticket)", "a", 1), ticket: 100 + UInt64(ticket))
        }
        #expect(taken.count { $0 } == 10)
        gate.open()
        let answered: Int? = probe.log.wait { $0.count == 10 ? 10 : nil }
        #expect(answered == 10)
        #expect(probe.submit(ballot("late", "a", 1)) != nil)
        #expect(probe.desk.statistics.queueDepth == 0)
    }

    @Test func `stop answers everybody who waits`() throws {
        let probe = try DeskProbe(directory)
        _ = probe.open()
        let tickets = (0..<500).map { number in
            probe.send { $0.submit(ballot("voter\(number)", "a", 1), ticket: $1) }
        }
        probe.desk.stop()
        #expect(probe.log.outcomes.dropFirst().compactMap(\.ticket).sorted() == tickets)
        #expect(!probe.desk.submit(ballot("late", "a", 1), ticket: 9_999))
        let after = try DeskProbe(directory)
        defer { after.desk.stop() }
        let receipts = probe.log.outcomes.count { $0.durable != nil }
        #expect(receipts == 500)
        #expect(after.settledTally()?.total == receipts)
    }
}
