// Owns what a run came to: the figures, the curves, what was wrong and whether the run is fit to be believed. Is
// written as JSON, and what every other report is made of. Never judges beyond what stands here.

import Histogram

/// The result of a run.
struct Outcome: Codable, Sendable {
    var tool = "liveload 1"
    var scenario: Scenario
    var target: String
    /// Seconds since 1970 at the beginning.
    var startedS: Int64
    var run: String
    /// The options that matter, for people.
    var options: [String: String]
    var figures: [String: Double]
    var latencies: [Latency]
    var seconds: [SecondPoint]
    var polls: [PollCheck]
    /// Why connections, joins and commands failed.
    var reasons: [String: UInt64]
    var judgements: [Judgement]
    /// What must not be and was.
    var violations: [String]
    /// Why the figures may not be the server's.
    var warnings: [String]
    var generator: GeneratorLoad
    /// Nothing was violated and every service level holds.
    var isGood: Bool { violations.isEmpty && judgements.allSatisfy(\.holds) }
}

/// One latency over the whole run, milliseconds.
struct Latency: Codable, Sendable, Equatable {
    var metric: String
    var title: String
    var count: UInt64
    var p50: Double
    var p90: Double
    var p99: Double
    var p999: Double
    var max: Double
    /// The curve: percentiles and their values, ever closer to 100.
    var percentiles: [Double]
    var values: [Double]

    /// Percentiles of the curve.
    private static let points: [Double] = [
        0, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.99, 99.999,
    ]

    init(_ metric: Metric, _ histogram: Histogram<UInt64>) {
        func ms(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1_000 }
        self.metric = metric.rawValue
        title = metric.title
        count = histogram.totalCount
        p50 = ms(50)
        p90 = ms(90)
        p99 = ms(99)
        p999 = ms(99.9)
        max = Double(histogram.max) / 1_000
        // A percentile that fewer than one value lies beyond says nothing.
        percentiles = Self.points.filter { Double(histogram.totalCount) * (100 - $0) >= 100 || $0 <= 50 }
        values = percentiles.map(ms)
    }
}

/// One second of the run.
struct SecondPoint: Codable, Sendable, Equatable {
    var second: Int
    var present = 0
    var joined: UInt64 = 0
    var published: UInt64 = 0
    var deliveries: UInt64 = 0
    var failures: UInt64 = 0
    /// Milliseconds; nil where nothing arrived.
    var p50: Double?
    var p99: Double?
    /// The busiest worker's share of one CPU, and the longest round, milliseconds.
    var processorShare = 0.0
    var lagMaxMs = 0.0
}

/// A poll's count beside the receipts of its voters.
struct PollCheck: Codable, Sendable, Equatable {
    var room: Int
    var poll: String
    var receipts: [UInt64]
    /// What the server published; empty where no final result came.
    var published: [UInt64]
    var isExact: Bool { receipts == published }
}
