// Owns when people arrive: the moment of each arrival within a span, as a pure function of its place in the order.
// Never random: the same plan gives the same arrivals in any process.

import Glibc

/// How arrivals are spread over a span.
enum ArrivalShape: String, Codable, CaseIterable, Sendable {
    /// A bell around the middle (the class boundary): a normal distribution cut at three standard deviations.
    case bell
    /// Evenly.
    case flat
    /// All at the beginning.
    case instant
}

/// The moments of `count` arrivals within a span.
struct ArrivalCurve: Sendable {
    /// How far the bell reaches to either side of its middle, in standard deviations.
    static let reachDeviations = 3.0

    let shape: ArrivalShape
    /// Arrivals in all, at least 1.
    let count: Int
    /// The span in nanoseconds.
    let spanNs: UInt64

    /// The moment of arrival `place` (0 ..< count), in nanoseconds from the span's beginning; rises with the place.
    func offsetNs(_ place: Int) -> UInt64 {
        precondition(place >= 0 && place < count, "an arrival has its place in the order")
        let share = (Double(place) + 0.5) / Double(count)
        switch shape {
        case .instant: return 0
        case .flat: return UInt64(share * Double(spanNs))
        case .bell:
            // Quantiles of the cut distribution: its mass lies between the quantiles of the two cuts.
            let tail = Self.normalShare(below: -Self.reachDeviations)
            let deviations = Self.normalQuantile(tail + share * (1 - 2 * tail))
            let position = 0.5 + deviations / (2 * Self.reachDeviations)
            return UInt64(min(max(position, 0), 1) * Double(spanNs))
        }
    }

    /// The share of a normal distribution below `deviations`.
    static func normalShare(below deviations: Double) -> Double { 0.5 * erfc(-deviations / 2.0.squareRoot()) }

    /// Where a normal distribution has `share` (0 < share < 1) of its mass below: by halving, to 1e-9 deviations.
    static func normalQuantile(_ share: Double) -> Double {
        precondition(share > 0 && share < 1, "a quantile lies between 0 and 1")
        var low = -8.0
        var high = 8.0
        while high - low > 1e-9 {
            let middle = (low + high) / 2
            if normalShare(below: middle) < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
