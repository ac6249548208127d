// Owns how long a test waits: every wait of this suite ends at a deadline and says what did not come. Never sleeps.
// The suites' own time limits are wide, because Swift Testing counts the time that a test waits for its turn.

import Glibc
import LiveIO

/// A promise was not kept in time, or kept otherwise than promised.
struct IntegrationFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The moment at which a test stops waiting.
struct Deadline: Sendable {
    /// Long enough for a loaded machine in a debug build; a condition that holds ends the wait at once.
    static let usualS = 20.0

    private let ns: UInt64

    init(seconds: Double = Deadline.usualS) {
        precondition(seconds >= 0, "a wait is not negative")
        ns = MonotonicClock.nowNs() + UInt64(seconds * 1e9)
    }

    var isOver: Bool { MonotonicClock.nowNs() >= ns }

    /// Lets the time pass, for promises about time while nothing runs that could be awaited.
    func waitOut() {
        while !isOver { poll(nil, 0, remainingMs) }
    }

    /// What is left, for poll(2): at least 0, rounded up so that a loop does not spin in the last millisecond.
    var remainingMs: Int32 {
        let now = MonotonicClock.nowNs()
        return now >= ns ? 0 : Int32(clamping: (ns - now + 999_999) / 1_000_000)
    }
}

/// A stopwatch on the monotonic clock.
struct Stopwatch: Sendable {
    private let startNs = MonotonicClock.nowNs()

    var seconds: Double { Double(MonotonicClock.nowNs() - startNs) / 1e9 }
}
