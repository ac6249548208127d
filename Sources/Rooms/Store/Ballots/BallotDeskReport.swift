// Owns: the figures that the desk's thread writes and any thread reads, and the count of requests without an answer.
// Never: decides; `enter` only compares with a bound.

internal import Synchronization

/// Shared between a desk and its callers.
final class BallotDeskReport: Sendable {
    private let outstanding = Atomic<Int>(0)
    private let figures = Mutex(BallotDeskStatistics())

    /// Counts a request in; false where `queueMax` wait already.
    func enter(queueMax: Int) -> Bool {
        if outstanding.add(1, ordering: .relaxed).newValue <= queueMax { return true }
        leave(1)
        return false
    }

    /// Counts answered requests out.
    func leave(_ count: Int) { outstanding.subtract(count, ordering: .relaxed) }

    /// All figures as they are now.
    func read() -> BallotDeskStatistics {
        var copy = figures.withLock { $0 }
        copy.queueDepth = outstanding.load(ordering: .relaxed)
        return copy
    }

    func failed(_ failure: StoreFailure) { figures.withLock { $0.lastFailure = failure.description } }

    func answered(_ answer: StoreAnswer) {
        figures.withLock { figures in
            figures.lastFailure = answer.failure?.description
            if answer.verdicts != nil {
                figures.countCommit(records: answer.recordCount, tookMs: answer.tookMs)
            } else {
                figures.failures += 1
            }
        }
    }

    func journaled(_ isDurable: Bool) {
        figures.withLock { figures in
            if isDurable { figures.journalCommits += 1 } else { figures.journalFailures += 1 }
        }
    }

    func update(_ judge: BallotJudge) {
        figures.withLock { figures in
            if judge.mode == .journal, figures.mode == .store { figures.outages += 1 }
            figures.mode = judge.mode
            figures.undrained = judge.undrainedCount
        }
    }
}
