// Owns when keys are looked for: ahead of the end of what the issuer lets us keep, again after a failure with a growing
// and random pause, and at most once in a while for a key that nobody knows. Pure: time and chance are arguments.

/// How often keys are looked for.
package struct KeyRefreshSettings: Sendable {
    /// Longest time between two looks, ms: what an issuer says may be shorter, never longer.
    package var refreshMs: Int64
    /// Shortest time between two looks for keys that are not known, ms.
    package var refetchMs: Int64
    /// Shortest time that an answer is kept whatever its headers say, ms.
    package var keptMsMin: Int64 = 10_000
    /// Pause after the first failure, ms; doubles with each further one.
    package var retryMs: Int64 = 1_000
    /// Longest pause between failures, ms.
    package var retryMsMax: Int64 = 300_000

    /// Settings in milliseconds.
    package init(refreshMs: Int64, refetchMs: Int64) {
        self.refreshMs = refreshMs
        self.refetchMs = refetchMs
    }
}

/// The times of looks. Milliseconds of a monotonic clock.
package struct KeyRefresh: Sendable {
    private let settings: KeyRefreshSettings
    /// When the next look is due.
    package private(set) var dueMs: Int64 = 0
    /// Failures in a row.
    package private(set) var failures = 0
    private var askedMs: Int64?

    /// The first look is due at once.
    package init(_ settings: KeyRefreshSettings) { self.settings = settings }

    /// The issuer answered. `lifetimeMs`: how long its answer may be kept; `chance` is any random number.
    package mutating func succeeded(lifetimeMs: Int64?, nowMs: Int64, chance: UInt64) {
        failures = 0
        askedMs = nowMs
        let kept = min(max(lifetimeMs ?? settings.refreshMs, settings.keptMsMin), settings.refreshMs)
        // Between 75 and 90 % of the time, so that many nodes don't come at once and none runs out.
        let early = kept / 100 * Int64(75 + chance % 16)
        dueMs = nowMs + max(1, early)
    }

    /// The look failed; what is known stays.
    package mutating func failed(nowMs: Int64, chance: UInt64) {
        failures += 1
        askedMs = nowMs
        let doublings = min(failures - 1, 20)
        let ceiling = min(settings.retryMs << Int64(doublings), settings.retryMsMax)
        // Half of it for sure, half by chance.
        dueMs = nowMs + ceiling / 2 + Int64(chance % UInt64(ceiling / 2 + 1))
    }

    /// Somebody shows a key that is not known.
    /// - Returns: whether a look for it may be made now.
    package mutating func wantsUnknown(nowMs: Int64) -> Bool {
        if let askedMs, nowMs - askedMs < settings.refetchMs { return false }
        askedMs = nowMs
        dueMs = nowMs
        return true
    }

    /// An operator asks for a look.
    package mutating func reload(nowMs: Int64) { dueMs = nowMs }
}
