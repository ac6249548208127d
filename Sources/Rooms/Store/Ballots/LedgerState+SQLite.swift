// Owns: what the desk reads from live.db when it is opened.
// Never: the ballots themselves; only open polls and their last stamp.

internal import LiveIO
internal import Rooms

extension LedgerState {
    /// Reads open polls, the last stamp and the place of the drain, at most `BallotLimits.pollsKnownMax` polls.
    init(reading connection: borrowing SQLiteConnection) throws(SQLiteFailure) {
        let open = try connection.prepare(
            """
            SELECT rooms.name, seq, options, multiple, allow_change, closes_ms,
              (SELECT max(accepted_ms) FROM attempts WHERE poll_id = polls.id AND late = 0)
            FROM polls JOIN rooms ON rooms.id = room_id
            WHERE closed_ms IS NULL ORDER BY polls.id DESC LIMIT ?1
            """)
        open.bind(1, Int64(BallotLimits.pollsKnownMax))
        var polls: [PollKey: KnownPolls.Poll] = [:]
        while try open.step() {
            let options = Int(open.integer(2))
            guard let room = RoomKey(open.text(0)), (1...64).contains(options) else { continue }
            let key = PollKey(room: room, poll: PollID(seq: UInt64(bitPattern: open.integer(1))))
            let rules = PollRules(
                options: options, multiple: open.integer(3) != 0, allowChange: open.integer(4) != 0,
                closesTs: open.optionalInteger(5))
            polls[key] = KnownPolls.Poll(rules: rules, lastStampMs: open.integer(6))
        }
        let desk = try connection.prepare("SELECT stamp_ms, drained_segment, drained_offset FROM desk")
        var stampMs: Int64 = 0
        var drainedTo: JournalPosition?
        if try desk.step() {
            stampMs = desk.integer(0)
            if let segment = desk.optionalInteger(1), let offset = desk.optionalInteger(2) {
                drainedTo = JournalPosition(
                    segment: UInt64(bitPattern: segment), offset: UInt64(bitPattern: offset))
            }
        }
        self.init(polls: polls, stampMs: stampMs, drainedTo: drainedTo)
    }
}
