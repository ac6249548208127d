// Owns the date that the parts of one node share: the log's time stamps, the ballots' and the deadlines of polls are
// compared with one another, so they must come from one clock.
//
// The date follows the machine's at the start and then runs by the monotonic clock. It never falls: where the machine's
// date is set back, it goes on. Where the machine's date leaps ahead (set by hand or NTP, or the machine slept), it
// follows, but not while somebody's time is running: a poll of sixty seconds lasts sixty seconds.

import Synchronization

/// The date as a node counts it. Any thread; a few atomic loads.
package final class NodeClock: Sendable {
    /// How far the machine's date must be ahead before it is followed, ms. Less is the two clocks' own unsteadiness.
    package static let leapMs: Int64 = 1_000

    /// Date minus monotonic time, ms. Only rises.
    private let offsetMs: Atomic<Int64>
    /// Monotonic time up to which leaps are not followed, ms. Only rises.
    private let steadyUntilMs = Atomic<Int64>(0)

    /// A clock that shows the machine's date.
    package init() { offsetMs = Atomic(WallClock.nowMs() - Self.monotonicMs()) }

    /// Milliseconds since 1970; never less than any thread has seen before.
    package func nowMs() -> Int64 {
        let monotonicMs = Self.monotonicMs()
        let date = monotonicMs + offsetMs.load(ordering: .acquiring)
        let wallMs = WallClock.nowMs()
        guard wallMs - date > Self.leapMs, monotonicMs >= steadyUntilMs.load(ordering: .acquiring) else { return date }
        raise(to: wallMs)
        return monotonicMs + offsetMs.load(ordering: .acquiring)
    }

    /// Shows at least this date from now on: what an earlier process has dated.
    package func raise(to dateMs: Int64) {
        offsetMs.max(dateMs - Self.monotonicMs(), ordering: .acquiringAndReleasing)
    }

    /// Somebody's time is running for so long: no leaps until it is over.
    package func keepSteady(forMs: Int64) {
        steadyUntilMs.max(Self.monotonicMs() + max(0, forMs), ordering: .acquiringAndReleasing)
    }

    private static func monotonicMs() -> Int64 { Int64(MonotonicClock.nowNs() / 1_000_000) }
}
