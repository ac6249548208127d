// Owns: reading of polls and ballots from live.db on a connection of its own.
// Never: writes; a counter: a tally is a select over the ballots.
// Limits: `BallotLimits.ownRowsMax` rows an answer.

internal import Rooms

/// The reading side of the embedded ledger.
///
/// Belongs to one thread. In WAL mode it reads the last commit whatever a writer does.
package final class SQLiteBallotReader: BallotReader {
    private final class Queries {
        let connection: SQLiteConnection
        let poll: SQLiteStatement
        let counts: SQLiteStatement
        let ownOne: SQLiteStatement
        let ownAll: SQLiteStatement

        init(path: String, busyTimeoutMs: Int32) throws(SQLiteFailure) {
            connection = try SQLiteConnection(
                path: path, access: .read, durability: .checkpoint, busyTimeoutMs: busyTimeoutMs)
            poll = try connection.prepare(
                """
                SELECT polls.id, options, drains FROM polls JOIN rooms ON rooms.id = room_id
                WHERE rooms.name = ?1 AND seq = ?2
                """)
            counts = try connection.prepare("SELECT choices, count(*) FROM ballots WHERE poll_id = ?1 GROUP BY choices")
            ownOne = try connection.prepare(
                """
                SELECT participant, attempt_id, choices, accepted_ms FROM ballots
                WHERE poll_id = ?1 AND participant = ?2
                """)
            ownAll = try connection.prepare(
                """
                SELECT participant, attempt_id, choices, accepted_ms FROM ballots
                WHERE poll_id = ?1 ORDER BY participant LIMIT ?2
                """)
        }
    }

    private let path: String
    private let busyTimeoutMs: Int32
    private var queries: Queries?

    /// A reader of the file at `path`, which a ledger makes.
    package init(path: String, busyTimeoutMs: Int32 = BallotLimits.busyTimeoutMs) {
        self.path = path
        self.busyTimeoutMs = busyTimeoutMs
    }

    /// Answers from one consistent view of the file; `.unreadable` closes the connection, and the next call opens it.
    package func read(_ query: BallotRead.Query) -> BallotReadResult {
        if let moved = queries?.connection.hasMoved, moved { queries = nil }
        do throws(SQLiteFailure) {
            let open = if let queries { queries } else { try Queries(path: path, busyTimeoutMs: busyTimeoutMs) }
            queries = open
            return try Self.answer(query, open)
        } catch {
            queries = nil
            return .unreadable
        }
    }

    private static func answer(
        _ query: BallotRead.Query, _ queries: Queries
    ) throws(SQLiteFailure) -> BallotReadResult {
        try queries.connection.execute("BEGIN")
        defer { queries.connection.rollBack() }
        switch query {
        case .tally(let key): return try tally(key, queries)
        case .own(.poll(let key)):
            var ballots: [OwnBallot] = []
            guard let (poll, _, _) = try poll(key, queries) else { return .own([]) }
            queries.ownAll.bind(1, poll)
            queries.ownAll.bind(2, Int64(BallotLimits.ownRowsMax))
            try collect(queries.ownAll, key, into: &ballots)
            return .own(ballots)
        case .own(.participant(let room, let participant, let polls)):
            var ballots: [OwnBallot] = []
            for id in polls {
                let key = PollKey(room: room, poll: id)
                guard let (poll, _, _) = try poll(key, queries) else { continue }
                queries.ownOne.bind(1, poll)
                queries.ownOne.bind(2, participant.raw)
                try collect(queries.ownOne, key, into: &ballots)
            }
            return .own(ballots)
        }
    }

    private static func tally(
        _ key: PollKey, _ queries: Queries
    ) throws(SQLiteFailure) -> BallotReadResult {
        guard let (poll, options, drains) = try poll(key, queries) else { return .notFound }
        var counts = [Int](repeating: 0, count: options)
        var total = 0
        defer { queries.counts.reset() }
        queries.counts.bind(1, poll)
        while try queries.counts.step() {
            let choices = UInt64(bitPattern: queries.counts.integer(0))
            let voters = Int(queries.counts.integer(1))
            total += voters
            for option in 0..<options where choices >> UInt64(option) & 1 == 1 { counts[option] += voters }
        }
        return .tally(counts: counts, total: total, drains: drains)
    }

    private static func poll(
        _ key: PollKey, _ queries: Queries
    ) throws(SQLiteFailure) -> (id: Int64, options: Int, drains: UInt64)? {
        defer { queries.poll.reset() }
        queries.poll.bind(1, key.room.raw)
        queries.poll.bind(2, Int64(bitPattern: key.poll.seq))
        guard try queries.poll.step() else { return nil }
        let options = min(max(Int(queries.poll.integer(1)), 0), 64)
        return (queries.poll.integer(0), options, UInt64(max(queries.poll.integer(2), 0)))
    }

    private static func collect(
        _ statement: borrowing SQLiteStatement, _ key: PollKey, into ballots: inout [OwnBallot]
    ) throws(SQLiteFailure) {
        defer { statement.reset() }
        while try statement.step() {
            guard let participant = ParticipantID(statement.text(0)) else { continue }
            ballots.append(
                OwnBallot(
                    poll: key.poll, participant: participant, attempt: statement.text(1),
                    choices: UInt64(bitPattern: statement.integer(2)), acceptedMs: statement.integer(3),
                    durable: .store))
        }
    }
}
