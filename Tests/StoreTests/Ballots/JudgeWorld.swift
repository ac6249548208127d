// Owns: a whole world for the judge without a thread: a store that fails, hangs and forgets to answer, a journal that
// refuses, crashes at any point, all decided by a seed. What happened is compared with what was promised.
// Never: a real clock, file or thread.

import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore

/// One run of the judge against a model of store and journal.
struct JudgeWorld {
    /// What a sender was told.
    struct Promise {
        let ballot: Ballot
        let durable: Durability
        let acceptedMs: Int64
        let choices: UInt64
        let isDuplicate: Bool
    }

    private(set) var judge: BallotJudge
    private(set) var random: SeededRandom
    let ledger = ModelLedger()
    /// What the journal holds, and how much of it the store has confirmed to the desk.
    private var journal: [BallotRecord] = []
    private var drained = 0
    private var loaded = 0
    /// The transaction that the store has not answered.
    private var flight: BallotJudge.Action?
    private var wallMs: Int64 = 1_000_000
    private var nowMs: Int64 = 0
    private var isStoreAway = false
    private var isDiskFull = false
    private var lastTicket: UInt64 = 0

    private(set) var asked: [UInt64: BallotRequest] = [:]
    private(set) var answers: [UInt64: [BallotOutcome]] = [:]
    private(set) var promises: [Promise] = []
    private(set) var closes: [PollKey: Int64] = [:]
    private(set) var storedCount = 0
    private(set) var pendingTold: Set<PollKey> = []
    private(set) var crashes = 0
    /// Starts at which the store could not be asked what it holds.
    private(set) var blindStarts = 0
    private(set) var faults: [String] = []

    /// Breaks a rule on purpose, so that the checks can be seen to notice.
    enum Plant: CaseIterable {
        case none
        /// The journal says "synced" and has nothing.
        case journalLies
        /// A drained batch is not written to the ledger.
        case drainForgets
        /// The ledger takes an attempt twice under another name.
        case doubles
    }
    let plant: Plant

    init(seed: UInt64, plant: Plant = .none) {
        random = SeededRandom(seed: seed)
        self.plant = plant
        judge = BallotJudge(storeAnswers: true, transactionMs: 100, indexMax: 50)
    }

    private var moment: BallotJudge.Moment { BallotJudge.Moment(wallMs: wallMs, nowMs: nowMs) }

    /// Plays `steps` random steps, then lets everything come back and settle.
    mutating func play(steps: Int) {
        for key in Self.polls { request(.open(key, Self.rules(key))) }
        for _ in 0..<steps { step() }
        isStoreAway = false
        isDiskFull = false
        for _ in 0..<2_000 where !isQuiet { settle() }
        if !isQuiet { faults.append("the judge does not come to rest") }
    }

    private var isQuiet: Bool {
        judge.mode == .store && judge.isSettled && flight == nil && judge.undrainedCount == 0 && pendingTold.isEmpty
    }

    private mutating func settle() {
        nowMs += 50
        wallMs += 50
        if flight != nil { answerFlight(commits: true, fails: false) }
        perform(judge.timePassed(at: moment))
    }

    private mutating func step() {
        switch random.below(100) {
        case 0..<50: submitSome()
        case 50..<70:
            if flight != nil { answerFlight(commits: !isStoreAway, fails: isStoreAway) }
        case 70..<74:
            // Failed for the desk, committed in truth: the transaction in doubt.
            if flight != nil { answerFlight(commits: true, fails: true) }
        case 74..<88:
            nowMs += Int64(random.below(120))
            wallMs += Int64(random.below(120))
            perform(judge.timePassed(at: moment))
        case 88..<91: isStoreAway = random.chance(1, in: 2)
        case 91..<93: isDiskFull = random.chance(1, in: 3)
        case 93..<95: wallMs -= Int64(random.below(500))
        case 95..<97: request(.tally(random.pick(Self.polls)))
        case 97: request(.close(random.pick(Self.polls), closedTs: random.chance(1, in: 2) ? wallMs - 5 : nil))
        default: crash()
        }
    }

    private mutating func submitSome() {
        for _ in 0...random.below(4) {
            let key = random.pick(Self.polls)
            let attempt = random.pick(["a", "b"])
            // An attempt stands for one choice, as a client that keeps its promise sends it.
            let choices: UInt64 = attempt == "a" ? 1 : 1 << UInt64(key.poll.seq % 3)
            request(.submit(ballot(random.pick(Self.names), attempt, choices, key)), goOn: false)
        }
        perform(judge.timePassed(at: moment))
    }

    private mutating func request(_ request: BallotRequest, goOn: Bool = true) {
        lastTicket += 1
        asked[lastTicket] = request
        perform(judge.submitted([TicketedRequest(ticket: lastTicket, request: request)], at: moment))
        if goOn { perform(judge.timePassed(at: moment)) }
    }

