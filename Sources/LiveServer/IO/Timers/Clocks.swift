// Owns the two clocks. Never used to measure with the wall clock or to date with the monotonic one.

/// Time since boot that never goes back: for deadlines and durations.
package enum MonotonicClock {
    /// Nanoseconds of CLOCK_MONOTONIC; any thread.
    package static func nowNs() -> UInt64 { SystemCall.monotonicNs() }
}

/// The date as the system has it, which people and NTP may move: for timestamps only.
package enum WallClock {
    /// Milliseconds since 1970-01-01 UTC; any thread.
    package static func nowMs() -> Int64 { SystemCall.wallMs() }
}
