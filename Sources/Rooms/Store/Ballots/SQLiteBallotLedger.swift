// Owns: the rules of counting, carried out in SQLite: one transaction a call, durable when it returns.
// Never: waits longer than SQLite's busy timeout; makes a file anew that was lost in mid-run; decides who hears what.
// Limits: see BallotLimits.

package import LiveIO
internal import Rooms

/// The embedded ledger: `live.db`, WAL, synchronous=FULL.
///
/// Belongs to one thread. A call that fails leaves the file as it was; after a failure other than a lock the connection
/// is closed and the next call opens the file anew, which must exist by then.
package final class SQLiteBallotLedger: BallotLedger {
    private let path: String
    private let busyTimeoutMs: Int32
    private var tables: SQLiteBallotTables?
    private var wasOpen = false
    /// Polls read in this transaction.
    private var polls: [PollKey: PollRow] = [:]

    /// A ledger in the file at `path`, which is made when it is first used.
    package init(path: String, busyTimeoutMs: Int32 = BallotLimits.busyTimeoutMs) {
        self.path = path
        self.busyTimeoutMs = busyTimeoutMs
    }

    /// Open polls, the last stamp and the place of the drain, in one read.
    package func state() throws(StoreFailure) -> LedgerState {
        try attempt { tables throws(SQLiteFailure) in
            try LedgerState(reading: tables.connection)
        }
    }

    /// One transaction; synced when it returns. Throws `.unavailable` while the file is locked, full or gone.
    package func judge(_ records: [BallotRecord]) throws(StoreFailure) -> [LedgerVerdict] {
        try transact(records) { tables, record throws(SQLiteFailure) in
            switch record {
            case .open(let key, let rules, _): try self.open(tables, key, rules)
            case .close(let key, let closedMs, _): try self.close(tables, key, closedMs: closedMs)
            case .ballot(let ballot, let acceptedMs): try self.judge(tables, ballot, acceptedMs: acceptedMs)
            }
        }
    }

    /// One transaction; synced when it returns. Throws as `judge` does.
    package func drain(
        _ records: [BallotRecord], to drainedTo: JournalPosition?
    ) throws(StoreFailure) -> [LedgerVerdict] {
        try transact(records, drainedTo: drainedTo) { tables, record throws(SQLiteFailure) in
            switch record {
            case .open(let key, let rules, _): try self.open(tables, key, rules)
            case .close(let key, let closedMs, _): try self.drainClose(tables, key, closedMs: closedMs)
            case .ballot(let ballot, let acceptedMs): try self.drain(tables, ballot, acceptedMs: acceptedMs)
            }
        }
    }

    // MARK: - One record

    private func open(
        _ tables: SQLiteBallotTables, _ key: PollKey, _ rules: PollRules
    ) throws(SQLiteFailure) -> LedgerVerdict {
        if let poll = try poll(tables, key) {
            return poll.rules == rules ? .opened(closedMs: poll.closedMs) : .refused(.conflict)
        }
        try tables.insert(key, rules)
        return .opened(closedMs: nil)
    }

    /// No ballot that was accepted is taken back by a close that claims to be older.
    private func close(
        _ tables: SQLiteBallotTables, _ key: PollKey, closedMs: Int64
    ) throws(SQLiteFailure) -> LedgerVerdict {
        guard let poll = try poll(tables, key) else { return .refused(.notFound) }
        if let before = poll.closedMs { return .closed(closedMs: before) }
        var end = closedMs
        if let last = try tables.lastAcceptedMs(poll.id) { end = max(end, last + 1) }
        try tables.close(poll.id, closedMs: end)
        polls[key]?.closedMs = end
        return .closed(closedMs: end)
    }

    private func judge(
        _ tables: SQLiteBallotTables, _ ballot: Ballot, acceptedMs: Int64
    ) throws(SQLiteFailure) -> LedgerVerdict {
        guard let poll = try poll(tables, ballot.key) else { return .refused(.notFound) }
        let counting = try tables.ballot(poll.id, ballot.participant)
        if let first = try tables.attempt(poll.id, ballot.participant, ballot.attempt) {
            return repetition(of: first, counting, poll)
        }
        guard acceptedMs < poll.endMs else { return .refused(.closed) }
        guard poll.rules.admits(ballot.choices) else { return .refused(.invalid) }
        if let counting, !poll.rules.allowChange {
            return .refused(.alreadyAnswered(attempt: counting.attempt, choices: counting.choices))
        }
        let row = AttemptRow(
            attempt: ballot.attempt, acceptedMs: acceptedMs, choices: ballot.choices, isLate: false)
        try tables.putAttempt(poll.id, ballot.participant, row)
        let counts = counting.map { row.displaces($0, allowChange: true) } ?? true
        if counts { try tables.putBallot(poll.id, ballot.participant, row) }
        return .accepted(acceptedMs: acceptedMs, choices: ballot.choices, duplicate: false, counted: counts)
    }

    /// An attempt that is here already is answered as it was the first time, or as it turned out.
    private func repetition(of first: AttemptRow, _ counting: AttemptRow?, _ poll: PollRow) -> LedgerVerdict {
        if first.isLate { return .refused(.closed) }
        let counts = counting?.attempt == first.attempt
        if !counts, !poll.rules.allowChange, let counting {
            return .refused(.alreadyAnswered(attempt: counting.attempt, choices: counting.choices))
        }
        return .accepted(acceptedMs: first.acceptedMs, choices: first.choices, duplicate: true, counted: counts)
    }

    // MARK: - One record of the journal: any order, any number of times, the same result

    private func drainClose(
        _ tables: SQLiteBallotTables, _ key: PollKey, closedMs: Int64
    ) throws(SQLiteFailure) -> LedgerVerdict {
        guard let poll = try poll(tables, key) else { return .refused(.notFound) }
        let end = min(closedMs, poll.closedMs ?? .max)
        guard end != poll.closedMs else { return .closed(closedMs: end) }
        try tables.close(poll.id, closedMs: end)
        polls[key]?.closedMs = end
        for participant in try tables.markLate(poll.id, from: end) { try recount(tables, poll, participant) }
        return .closed(closedMs: end)
    }

    private func drain(
        _ tables: SQLiteBallotTables, _ ballot: Ballot, acceptedMs: Int64
    ) throws(SQLiteFailure) -> LedgerVerdict {
        guard let poll = try poll(tables, ballot.key) else { return .refused(.notFound) }
        guard poll.rules.admits(ballot.choices) else { return .refused(.invalid) }
        let isLate = acceptedMs >= poll.endMs
        let row = AttemptRow(
            attempt: ballot.attempt, acceptedMs: acceptedMs, choices: ballot.choices, isLate: isLate)
        let first = try tables.attempt(poll.id, ballot.participant, ballot.attempt)
        if first.map({ row.precedes($0) }) ?? true {
            try tables.putAttempt(poll.id, ballot.participant, row)
            try recount(tables, poll, ballot.participant)
        }
        let kept = first.map { row.precedes($0) ? row : $0 } ?? row
        if kept.isLate { return .refused(.closed) }
        let counting = try tables.ballot(poll.id, ballot.participant)
        return .accepted(
            acceptedMs: kept.acceptedMs, choices: kept.choices, duplicate: first != nil,
            counted: counting?.attempt == ballot.attempt)
    }

    /// Brings the counting ballot of a participant in line with the attempts.
    private func recount(
        _ tables: SQLiteBallotTables, _ poll: PollRow, _ participant: ParticipantID
    ) throws(SQLiteFailure) {
        if let best = try tables.best(poll, participant) {
            try tables.putBallot(poll.id, participant, best)
        } else {
            try tables.dropBallot(poll.id, participant)
        }
    }

    private func poll(
        _ tables: SQLiteBallotTables, _ key: PollKey
    ) throws(SQLiteFailure) -> PollRow? {
        if let poll = polls[key] { return poll }
        let poll = try tables.poll(key)
        polls[key] = poll
        return poll
    }

    // MARK: - One transaction

    private func transact(
        _ records: [BallotRecord], drainedTo: JournalPosition? = nil,
        _ verdict: (SQLiteBallotTables, BallotRecord) throws(SQLiteFailure) -> LedgerVerdict
    ) throws(StoreFailure) -> [LedgerVerdict] {
        try attempt { tables throws(SQLiteFailure) in
            polls.removeAll(keepingCapacity: true)
            try tables.connection.execute("BEGIN IMMEDIATE")
            do throws(SQLiteFailure) {
                var verdicts: [LedgerVerdict] = []
                verdicts.reserveCapacity(records.count)
                for record in records { verdicts.append(try verdict(tables, record)) }
                if let stamp = records.map(\.stampMs).max() { try tables.raiseStamp(to: stamp) }
                if let drainedTo {
                    try tables.moveDrain(to: drainedTo)
                    for key in Set(records.map(\.key)) {
                        if let poll = try poll(tables, key) { try tables.countDrain(poll.id) }
                    }
                }
                try tables.connection.execute("COMMIT")
                return verdicts
            } catch {
                tables.connection.rollBack()
                throw error
            }
        }
    }

    /// Runs `body` on an open file that is still where it was, and lets go of it after a failure that is not a lock.
    private func attempt<Result>(
        _ body: (SQLiteBallotTables) throws(SQLiteFailure) -> Result
    ) throws(StoreFailure) -> Result {
        let open = try openTables()
        do throws(SQLiteFailure) {
            return try body(open)
        } catch {
            switch error.kind {
            case .locked, .full: break
            case .unreachable, .damaged, .constraint, .mistaken: tables = nil
            }
            throw StoreFailure(error)
        }
    }

    private func openTables() throws(StoreFailure) -> SQLiteBallotTables {
        if let open = tables {
            guard open.connection.hasMoved else { return open }
            tables = nil
            throw .unavailable("\(path) was moved or removed")
        }
        let open = try SQLiteBallotTables.open(
            path: path, access: wasOpen ? .write : .create, busyTimeoutMs: busyTimeoutMs)
        tables = open
        wasOpen = true
        return open
    }
}

extension AttemptRow {
    /// The counting rule: without change the least (accepted, attempt) counts, with change the greatest.
    func displaces(_ other: AttemptRow, allowChange: Bool) -> Bool {
        if acceptedMs != other.acceptedMs { return (acceptedMs > other.acceptedMs) == allowChange }
        return attempt != other.attempt && (attempt > other.attempt) == allowChange
    }

    /// Of two records of one attempt the earlier is the attempt.
    func precedes(_ other: AttemptRow) -> Bool {
        (acceptedMs, choices) < (other.acceptedMs, other.choices)
    }
}
