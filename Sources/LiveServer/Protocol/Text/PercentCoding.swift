// PercentCoding: `%XX` escapes of URLs, both ways.
// Never repairs: an escape without two digits, or a text that is not UTF-8, is refused.

/// Percent-encoding. Source: RFC 3986 §2.1.
package enum PercentCoding {
    /// The bytes behind `text`; nil if an escape is ill-formed.
    package static func decode(_ text: UnsafeRawBufferPointer, plusIsSpace: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "%") {
                guard at + 2 < text.count, let high = Hex.value(text[at + 1]), let low = Hex.value(text[at + 2])
                else { return nil }
                bytes.append(high << 4 | low)
                at += 3
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                at += 1
            }
        }
        return bytes
    }

    /// The text behind `text`; nil if an escape is ill-formed, the bytes are not UTF-8, or one is NUL.
    package static func decodeString(_ text: UnsafeRawBufferPointer, plusIsSpace: Bool = false) -> String? {
        guard let bytes = decode(text, plusIsSpace: plusIsSpace), !bytes.contains(0) else { return nil }
        let isValid = bytes.withUnsafeBytes { UTF8Validator.isValid($0) }
        return isValid ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// `text` with everything but letters, digits and -._~ escaped: fit for any part of a URL.
    package static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if ASCIISet.unreserved.contains(byte) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(upper(byte >> 4))
                bytes.append(upper(byte & 15))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func upper(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
