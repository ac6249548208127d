// Owns: one journal commit in the making, while the store is away: which waiting records go in, and what their senders
// hear once it is synced.
// Never: I/O. Nothing here changes what the judge knows before the commit has succeeded.

internal import Rooms

/// A record that waits for its verdict, and who waits for it.
package struct WaitingRecord: Hashable, Sendable {
    /// The caller's number.
    package let ticket: UInt64
    /// What is to be made durable.
    package let record: BallotRecord

    /// Both members.
    package init(ticket: UInt64, record: BallotRecord) {
        self.ticket = ticket
        self.record = record
    }
}

/// Judges waiting records by what is known without the store.
///
/// It is stricter than need be where it knows little (an unknown poll is `unavailable`), and never admits what it knows
/// the store will refuse. What it admits is judged by the ledger when it is drained. What it refuses for good the store
/// would refuse, too: an attempt that the store may hold already is told to come again.
struct JournalPlan {
    /// What to write, in queue order.
    private(set) var records: [BallotRecord] = []
    /// What to say once `records` are synced.
    private(set) var answers: [BallotOutcome] = []
    /// Whom to tell `unavailable` when they are not.
    private(set) var tickets: [UInt64] = []

    private struct Voter: Hashable {
        let key: PollKey
        let participant: ParticipantID
    }

    /// Polls and attempts as they will be after the commit, where that differs from now.
    private var polls: [PollKey: KnownPolls.Poll] = [:]
    private var attempts: [Voter: [UndrainedBallots.Attempt]] = [:]

    /// Takes one waiting record in.
    mutating func admit(_ waiting: WaitingRecord, known: KnownPolls, undrained: UndrainedBallots) {
        tickets.append(waiting.ticket)
        let key = waiting.record.key
        let poll = polls[key] ?? known[key]
        switch waiting.record {
        case .open(_, let rules, _): open(waiting, key, rules, poll, mayBeStored: !known.knowsStore)
        case .close(_, let closedMs, _): close(waiting, key, poll, closedMs: closedMs)
        case .ballot(let ballot, let acceptedMs):
            answer(waiting, ballot, poll, acceptedMs: acceptedMs, undrained: undrained)
        }
    }

    /// The outcomes when the commit failed.
    var refusals: [BallotOutcome] { tickets.map { .rejected(ticket: $0, .unavailable) } }

    private mutating func open(
        _ waiting: WaitingRecord, _ key: PollKey, _ rules: PollRules, _ poll: KnownPolls.Poll?, mayBeStored: Bool
    ) {
        if let poll, poll.rules != rules { return reject(waiting, .conflict) }
        if poll == nil {
            polls[key] = KnownPolls.Poll(rules: rules, mayBeStored: mayBeStored)
            records.append(waiting.record)
        }
        answers.append(
            .opened(ticket: waiting.ticket, room: key.room, poll: key.poll, closedTs: poll?.closedMs))
    }

    private mutating func close(
        _ waiting: WaitingRecord, _ key: PollKey, _ poll: KnownPolls.Poll?, closedMs: Int64
    ) {
        guard var poll else { return reject(waiting, .unavailable) }
        if poll.closedMs == nil {
            poll.closedMs = closedMs
            polls[key] = poll
            records.append(waiting.record)
        }
        answers.append(
            .closed(ticket: waiting.ticket, room: key.room, poll: key.poll, closedTs: poll.closedMs ?? closedMs))
    }

    private mutating func answer(
        _ waiting: WaitingRecord, _ ballot: Ballot, _ poll: KnownPolls.Poll?, acceptedMs: Int64,
        undrained: UndrainedBallots
    ) {
        guard let poll else { return reject(waiting, .unavailable) }
        let voter = Voter(key: ballot.key, participant: ballot.participant)
        let earlier = undrained.attempts(ballot.key, ballot.participant) + (attempts[voter] ?? [])
        if let same = earlier.first(where: { $0.attempt == ballot.attempt }) {
            return receipt(waiting, acceptedMs: same.acceptedMs, choices: same.choices, duplicate: true)
        }
        guard acceptedMs < poll.endMs else { return reject(waiting, poll.mayBeStored ? .unavailable : .closed) }
        guard poll.rules.admits(ballot.choices) else { return reject(waiting, .invalid) }
        if let first = earlier.first, !poll.rules.allowChange {
            return reject(
                waiting,
                poll.mayBeStored
                    ? .unavailable : .alreadyAnswered(attempt: first.attempt, choices: first.choices))
        }
        attempts[voter, default: []].append(
            UndrainedBallots.Attempt(attempt: ballot.attempt, choices: ballot.choices, acceptedMs: acceptedMs))
        records.append(waiting.record)
        receipt(waiting, acceptedMs: acceptedMs, choices: ballot.choices, duplicate: false)
    }

    private mutating func receipt(_ waiting: WaitingRecord, acceptedMs: Int64, choices: UInt64, duplicate: Bool) {
        answers.append(
            .receipt(
                ticket: waiting.ticket, durable: .node, acceptedMs: acceptedMs, choices: choices,
                duplicate: duplicate))
    }

    private mutating func reject(_ waiting: WaitingRecord, _ rejection: BallotRejection) {
        answers.append(.rejected(ticket: waiting.ticket, rejection))
    }
}
