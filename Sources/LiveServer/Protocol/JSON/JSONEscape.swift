// JSONEscape: finds and writes what must not stand in a JSON string as it is.
// Never validates UTF-8 (the callers have), never quotes.

/// Escapes for JSON strings. Source: RFC 8259 §7; `<` and U+2028/2029 for texts that end up in HTML and scripts.
enum JSONEscape {
    /// The first offset at or after `from` that may need an escape, or the count. E2 stops it as the first byte
    /// of U+2028 and U+2029.
    static func firstSpecial(_ utf8: UnsafeRawBufferPointer, from: Int) -> Int {
        guard let base = utf8.baseAddress else { return 0 }
        var at = from
        while at + 8 <= utf8.count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let hits =
                ByteWord.below0x20(word) | ByteWord.equal(word, 0x22) | ByteWord.equal(word, 0x5C)
                | ByteWord.equal(word, 0x3C) | ByteWord.equal(word, 0xE2)
            if hits != 0 { return at + hits.trailingZeroBitCount >> 3 }
            at += 8
        }
        while at < utf8.count {
            switch base.load(fromByteOffset: at, as: UInt8.self) {
            case 0x00..<0x20, 0x22, 0x5C, 0x3C, 0xE2: return at
            default: at += 1
            }
        }
        return at
    }

    /// Appends `utf8`, which is valid, with escapes.
    static func append(_ utf8: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var at = 0
        while at < utf8.count {
            let special = firstSpecial(utf8, from: at)
            if special > at { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[at..<special])) }
            if special == utf8.count { return }
            at = special + appendSpecial(utf8, at: special, to: &bytes)
        }
    }

    /// Appends what stands for the byte at `at`; returns how many bytes of the input that covers.
    private static func appendSpecial(_ utf8: UnsafeRawBufferPointer, at: Int, to bytes: inout [UInt8]) -> Int {
        let byte = utf8[at]
        switch byte {
        case 0x22: bytes.append(contentsOf: [0x5C, 0x22])
        case 0x5C: bytes.append(contentsOf: [0x5C, 0x5C])
        case 0x0A: bytes.append(contentsOf: [0x5C, UInt8(ascii: "n")])
        case 0x0D: bytes.append(contentsOf: [0x5C, UInt8(ascii: "r")])
        case 0x09: bytes.append(contentsOf: [0x5C, UInt8(ascii: "t")])
        case 0xE2:
            guard at + 2 < utf8.count, utf8[at + 1] == 0x80, utf8[at + 2] & 0xFE == 0xA8 else {
                bytes.append(byte)
                return 1
            }
            appendUnicode(0x2000 | UInt16(utf8[at + 2] - 0x80), to: &bytes)
            return 3
        default: appendUnicode(UInt16(byte), to: &bytes)
        }
        return 1
    }

    private static func appendUnicode(_ unit: UInt16, to bytes: inout [UInt8]) {
        bytes.append(0x5C)
        bytes.append(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] { bytes.append(Hex.digit(UInt8(truncatingIfNeeded: unit >> UInt16(shift)) & 15)) }
    }
}
