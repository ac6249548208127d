// Owns: one open live.db as the ballot ledger uses it: the connection and its prepared statements, one method a query.
// Never: a rule; those are in SQLiteBallotLedger. Statements belong to the ledger's thread.

internal import LiveIO
internal import Rooms

/// A poll's row.
struct PollRow {
    let id: Int64
    let rules: PollRules
    var closedMs: Int64?

    /// The first millisecond at which a ballot no longer counts.
    var endMs: Int64 { min(closedMs ?? .max, rules.closesTs ?? .max) }
}

/// A row of `attempts` or `ballots`.
struct AttemptRow: Equatable {
    let attempt: String
    let acceptedMs: Int64
    let choices: UInt64
    let isLate: Bool
}

/// The connection and the statements of the ledger.
final class SQLiteBallotTables {
    let connection: SQLiteConnection
    private let insertRoom: SQLiteStatement
    private let insertPoll: SQLiteStatement
    private let selectPoll: SQLiteStatement
    private let closePoll: SQLiteStatement
    private let countDrain: SQLiteStatement
    private let selectAttempt: SQLiteStatement
    private let putAttempt: SQLiteStatement
    private let lastAccepted: SQLiteStatement
    private let selectBallot: SQLiteStatement
    private let putBallot: SQLiteStatement
    private let dropBallot: SQLiteStatement
    private let firstAttempt: SQLiteStatement
    private let lastAttempt: SQLiteStatement
    private let markLate: SQLiteStatement
    private let lateVoters: SQLiteStatement
    private let raiseStamp: SQLiteStatement
    private let moveDrain: SQLiteStatement

    /// Opens and, where needed, migrates the file.
    static func open(
        path: String, access: SQLiteConnection.Access, busyTimeoutMs: Int32
    ) throws(StoreFailure) -> SQLiteBallotTables {
        let connection = try SQLiteConnection.opened(
            path: path, access: access, durability: .everyCommit, busyTimeoutMs: busyTimeoutMs)
        try SQLiteSchema.live.migrate(connection)
        do throws(SQLiteFailure) {
            return try SQLiteBallotTables(connection)
        } catch {
            throw StoreFailure(error)
        }
    }

    private init(_ open: consuming SQLiteConnection) throws(SQLiteFailure) {
        connection = open
        insertRoom = try connection.prepare("INSERT INTO rooms (name) VALUES (?1) ON CONFLICT DO NOTHING")
        insertPoll = try connection.prepare(
            """
            INSERT INTO polls (room_id, seq, options, multiple, allow_change, closes_ms)
            SELECT id, ?2, ?3, ?4, ?5, ?6 FROM rooms WHERE name = ?1
            """)
        selectPoll = try connection.prepare(
            """
            SELECT polls.id, options, multiple, allow_change, closes_ms, closed_ms
            FROM polls JOIN rooms ON rooms.id = room_id WHERE rooms.name = ?1 AND seq = ?2
            """)
        closePoll = try connection.prepare("UPDATE polls SET closed_ms = ?2 WHERE id = ?1")
        countDrain = try connection.prepare("UPDATE polls SET drains = drains + 1 WHERE id = ?1")
        selectAttempt = try connection.prepare(
            """
            SELECT attempt_id, accepted_ms, choices, late FROM attempts
            WHERE poll_id = ?1 AND participant = ?2 AND attempt_id = ?3
            """)
        putAttempt = try connection.prepare(
            """
            INSERT INTO attempts (poll_id, participant, attempt_id, accepted_ms, choices, late)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT DO UPDATE SET accepted_ms = ?4, choices = ?5, late = ?6
            """)
        lastAccepted = try connection.prepare(
            "SELECT max(accepted_ms) FROM attempts WHERE poll_id = ?1 AND late = 0")
        selectBallot = try connection.prepare(
            """
            SELECT attempt_id, accepted_ms, choices, 0 FROM ballots WHERE poll_id = ?1 AND participant = ?2
            """)
        putBallot = try connection.prepare(
            """
            INSERT INTO ballots (poll_id, participant, attempt_id, accepted_ms, choices)
            VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET attempt_id = ?3, accepted_ms = ?4, choices = ?5
            """)
        dropBallot = try connection.prepare("DELETE FROM ballots WHERE poll_id = ?1 AND participant = ?2")
        firstAttempt = try connection.prepare(
            """
            SELECT attempt_id, accepted_ms, choices, 0 FROM attempts
            WHERE poll_id = ?1 AND participant = ?2 AND late = 0 ORDER BY accepted_ms, attempt_id LIMIT 1
            """)
        lastAttempt = try connection.prepare(
            """
            SELECT attempt_id, accepted_ms, choices, 0 FROM attempts
            WHERE poll_id = ?1 AND participant = ?2 AND late = 0 ORDER BY accepted_ms DESC, attempt_id DESC LIMIT 1
            """)
        lateVoters = try connection.prepare(
            """
            SELECT DISTINCT participant FROM attempts WHERE poll_id = ?1 AND late = 0 AND accepted_ms >= ?2
            """)
        markLate = try connection.prepare(
            "UPDATE attempts SET late = 1 WHERE poll_id = ?1 AND late = 0 AND accepted_ms >= ?2")
        raiseStamp = try connection.prepare(
            "UPDATE desk SET stamp_ms = ?1 WHERE one = 1 AND stamp_ms < ?1")
        moveDrain = try connection.prepare(
            "UPDATE desk SET drained_segment = ?1, drained_offset = ?2 WHERE one = 1")
    }

