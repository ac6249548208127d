// Owns: the desk with a store that is locked, slow, moved away, or on a full disk, against real files.

import CSQLite
import Foundation
import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

@Suite(.timeLimit(.minutes(3)))
struct BallotOutageTests {
    let directory = TemporaryDirectory("outage")
    let key = LedgerContract.key

    var database: String { directory.path("data/live.db") }

    @Test func `while another connection locks the store, receipts come from the journal and nothing is doubled`()
        throws
    {
        let probe = try DeskProbe(directory, transactionMs: 100)
        defer { probe.desk.stop() }
        _ = probe.open()
        _ = probe.submit(ballot("early", "a", 0b001))

        let lock = try ForeignLock(database)
        let tickets = (0..<300).map { number in
            // Everybody sends twice, as a client does that lost its connection.
            let same = ballot("voter\(number)", "a", 0b010)
            return (probe.send { $0.submit(same, ticket: $1) }, probe.send { $0.submit(same, ticket: $1) })
        }
        let receipts: [BallotOutcome]? = probe.log.wait { outcomes in
            let receipts = outcomes.filter { $0.durable == .node }
            return receipts.count == 600 ? receipts : nil
        }
        #expect(Set((receipts ?? []).compactMap(\.ticket)) == Set(tickets.flatMap { [$0.0, $0.1] }))
        #expect(
            probe.submit(ballot("voter7", "other", 0b001))?.rejection == .unavailable, "the store may hold that one")
        #expect(
            probe.submit(ballot("stranger", "a", 1, PollKey(room: key.room, poll: PollID(seq: 99))))?.rejection
                == .unavailable)
        let during = probe.tally()
        #expect(during?.pending == true && during?.total == 1 && during?.known == true)
        let mine = probe.ask {
            $0.own(room: key.room, participant: person("voter7"), polls: [key.poll], ticket: $1)
        }
        guard case .own(_, let ballots)? = mine else {
            Issue.record("no own ballots: \(String(describing: mine))")
            return
        }
        #expect(ballots.map(\.durable) == [.node] && ballots.map(\.choices) == [0b010])
        #expect(probe.desk.statistics.mode == .journal)
        #expect(probe.desk.statistics.undrained == 300)

        try lock.release()
        #expect(probe.settledTally()?.counts == [1, 300, 0])
        let stored = probe.log.outcomes.compactMap { outcome -> String? in
            if case .stored(_, _, let participant, "a", .counted) = outcome { participant.raw } else { nil }
        }
        #expect(stored.sorted() == (0..<300).map { "voter\($0)" }.sorted())
        #expect(probe.submit(ballot("late", "a", 0b100))?.durable == .store)
        #expect(probe.tally()?.counts == [1, 300, 1])
        #expect(probe.desk.statistics.outages == 1)
    }

    @Test func `a close in an outage counts what was accepted before it and nothing after`() throws {
        let probe = try DeskProbe(directory, transactionMs: 50)
        defer { probe.desk.stop() }
        _ = probe.open()
        let lock = try ForeignLock(database)
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .node)
        guard case .closed(_, _, _, let closedTs)? = probe.close() else {
            Issue.record("the poll was not closed")
            return
        }
        #expect(probe.submit(ballot("bob", "a", 0b001))?.rejection == .closed)
        // Also a poll that is opened in the outage works.
        let second = PollKey(room: key.room, poll: PollID(seq: 20))
        #expect(probe.open(LedgerContract.changeable, second) != nil)
        let third = PollKey(room: key.room, poll: PollID(seq: 30))
        #expect(probe.open(LedgerContract.single, third) != nil)
        #expect(probe.submit(ballot("ada", "a", 0b001, third))?.durable == .node)
        #expect(
            probe.submit(ballot("ada", "b", 0b010, third))?.rejection == .alreadyAnswered(attempt: "a", choices: 1))
        #expect(probe.submit(ballot("ada", "a", 0b001, second))?.durable == .node)
        #expect(probe.submit(ballot("ada", "b", 0b010, second))?.durable == .node)
        try lock.release()
        #expect(probe.settledTally()?.counts == [1, 0, 0])
        #expect(probe.settledTally(second)?.counts == [0, 1, 0])
        #expect(probe.close() == .closed(ticket: 0, room: key.room, poll: key.poll, closedTs: closedTs).ticketed(probe))
        #expect(probe.log.outcomes.contains(.drained(room: key.room, poll: key.poll)))
    }

    @Test(arguments: [false, true])
    func `an attempt that the store may hold is not refused for good while the store is away`(isRestarted: Bool) throws
    {
        var probe = try DeskProbe(directory, transactionMs: 50)
        _ = probe.open(LedgerContract.changeable)
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .store)
        #expect(probe.submit(ballot("ada", "b", 0b010))?.durable == .store)
        if isRestarted { probe.desk.stop() }
        let lock = try ForeignLock(database)
        if isRestarted { probe = try DeskProbe(directory, transactionMs: 50) }
        defer { probe.desk.stop() }
        #expect(probe.open(LedgerContract.changeable) != nil)
        guard case .closed? = probe.close() else {
            Issue.record("the poll was not closed")
            return
        }
        #expect(probe.submit(ballot("ada", "a", 0b001))?.rejection == .unavailable)
        try lock.release()
        #expect(probe.settledTally()?.counts == [0, 1, 0])
        guard case .receipt(_, .store, _, 0b001, true)? = probe.submit(ballot("ada", "a", 0b001)) else {
            Issue.record("an accepted attempt is not answered as it was")
            return
        }
    }

    @Test func `what the journal holds at the end of a process is drained by the next`() throws {
        let lock: ForeignLock
        do {
            let probe = try DeskProbe(directory, transactionMs: 50)
            _ = probe.open()
            lock = try ForeignLock(database)
            for number in 0..<50 { probe.send { $0.submit(ballot("voter\(number)", "a", 1), ticket: $1) } }
            let receipts: Int? = probe.log.wait { $0.count { $0.durable == .node } == 50 ? 50 : nil }
            #expect(receipts == 50)
            probe.desk.stop()
        }
        // The store is still locked when the next process starts.
        let probe = try DeskProbe(directory, transactionMs: 50)
        defer { probe.desk.stop() }
        #expect(probe.submit(ballot("voter3", "a", 2))?.durable == .node)
        try lock.release()
        #expect(probe.settledTally()?.counts == [50, 0, 0])
        let again = probe.submit(ballot("voter3", "a", 2))
        guard case .receipt(_, .store, _, 1, true)? = again else {
            Issue.record("not the stored choice: \(String(describing: again))")
            return
        }
    }

    @Test func `a slow commit is overtaken by the journal and changes nothing when it comes`() throws {
        let gate = Gate()
        let probe = try DeskProbe(directory, transactionMs: 50) { configuration in
            configuration.onStep = { if $0 == .transacted { gate.pass() } }
        }
        defer { probe.desk.stop() }
        _ = probe.open()
        gate.shut()
        // The transaction commits, and its answer does not come.
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .node)
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .node)
        gate.open()
        #expect(probe.settledTally()?.counts == [1, 0, 0])
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .store)
        #expect(probe.log.outcomes.count { $0.ticket == 2 } == 1)
    }

    @Test func `a database file that is removed is not made anew, and ballots are kept until it is back`() throws {
        let probe = try DeskProbe(directory, transactionMs: 1_000)
        defer { probe.desk.stop() }
        _ = probe.open()
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .store)
        let aside = directory.path("aside")
        try FileManager.default.createDirectory(atPath: aside, withIntermediateDirectories: true)
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(atPath: database + suffix, toPath: "\(aside)/live.db\(suffix)")
        }
        #expect(probe.submit(ballot("bob", "a", 0b001))?.durable == .node)
        #expect(probe.submit(ballot("cyd", "a", 0b010))?.durable == .node)
        let blind = probe.tally()
        #expect(blind?.known == false && blind?.pending == true)
        #expect(
            probe.ask { $0.own(room: key.room, poll: key.poll, ticket: $1) }?.rejection == .unavailable)
        #expect(!FileManager.default.fileExists(atPath: database))
        #expect(probe.desk.statistics.lastFailure != nil)
        for suffix in ["-wal", "-shm", ""] {
            try FileManager.default.moveItem(atPath: "\(aside)/live.db\(suffix)", toPath: database + suffix)
        }
        #expect(probe.settledTally()?.counts == [2, 1, 0])
        #expect(probe.submit(ballot("dan", "a", 0b010))?.durable == .store)
    }

    @Test func `a store that cannot be opened at the start is no reason not to start`() throws {
        try FileManager.default.createDirectory(
            atPath: directory.path("data/live.db"), withIntermediateDirectories: true)
        let probe = try DeskProbe(directory, transactionMs: 1_000)
        defer { probe.desk.stop() }
        #expect(probe.open() != nil)
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .node)
        try FileManager.default.removeItem(atPath: database)
        #expect(probe.settledTally()?.counts == [1, 0, 0])
        #expect(probe.submit(ballot("ada", "a", 0b001))?.durable == .store)
    }

    @Test func `a file of a newer program and a file that is no database refuse the start`() throws {
        _ = try DeskProbe(directory).desk.stop()
        let handle = try ForeignConnection(database)
        try handle.execute("PRAGMA user_version = 4711")
        handle.close()
        #expect(throws: StoreFailure.newerSchema(file: "live.db", found: 4711, known: 2)) {
            try DeskProbe(directory)
        }
        let other = TemporaryDirectory("outage")
        try FileManager.default.createDirectory(
            atPath: other.path("data"), withIntermediateDirectories: true)
        try other.write("data/live.db", [UInt8](repeating: 0x5A, count: 8_192))
        let failure = #expect(throws: StoreFailure.self) { try DeskProbe(other) }
        if case .damaged = failure {} else { Issue.record("\(String(describing: failure))") }
        #expect(try other.read("data/live.db") == [UInt8](repeating: 0x5A, count: 8_192))
    }

    @Test func `a journal that another desk holds refuses the start`() throws {
        let probe = try DeskProbe(directory)
        defer { probe.desk.stop() }
        let failure = #expect(throws: StoreFailure.self) { try DeskProbe(directory) }
        if case .journal = failure {} else { Issue.record("\(String(describing: failure))") }
    }
}

extension BallotOutcome {
    /// The same close under the ticket that the probe gave out last.
    fileprivate func ticketed(_ probe: DeskProbe) -> BallotOutcome {
        guard case .closed(_, let room, let poll, let closedTs) = self else { return self }
        let last = probe.log.outcomes.compactMap(\.ticket).max() ?? 0
        return .closed(ticket: last, room: room, poll: poll, closedTs: closedTs)
    }
}
