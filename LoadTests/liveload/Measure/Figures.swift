// Owns the flat list of named numbers that reports show and service levels judge, and how a number is written.

import Histogram

/// Names and texts of figures.
enum Figures {
    /// The parts of a latency that are named.
    static let parts: [(suffix: String, percentile: Double)] = [
        ("p50", 50), ("p90", 90), ("p99", 99), ("p999", 99.9),
    ]

    /// The figures of one latency, milliseconds.
    static func latency(_ metric: Metric, _ histogram: Histogram<UInt64>) -> [String: Double] {
        var all: [String: Double] = ["\(metric.rawValue)_count": Double(histogram.totalCount)]
        for (suffix, percentile) in parts {
            all["\(metric.rawValue)_\(suffix)_ms"] = Double(histogram.valueAtPercentile(percentile)) / 1_000
        }
        all["\(metric.rawValue)_max_ms"] = Double(histogram.max) / 1_000
        all["\(metric.rawValue)_mean_ms"] = histogram.mean / 1_000
        return all
    }

    /// Rates and shares that are worked out at the end.
    static let derived = [
        "deliveries_per_s", "published_per_s", "joins_per_s", "failed_percent", "lost_percent", "handshakes_per_s",
        "handshakes_resumed_per_s",
        "polls", "polls_wrong", "connections_max", "server_rss_bytes_per_connection", "server_cpu_s_per_million",
        "generator_cpu_percent", "join_all_s",
    ]

    /// Whether a service level may name `figure`.
    static func isKnown(_ figure: String) -> Bool {
        if derived.contains(figure) || Counter(rawValue: figure) != nil { return true }
        return Metric.allCases.contains { metric in
            guard figure.hasPrefix(metric.rawValue + "_") else { return false }
            let rest = figure.dropFirst(metric.rawValue.count + 1)
            return rest == "count" || rest == "max_ms" || rest == "mean_ms"
                || parts.contains { rest == "\($0.suffix)_ms" }
        }
    }

    /// A number for people: two digits after the point below 100, one below 1,000, groups of thousands.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        let magnitude = value.magnitude
        let digits = magnitude == magnitude.rounded() || magnitude >= 1_000 ? 0 : magnitude >= 100 ? 1 : 2
        let scale = digits == 0 ? 1.0 : digits == 1 ? 10.0 : 100.0
        let scaled = (magnitude * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let whole = UInt64(scaled) / UInt64(scale)
        let part = UInt64(scaled) % UInt64(scale)
        var text = grouped(whole)
        if digits > 0, part > 0 {
            let places = String(part)
            text += "." + String(repeating: "0", count: digits - places.count) + places
            while text.hasSuffix("0") { text.removeLast() }
        }
        return value < 0 ? "-" + text : text
    }

    private static func grouped(_ value: UInt64) -> String {
        let digits = Array(String(value))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}
