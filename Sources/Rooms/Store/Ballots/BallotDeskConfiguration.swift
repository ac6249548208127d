// Owns: what can be set about a ballot desk, and where it says which step it is at.
// Never: a bound's reason; those are in BallotLimits.

package import LiveIO

/// Steps of the desk that a crash test stops at. In production nobody listens.
package enum BallotDeskStep: Int, CaseIterable, Sendable {
    /// A transaction goes to the ledger; on the store's thread.
    case transacting
    /// The ledger has answered; on the store's thread.
    case transacted
    /// Records are about to be journaled.
    case journaling
    /// Records are synced in the journal, nobody was told.
    case journaled
    /// Outcomes are about to be delivered.
    case delivering
    /// Outcomes were delivered.
    case delivered
    /// A batch was read from the journal to be drained.
    case drainLoaded
    /// The ledger has confirmed a batch, drained segments were not removed yet.
    case drained
    /// Drained segments were removed.
    case segmentsRemoved
}

/// The settings of a ballot desk.
package struct BallotDeskConfiguration: Sendable {
    /// Folder of `live.db` and of the journal's folder `ballots`; made where it is missing.
    package var dataDirectory: String
    /// How long the store may take over one transaction before the journal takes its place, in ms.
    package var transactionMs = BallotLimits.transactionMs
    /// Requests that may wait for an answer.
    package var queueMax = BallotLimits.queueMax
    /// The ballot journal: preallocated, and written to the last free byte of the disk.
    package var journal = JournalOptions.preallocated(reserveSegments: 2)
    /// How long the start waits for the store to open before the journal takes its place, in ms.
    package var openMs: Int64 = 2_000
    /// How long `stop` waits for the store to answer those who wait, in ms.
    package var stopMs: Int64 = 2_000
    /// Milliseconds since 1970; may jump, the desk's stamps never fall.
    package var clock: @Sendable () -> Int64 = { WallClock.nowMs() }
    /// Hears the last stamp of an earlier process, on the desk's threads: the clock of the node must not show less, or
    /// a new poll's end would lie before the first stamp of its ballots.
    package var raiseClock: @Sendable (Int64) -> Void = { _ in }
    /// Makes the ledger; called once, on the thread that will own it.
    package var makeLedger: @Sendable (_ databasePath: String) -> any BallotLedger = { SQLiteBallotLedger(path: $0) }
    /// Makes the reading side; called once, on the thread that will own it.
    package var makeReader: @Sendable (_ databasePath: String) -> any BallotReader = { SQLiteBallotReader(path: $0) }
    /// Hears of every step; for crash tests.
    package var onStep: (@Sendable (BallotDeskStep) -> Void)?

    /// The defaults for a data folder.
    package init(dataDirectory: String) { self.dataDirectory = dataDirectory }

    /// Path of the database.
    package var databasePath: String { "\(dataDirectory)/live.db" }
    /// Folder of the ballot journal.
    package var journalDirectory: String { "\(dataDirectory)/ballots" }
}
