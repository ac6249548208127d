// Owns: how the judge joins what the store holds with what the journal holds, for tallies and for `you.ballots`.
// Never: counts a ballot that the store does not hold: a tally is a select, and says when it is not all.

internal import Rooms

extension BallotJudge {
    /// Ballots of this poll may be missing in the store.
    func isPending(_ key: PollKey) -> Bool { mode == .journal || undrained.holds(key) }

    /// Turns what the reading side found into the answer.
    mutating func answer(_ read: BallotRead, _ result: BallotReadResult, nowMs: Int64) -> BallotOutcome {
        switch read.query {
        case .tally(let key): tally(read, key, result, nowMs: nowMs)
        case .own(let query): own(read.ticket, query, result)
        }
    }

    private mutating func tally(
        _ read: BallotRead, _ key: PollKey, _ result: BallotReadResult, nowMs: Int64
    ) -> BallotOutcome {
        let tally: Tally
        let pending = read.pending || isPending(key)
        switch result {
        case .tally(let counts, let total, let drains):
            tally = Tally(counts: counts, total: total, pending: pending, known: true, drainedRevisionHint: drains)
        case .notFound:
            guard let poll = known[key] else { return .rejected(ticket: read.ticket, .notFound) }
            let counts = [Int](repeating: 0, count: poll.rules.options)
            tally = Tally(counts: counts, total: 0, pending: pending, known: true, drainedRevisionHint: 0)
        case .unreadable, .own:
            tally = Tally(counts: [], total: 0, pending: true, known: false, drainedRevisionHint: 0)
        }
        if tally.pending, !undrained.holds(key) { promise(key, nowMs: nowMs) }
        return .tally(ticket: read.ticket, room: key.room, poll: key.poll, tally)
    }

    /// Whoever is told `pending` hears `drained` later, also where no record of the poll is in the journal.
    private mutating func promise(_ key: PollKey, nowMs: Int64) {
        promised.insert(key)
        if mode == .store { promisedAtMs = min(promisedAtMs, nowMs + BallotLimits.readRetryMs) }
    }

    private func own(_ ticket: UInt64, _ query: OwnQuery, _ result: BallotReadResult) -> BallotOutcome {
        var stored: [OwnBallot] = []
        switch result {
        case .own(let ballots): stored = ballots
        case .notFound: break
        case .unreadable, .tally: return .rejected(ticket: ticket, .unavailable)
        }
        switch query {
        case .participant(let room, let participant, let polls):
            for poll in polls {
                let key = PollKey(room: room, poll: poll)
                let place = stored.firstIndex { $0.poll == poll }
                overlay(key, participant, undrained.attempts(key, participant), at: place, onto: &stored)
            }
        case .poll(let key):
            var places: [ParticipantID: Int] = [:]
            for (place, ballot) in stored.enumerated() { places[ballot.participant] = place }
            for (participant, attempts) in undrained.attempts(key) {
                overlay(key, participant, attempts, at: places[participant], onto: &stored)
            }
        }
        return .own(ticket: ticket, stored)
    }

    /// Shows a ballot of the journal where it will count once it is drained. `place`: where the participant's ballot
    /// of the store stands in `ballots`.
    private func overlay(
        _ key: PollKey, _ participant: ParticipantID, _ attempts: [UndrainedBallots.Attempt], at place: Int?,
        onto ballots: inout [OwnBallot]
    ) {
        guard let poll = known[key] else { return }
        var place = place
        for attempt in attempts where attempt.acceptedMs < poll.endMs {
            let ballot = OwnBallot(
                poll: key.poll, participant: participant, attempt: attempt.attempt, choices: attempt.choices,
                acceptedMs: attempt.acceptedMs, durable: .node)
            guard let held = place else {
                place = ballots.count
                ballots.append(ballot)
                continue
            }
            if ballot.displaces(ballots[held], allowChange: poll.rules.allowChange) { ballots[held] = ballot }
        }
    }
}

extension OwnBallot {
    /// The counting rule: without change the least (accepted, attempt) counts, with change the greatest.
    func displaces(_ other: OwnBallot, allowChange: Bool) -> Bool {
        if acceptedMs != other.acceptedMs { return (acceptedMs > other.acceptedMs) == allowChange }
        return attempt != other.attempt && (attempt > other.attempt) == allowChange
    }
}
