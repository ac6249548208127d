// Owns what the conductor and its workers say to each other through their pipes. All times are CLOCK_MONOTONIC
// nanoseconds, which all processes of a machine share. Never anything of a connection.

/// Conductor to worker.
enum Order: Codable, Sendable {
    /// What the run is and which share of it is the worker's; people arrive from `startNs` on.
    case prepare(Plan, worker: Int, startNs: UInt64)
    /// The load is on from `fromNs` to `untilNs`.
    case load(fromNs: UInt64, untilNs: UInt64)
    /// What all writers were told: compare, then let everybody leave.
    case settle([StreamRecord])
}

/// Worker to conductor.
enum Report: Codable, Sendable {
    /// Once a second.
    case second(WorkerSecond)
    /// Everybody who comes before the load has joined or failed; how many are inside.
    case arrived(present: Int)
    /// The load is over and every command has its outcome.
    case worked(WorkerWork)
    /// The last word.
    case finished(WorkerOutcome)
    /// The worker cannot go on.
    case broken(String)
}

/// One worker's second.
struct WorkerSecond: Codable, Sendable {
    var worker: Int
    /// Since the run's `startNs`.
    var second: Int
    /// Connections that are joined now.
    var present: Int
    /// From the beginning.
    var counts: [String: UInt64]
    /// The scenario's first latency, in this second alone.
    var latency: SparseHistogram
    /// Share of one CPU in this second.
    var processorShare: Double
    var lagMaxMs: Double
}

/// What one worker's writers and voters know.
struct WorkerWork: Codable, Sendable {
    var streams: [StreamRecord]
    /// Receipts by poll and choice.
    var ballots: [PollCount]
}

/// The count of one poll, from receipts or from the server.
struct PollCount: Codable, Sendable, Equatable {
    var room: Int
    var poll: String
    var counts: [UInt64]
}

/// What one worker measured.
struct WorkerOutcome: Codable, Sendable {
    var counts: [String: UInt64]
    var latencies: [String: SparseHistogram]
    var reasons: [String: UInt64]
    /// Final results as participants of this worker saw them.
    var results: [PollCount]
    /// While the load was on.
    var processorShare: Double
    /// When the last participant had its welcome; 0 if nobody had.
    var lastJoinNs: UInt64
}
