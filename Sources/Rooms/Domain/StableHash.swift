// A 64-bit hash that is the same in every process and on every machine, unlike Swift's seeded Hasher. It tells
// differing states and payloads apart; it resists no adversary: where one could gain, nothing hangs on it.

/// A streaming hash over words and bytes (multiply and fold, constants from the fraction of the golden ratio and of
/// MurmurHash3's finalizer).
package struct StableHash: Sendable {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// An empty hash.
    package init() {}

    /// Takes one word in.
    package mutating func combine(_ word: UInt64) {
        let product = (state ^ word).multipliedFullWidth(by: 0xC6A4_A793_5BD1_E995)
        state = (product.low ^ product.high) &+ 0x9E37_79B9_7F4A_7C15
    }

    /// Takes bytes in, eight at a time as little-endian words, then the rest, then the length.
    package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset + 8 <= bytes.count {
            combine(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var tail: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            tail |= UInt64(bytes[offset]) << shift
            shift += 8
            offset += 1
        }
        combine(tail)
        combine(UInt64(bytes.count))
    }

    /// The hash of what was taken in so far.
    package var value: UInt64 {
        var mixed = state
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ (mixed >> 33)
    }

    /// The hash of one array.
    package static func of(_ bytes: [UInt8]) -> UInt64 {
        var hash = StableHash()
        bytes.withUnsafeBytes { hash.combine($0) }
        return hash.value
    }
}
