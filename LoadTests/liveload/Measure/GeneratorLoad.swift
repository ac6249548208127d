// Owns how busy the generator itself is: a tester that is at its own limit measures itself. Never judges the server.

import Glibc

/// CPU time of this process.
enum ProcessorTime {
    /// User and system time so far, nanoseconds.
    static func usedNs() -> UInt64 {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let seconds = UInt64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        return seconds * 1_000_000_000 + UInt64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1_000
    }
}

/// What the workers were like while the load was on.
struct GeneratorLoad: Codable, Sendable, Equatable {
    /// The busiest worker's share of one CPU, over the whole load and in its busiest second.
    var processorShare = 0.0
    var processorShareMax = 0.0
    /// The longest round of a worker's loop, milliseconds.
    var lagMaxMs = 0.0
    /// How late messages left, 99th percentile, milliseconds.
    var lateP99Ms = 0.0

    /// A worker at this share of a CPU has nothing to spare.
    static let processorShareBound = 0.95
    /// Messages that leave this late make any latency of this size doubtful, milliseconds.
    static let lateBoundMs = 10.0

    /// Why the figures may be the generator's own; empty where it had room.
    var warnings: [String] {
        var all: [String] = []
        if processorShare >= Self.processorShareBound {
            all.append(
                "a worker used \(Figures.text(processorShare * 100)) % of its CPU: the generator is at its limit, "
                    + "add --processes or CPUs")
        }
        if lateP99Ms > Self.lateBoundMs {
            all.append(
                "1 of 100 messages left \(Figures.text(lateP99Ms)) ms late or more: the generator could not keep "
                    + "its own pace")
        }
        return all
    }
}
