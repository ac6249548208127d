// Owns the tests' randomness: one 64-bit seed gives the same numbers on every machine and in every run.
// Never reads the clock or the system's generator unless asked for a fresh seed. Not for cryptography.

#if canImport(Glibc)
    import Glibc
#endif

/// A seeded generator for property tests: xoshiro256** whose four words come from SplitMix64.
///
/// Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021.
/// A value type: copying it forks the sequence. Use it with `Int.random(in:using:)`, `shuffled(using:)` and so on.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    /// The seed that this generator began with; a failing test prints it.
    package let seed: UInt64
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64

    /// Begins the sequence that `seed` names; every seed, zero too, gives a good one.
    package init(seed: UInt64) {
        self.seed = seed
        var mixer = SplitMix64(state: seed)
        a = mixer.next()
        b = mixer.next()
        c = mixer.next()
        d = mixer.next()
    }

    /// The next 64 uniformly distributed bits.
    package mutating func next() -> UInt64 {
        let result = rotated(b &* 5, by: 7) &* 9
        let shifted = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = rotated(d, by: 45)
        return result
    }

    /// A uniformly distributed number in `0 ..< bound`; `bound` is at least 1.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "there is no number below \(bound)")
        return Int.random(in: 0..<bound, using: &self)
    }

    /// True `numerator` times in `denominator`, on average.
    package mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
        below(denominator) < numerator
    }

    /// One element of a collection that is not empty.
    package mutating func pick<Choices: RandomAccessCollection>(_ choices: Choices) -> Choices.Element {
        precondition(!choices.isEmpty, "nothing to pick from")
        return choices[choices.index(choices.startIndex, offsetBy: below(choices.count))]
    }

    /// `count` random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        var result = [UInt8]()
        result.reserveCapacity(count)
        while result.count < count {
            var word = next()
            for _ in 0..<min(8, count - result.count) {
                result.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return result
    }

    /// The seeds that a property test runs: `1 ... count`, as many as `LIVE_TEST_SEEDS` says for a long run, or only
    /// the one in `LIVE_TEST_SEED` to replay a failure.
    ///
    /// Pass them as `@Test(arguments:)`: a failure then names its seed by itself.
    package static func seeds(_ count: Int) -> [UInt64] {
        if let text = getenv("LIVE_TEST_SEED"), let seed = UInt64(String(cString: text)) { return [seed] }
        let wanted = getenv("LIVE_TEST_SEEDS").flatMap { Int(String(cString: $0)) } ?? count
        return (0..<UInt64(wanted)).map { $0 + 1 }
    }
}

/// Steele, Lea and Flood's SplitMix64: fills the state of a better generator from one word.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Begins at `state`; every value is allowed.
    package init(state: UInt64) { self.state = state }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

private func rotated(_ word: UInt64, by bits: UInt64) -> UInt64 {
    (word << bits) | (word >> (64 - bits))
}
