// Owns: the counting rules in their plainest form, to compare real ledgers and the judge with.
// Never: an index, a shortcut or a file: lists, and the rule read off the page.

import LiveIO
import Rooms
import RoomsStore

/// A ledger in memory whose counting ballot is always worked out anew from all attempts.
final class ModelLedger: BallotLedger, BallotReader {
    struct Attempt: Hashable {
        let participant: ParticipantID
        let attempt: String
        var acceptedMs: Int64
        var choices: UInt64
    }

    struct Poll {
        let rules: PollRules
        var closedMs: Int64?
        var attempts: [Attempt] = []
        var drains: UInt64 = 0

        var endMs: Int64 { min(closedMs ?? .max, rules.closesTs ?? .max) }

        func counting(_ participant: ParticipantID) -> Attempt? {
            let valid = attempts.filter { $0.participant == participant && $0.acceptedMs < endMs }
            let ordered = valid.sorted { ($0.acceptedMs, $0.attempt) < ($1.acceptedMs, $1.attempt) }
            return rules.allowChange ? ordered.last : ordered.first
        }
    }

    var polls: [PollKey: Poll] = [:]
    var drainedTo: JournalPosition?
    var stampMs: Int64 = 0

    func state() throws(StoreFailure) -> LedgerState {
        var open: [PollKey: KnownPolls.Poll] = [:]
        for (key, poll) in polls where poll.closedMs == nil {
            open[key] = KnownPolls.Poll(
                rules: poll.rules, lastStampMs: poll.attempts.map(\.acceptedMs).max() ?? 0)
        }
        return LedgerState(polls: open, stampMs: stampMs, drainedTo: drainedTo)
    }

    func judge(_ records: [BallotRecord]) throws(StoreFailure) -> [LedgerVerdict] {
        records.map { record in
            stampMs = max(stampMs, record.stampMs)
            guard var poll = polls[record.key] else { return missing(record) }
            defer { polls[record.key] = poll }
            switch record {
            case .open(_, let rules, _):
                return rules == poll.rules ? .opened(closedMs: poll.closedMs) : .refused(.conflict)
            case .close(_, let closedMs, _):
                if let closed = poll.closedMs { return .closed(closedMs: closed) }
                let last = poll.attempts.map(\.acceptedMs).filter { $0 < poll.endMs }.max() ?? 0
                poll.closedMs = max(closedMs, last + 1)
                return .closed(closedMs: max(closedMs, last + 1))
            case .ballot(let ballot, let acceptedMs):
                return judge(ballot, acceptedMs, &poll)
            }
        }
    }

    private func judge(_ ballot: Ballot, _ acceptedMs: Int64, _ poll: inout Poll) -> LedgerVerdict {
        let counting = poll.counting(ballot.participant)
        let same = poll.attempts.first { $0.participant == ballot.participant && $0.attempt == ballot.attempt }
        if let same {
            guard same.acceptedMs < poll.endMs else { return .refused(.closed) }
            let counted = counting?.attempt == same.attempt
            if !counted, !poll.rules.allowChange, let counting {
                return .refused(.alreadyAnswered(attempt: counting.attempt, choices: counting.choices))
            }
            return .accepted(
                acceptedMs: same.acceptedMs, choices: same.choices, duplicate: true, counted: counted)
        }
        guard acceptedMs < poll.endMs else { return .refused(.closed) }
        guard poll.rules.admits(ballot.choices) else { return .refused(.invalid) }
        if let counting, !poll.rules.allowChange {
            return .refused(.alreadyAnswered(attempt: counting.attempt, choices: counting.choices))
        }
        poll.attempts.append(
            Attempt(
                participant: ballot.participant, attempt: ballot.attempt, acceptedMs: acceptedMs,
                choices: ballot.choices))
        return .accepted(
            acceptedMs: acceptedMs, choices: ballot.choices, duplicate: false,
            counted: poll.counting(ballot.participant)?.attempt == ballot.attempt)
    }

    private func missing(_ record: BallotRecord) -> LedgerVerdict {
        guard case .open(let key, let rules, _) = record else { return .refused(.notFound) }
        polls[key] = Poll(rules: rules)
        return .opened(closedMs: nil)
    }

    func drain(_ records: [BallotRecord], to drainedTo: JournalPosition?) throws(StoreFailure) -> [LedgerVerdict] {
        defer {
            if let drainedTo {
                self.drainedTo = drainedTo
                for key in Set(records.map(\.key)) { polls[key]?.drains += 1 }
            }
        }
        return records.map { record in
            stampMs = max(stampMs, record.stampMs)
            guard var poll = polls[record.key] else { return missing(record) }
            defer { polls[record.key] = poll }
            switch record {
            case .open(_, let rules, _):
                return rules == poll.rules ? .opened(closedMs: poll.closedMs) : .refused(.conflict)
            case .close(_, let closedMs, _):
                poll.closedMs = min(closedMs, poll.closedMs ?? .max)
                return .closed(closedMs: min(closedMs, poll.closedMs ?? .max))
            case .ballot(let ballot, let acceptedMs):
                return drain(ballot, acceptedMs, &poll)
            }
        }
    }

    private func drain(_ ballot: Ballot, _ acceptedMs: Int64, _ poll: inout Poll) -> LedgerVerdict {
        guard poll.rules.admits(ballot.choices) else { return .refused(.invalid) }
        let place = poll.attempts.firstIndex {
            $0.participant == ballot.participant && $0.attempt == ballot.attempt
        }
        var kept = Attempt(
            participant: ballot.participant, attempt: ballot.attempt, acceptedMs: acceptedMs,
            choices: ballot.choices)
        if let place {
            let there = poll.attempts[place]
            if (there.acceptedMs, there.choices) < (acceptedMs, ballot.choices) { kept = there }
            poll.attempts[place] = kept
        } else {
            poll.attempts.append(kept)
        }
        guard kept.acceptedMs < poll.endMs else { return .refused(.closed) }
        return .accepted(
            acceptedMs: kept.acceptedMs, choices: kept.choices, duplicate: place != nil,
            counted: poll.counting(ballot.participant)?.attempt == ballot.attempt)
    }

    func read(_ query: BallotRead.Query) -> BallotReadResult {
        switch query {
        case .tally(let key):
            guard let poll = polls[key] else { return .notFound }
            let counting = Set(poll.attempts.map(\.participant)).compactMap { poll.counting($0) }
            let counts = (0..<poll.rules.options).map { option in
                counting.count { $0.choices >> UInt64(option) & 1 == 1 }
            }
            return .tally(counts: counts, total: counting.count, drains: poll.drains)
        case .own(.poll(let key)):
            guard let poll = polls[key] else { return .own([]) }
            let voters = Set(poll.attempts.map(\.participant)).sorted()
            return .own(voters.compactMap { poll.counting($0).map { own(key.poll, $0) } })
        case .own(.participant(let room, let participant, let wanted)):
            return .own(
                wanted.compactMap { id in
                    polls[PollKey(room: room, poll: id)]?.counting(participant).map { own(id, $0) }
                })
        }
    }

    private func own(_ poll: PollID, _ attempt: Attempt) -> OwnBallot {
        OwnBallot(
            poll: poll, participant: attempt.participant, attempt: attempt.attempt, choices: attempt.choices,
            acceptedMs: attempt.acceptedMs, durable: .store)
    }
}
