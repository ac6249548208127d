// Chance that can be repeated: the same seed gives the same numbers in every process and on every machine.
// SplitMix64 (Steele, Lea, Flood 2014); the standard library's generators may change between versions, this may not.

/// A source of numbers from a seed.
package struct SeededRandom: Sendable {
    private var state: UInt64

    /// A source; any seed will do.
    package init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1, by the high half of a product (bias below 2^-32 for the bounds used here).
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a choice among nothing")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// True in `percent` of 100 calls.
    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// One element.
    package mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}
