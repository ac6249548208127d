// Owns the text forms of keys, secrets and token parts for callers that hold arrays and strings: base64url without
// padding and hex, through LiveProtocol's codecs. Not for the hot path.

import LiveProtocol

/// Text of secrets and token parts.
enum TokenText {
    /// Unpadded base64url (RFC 4648 §5).
    static func base64URL(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { String(decoding: Base64.encodeURL($0), as: UTF8.self) }
    }

    /// Lower-case hex.
    static func hex(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { String(decoding: Hex.encode($0), as: UTF8.self) }
    }

    /// The bytes that hex names, or base64url; nil for neither. What is both is hex.
    static func bytes(hexOrBase64URL text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { digits in
            let raw = UnsafeRawBufferPointer(digits)
            return Hex.decode(raw) ?? Base64.decodeURL(raw)
        }
    }
}
