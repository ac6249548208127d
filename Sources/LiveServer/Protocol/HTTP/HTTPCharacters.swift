// HTTPCharacters: which bytes may stand where in an HTTP message.
// Never looks at more than one byte, but for the scan of field values.

/// A set of ASCII characters, one bit each.
struct ASCIISet: Sendable {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte & 63) & 1 == 1
    }

    func containsAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where !contains(byte) { return false }
        return true
    }

    /// tchar, RFC 9110 §5.6.2: letters, digits and !#$%&'*+-.^_`|~
    static var token: ASCIISet { ASCIISet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE) }
    /// What a request target may hold: visible ASCII but `#`, since browsers leave some of RFC 3986's rest as it is.
    static var target: ASCIISet { ASCIISet(low: 0xFFFF_FFF6_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF) }
    /// Letters, digits and -._~ : RFC 3986's unreserved, and all that we take in a host name.
    static var unreserved: ASCIISet { ASCIISet(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }
    /// Hexadecimal digits, colon and dot: an IPv6 address between its brackets.
    static var address6: ASCIISet { ASCIISet(low: 0x07FF_4000_0000_0000, high: 0x0000_007E_0000_007E) }
}

enum HTTPCharacters {
    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Whether `value` holds nothing but visible characters, spaces, tabs and bytes from 80 on. RFC 9110 §5.5.
    static func isFieldValue(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let base = value.baseAddress else { return true }
        var at = 0
        while at + 8 <= value.count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            if ByteWord.below0x20(word) | ByteWord.equal(word, 0x7F) != 0 { break }
            at += 8
        }
        while at < value.count {
            let byte = value[at]
            if byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
            at += 1
        }
        return true
    }

    /// `range` without spaces and tabs at its ends.
    static func trim(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    static func trim(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[trim(bytes, 0..<bytes.count)])
    }

    /// `host`, `host:port`, `[v6]` or `[v6]:port`. Narrower than RFC 3986 §3.2: no user, no escapes, no
    /// sub-delimiters (a comma would be two joined fields).
    static func isAuthority(_ text: UnsafeRawBufferPointer, portRequired: Bool = false) -> Bool {
        var at = 0
        if text.first == UInt8(ascii: "[") {
            at = 1
            while at < text.count, ASCIISet.address6.contains(text[at]) { at += 1 }
            guard at > 3, at < text.count, text[at] == UInt8(ascii: "]") else { return false }
            at += 1
        } else {
            while at < text.count, ASCIISet.unreserved.contains(text[at]) { at += 1 }
            guard at > 0 else { return false }
        }
        if at == text.count { return !portRequired }
        guard text[at] == UInt8(ascii: ":") else { return false }
        let port = UnsafeRawBufferPointer(rebasing: text[(at + 1)...])
        if port.isEmpty { return !portRequired }
        guard port.count <= 5, let number = Decimal.parse(port) else { return false }
        return number <= 65535
    }
}
