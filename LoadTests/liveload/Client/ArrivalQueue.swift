// Owns who is to arrive next and when, for one worker. Never begins a connection.

/// Participants in the order of their arrival.
struct ArrivalQueue {
    private let order: [Int]
    private let offsetsNs: [UInt64]
    private var next = 0
    private var baseNs: UInt64 = .max

    /// - Parameters:
    ///   - places: this worker's participants that belong here.
    ///   - numbers: their numbers over all workers, by place.
    ///   - firstNumber: the number that arrives first.
    init(_ places: [Int], numbers: [Int], firstNumber: Int, curve: ArrivalCurve) {
        order = places
        offsetsNs = places.map { curve.offsetNs(min(numbers[$0] - firstNumber, curve.count - 1)) }
    }

    /// From when the curve counts.
    mutating func begin(atNs: UInt64) { baseNs = atNs }

    /// When the next is due; nil where nobody is left or nobody may come yet.
    var nextDueNs: UInt64? {
        guard next < order.count, baseNs != .max else { return nil }
        return baseNs + offsetsNs[next]
    }

    /// Takes the next.
    mutating func take() -> Int {
        defer { next += 1 }
        return order[next]
    }
}
