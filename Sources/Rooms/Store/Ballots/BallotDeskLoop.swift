// Owns: the desk's thread: it feeds the judge, does what the judge says, and is the only one to touch the journal.
// Never: decides. Waits only for its inbox and, while the store is away, for the journal's sync.

internal import LiveIO

/// The body of the desk's thread. Made by the starter, then used by that thread alone.
final class BallotDeskLoop {
    enum Message: Sendable {
        case opened(StoreOpening)
        case request(TicketedRequest)
        case judged(StoreAnswer)
        case read(BallotRead, BallotReadResult)
    }

    private let configuration: BallotDeskConfiguration
    private let inbox: Inbox<Message>
    private let report: BallotDeskReport
    private let deliver: @Sendable ([BallotOutcome]) -> Void
    private let store: StoreThread
    private let readers: ReaderThread
    private var journal: BallotJournal
    private var judge: BallotJudge
    private var isDraining = false
    private var readsOpen = 0

    init(
        configuration: BallotDeskConfiguration, inbox: Inbox<Message>, report: BallotDeskReport,
        deliver: @escaping @Sendable ([BallotOutcome]) -> Void
    ) throws(StoreFailure) {
        let path = configuration.databasePath
        let makeLedger = configuration.makeLedger
        let store = StoreThread(makeLedger: { makeLedger(path) }, answers: inbox, onStep: configuration.onStep)
        do throws(StoreFailure) {
            let state = try Self.opened(configuration, inbox, report)
            var judge = BallotJudge(storeAnswers: state != nil, transactionMs: configuration.transactionMs)
            if let state { judge.recovered(polls: state.polls, stampMs: state.stampMs) }
            journal = try BallotJournal.open(
                directory: configuration.journalDirectory, options: configuration.journal,
                drainedTo: state?.drainedTo
            ) { judge.found($0) }
            configuration.raiseClock(judge.lastStampMs)
            self.judge = judge
        } catch {
            store.stop()
            throw error
        }
        self.configuration = configuration
        self.inbox = inbox
        self.report = report
        self.deliver = deliver
        self.store = store
        let makeReader = configuration.makeReader
        readers = ReaderThread(makeReader: { makeReader(path) }, answers: inbox)
    }

    /// Waits for the ledger to open, though not for ever: nil where it does not answer in time or not for now.
    private static func opened(
        _ configuration: BallotDeskConfiguration, _ inbox: Inbox<Message>, _ report: BallotDeskReport
    ) throws(StoreFailure) -> LedgerState? {
        var messages: [Message] = []
        let limitNs = MonotonicClock.nowNs() + UInt64(configuration.openMs) * 1_000_000
        _ = inbox.take(into: &messages, deadlineNs: limitNs)
        guard case .opened(let opening) = messages.first else {
            report.failed(.unavailable("it was not open after \(configuration.openMs) ms"))
            return nil
        }
        guard let failure = opening.failure else { return opening.state }
        guard failure.isPassing else { throw failure }
        report.failed(failure)
        return nil
    }

    func run() {
        var messages: [Message] = []
        var stopAtMs: Int64?
        perform(judge.timePassed(at: moment()))
        while true {
            messages.removeAll(keepingCapacity: true)
            let isOpen = inbox.take(into: &messages, deadlineNs: deadlineNs(stopAtMs))
            handle(messages)
            if !isOpen || stopAtMs != nil {
                let now = moment().nowMs
                let limit = stopAtMs ?? now + configuration.stopMs
                stopAtMs = limit
                if judge.isSettled && readsOpen == 0 || now >= limit { break }
            }
        }
        tell(judge.giveUp())
        store.stop()
        readers.stop()
    }

    /// Hears everything that came, then lets the judge go on once.
    private func handle(_ messages: [Message]) {
        var requests: [TicketedRequest] = []
        var answer: StoreAnswer?
        for message in messages {
            switch message {
            case .request(let request): requests.append(request)
            case .opened(let opening):
                if let state = opening.state { recover(state) }
            case .judged(let judged): answer = judged
            case .read(let read, let result):
                readsOpen -= 1
                perform(judge.read(read, result, at: moment()))
            }
        }
        if !requests.isEmpty { perform(judge.submitted(requests, at: moment())) }
        if let answer { hear(answer) } else { perform(judge.timePassed(at: moment())) }
        report.update(judge)
    }

    private func hear(_ answer: StoreAnswer) {
        if let state = answer.state { recover(state) }
        report.answered(answer)
        let isDrained = isDraining && answer.verdicts != nil
        isDraining = false
        if isDrained {
            journal.confirmLoaded()
            step(.drained)
        }
        perform(judge.judged(answer.verdicts, at: moment()))
        if isDrained {
            journal.removeDrained()
            step(.segmentsRemoved)
        }
    }

    /// The store was not open at the start and is now.
    private func recover(_ state: LedgerState) {
        judge.recovered(polls: state.polls, stampMs: state.stampMs)
        configuration.raiseClock(judge.lastStampMs)
    }

    /// Carries out what the judge says, and what it says to the results.
    private func perform(_ actions: [BallotJudge.Action]) {
        var queue = actions
        var done = 0
        // Every `journal` takes records out of the judge's queue and every `load` is answered by a transaction or a
        // pause, so this ends.
        while done < queue.count {
            switch queue[done] {
            case .judge(let records): store.judge(records)
            case .drain(let records):
                isDraining = !records.isEmpty
                store.drain(records, to: records.isEmpty ? nil : journal.loadedTo)
            case .journal(let records):
                step(.journaling)
                let isDurable = journal.write(records)
                report.journaled(isDurable)
                if isDurable { step(.journaled) }
                queue += judge.journaled(isDurable, at: moment())
            case .load(let countMax):
                let records = journal.load(countMax)
                step(.drainLoaded)
                queue += judge.loaded(records, at: moment())
            case .read(let read):
                if readers.read(read) {
                    readsOpen += 1
                } else {
                    queue += judge.read(read, .unreadable, at: moment())
                }
            case .deliver(let outcomes): tell(outcomes)
            }
            done += 1
        }
    }

    private func tell(_ outcomes: [BallotOutcome]) {
        guard !outcomes.isEmpty else { return }
        step(.delivering)
        report.leave(outcomes.count { $0.ticket != nil })
        deliver(outcomes)
        step(.delivered)
    }

    private func step(_ step: BallotDeskStep) { configuration.onStep?(step) }

    private func moment() -> BallotJudge.Moment {
        BallotJudge.Moment(
            wallMs: configuration.clock(), nowMs: Int64(MonotonicClock.nowNs() / 1_000_000))
    }

    private func deadlineNs(_ stopAtMs: Int64?) -> UInt64? {
        guard let wake = [judge.wakeMs, stopAtMs].compactMap({ $0 }).min() else { return nil }
        return UInt64(max(wake, 0)) * 1_000_000
    }
}
