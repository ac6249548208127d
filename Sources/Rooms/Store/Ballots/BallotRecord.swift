// Owns: the three things that are made durable about polls, in queue order: opened, answered, closed.
// Never: I/O. The journal holds these records when the store is away, the ledger judges them when it is there.

internal import Rooms

/// One thing to make durable, with the time that the desk gave it.
package enum BallotRecord: Hashable, Sendable {
    /// A ballot, accepted at `acceptedMs`.
    case ballot(Ballot, acceptedMs: Int64)
    /// A poll is opened.
    case open(PollKey, PollRules, atMs: Int64)
    /// A poll is closed as of `closedMs`; no ballot stamped `atMs` or later can count.
    case close(PollKey, closedMs: Int64, atMs: Int64)

    /// The poll that it is about.
    package var key: PollKey {
        switch self {
        case .ballot(let ballot, _): ballot.key
        case .open(let key, _, _), .close(let key, _, _): key
        }
    }

    /// The desk's stamp, in ms since 1970.
    package var stampMs: Int64 {
        switch self {
        case .ballot(_, let stamp), .open(_, _, let stamp), .close(_, _, let stamp): stamp
        }
    }
}

/// What the ledger says about one record.
package enum LedgerVerdict: Hashable, Sendable {
    /// The attempt is in the store. `counted` is false where another ballot of the participant counts instead.
    case accepted(acceptedMs: Int64, choices: UInt64, duplicate: Bool, counted: Bool)
    /// The record was not taken, or was kept as late (`.closed` in a drain).
    case refused(BallotRejection)
    /// The poll is there; `closedMs` where it is closed already.
    case opened(closedMs: Int64?)
    /// The poll is closed, as of `closedMs`.
    case closed(closedMs: Int64)
}
