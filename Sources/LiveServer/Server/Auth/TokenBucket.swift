// Owns one rate limit: a token bucket as its equivalent, the generic cell rate algorithm (ITU-T I.371), which needs no
// refill. Sixteen bytes, integers only, time is an argument. Never counts bytes or peers.

/// How often something may happen: `burst` at once, then one every `intervalUs` microseconds.
package struct TokenRate: Sendable, Equatable {
    /// Microseconds after which one more is allowed, 1…4,294,967,295 (71 minutes).
    package let intervalUs: UInt32
    /// How many at once, at least 1.
    package let burst: UInt32

    /// `perSecond` in 1…1,000,000; the interval is rounded down to whole microseconds.
    package init(perSecond: Int, burst: Int) {
        precondition((1...1_000_000).contains(perSecond), "a rate lies between 1 and 1,000,000 a second")
        precondition((1...1_000_000).contains(burst), "a burst lies between 1 and 1,000,000")
        intervalUs = UInt32(1_000_000 / perSecond)
        self.burst = UInt32(burst)
    }

    /// One more every `everySeconds` seconds, 1…4,000.
    package init(everySeconds: Int, burst: Int) {
        precondition((1...4_000).contains(everySeconds), "an interval lies between 1 and 4,000 s")
        precondition((1...1_000_000).contains(burst), "a burst lies between 1 and 1,000,000")
        intervalUs = UInt32(everySeconds * 1_000_000)
        self.burst = UInt32(burst)
    }
}

/// A rate limit's state for one participant or address; full when new.
package struct TokenBucket: Sendable {
    private let intervalUs: UInt32
    private let burst: UInt32
    /// When the bucket will be full again, in microseconds of the caller's monotonic clock.
    private var fullAtUs: UInt64 = 0

    /// A full bucket.
    package init(_ rate: TokenRate) {
        intervalUs = rate.intervalUs
        burst = rate.burst
    }

    /// Takes one token if there is one; a refused attempt costs nothing. `nowMs` is a monotonic clock in milliseconds;
    /// one that stands still or steps back only delays the refill.
    package mutating func take(nowMs: UInt64) -> Bool {
        let nowUs = nowMs &* 1_000
        guard owedUs(nowUs) <= toleranceUs else { return false }
        fullAtUs = max(fullAtUs, nowUs) &+ UInt64(intervalUs)
        return true
    }

    /// Whether `take` would succeed now.
    package func hasToken(nowMs: UInt64) -> Bool { owedUs(nowMs &* 1_000) <= toleranceUs }

    /// Milliseconds until `take` can succeed, rounded up; 0 when it would now.
    package func retryAfterMs(nowMs: UInt64) -> UInt32 {
        let owed = owedUs(nowMs &* 1_000)
        guard owed > toleranceUs else { return 0 }
        return UInt32(clamping: (owed - toleranceUs + 999) / 1_000)
    }

    /// Milliseconds until the bucket is full again; 0: it is the same as a new one and need not be kept.
    package func owedMs(nowMs: UInt64) -> UInt64 { (owedUs(nowMs &* 1_000) + 999) / 1_000 }

    /// What was taken and has not yet flowed back, as time.
    private func owedUs(_ nowUs: UInt64) -> UInt64 { fullAtUs > nowUs ? fullAtUs - nowUs : 0 }

    private var toleranceUs: UInt64 { UInt64(burst - 1) * UInt64(intervalUs) }
}
