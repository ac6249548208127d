// Owns: what a ballot is, the rules of its poll, and why one is not taken.
// Never: a decision. Values only; the judgement is the ledger's (SQLiteBallotLedger), the judge's while it is away.
// Limits: see BallotLimits.

package import Rooms

/// Which poll of which room: the key of everything about ballots.
package struct PollKey: Hashable, Comparable, Sendable {
    /// The room.
    package let room: RoomKey
    /// The poll, by the seq at which it was opened.
    package let poll: PollID

    /// A key from its two parts.
    package init(room: RoomKey, poll: PollID) {
        self.room = room
        self.poll = poll
    }

    /// Rooms by their bytes, polls of a room by age.
    package static func < (left: PollKey, right: PollKey) -> Bool {
        left.room == right.room ? left.poll.seq < right.poll.seq : left.room < right.room
    }
}

/// One answer of one participant to one poll, as it arrived.
package struct Ballot: Hashable, Sendable {
    /// The room of the poll.
    package let room: RoomKey
    /// The poll.
    package let poll: PollID
    /// Who answers.
    package let participant: ParticipantID
    /// The client's own id of this attempt: 1…64 printable ASCII characters; the same attempt counts once, for ever.
    package let attempt: String
    /// Bit i set: option i is chosen.
    package let choices: UInt64

    /// A ballot, or nil where `attempt` breaks its rule.
    package init?(room: RoomKey, poll: PollID, participant: ParticipantID, attempt: String, choices: UInt64) {
        guard BallotLimits.isAttempt(attempt) else { return nil }
        self.room = room
        self.poll = poll
        self.participant = participant
        self.attempt = attempt
        self.choices = choices
    }

    /// The poll's key.
    package var key: PollKey { PollKey(room: room, poll: poll) }
}

/// What a poll admits; fixed when it is opened.
package struct PollRules: Hashable, Sendable {
    /// How many options there are, 1…64.
    package let options: Int
    /// More than one option may be chosen.
    package let multiple: Bool
    /// A participant's later ballot replaces an earlier one.
    package let allowChange: Bool
    /// The deadline in ms since 1970: a ballot accepted at that millisecond or later does not count.
    package let closesTs: Int64?

    /// Rules for a poll; `options` must lie in 1…64.
    package init(options: Int, multiple: Bool, allowChange: Bool, closesTs: Int64?) {
        precondition((1...64).contains(options), "choices are the bits of a 64-bit word")
        self.options = options
        self.multiple = multiple
        self.allowChange = allowChange
        self.closesTs = closesTs
    }

    /// True where `choices` names at least one option, none that does not exist, and one only in a single choice.
    package func admits(_ choices: UInt64) -> Bool {
        guard choices != 0 else { return false }
        guard options == 64 || choices >> UInt64(options) == 0 else { return false }
        return multiple || choices.nonzeroBitCount == 1
    }
}

/// Why a ballot, an open or a close was not taken.
package enum BallotRejection: Hashable, Sendable {
    /// The poll was closed, or its deadline had passed, when the ballot came.
    case closed
    /// The participant has answered and the poll allows no change; what counts is given.
    case alreadyAnswered(attempt: String, choices: UInt64)
    /// There is no such poll.
    case notFound
    /// Neither the store nor the journal takes it now. It may be sent again under the same attempt id; where the store
    /// was in doubt it may even count already, and the repetition says so.
    case unavailable
    /// The choices do not fit the poll.
    case invalid
    /// A poll of this key exists with other rules: two epochs of the log have given out the same seq.
    case conflict
}

/// What an acknowledged ballot survives.
package enum Durability: UInt8, Hashable, Sendable {
    /// All that the database survives.
    case store
    /// Kill and power cut of this node, not the loss of its disk: an fsynced journal holds it.
    case node
}

/// A participant's ballot in one poll, as `you.ballots` shows it.
package struct OwnBallot: Hashable, Sendable {
    /// The poll.
    package let poll: PollID
    /// Whose it is.
    package let participant: ParticipantID
    /// The attempt that counts.
    package let attempt: String
    /// Bit i set: option i is chosen.
    package let choices: UInt64
    /// When it was accepted, ms since 1970.
    package let acceptedMs: Int64
    /// Where it lies.
    package let durable: Durability

    /// All members.
    package init(
        poll: PollID, participant: ParticipantID, attempt: String, choices: UInt64, acceptedMs: Int64,
        durable: Durability
    ) {
        self.poll = poll
        self.participant = participant
        self.attempt = attempt
        self.choices = choices
        self.acceptedMs = acceptedMs
        self.durable = durable
    }
}

/// The count of a poll at one moment.
package struct Tally: Hashable, Sendable {
    /// Votes per option, in option order; empty where the store could not be read (`known` is false).
    package let counts: [Int]
    /// Participants who have answered.
    package let total: Int
    /// True while ballots may be missing: the journal holds some of this poll, or the store is away. A `.drained` for
    /// the poll follows as soon as asking again may help.
    package let pending: Bool
    /// False where the store could not be read: `counts` and `total` say nothing then.
    package let known: Bool
    /// Rises with every drain that touched this poll; the same hint and `pending == false` give the same counts for a
    /// closed poll.
    package let drainedRevisionHint: UInt64

    /// All members.
    package init(counts: [Int], total: Int, pending: Bool, known: Bool, drainedRevisionHint: UInt64) {
        self.counts = counts
        self.total = total
        self.pending = pending
        self.known = known
        self.drainedRevisionHint = drainedRevisionHint
    }
}
