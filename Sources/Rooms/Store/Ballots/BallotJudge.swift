// Owns: the decisions of the ballot desk: which records go to the store in one transaction, when the journal takes its
// place, when the journal is drained, and what each sender is told.
// Never: I/O, a clock, a thread. Time is an argument; what is to be done is returned and its result comes back as the
// next input. One ticket is answered once.
// Limits: see BallotLimits.

internal import Rooms

/// The state machine of the ballot desk.
///
/// Two modes. *Store*: one transaction at a time, and what arrives meanwhile waits for the next. *Journal*: entered
/// when a transaction fails or has not answered within its limit; what waits is journaled and receipted `.node`, until
/// the store has taken all that the journal holds. The records of a transaction in doubt are journaled as well: the
/// ledger is idempotent, so it does not matter whether the transaction had come through.
package struct BallotJudge: Sendable {
    /// Where receipts come from.
    package enum Mode: Hashable, Sendable { case store, journal }

    /// What the owner is to do, in order. Each of the first four has exactly one input as its answer.
    package enum Action: Hashable, Sendable {
        /// Judge these in one transaction on the store's thread; answer with `judged`. At most one is under way.
        case judge([BallotRecord])
        /// Drain these in one transaction; answer with `judged`. An empty list asks whether the store is there.
        case drain([BallotRecord])
        /// Write and sync these now; answer with `journaled`.
        case journal([BallotRecord])
        /// Read up to so many undrained records from the journal; answer with `loaded`.
        case load(Int)
        /// Ask the reading side; answer with `read`.
        case read(BallotRead)
        /// Tell the caller.
        case deliver([BallotOutcome])
    }

    /// The two clocks: the wall's for stamps, the monotonic for limits. Both in ms.
    package struct Moment: Hashable, Sendable {
        /// Milliseconds since 1970.
        package let wallMs: Int64
        /// Milliseconds of a clock that no one sets.
        package let nowMs: Int64

        /// Both members.
        package init(wallMs: Int64, nowMs: Int64) {
            self.wallMs = wallMs
            self.nowMs = nowMs
        }
    }

    /// A transaction that has not answered.
    struct Flight: Sendable {
        enum Work: Sendable {
            case judging([WaitingRecord])
            case draining([BallotRecord])
            /// Its records were journaled since: whatever it answers, only that it answers matters.
            case abandoned
        }
        var work: Work
        let startedMs: Int64
    }

    /// Where receipts come from now.
    package internal(set) var mode: Mode
    /// The desk's stamps.
    package internal(set) var clock: AcceptanceClock
    var known = KnownPolls()
    var undrained: UndrainedBallots
    var waiting: [WaitingRecord] = []
    var flight: Flight?
    /// The commit that the owner is writing.
    var plan: JournalPlan?
    /// True while the owner reads the journal.
    var isLoading = false
    /// A batch read from the journal whose transaction failed.
    var unsent: [BallotRecord]?
    /// The store's last answer was a success.
    var isHealthy: Bool
    var retryAtMs: Int64 = .min
    var retryMs = BallotLimits.retryMsMin
    /// Polls whose tally was called pending without a record in the journal, and when to say `drained` for them.
    var promised: Set<PollKey> = []
    var promisedAtMs: Int64 = .max
    let transactionMs: Int64

    /// A judge that knows nothing yet: call `recovered` and `found` before the first request.
    ///
    /// - Parameters:
    ///   - storeAnswers: the store was opened; else the judge begins in journal mode.
    ///   - transactionMs: how long one transaction may take.
    package init(
        storeAnswers: Bool, transactionMs: Int64 = BallotLimits.transactionMs,
        indexMax: Int = BallotLimits.undrainedIndexMax
    ) {
        undrained = UndrainedBallots(indexMax: indexMax)
        clock = AcceptanceClock()
        isHealthy = storeAnswers
        mode = storeAnswers ? .store : .journal
        self.transactionMs = transactionMs
    }

    /// How many records the journal holds that the store has not confirmed.
    package var undrainedCount: Int { undrained.count }

    /// The greatest time that it has given or found, ms since 1970.
    package var lastStampMs: Int64 { clock.lastMs }

    /// How many records wait for a transaction or the journal.
    package var waitingCount: Int { waiting.count }

    /// True when nobody waits for an answer: what is left to do can be done after a restart.
    package var isSettled: Bool {
        guard waiting.isEmpty, plan == nil else { return false }
        if case .judging = flight?.work { return false }
        return true
    }

    /// When to call `timePassed` at the latest, on the monotonic clock; nil for never.
    package var wakeMs: Int64? {
        var wake = promised.isEmpty || mode == .journal ? Int64.max : promisedAtMs
        if let flight {
            switch flight.work {
            case .judging: wake = min(wake, flight.startedMs + transactionMs)
            case .draining where !waiting.isEmpty: wake = min(wake, flight.startedMs + transactionMs)
            case .draining, .abandoned: break
            }
        } else if mode == .journal {
            wake = min(wake, retryAtMs)
        }
        return wake == .max ? nil : wake
    }

    // MARK: - Inputs

    /// The store was opened and says what it holds: polls that are open, and its last stamp.
    package mutating func recovered(polls: [PollKey: KnownPolls.Poll], stampMs: Int64) {
        let lastStampMs = clock.lastMs
        clock.raise(to: stampMs)
        known.knowsStore = true
        for key in polls.keys.sorted() {
            guard let poll = polls[key] else { continue }
            known.insert(key, poll)
            known.stamped(key, atMs: lastStampMs)
            if poll.lastStampMs > 0 { known.stored(key) }
        }
    }

    /// The journal of an earlier process holds a record that the store may lack; oldest first, before any request.
    package mutating func found(_ record: BallotRecord) {
        mode = .journal
        remember(record)
    }

    /// Requests arrived. They are stamped and wait; `judged` or `timePassed`, called next, takes them further, so that
    /// an answer that came with them is heard before a limit is judged.
    package mutating func submitted(_ requests: [TicketedRequest], at moment: Moment) -> [Action] {
        var actions: [Action] = []
        for item in requests {
            switch item.request {
            case .submit(let ballot):
                let stamp = clock.stamp(ballot, wallMs: moment.wallMs)
                known.stamped(ballot.key, atMs: stamp)
                wait(item.ticket, .ballot(ballot, acceptedMs: stamp))
            case .open(let key, let rules):
                wait(item.ticket, .open(key, rules, atMs: clock.stampOpen(wallMs: moment.wallMs)))
            case .close(let key, let closedTs):
                let stamp = clock.stampClose(wallMs: moment.wallMs)
                // After every ballot that may be accepted yet, and the same whether store or journal carries it out. Of
                // a poll that is not known yet, ballots may be waiting.
                let earliest = known[key].map { $0.lastStampMs + 1 } ?? stamp
                let closedMs = max(min(closedTs ?? stamp, stamp), earliest)
                wait(item.ticket, .close(key, closedMs: closedMs, atMs: stamp))
            case .tally(let key):
                actions.append(.read(BallotRead(ticket: item.ticket, query: .tally(key), pending: isPending(key))))
            case .own(let query):
                actions.append(.read(BallotRead(ticket: item.ticket, query: .own(query), pending: false)))
            }
        }
        return actions
    }

    /// The transaction under way has answered: a verdict for each record, or nil for a failure.
    package mutating func judged(_ verdicts: [LedgerVerdict]?, at moment: Moment) -> [Action] {
        guard let answered = flight else { preconditionFailure("the store answered what it was not asked") }
        flight = nil
        var actions: [Action] = []
        isHealthy = verdicts != nil
        if verdicts == nil {
            retryAtMs = moment.nowMs + retryMs
            retryMs = min(retryMs * 2, BallotLimits.retryMsMax)
        } else {
            retryAtMs = moment.nowMs
            retryMs = BallotLimits.retryMsMin
        }
        switch (answered.work, verdicts) {
        case (.judging(let records), let verdicts?): tell(records, verdicts, &actions)
        case (.judging(let records), nil):
            waiting.insert(contentsOf: records, at: 0)
            mode = .journal
        case (.draining(let records), let verdicts?): confirm(records, verdicts, &actions)
        case (.draining(let records), nil): unsent = records
        case (.abandoned, _): break
        }
        proceed(moment, &actions)
        return actions
    }

    /// The journal has synced what it was given, or refused all of it.
    package mutating func journaled(_ isDurable: Bool, at moment: Moment) -> [Action] {
        guard let plan else { preconditionFailure("the journal answered what it was not asked") }
        self.plan = nil
        if isDurable { for record in plan.records { remember(record) } }
        var actions: [Action] = [.deliver(isDurable ? plan.answers : plan.refusals)]
        proceed(moment, &actions)
        return actions
    }

    /// The next undrained records, oldest first; nil or none where the journal could not be read.
    package mutating func loaded(_ records: [BallotRecord]?, at moment: Moment) -> [Action] {
        precondition(isLoading, "the journal was not asked for records")
        isLoading = false
        if let records, !records.isEmpty {
            unsent = records
        } else {
            isHealthy = false
            retryAtMs = moment.nowMs + BallotLimits.retryMsMax
        }
        var actions: [Action] = []
        proceed(moment, &actions)
        return actions
    }

    /// The reading side has answered.
    package mutating func read(
        _ read: BallotRead, _ result: BallotReadResult, at moment: Moment
    ) -> [Action] {
        [.deliver([answer(read, result, nowMs: moment.nowMs)])]
    }

    /// Requests were submitted, or `wakeMs` has come.
    package mutating func timePassed(at moment: Moment) -> [Action] {
        var actions: [Action] = []
        proceed(moment, &actions)
        return actions
    }

    /// Gives up on what still waits for an answer, for the end of the process: a repetition will be answered.
    package mutating func giveUp() -> [BallotOutcome] {
        var left = waiting
        if case .judging(let records) = flight?.work { left = records + left }
        waiting = []
        if flight != nil { flight?.work = .abandoned }
        return left.map { .rejected(ticket: $0.ticket, .unavailable) }
    }
}
