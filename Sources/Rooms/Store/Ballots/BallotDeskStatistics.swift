// Owns: the desk's figures for /metrics and tests.
// Never: anything about who voted what.

/// What the desk has done since it started.
package struct BallotDeskStatistics: Sendable, Equatable {
    /// Upper bounds of `commitMs`, in ms; one more bucket counts what took longer.
    package static let commitMsBounds: [Int64] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]

    /// Where receipts come from now.
    package var mode = BallotJudge.Mode.store
    /// Requests that wait for their answer.
    package var queueDepth = 0
    /// Records in the journal that the store has not confirmed.
    package var undrained = 0
    /// Transactions that the store has committed.
    package var commits = 0
    /// Transactions that failed.
    package var failures = 0
    /// Records of all committed transactions: divided by `commits`, the batch size.
    package var committedRecords = 0
    /// The largest transaction in records.
    package var batchMax = 0
    /// Committed transactions by duration, see `commitMsBounds`.
    package var commitMs = [Int](repeating: 0, count: Self.commitMsBounds.count + 1)
    /// Commits of the journal.
    package var journalCommits = 0
    /// Commits that the journal refused: their senders got `unavailable`.
    package var journalFailures = 0
    /// How often the journal took the store's place.
    package var outages = 0
    /// The store's last failure, for the operator; nil while it answers.
    package var lastFailure: String?

    /// All zero.
    package init() {}

    mutating func countCommit(records: Int, tookMs: Int64) {
        commits += 1
        committedRecords += records
        batchMax = max(batchMax, records)
        let bucket = Self.commitMsBounds.firstIndex { tookMs <= $0 } ?? Self.commitMsBounds.count
        commitMs[bucket] += 1
    }
}
