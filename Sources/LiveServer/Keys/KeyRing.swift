// Owns the keys that tokens are judged by, as all threads share them: the last good set, and the question for one that
// is not known. Never waits for a fetch: it says that one is under way.

import Synchronization

/// What is known of the key that a token names.
package enum KeyLookup: Sendable {
    case found(VerificationKey)
    /// A look for it is under way or due: ask again a little later.
    case coming
    /// The issuer was asked lately and has no such key.
    case unknown
}

/// How the ring does, for metrics and readiness.
package struct KeyRingHealth: Sendable, Equatable {
    /// Keys that may verify; 0: no set has ever been good.
    package let keys: Int
    /// Looks that failed in a row.
    package let failures: Int
    /// Looks since the start.
    package let looks: UInt64
}

/// The keys of a node. Any thread; a lock for a dictionary look-up.
package final class KeyRing: Sendable {
    private struct State {
        var set: KeySet?
        var own: VerificationKey?
        var refresh: KeyRefresh
        var isLooking = false
        var looks: UInt64 = 0
    }

    private let state: Mutex<State>
    /// Rises when a key is no longer there: what was verified by it must be judged anew.
    private let losses = Atomic<UInt64>(0)
    private let hasSource: Bool

    /// A ring without keys yet; `own` is the public half of the node's own signing key, which needs no source.
    package init(_ settings: KeyRefreshSettings, own: VerificationKey?, hasSource: Bool) {
        self.hasSource = hasSource
        state = Mutex(State(set: own.map { KeySet($0) }, own: own, refresh: KeyRefresh(settings)))
    }

    /// Rises with each loss of a key. A relaxed load: for every token.
    package var lossCount: UInt64 { losses.load(ordering: .relaxed) }

    /// Looks a key up; `wake` is called where a look is now due.
    package func find(_ kid: String?, nowMs: Int64, wake: () -> Void) -> KeyLookup {
        var isDue = false
        let answer: KeyLookup = state.withLock { held in
            if let key = held.set?.key(kid) { return .found(key) }
            guard hasSource else { return .unknown }
            isDue = !held.isLooking && held.refresh.wantsUnknown(nowMs: nowMs)
            // From here on it is under way, though its thread has yet to wake.
            if isDue { held.isLooking = true }
            // While the issuer can't be asked nobody knows whether the key is good.
            let isOpen = held.isLooking || held.refresh.failures > 0 || held.looks == 0
            return isOpen ? .coming : .unknown
        }
        if isDue { wake() }
        return answer
    }

    /// How it does.
    package var health: KeyRingHealth {
        state.withLock { KeyRingHealth(keys: $0.set?.count ?? 0, failures: $0.refresh.failures, looks: $0.looks) }
    }

    // MARK: For the thread that looks

    /// When the next look is due.
    var dueMs: Int64 { state.withLock { $0.refresh.dueMs } }

    func reload(nowMs: Int64) { state.withLock { $0.refresh.reload(nowMs: nowMs) } }

    func beginLook() { state.withLock { $0.isLooking = true } }

    /// The look brought a set, or told that the known one is still right (nil).
    func succeeded(_ set: KeySet?, lifetimeMs: Int64?, nowMs: Int64, chance: UInt64) {
        let hasLoss: Bool = state.withLock { held in
            held.isLooking = false
            held.looks += 1
            held.refresh.succeeded(lifetimeMs: lifetimeMs, nowMs: nowMs, chance: chance)
            guard let set else { return false }
            let whole = held.own.map { set.adding($0) } ?? set
            let keepsAll = held.set.map { whole.keepsAll(of: $0) } ?? true
            held.set = whole
            return !keepsAll
        }
        if hasLoss { losses.add(1, ordering: .relaxed) }
    }

    func failed(nowMs: Int64, chance: UInt64) {
        state.withLock { held in
            held.isLooking = false
            held.looks += 1
            held.refresh.failed(nowMs: nowMs, chance: chance)
        }
    }
}
