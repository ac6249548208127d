// Owns: the steps of the judge: what it does next in each mode, and what it says of answers.
// Never: an input of its own; see BallotJudge.swift for those.

internal import Rooms

extension BallotJudge {
    /// Does what can be done now, until something has to be waited for.
    mutating func proceed(_ moment: Moment, _ actions: inout [Action]) {
        if mode == .store { proceedInStore(moment, &actions) }
        if mode == .journal { proceedInJournal(moment, &actions) }
        keepPromises(moment, &actions)
    }

    private mutating func proceedInStore(_ moment: Moment, _ actions: inout [Action]) {
        guard let flight else { return startJudging(moment, &actions) }
        guard moment.nowMs >= flight.startedMs + transactionMs, case .judging(let records) = flight.work else { return }
        waiting.insert(contentsOf: records, at: 0)
        self.flight?.work = .abandoned
        isHealthy = false
        mode = .journal
    }

    private mutating func startJudging(_ moment: Moment, _ actions: inout [Action]) {
        guard !waiting.isEmpty else { return }
        let batch = Array(waiting.prefix(BallotLimits.transactionRecordsMax))
        waiting.removeFirst(batch.count)
        flight = Flight(work: .judging(batch), startedMs: moment.nowMs)
        actions.append(.judge(batch.map(\.record)))
    }

    private mutating func proceedInJournal(_ moment: Moment, _ actions: inout [Action]) {
        guard plan == nil, !isLoading else { return }
        if flight == nil, moment.nowMs >= retryAtMs {
            if isHealthy, undrained.count == 0 { return leaveJournal(moment, &actions) }
            if unsent == nil, undrained.count > 0 {
                isLoading = true
                actions.append(.load(BallotLimits.transactionRecordsMax))
                return
            }
            let batch = unsent ?? []
            unsent = nil
            flight = Flight(work: .draining(batch), startedMs: moment.nowMs)
            actions.append(.drain(batch))
        }
        if !isAboutToLeave(moment) { startJournaling(&actions) }
    }

    /// While the last batch drains through a store that answers, the waiting wait for the store.
    private func isAboutToLeave(_ moment: Moment) -> Bool {
        guard isHealthy, let flight, case .draining(let records) = flight.work else { return false }
        return records.count == undrained.count && moment.nowMs < flight.startedMs + transactionMs
    }

    private mutating func startJournaling(_ actions: inout [Action]) {
        while !waiting.isEmpty {
            var plan = JournalPlan()
            let count = min(waiting.count, BallotLimits.journalRecordsMax)
            for record in waiting.prefix(count) { plan.admit(record, known: known, undrained: undrained) }
            waiting.removeFirst(count)
            if plan.records.isEmpty {
                actions.append(.deliver(plan.answers))
            } else {
                actions.append(.journal(plan.records))
                self.plan = plan
                return
            }
        }
    }

    private mutating func leaveJournal(_ moment: Moment, _ actions: inout [Action]) {
        mode = .store
        promisedAtMs = moment.nowMs
        proceedInStore(moment, &actions)
    }

    private mutating func keepPromises(_ moment: Moment, _ actions: inout [Action]) {
        guard mode == .store, !promised.isEmpty, moment.nowMs >= promisedAtMs else { return }
        actions.append(.deliver(promised.sorted().map { .drained(room: $0.room, poll: $0.poll) }))
        promised = []
        promisedAtMs = .max
    }

    mutating func wait(_ ticket: UInt64, _ record: BallotRecord) {
        waiting.append(WaitingRecord(ticket: ticket, record: record))
    }

    /// The journal holds a record.
    mutating func remember(_ record: BallotRecord) {
        undrained.insert(record)
        switch record {
        case .ballot(let ballot, let acceptedMs):
            known.stamped(ballot.key, atMs: acceptedMs)
            clock.raise(to: acceptedMs)
        case .open(let key, let rules, let atMs):
            clock.raise(to: atMs)
            // Ballots that came before it was known have waited without a trace here.
            known.insert(
                key,
                KnownPolls.Poll(rules: rules, lastStampMs: clock.lastMs, mayBeStored: !known.knowsStore))
        case .close(let key, let closedMs, let atMs):
            known.close(key, closedMs: closedMs)
            clock.raise(to: atMs)
        }
    }

    /// The store has judged what waited.
    mutating func tell(_ records: [WaitingRecord], _ verdicts: [LedgerVerdict], _ actions: inout [Action]) {
        precondition(records.count == verdicts.count, "the ledger gives one verdict a record")
        var outcomes: [BallotOutcome] = []
        outcomes.reserveCapacity(records.count)
        for (waiting, verdict) in zip(records, verdicts) {
            let key = waiting.record.key
            let ticket = waiting.ticket
            switch (waiting.record, verdict) {
            case (_, .refused(let rejection)): outcomes.append(.rejected(ticket: ticket, rejection))
            case (.ballot, .accepted(let acceptedMs, let choices, let duplicate, _)):
                known.stored(key)
                outcomes.append(
                    .receipt(
                        ticket: ticket, durable: .store, acceptedMs: acceptedMs, choices: choices,
                        duplicate: duplicate))
            case (.open(_, let rules, _), .opened(let closedMs)):
                known.insert(key, KnownPolls.Poll(rules: rules, lastStampMs: clock.lastMs))
                if let closedMs { known.close(key, closedMs: closedMs) }
                outcomes.append(.opened(ticket: ticket, room: key.room, poll: key.poll, closedTs: closedMs))
            case (.close, .closed(let closedMs)):
                known.close(key, closedMs: closedMs)
                outcomes.append(.closed(ticket: ticket, room: key.room, poll: key.poll, closedTs: closedMs))
            case (.ballot, _), (.open, _), (.close, _):
                preconditionFailure("the ledger answered another kind of record")
            }
        }
        actions.append(.deliver(outcomes))
    }

    /// The store has taken what the journal held.
    mutating func confirm(_ records: [BallotRecord], _ verdicts: [LedgerVerdict], _ actions: inout [Action]) {
        precondition(records.count == verdicts.count, "the ledger gives one verdict a record")
        var outcomes: [BallotOutcome] = []
        var emptied: [BallotOutcome] = []
        for (record, verdict) in zip(records, verdicts) {
            let key = record.key
            if case .ballot(let ballot, _) = record {
                known.stored(key)
                outcomes.append(
                    .stored(
                        room: key.room, poll: key.poll, participant: ballot.participant, attempt: ballot.attempt,
                        Self.fate(of: ballot, verdict)))
            }
            if undrained.remove(record) {
                promised.remove(key)
                emptied.append(.drained(room: key.room, poll: key.poll))
            }
        }
        outcomes += emptied
        if !outcomes.isEmpty { actions.append(.deliver(outcomes)) }
    }

    private static func fate(of ballot: Ballot, _ verdict: LedgerVerdict) -> StoredFate {
        guard case .accepted(_, let choices, _, let counts) = verdict, choices == ballot.choices else {
            return .refused
        }
        return counts ? .counted : .replaced
    }
}
