// ByteWord: looks at eight bytes at once in a 64-bit word.
// Never reads memory. The lowest marked byte of a result is exact; marks above it may be false, because a borrow
// runs upwards. So only "none" and "the first one" may be asked of a result.

/// Questions about the eight bytes of a word; the answer has the top bit set in each byte that is concerned.
/// Source: H. S. Warren, Hacker's Delight, §6-1.
enum ByteWord {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Bytes equal to `byte`.
    @inline(__always)
    static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & tops
    }

    /// Control bytes, 00–1F.
    @inline(__always)
    static func below0x20(_ word: UInt64) -> UInt64 {
        (word &- (ones &* 0x20)) & ~word & tops
    }
}
