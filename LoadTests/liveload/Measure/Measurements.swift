// Owns what one worker has measured so far: HDR histograms in microseconds, counters, reasons of failures. One thread.
// Limits: a latency above an hour counts as an hour; reasons beyond 64 different ones count as "other".

import Histogram

/// A worker's measurements.
struct Measurements {
    /// Longest latency told apart, microseconds.
    static let latencyMaxUs: UInt64 = 3_600_000_000
    private static let reasonsMax = 64

    private var histograms: [Histogram<UInt64>?] = Array(repeating: nil, count: Metric.allCases.count)
    private var counters = [UInt64](repeating: 0, count: Counter.allCases.count)
    private(set) var reasons: [String: UInt64] = [:]
    /// The scenario's first metric within the second under way.
    private var interval = Self.histogram()
    private let leading: Int

    /// - Parameter leading: the metric of the progress line.
    init(leading: Metric) { self.leading = leading.place }

    static func histogram() -> Histogram<UInt64> {
        Histogram(
            lowestDiscernibleValue: 1, highestTrackableValue: latencyMaxUs, numberOfSignificantValueDigits: .three)
    }

    /// Notes a latency.
    mutating func record(_ metric: Metric, ns: UInt64) {
        let us = min(ns / 1_000, Self.latencyMaxUs)
        let place = metric.place
        if histograms[place] == nil { histograms[place] = Self.histogram() }
        histograms[place]?.record(us)
        if place == leading { interval.record(us) }
    }

    mutating func count(_ counter: Counter, _ more: UInt64 = 1) { counters[counter.place] &+= more }

    mutating func failed(_ reason: String) {
        let known = reasons[reason] != nil || reasons.count < Self.reasonsMax
        reasons[known ? reason : "other", default: 0] += 1
    }

    subscript(_ counter: Counter) -> UInt64 { counters[counter.place] }

    /// The counters by name.
    var counts: [String: UInt64] {
        Dictionary(uniqueKeysWithValues: Counter.allCases.map { ($0.rawValue, counters[$0.place]) })
    }

    /// The histograms by name; those with values alone.
    var latencies: [String: SparseHistogram] {
        var all: [String: SparseHistogram] = [:]
        for metric in Metric.allCases {
            if let histogram = histograms[metric.place] { all[metric.rawValue] = SparseHistogram(histogram) }
        }
        return all
    }

    /// The second's histogram; the next begins.
    mutating func takeInterval() -> SparseHistogram {
        defer { if interval.totalCount > 0 { interval.reset() } }
        return SparseHistogram(interval)
    }
}

extension Metric {
    /// The place among all: an enum without payload is its number in one byte.
    @inline(__always)
    var place: Int { Int(withUnsafeBytes(of: self) { $0[0] }) }
}

extension Counter {
    /// As above.
    @inline(__always)
    var place: Int { Int(withUnsafeBytes(of: self) { $0[0] }) }
}

/// A histogram as it goes through a pipe: only what has been recorded. Merging loses nothing, since equal layouts put
/// a value back into the bucket that it came from.
struct SparseHistogram: Codable, Sendable, Equatable {
    /// Microseconds, rising.
    var values: [UInt64] = []
    var counts: [UInt64] = []

    init() {}

    init(_ histogram: Histogram<UInt64>) {
        guard histogram.totalCount > 0 else { return }
        for entry in histogram.recordedValues() {
            values.append(entry.value)
            counts.append(entry.count)
        }
        // The greatest as it was, not as its bucket's end.
        values[values.count - 1] = histogram.maxRecorded
    }

    /// Adds what is here to `histogram`.
    func add(to histogram: inout Histogram<UInt64>) {
        for (value, count) in zip(values, counts) {
            histogram.record(min(value, Measurements.latencyMaxUs), count: count)
        }
    }
}
