// UTF8Validator: decides whether bytes are UTF-8 in the sense of RFC 3629 (no overlong forms, no surrogates,
// nothing above U+10FFFF), in one go or piece by piece.
// Never decodes, never repairs, never allocates. The whole state between pieces is three bytes.

/// A UTF-8 check that can be fed piece by piece and fails on the first byte that can't be part of a valid text.
///
/// Thread: a value, owned by whoever feeds it. Source: RFC 3629 §4, Unicode table 3-7.
package struct UTF8Validator: Sendable {
    /// Continuation bytes that the sequence in progress still needs, 0–3.
    private var missing: UInt8 = 0
    /// The least and greatest value that the next continuation byte may have; narrower than 80–BF right after
    /// E0, ED, F0 and F4, which is what excludes overlong forms, surrogates and values above U+10FFFF.
    private var least: UInt8 = 0x80
    private var greatest: UInt8 = 0xBF

    /// A validator at the start of a text.
    package init() {}

    /// True between characters: the text so far does not end within one.
    package var isComplete: Bool { missing == 0 }

    /// Forgets everything before, as at the start of a text.
    package mutating func reset() { self = UTF8Validator() }

    /// Takes the next piece. False as soon as a byte is impossible; after that the validator must be reset.
    package mutating func accept(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let count = bytes.count
        var at = 0
        while at < count {
            if missing == 0 {
                at = Self.endOfASCII(base, from: at, count: count)
                // Whole characters are cheapest checked at once; the last few bytes go one by one.
                while at < count, base.load(fromByteOffset: at, as: UInt8.self) >= 0x80 {
                    let length = Self.sequenceLength(base + at, available: count - at)
                    if length == 0 { break }
                    at += length
                }
                if at == count { return true }
            }
            guard step(base.load(fromByteOffset: at, as: UInt8.self)) else { return false }
            at += 1
        }
        return true
    }

    /// Takes one byte. False if no valid text continues with it.
    package mutating func step(_ byte: UInt8) -> Bool {
        if missing > 0 {
            guard byte >= least, byte <= greatest else { return false }
            missing -= 1
            least = 0x80
            greatest = 0xBF
            return true
        }
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { least = 0xA0 }
            if byte == 0xED { greatest = 0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { least = 0x90 }
            if byte == 0xF4 { greatest = 0x8F }
        default: return false
        }
        return true
    }

    /// Whether `bytes` are a complete valid text.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.accept(bytes) && validator.isComplete
    }

    /// The length, 2–4, of the multi-byte character at `start`, or 0 if there is none that is valid and whole
    /// within `available` bytes (0 for ASCII too).
    @inline(__always)
    static func sequenceLength(_ start: UnsafeRawPointer, available: Int) -> Int {
        let lead = start.load(as: UInt8.self)
        guard available >= 2 else { return 0 }
        let second = start.load(fromByteOffset: 1, as: UInt8.self)
        switch lead {
        case 0xC2...0xDF:
            return second & 0xC0 == 0x80 ? 2 : 0
        case 0xE0...0xEF:
            guard available >= 3 else { return 0 }
            let third = start.load(fromByteOffset: 2, as: UInt8.self)
            let least: UInt8 = lead == 0xE0 ? 0xA0 : 0x80
            let greatest: UInt8 = lead == 0xED ? 0x9F : 0xBF
            return second >= least && second <= greatest && third & 0xC0 == 0x80 ? 3 : 0
        case 0xF0...0xF4:
            guard available >= 4 else { return 0 }
            let third = start.load(fromByteOffset: 2, as: UInt8.self)
            let fourth = start.load(fromByteOffset: 3, as: UInt8.self)
            let least: UInt8 = lead == 0xF0 ? 0x90 : 0x80
            let greatest: UInt8 = lead == 0xF4 ? 0x8F : 0xBF
            return second >= least && second <= greatest && (third & fourth) & 0xC0 == 0x80
                && (third | fourth) & 0x40 == 0 ? 4 : 0
        default: return 0
        }
    }

    /// The first offset at or after `from` whose byte is not ASCII, or `count`. Reads eight bytes at a time,
    /// and thirty-two while a text is long and plain.
    @inline(__always)
    private static func endOfASCII(_ base: UnsafeRawPointer, from: Int, count: Int) -> Int {
        let high: UInt64 = 0x8080_8080_8080_8080
        var at = from
        while at + 32 <= count {
            let first = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let second = base.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
            let third = base.loadUnaligned(fromByteOffset: at + 16, as: UInt64.self)
            let fourth = base.loadUnaligned(fromByteOffset: at + 24, as: UInt64.self)
            if (first | second | third | fourth) & high != 0 { break }
            at += 32
        }
        while at + 8 <= count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self)) & high
            if word != 0 { return at + word.trailingZeroBitCount >> 3 }
            at += 8
        }
        while at < count, base.load(fromByteOffset: at, as: UInt8.self) < 0x80 { at += 1 }
        return at
    }
}
