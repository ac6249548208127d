// Owns: every bound of the ballot desk, with unit, reason, and what happens there.
// Never: a setting (those are in BallotDeskConfiguration, with these as their defaults).

/// The bounds of the ballot desk.
package enum BallotLimits {
    /// Longest attempt id in characters; the wire's own rule.
    package static let attemptCharactersMax = 64
    /// Requests that may wait at the desk: a school of 10,000 answering six times within one stalled disk write.
    /// Beyond it `submit` says false, and the caller answers `overloaded`.
    package static let queueMax = 65_536
    /// Records of one transaction: some ten milliseconds of inserting, a tenth of the time it is given.
    package static let transactionRecordsMax = 1_024
    /// Records of one journal commit: about 1 MiB, one write.
    package static let journalRecordsMax = 4_096
    /// How long the store may take over one transaction before the journal answers in its place, in ms. Half of what a
    /// voter is promised (p99 100 ms is the aim, 200 the bound of chat); a healthy commit takes about one.
    package static let transactionMs: Int64 = 100
    /// First pause before a store that failed is asked again, in ms; doubles up to `retryMsMax`.
    package static let retryMsMin: Int64 = 50
    /// Longest pause before a store that failed is asked again, in ms: bounds how long an outage outlives its cause.
    package static let retryMsMax: Int64 = 1_000
    /// How long one statement waits for another connection's lock, in ms: longer than the desk waits, so that the
    /// desk's own limit decides, and short enough for the desk to stop in time.
    package static let busyTimeoutMs: Int32 = 250
    /// Ballots of the journal that are also remembered in memory, so that their repetition is answered without a second
    /// record and `own` shows them: about 30 MB. Beyond it repetitions are journaled again, which changes no count.
    package static let undrainedIndexMax = 262_144
    /// Polls whose rules are remembered, so that the journal admits only what the store will count: about 10 MB. At the
    /// bound the poll closed longest ago is forgotten, then the one opened longest ago; ballots of a forgotten poll get
    /// `unavailable` while the store is away.
    package static let pollsKnownMax = 65_536
    /// Rows of one answer to `own` for a whole poll. Beyond it the answer is cut; participants ask for their own.
    package static let ownRowsMax = 65_536
    /// Reads that may wait at the reading side; beyond it a tally is `known: false` and `own` gets `unavailable`.
    package static let readsMax = 4_096
    /// How long after an unreadable tally the desk asks its caller to ask again, in ms.
    package static let readRetryMs: Int64 = 1_000

    /// True for 1…64 printable ASCII characters.
    package static func isAttempt(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= attemptCharactersMax && bytes.allSatisfy { (0x20...0x7E).contains($0) }
    }
}
