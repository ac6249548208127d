// What a node says of the parts that all reactors share, for metrics and readiness.

/// One look at log, ballot desk and classes.
package struct NodeFacts: Sendable {
    /// Milliseconds since 1970 of the start.
    package var startedMs: Int64
    /// The last round of the log failed.
    package var logFailing: Bool
    /// Entries in the log since the start.
    package var logEntries: UInt64
    /// Writes that carried them.
    package var logRounds: UInt64
    /// Rounds of the log that failed.
    package var logFailures: UInt64
    /// Proposals that wait for the log.
    package var logDepth: Int
    /// Ballots go to the node's journal because the store does not answer.
    package var ballotsInJournal: Bool
    /// Ballots in the journal that the store has not yet.
    package var ballotsUndrained: Int
    /// Requests that wait at the ballot desk.
    package var ballotQueueDepth: Int
    /// Transactions of the ballot store.
    package var ballotCommits: Int
    /// Times that the history failed.
    package var historyFailures: UInt64
    /// The history cannot be written or read.
    package var historyFailing: Bool
    /// Classes known.
    package var classes: Int
    /// Tokens that wait for a worker.
    package var tokenDepth = 0
    /// Public keys of the issuer in force; nil: tokens need none.
    package var issuerKeysInForce: Int?
    /// Looks for those keys that failed in a row.
    package var issuerKeyFailures = 0
    /// Seconds since 1970 at which the first certificate ends; nil without TLS.
    package var certificateExpiryS: Int64?

    /// Public keys of the issuer in force, 0 where tokens need none.
    var issuerKeys: Int { issuerKeysInForce ?? 0 }

    /// Whether the parts that serving needs are well, as `/readyz` judges; a drain is its reactor's to know.
    package var isReady: Bool { !logFailing && issuerKeysInForce != 0 }
}
