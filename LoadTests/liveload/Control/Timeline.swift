// Owns the putting together of the workers' seconds: what all of them did within the same second. Pure.

import Histogram

/// The seconds of a run.
struct Timeline {
    private struct Second {
        var present: [Int: Int] = [:]
        var counts: [String: UInt64] = [:]
        var latency: Histogram<UInt64>?
        var processorShare = 0.0
        var lagMaxMs = 0.0
    }

    private var seconds: [Int: Second] = [:]
    /// Each worker's latest counters and connections.
    private var latest: [Int: WorkerSecond] = [:]

    /// Takes one worker's second.
    mutating func take(_ report: WorkerSecond) {
        var second = seconds[report.second] ?? Second()
        let before = latest[report.worker]?.counts ?? [:]
        for (name, value) in report.counts {
            second.counts[name, default: 0] += value - min(value, before[name] ?? 0)
        }
        second.present[report.worker] = report.present
        if !report.latency.values.isEmpty {
            var latency = second.latency ?? Measurements.histogram()
            report.latency.add(to: &latency)
            second.latency = latency
        }
        second.processorShare = max(second.processorShare, report.processorShare)
        second.lagMaxMs = max(second.lagMaxMs, report.lagMaxMs)
        seconds[report.second] = second
        latest[report.worker] = report
    }

    /// The sum of a counter over all workers, as far as they have told.
    func total(_ counter: Counter) -> UInt64 {
        latest.values.reduce(0) { $0 + ($1.counts[counter.rawValue] ?? 0) }
    }

    /// Connections that are joined now, as far as the workers have told.
    var present: Int { latest.values.reduce(0) { $0 + $1.present } }

    /// The latest second that is there.
    var last: SecondPoint? { seconds.keys.max().map(point) }

    /// All seconds in order.
    var points: [SecondPoint] { seconds.keys.sorted().map(point) }

    private func point(_ number: Int) -> SecondPoint {
        guard let second = seconds[number] else { return SecondPoint(second: number) }
        func count(_ counter: Counter) -> UInt64 { second.counts[counter.rawValue] ?? 0 }
        var point = SecondPoint(second: number)
        point.present = second.present.values.reduce(0, +)
        point.joined = count(.joined)
        point.published = count(.published)
        point.deliveries = count(.deliveries)
        point.failures = count(.failed) + count(.lostConnections) + count(.malformed) + count(.rejected)
        if let latency = second.latency {
            point.p50 = Double(latency.valueAtPercentile(50)) / 1_000
            point.p99 = Double(latency.valueAtPercentile(99)) / 1_000
        }
        point.processorShare = second.processorShare
        point.lagMaxMs = second.lagMaxMs
        return point
    }
}
