// Owns the few forms of DER (ITU-T X.690) that signatures and public keys need: writing and reading SEQUENCE, INTEGER
// and BIT STRING. Never a general parser: what is read here was made by OpenSSL or by `DER` itself. At most 64 KiB.

/// DER in the forms that ECDSA signatures and public keys take.
enum DER {
    static let sequence: UInt8 = 0x30
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03

    /// One element: tag, length, content.
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        precondition(content.count < 65_536, "keys and signatures are short")
        let count = content.count
        var bytes = [tag]
        if count < 128 {
            bytes.append(UInt8(count))
        } else if count < 256 {
            bytes += [0x81, UInt8(count)]
        } else {
            bytes += [0x82, UInt8(count >> 8), UInt8(count & 255)]
        }
        return bytes + content
    }

    /// An INTEGER of an unsigned big-endian number: no leading zeros but the one that keeps it positive.
    static func unsigned(_ magnitude: some Sequence<UInt8>) -> [UInt8] {
        var digits = Array(magnitude.drop { $0 == 0 })
        if digits.isEmpty || digits[0] >= 128 { digits.insert(0, at: 0) }
        return element(integer, digits)
    }

    /// Takes one element with `tag` off the front of `bytes`; nil where another stands there or it is cut.
    static func take(_ tag: UInt8, from bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard bytes.count >= 2, bytes.first == tag else { return nil }
        var at = bytes.startIndex + 1
        var count = Int(bytes[at])
        at += 1
        if count >= 128 {
            let digits = count - 128
            guard (1...2).contains(digits), bytes.endIndex - at >= digits else { return nil }
            count = bytes[at..<(at + digits)].reduce(0) { $0 << 8 | Int($1) }
            at += digits
        }
        guard bytes.endIndex - at >= count else { return nil }
        defer { bytes = bytes[(at + count)...] }
        return bytes[at..<(at + count)]
    }
}

/// An ECDSA signature over P-256 in the two forms that it has: `r || s` on tokens (RFC 7518 §3.4), DER in OpenSSL.
enum ECDSASignature {
    /// Bytes of one of the two numbers.
    static let numberBytes = 32
    /// Bytes of the raw form.
    static let rawBytes = 64

    /// The DER of a raw signature; nil for another length and where r or s is zero.
    static func der(raw: UnsafeRawBufferPointer) -> [UInt8]? {
        guard raw.count == rawBytes else { return nil }
        let r = raw[..<numberBytes]
        let s = raw[numberBytes...]
        guard r.contains(where: { $0 != 0 }), s.contains(where: { $0 != 0 }) else { return nil }
        return DER.element(DER.sequence, DER.unsigned(r) + DER.unsigned(s))
    }

    /// The raw form of a signature that OpenSSL made; nil for anything else.
    static func raw(der: [UInt8]) -> [UInt8]? {
        var rest = der[...]
        guard var numbers = DER.take(DER.sequence, from: &rest), let r = DER.take(DER.integer, from: &numbers),
            let s = DER.take(DER.integer, from: &numbers), let left = padded(r), let right = padded(s)
        else { return nil }
        return left + right
    }

    private static func padded(_ number: ArraySlice<UInt8>) -> [UInt8]? {
        let digits = Array(number.drop { $0 == 0 })
        guard digits.count <= numberBytes else { return nil }
        return [UInt8](repeating: 0, count: numberBytes - digits.count) + digits
    }
}
