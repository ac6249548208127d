// Owns: everything that the desk tells its caller.
// Never: a ticket answered twice. `stored` and `drained` carry no ticket: nobody waits for them.

package import Rooms

/// What became of a request, or of a ballot that was acknowledged earlier.
///
/// Delivered on the desk's thread, whole batches at a time, in the order in which it happened.
package enum BallotOutcome: Hashable, Sendable {
    /// The ballot is taken. With `duplicate` the attempt had been taken before: time and choices are the first ones.
    case receipt(ticket: UInt64, durable: Durability, acceptedMs: Int64, choices: UInt64, duplicate: Bool)
    /// Nothing was taken; also the answer to `open`, `close` and `own` that could not be done.
    case rejected(ticket: UInt64, BallotRejection)
    /// A ballot receipted with `.node` has reached the store.
    case stored(room: RoomKey, poll: PollID, participant: ParticipantID, attempt: String, StoredFate)
    /// The poll is open for ballots, or, with `closedTs`, was closed by an earlier process that died before it could
    /// write the close into the log.
    case opened(ticket: UInt64, room: RoomKey, poll: PollID, closedTs: Int64?)
    /// The poll is closed for good: no ballot accepted later counts.
    case closed(ticket: UInt64, room: RoomKey, poll: PollID, closedTs: Int64)
    /// The count of a poll.
    case tally(ticket: UInt64, room: RoomKey, poll: PollID, Tally)
    /// The ballots that were asked for.
    case own(ticket: UInt64, [OwnBallot])
    /// Results of this poll may have changed, or may be complete now: ask for a tally and publish the next revision.
    case drained(room: RoomKey, poll: PollID)
}

/// What has become of a ballot of the journal in the store.
package enum StoredFate: Hashable, Sendable {
    /// It counts as it was receipted.
    case counted
    /// It is kept as it was receipted, and another ballot of the participant counts.
    case replaced
    /// It does not stand as it was receipted: it came late, or the store had the attempt before with other choices.
    case refused
}

extension BallotOutcome {
    /// The ticket that this answers; nil where nobody asked.
    package var ticket: UInt64? {
        switch self {
        case .receipt(let ticket, _, _, _, _), .rejected(let ticket, _), .opened(let ticket, _, _, _),
            .closed(let ticket, _, _, _), .tally(let ticket, _, _, _), .own(let ticket, _):
            ticket
        case .stored, .drained: nil
        }
    }
}

/// What a caller asks of the desk.
package enum BallotRequest: Hashable, Sendable {
    /// Take a ballot.
    case submit(Ballot)
    /// Open a poll; again and again with the same rules does no harm.
    case open(PollKey, PollRules)
    /// Close a poll, as of `closedTs` where that is given and no ballot counts that was accepted later.
    case close(PollKey, closedTs: Int64?)
    /// Count a poll.
    case tally(PollKey)
    /// Show ballots.
    case own(OwnQuery)
}

/// Whose ballots to show.
package enum OwnQuery: Hashable, Sendable {
    /// One participant's in some polls of a room, at most `RoomLimits`' number of polls shown.
    case participant(RoomKey, ParticipantID, [PollID])
    /// Everybody's in one poll, at most `BallotLimits.ownRowsMax`.
    case poll(PollKey)
}

/// A request and the number under which its answer comes.
package struct TicketedRequest: Sendable {
    /// The caller's number; means nothing to the desk.
    package let ticket: UInt64
    /// What is asked.
    package let request: BallotRequest

    /// Both members.
    package init(ticket: UInt64, request: BallotRequest) {
        self.ticket = ticket
        self.request = request
    }
}

/// What the reading side is asked, with what the desk knew when it asked.
package struct BallotRead: Hashable, Sendable {
    /// The caller's number.
    package let ticket: UInt64
    /// The query.
    package let query: Query
    /// The desk knew of ballots that the store lacks.
    package let pending: Bool

    /// A tally of one poll, or ballots.
    package enum Query: Hashable, Sendable {
        case tally(PollKey)
        case own(OwnQuery)
    }

    /// All members.
    package init(ticket: UInt64, query: Query, pending: Bool) {
        self.ticket = ticket
        self.query = query
        self.pending = pending
    }
}

/// What the reading side found.
package enum BallotReadResult: Hashable, Sendable {
    /// Votes per option, participants, drains so far.
    case tally(counts: [Int], total: Int, drains: UInt64)
    /// Ballots in the store.
    case own([OwnBallot])
    /// The store has no such poll.
    case notFound
    /// The store could not be read.
    case unreadable
}
