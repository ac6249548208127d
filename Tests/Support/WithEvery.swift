// Owns the exhaustive loops that tests share: every split of an input, every cut, every flipped bit, every n at which
// something fails. Never random. The work is quadratic in the input's length at worst: keep inputs to a few KiB.

/// Calls `body` with every way to cut `bytes` in two, the two ways with an empty part included.
package func withEverySplit(
    of bytes: [UInt8], _ body: (_ head: ArraySlice<UInt8>, _ tail: ArraySlice<UInt8>) throws -> Void
) rethrows {
    for cut in 0...bytes.count { try body(bytes[..<cut], bytes[cut...]) }
}

/// Calls `body` with every true prefix of `bytes`, from the empty one to all but the last byte.
package func withEveryPrefix(of bytes: [UInt8], _ body: (ArraySlice<UInt8>) throws -> Void) rethrows {
    for count in bytes.indices { try body(bytes[..<count]) }
}

/// Calls `body` with `bytes` once for each of its bits, with that one bit flipped.
package func withEveryFlippedBit(
    of bytes: [UInt8], _ body: (_ damaged: [UInt8], _ index: Int) throws -> Void
) rethrows {
    var damaged = bytes
    for index in bytes.indices {
        for bit in 0..<8 {
            damaged[index] ^= 1 << UInt8(bit)
            try body(damaged, index)
            damaged[index] = bytes[index]
        }
    }
}

/// Calls `body` with n = 1, 2, 3, … until it says that the n-th step was never reached; answers how many were.
///
/// The pattern for "fail the n-th system call for all n": `body` plants the fault, runs, and returns whether the fault
/// struck. `limit` bounds the loop: a scenario that never ends is a mistake of the test.
package func withEveryStep(limit: Int = 10_000, _ body: (_ step: Int) throws -> Bool) rethrows -> Int {
    for step in 1...limit where try !body(step) { return step - 1 }
    preconditionFailure("a scenario of more than \(limit) steps: it does not end, or the limit is too low")
}
