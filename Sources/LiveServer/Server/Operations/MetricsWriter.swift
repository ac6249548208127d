// Owns the bytes of Prometheus' text exposition format, version 0.0.4: families with HELP and TYPE, samples with
// labels, histograms with cumulative buckets. Never what is measured: see MetricsText.

/// Writes one exposition, family by family.
struct MetricsWriter {
    /// The type of a family.
    enum Kind: String {
        case counter, gauge, histogram
    }

    private(set) var bytes: [UInt8] = []
    private var name = ""
    private var kind = Kind.gauge

    init() { bytes.reserveCapacity(32 << 10) }

    /// Begins a family; each name comes once, and its samples follow at once. Help holds neither backslash nor newline.
    mutating func family(_ name: String, _ kind: Kind, _ help: StaticString) {
        precondition(
            (kind == .counter) == name.hasSuffix("_total"), "counters, and they alone, end with _total: \(name)")
        self.name = name
        self.kind = kind
        line("# HELP \(name) \(help)")
        line("# TYPE \(name) \(kind.rawValue)")
    }

    /// A sample without labels.
    mutating func sample(_ value: UInt64) { line("\(name) \(value)") }

    /// A sample in seconds.
    mutating func sample(seconds: Double) { line("\(name) \(seconds)") }

    /// A sample with one label of ours.
    mutating func sample(_ label: StaticString, _ text: String, _ value: UInt64) {
        line("\(name){\(label)=\"\(Self.escaped(text))\"} \(value)")
    }

    /// A reactor's sample.
    mutating func sample(reactor: Int, _ value: UInt64) { line("\(name){reactor=\"\(reactor)\"} \(value)") }

    /// A reactor's sample in thousandths, written as a decimal fraction.
    mutating func sample(reactor: Int, thousandths value: UInt64) {
        line("\(name){reactor=\"\(reactor)\"} \(Self.seconds(value &* 1_000_000))")
    }

    /// A reactor's sample in millionths, written as a decimal fraction.
    mutating func sample(reactor: Int, millionths value: UInt64) {
        line("\(name){reactor=\"\(reactor)\"} \(Self.seconds(value &* 1_000))")
    }

    /// A reactor's sample with a label of fixed words.
    mutating func sample(reactor: Int, _ label: StaticString, _ text: StaticString, _ value: UInt64) {
        line("\(name){reactor=\"\(reactor)\",\(label)=\"\(text)\"} \(value)")
    }

    /// A reactor's sample with a label from a fixed enumeration.
    mutating func sample(reactor: Int, _ label: StaticString, dynamic text: String, _ value: UInt64) {
        line("\(name){reactor=\"\(reactor)\",\(label)=\"\(Self.escaped(text))\"} \(value)")
    }

    /// A reactor's sample in nanoseconds, written as seconds.
    mutating func sample(reactor: Int, _ label: StaticString, _ text: StaticString, ns: UInt64) {
        line("\(name){reactor=\"\(reactor)\",\(label)=\"\(text)\"} \(Self.seconds(ns))")
    }

    /// A reactor's histogram of durations.
    mutating func histogram(reactor: Int, _ durations: DurationHistogram) {
        precondition(kind == .histogram, "buckets belong to a histogram")
        var below: UInt64 = 0
        for (index, count) in durations.buckets.enumerated() {
            below += count
            let bound = DurationHistogram.boundNs(index).map(Self.seconds) ?? "+Inf"
            line("\(name)_bucket{reactor=\"\(reactor)\",le=\"\(bound)\"} \(below)")
        }
        line("\(name)_sum{reactor=\"\(reactor)\"} \(Self.seconds(durations.sumNs))")
        line("\(name)_count{reactor=\"\(reactor)\"} \(below)")
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Nanoseconds as seconds in decimal digits, exact and without an exponent.
    static func seconds(_ ns: UInt64) -> String {
        var fraction = String(ns % 1_000_000_000)
        fraction = String(repeating: "0", count: 9 - fraction.utf8.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return fraction.isEmpty ? "\(ns / 1_000_000_000)" : "\(ns / 1_000_000_000).\(fraction)"
    }

    /// Backslash, quote and newline, as the format asks for in label values.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
