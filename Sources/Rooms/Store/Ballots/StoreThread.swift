// Owns: the thread that owns the ledger, and the thread that owns its reading side.
// Never: decides or retries. One question, one answer, in order.

internal import LiveIO

/// What the ledger said to one transaction.
struct StoreAnswer: Sendable {
    /// A verdict for each record; nil for a failure.
    let verdicts: [LedgerVerdict]?
    /// Why there are none.
    let failure: StoreFailure?
    /// How many records there were.
    let recordCount: Int
    /// How long it took, in ms.
    let tookMs: Int64
    /// What the ledger holds, with the first success of a ledger that could not be asked before.
    let state: LedgerState?
}

/// What the ledger said when it was opened.
struct StoreOpening: Sendable {
    /// What it holds; nil for a failure.
    let state: LedgerState?
    /// Why it cannot be used.
    let failure: StoreFailure?
}

/// The store's thread. The desk's thread asks; answers go to the desk's inbox.
final class StoreThread {
    private enum Order: Sendable {
        case judge([BallotRecord])
        case drain([BallotRecord], to: JournalPosition?)
    }

    private let orders = Inbox<Order>(capacity: 1)
    private let thread: CoreThread

    /// Starts the thread, which makes its ledger, says with `opened` what it holds, and then answers orders.
    init(
        makeLedger: @escaping @Sendable () -> any BallotLedger, answers: Inbox<BallotDeskLoop.Message>,
        onStep: (@Sendable (BallotDeskStep) -> Void)?
    ) {
        let orders = orders
        let body: @Sendable () -> Void = { Self.run(orders, makeLedger(), answers, onStep) }
        thread = CoreThread.start(name: "ballot-store", body: body)
    }

    private static func run(
        _ orders: Inbox<Order>, _ ledger: any BallotLedger, _ answers: Inbox<BallotDeskLoop.Message>,
        _ onStep: (@Sendable (BallotDeskStep) -> Void)?
    ) {
        let opening = open(ledger)
        var isKnown = opening.state != nil
        answers.answer(.opened(opening))
        var waiting: [Order] = []
        while orders.take(into: &waiting, deadlineNs: nil) {
            for order in waiting {
                onStep?(.transacting)
                let answer = carryOut(order, ledger, &isKnown)
                onStep?(.transacted)
                answers.answer(.judged(answer))
            }
            waiting.removeAll()
        }
    }

    func judge(_ records: [BallotRecord]) { post(.judge(records)) }

    func drain(_ records: [BallotRecord], to position: JournalPosition?) { post(.drain(records, to: position)) }

    /// Ends the thread after the transaction under way.
    func stop() {
        orders.close()
        thread.join()
    }

    private func post(_ order: Order) {
        let isTaken = orders.post(order)
        precondition(isTaken, "one transaction at a time")
    }

    private static func open(_ ledger: any BallotLedger) -> StoreOpening {
        do throws(StoreFailure) {
            return StoreOpening(state: try ledger.state(), failure: nil)
        } catch {
            return StoreOpening(state: nil, failure: error)
        }
    }

    private static func carryOut(_ order: Order, _ ledger: any BallotLedger, _ isKnown: inout Bool) -> StoreAnswer {
        let beganNs = MonotonicClock.nowNs()
        var state: LedgerState?
        var verdicts: [LedgerVerdict]?
        var failure: StoreFailure?
        let count: Int
        switch order {
        case .judge(let records), .drain(let records, _): count = records.count
        }
        do throws(StoreFailure) {
            // Polls that were opened in an earlier life are told before anything is judged.
            if !isKnown { state = try ledger.state() }
            switch order {
            case .judge(let records): verdicts = try ledger.judge(records)
            case .drain(let records, let position): verdicts = try ledger.drain(records, to: position)
            }
            isKnown = true
        } catch {
            state = nil
            failure = error
        }
        let tookMs = Int64((MonotonicClock.nowNs() - beganNs) / 1_000_000)
        return StoreAnswer(
            verdicts: verdicts, failure: failure, recordCount: count, tookMs: tookMs, state: state)
    }
}

/// The reading side's thread.
final class ReaderThread {
    private let reads = Inbox<BallotRead>(capacity: BallotLimits.readsMax)
    private let thread: CoreThread

    /// Starts the thread, which makes its reader.
    init(makeReader: @escaping @Sendable () -> any BallotReader, answers: Inbox<BallotDeskLoop.Message>) {
        let reads = reads
        thread = CoreThread.start(name: "ballot-reader") {
            let reader = makeReader()
            var waiting: [BallotRead] = []
            while reads.take(into: &waiting, deadlineNs: nil) {
                for read in waiting { answers.answer(.read(read, reader.read(read.query))) }
                waiting.removeAll()
            }
        }
    }

    /// Asks; false where too many questions wait.
    func read(_ read: BallotRead) -> Bool { reads.post(read) }

    /// Ends the thread after what it was asked.
    func stop() {
        reads.close()
        thread.join()
    }
}
