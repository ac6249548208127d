// What a node says of the parts that all reactors share, for metrics and readiness.

/// One look at log, ballot desk and classes.
package struct NodeFacts: Sendable {
    /// Milliseconds since 1970 of the start.
    package var startedMs: Int64
    package var logFailing: Bool
    package var logEntries: UInt64
    package var logRounds: UInt64
    package var logFailures: UInt64
    package var logDepth: Int
    /// Ballots go to the node's journal because the store does not answer.
    package var ballotsInJournal: Bool
    package var ballotsUndrained: Int
    package var ballotQueueDepth: Int
    package var ballotCommits: Int
    package var classes: Int
}