    private mutating func answerFlight(commits: Bool, fails: Bool) {
        guard let flight else { return }
        self.flight = nil
        var verdicts: [LedgerVerdict]?
        switch flight {
        case .judge(let records):
            if commits { verdicts = try? ledger.judge(records) }
            if plant == .doubles { double(records) }
        case .drain(let records):
            if plant == .drainForgets, !records.isEmpty {
                let scratch = ModelLedger()
                scratch.polls = ledger.polls
                verdicts = try? scratch.drain(records, to: nil)
            } else if commits {
                verdicts = try? ledger.drain(records, to: JournalPosition(segment: 1, offset: UInt64(loaded)))
            }
            if commits, !fails { drained = loaded }
        case .journal, .load, .read, .deliver: faults.append("that is no transaction")
        }
        perform(judge.judged(fails ? nil : verdicts, at: moment))
    }

    private func double(_ records: [BallotRecord]) {
        for case .ballot(let ballot, let acceptedMs) in records {
            let twin = RoomsStoreTests.ballot(
                ballot.participant.raw + "2", ballot.attempt, ballot.choices, ballot.key)
            _ = try? ledger.judge([.ballot(twin, acceptedMs: acceptedMs)])
        }
    }

    /// The process dies; what journal and ledger hold stays. A transaction under way may or may not come through.
    private mutating func crash() {
        crashes += 1
        if flight != nil, random.chance(1, in: 2), !isStoreAway { commitUnheard() }
        flight = nil
        for ticket in asked.keys where answers[ticket] == nil { asked[ticket] = nil }
        let canAsk = !isStoreAway
        if !canAsk { blindStarts += 1 }
        judge = BallotJudge(storeAnswers: canAsk, transactionMs: 100, indexMax: 50)
        drained = 0
        if canAsk, let state = try? ledger.state() {
            judge.recovered(polls: state.polls, stampMs: state.stampMs)
            drained = Int(state.drainedTo?.offset ?? 0)
        }
        for record in journal.dropFirst(drained) { judge.found(record) }
        loaded = drained
        pendingTold = []
        perform(judge.timePassed(at: moment))
    }

    private mutating func commitUnheard() {
        switch flight {
        case .judge(let records): _ = try? ledger.judge(records)
        case .drain(let records):
            _ = try? ledger.drain(records, to: JournalPosition(segment: 1, offset: UInt64(loaded)))
        case .journal, .load, .read, .deliver, nil: break
        }
    }

    private mutating func perform(_ actions: [BallotJudge.Action]) {
        var queue = actions
        while !queue.isEmpty {
            let action = queue.removeFirst()
            switch action {
            case .judge, .drain:
                if flight != nil { faults.append("two transactions at once") }
                flight = action
            case .journal(let records):
                if !isDiskFull, plant != .journalLies { journal += records }
                nowMs += 1
                queue += judge.journaled(!isDiskFull, at: moment)
            case .load(let count):
                if random.chance(1, in: 10) {
                    queue += judge.loaded(nil, at: moment)
                } else {
                    let batch = Array(journal.dropFirst(drained).prefix(min(count, 1 + random.below(8))))
                    loaded = drained + batch.count
                    queue += judge.loaded(batch, at: moment)
                }
            case .read(let read):
                queue += judge.read(read, random.chance(1, in: 5) ? .unreadable : ledger.read(read.query), at: moment)
            case .deliver(let outcomes): for outcome in outcomes { hear(outcome) }
            }
        }
    }

    private mutating func hear(_ outcome: BallotOutcome) {
        if let ticket = outcome.ticket { answers[ticket, default: []].append(outcome) }
        switch outcome {
        case .receipt(let ticket, let durable, let acceptedMs, let choices, let isDuplicate):
            guard case .submit(let ballot)? = asked[ticket] else { return faults.append("a receipt for no ballot") }
            promises.append(
                Promise(
                    ballot: ballot, durable: durable, acceptedMs: acceptedMs, choices: choices,
                    isDuplicate: isDuplicate))
        case .closed(_, let room, let poll, let closedTs):
            let key = PollKey(room: room, poll: poll)
            // Only a desk that began without its store may not know of the first close.
            if let before = closes[key], before != closedTs, blindStarts == 0 {
                faults.append("closed at \(before) and at \(closedTs)")
            }
            closes[key] = closedTs
        case .stored: storedCount += 1
        case .drained(let room, let poll): pendingTold.remove(PollKey(room: room, poll: poll))
        case .tally(_, let room, let poll, let tally):
            if tally.pending { pendingTold.insert(PollKey(room: room, poll: poll)) }
        case .rejected, .opened, .own: break
        }
    }

    static let polls = (1...3).map { PollKey(room: LedgerContract.room, poll: PollID(seq: $0)) }
    static let names = ["ada", "bob", "cyd", "dan", "eve"]

    static func rules(_ key: PollKey) -> PollRules {
        PollRules(
            options: 3, multiple: false, allowChange: key.poll.seq == 2,
            closesTs: key.poll.seq == 3 ? 1_003_000 : nil)
    }
}
