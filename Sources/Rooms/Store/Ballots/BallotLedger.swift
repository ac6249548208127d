// Owns: the seam between the ballot desk and the database that judges ballots.
// Never: a database's own types. SQLite implements it here; one contract suite is run by every implementation.

package import LiveIO
internal import Rooms

/// What a ledger knows when it is opened.
package struct LedgerState: Sendable {
    /// Polls that are open, with the greatest stamp of their ballots.
    package let polls: [PollKey: KnownPolls.Poll]
    /// The last stamp of any record, ms since 1970.
    package let stampMs: Int64
    /// Everything in the ballot journal before this place is in the ledger; nil where nothing was drained yet.
    package let drainedTo: JournalPosition?

    /// All members.
    package init(polls: [PollKey: KnownPolls.Poll], stampMs: Int64, drainedTo: JournalPosition?) {
        self.polls = polls
        self.stampMs = stampMs
        self.drainedTo = drainedTo
    }
}

/// The judge of ballots that answer for what they say: what it accepts is durable when the call returns.
///
/// One thread owns a ledger. Every call is one transaction: when it throws, nothing of it counts, or, where the failure
/// came with the commit itself, all of it. Therefore every record may come again, any number of times and, for ballots,
/// in any order: the result is the same.
package protocol BallotLedger: AnyObject {
    /// What was there when the ledger was opened.
    func state() throws(StoreFailure) -> LedgerState

    /// Judges records that wait for an answer, in order.
    func judge(_ records: [BallotRecord]) throws(StoreFailure) -> [LedgerVerdict]

    /// Takes records that the journal acknowledged, and remembers `drainedTo` in the same transaction.
    ///
    /// Ballots accepted before the close count even if the close is here already; later ones are kept as late. Where
    /// two ballots of a participant compete, the least (accepted, attempt) counts without change, the greatest with it.
    func drain(_ records: [BallotRecord], to drainedTo: JournalPosition?) throws(StoreFailure) -> [LedgerVerdict]
}

/// The reading side of a ledger: its own connection, so that a locked or slow writer does not stop it.
package protocol BallotReader: AnyObject {
    /// Answers one query. Never throws: what cannot be read is `.unreadable`.
    func read(_ query: BallotRead.Query) -> BallotReadResult
}