    func poll(_ key: PollKey) throws(SQLiteFailure) -> PollRow? {
        defer { selectPoll.reset() }
        selectPoll.bind(1, key.room.raw)
        selectPoll.bind(2, Int64(bitPattern: key.poll.seq))
        guard try selectPoll.step() else { return nil }
        let options = Int(selectPoll.integer(1))
        guard (1...64).contains(options) else {
            throw SQLiteFailure(code: 11, message: "a poll has \(options) options", step: "read")
        }
        let rules = PollRules(
            options: options, multiple: selectPoll.integer(2) != 0, allowChange: selectPoll.integer(3) != 0,
            closesTs: selectPoll.optionalInteger(4))
        return PollRow(id: selectPoll.integer(0), rules: rules, closedMs: selectPoll.optionalInteger(5))
    }

    func insert(_ key: PollKey, _ rules: PollRules) throws(SQLiteFailure) {
        insertRoom.bind(1, key.room.raw)
        try insertRoom.run()
        insertPoll.bind(1, key.room.raw)
        insertPoll.bind(2, Int64(bitPattern: key.poll.seq))
        insertPoll.bind(3, Int64(rules.options))
        insertPoll.bind(4, rules.multiple ? 1 : 0)
        insertPoll.bind(5, rules.allowChange ? 1 : 0)
        insertPoll.bind(6, rules.closesTs)
        try insertPoll.run()
    }

    func close(_ poll: Int64, closedMs: Int64) throws(SQLiteFailure) {
        closePoll.bind(1, poll)
        closePoll.bind(2, closedMs)
        try closePoll.run()
    }

    func countDrain(_ poll: Int64) throws(SQLiteFailure) {
        countDrain.bind(1, poll)
        try countDrain.run()
    }

    func attempt(
        _ poll: Int64, _ participant: ParticipantID, _ attempt: String
    ) throws(SQLiteFailure) -> AttemptRow? {
        selectAttempt.bind(3, attempt)
        return try Self.row(selectAttempt, poll, participant)
    }

    func ballot(_ poll: Int64, _ participant: ParticipantID) throws(SQLiteFailure) -> AttemptRow? {
        try Self.row(selectBallot, poll, participant)
    }

    /// The attempt that counts by the rule of the poll.
    func best(
        _ poll: PollRow, _ participant: ParticipantID
    ) throws(SQLiteFailure) -> AttemptRow? {
        if poll.rules.allowChange { return try Self.row(lastAttempt, poll.id, participant) }
        return try Self.row(firstAttempt, poll.id, participant)
    }

    func putAttempt(
        _ poll: Int64, _ participant: ParticipantID, _ row: AttemptRow
    ) throws(SQLiteFailure) {
        Self.bind(putAttempt, poll, participant, row)
        putAttempt.bind(6, row.isLate ? 1 : 0)
        try putAttempt.run()
    }

    func putBallot(_ poll: Int64, _ participant: ParticipantID, _ row: AttemptRow) throws(SQLiteFailure) {
        Self.bind(putBallot, poll, participant, row)
        try putBallot.run()
    }

    func dropBallot(_ poll: Int64, _ participant: ParticipantID) throws(SQLiteFailure) {
        dropBallot.bind(1, poll)
        dropBallot.bind(2, participant.raw)
        try dropBallot.run()
    }

    func lastAcceptedMs(_ poll: Int64) throws(SQLiteFailure) -> Int64? {
        defer { lastAccepted.reset() }
        lastAccepted.bind(1, poll)
        return try lastAccepted.step() ? lastAccepted.optionalInteger(0) : nil
    }

    /// Marks what was accepted at `endMs` or later, and says whose it was.
    func markLate(_ poll: Int64, from endMs: Int64) throws(SQLiteFailure) -> [ParticipantID] {
        defer { lateVoters.reset() }
        lateVoters.bind(1, poll)
        lateVoters.bind(2, endMs)
        var voters: [ParticipantID] = []
        while try lateVoters.step() {
            if let participant = ParticipantID(lateVoters.text(0)) { voters.append(participant) }
        }
        guard !voters.isEmpty else { return [] }
        markLate.bind(1, poll)
        markLate.bind(2, endMs)
        try markLate.run()
        return voters
    }

    func raiseStamp(to stampMs: Int64) throws(SQLiteFailure) {
        raiseStamp.bind(1, stampMs)
        try raiseStamp.run()
    }

    func moveDrain(to position: JournalPosition) throws(SQLiteFailure) {
        moveDrain.bind(1, Int64(bitPattern: position.segment))
        moveDrain.bind(2, Int64(bitPattern: position.offset))
        try moveDrain.run()
    }

    private static func bind(
        _ statement: borrowing SQLiteStatement, _ poll: Int64, _ participant: ParticipantID, _ row: AttemptRow
    ) {
        statement.bind(1, poll)
        statement.bind(2, participant.raw)
        statement.bind(3, row.attempt)
        statement.bind(4, row.acceptedMs)
        statement.bind(5, Int64(bitPattern: row.choices))
    }

    private static func row(
        _ statement: borrowing SQLiteStatement, _ poll: Int64, _ participant: ParticipantID
    ) throws(SQLiteFailure) -> AttemptRow? {
        defer { statement.reset() }
        statement.bind(1, poll)
        statement.bind(2, participant.raw)
        guard try statement.step() else { return nil }
        return AttemptRow(
            attempt: statement.text(0), acceptedMs: statement.integer(1),
            choices: UInt64(bitPattern: statement.integer(2)), isLate: statement.integer(3) != 0)
    }
}
