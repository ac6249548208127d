// Base64: both alphabets of RFC 4648, read strictly.
// Never skips line ends or spaces; never takes two spellings of the same bytes: bits that carry nothing must be 0.

/// Base64 and base64url. Source: RFC 4648 §4, §5, §3.5.
package enum Base64 {
    private static let standard: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private static let url: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    /// Base64 with padding.
    package static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text = encode(bytes, alphabet: standard)
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }

    /// base64url without padding.
    package static func encodeURL(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        encode(bytes, alphabet: url)
    }

    /// base64url without padding, as text.
    package static func encodeURL(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.withUnsafeBytes { encodeURL($0) }, as: UTF8.self)
    }

    /// The bytes behind padded base64; nil for anything ill-formed.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var count = text.count
        if count > 0, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        if count > 0, count < text.count, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        return decode(UnsafeRawBufferPointer(rebasing: text[..<count])) { value(of: $0, 0x2B, 0x2F) }
    }

    /// The bytes behind unpadded base64url; nil for anything ill-formed, padding included.
    package static func decodeURL(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        decode(text) { value(of: $0, 0x2D, 0x5F) }
    }

    /// As above, for a text.
    package static func decodeURL(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decodeURL(UnsafeRawBufferPointer($0)) }
    }

    /// The six bits that `character` stands for, or 255.
    @inline(__always)
    static func value(of character: UInt8, _ sign62: UInt8, _ sign63: UInt8) -> UInt8 {
        switch character {
        case 0x41...0x5A: character - 0x41
        case 0x61...0x7A: character - 0x61 + 26
        case 0x30...0x39: character - 0x30 + 52
        case sign62: 62
        case sign63: 63
        default: 255
        }
    }

    private static func encode(_ bytes: UnsafeRawBufferPointer, alphabet: StaticString) -> [UInt8] {
        let digits = alphabet.utf8Start
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(digits[Int(bits >> UInt32(bitCount) & 63)])
            }
        }
        if bitCount > 0 { text.append(digits[Int(bits << UInt32(6 - bitCount) & 63)]) }
        return text
    }

    private static func decode(_ text: UnsafeRawBufferPointer, value: (UInt8) -> UInt8) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for character in text {
            let six = value(character)
            guard six < 64 else { return nil }
            bits = bits << 6 | UInt32(six)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        return bits & ((1 << UInt32(bitCount)) - 1) == 0 ? bytes : nil
    }
}
