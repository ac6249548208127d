// Owns the one call of OpenSSL that signs tokens (HS256) for a server whose key is known here. Never keeps a token.
// Limits: keys of at least 32 bytes, as the server wants them.

import COpenSSL
import LiveProtocol

/// Access tokens under a shared key. Source: RFC 7515, RFC 7518 §3.2.
struct TokenSigner: Sendable {
    /// The key of a server without configuration: known to everybody, and refused by the server off loopback.
    static let developmentKey = Array("liveclassroom development key, public, not for production".utf8)

    let key: [UInt8]
    let issuer: String
    let audience: String

    /// A token for `subject` in `room`, good from `nowS` (seconds since 1970) for `lifeS`.
    func token(subject: String, role: String, room: String, nowS: Int64, lifeS: Int64) -> String {
        var claims = JSONWriter(reserving: 256)
        claims.beginObject()
        claims.field("iss", issuer)
        claims.field("aud", audience)
        claims.field("sub", subject)
        claims.field("role", role)
        claims.key("rooms")
        claims.beginArray()
        claims.string(room)
        claims.endArray()
        claims.field("exp", nowS + lifeS)
        claims.field("iat", nowS)
        claims.endObject()
        let head = Base64.encodeURL(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
        let message = head + "." + Base64.encodeURL(claims.bytes)
        return message + "." + Base64.encodeURL(tag(Array(message.utf8)))
    }

    private func tag(_ message: [UInt8]) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let made = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &tag, &count)
        precondition(made != nil, "OpenSSL could not compute an HMAC-SHA256")
        return Array(tag[..<Int(count)])
    }

    /// A key written in hexadecimal or base64url; nil for anything else or under 32 bytes.
    static func key(_ text: String) -> [UInt8]? {
        var bytes: [UInt8]?
        let digits = Array(text.utf8)
        if digits.count % 2 == 0, digits.allSatisfy({ Hex.value($0) != nil }) {
            bytes = stride(from: 0, to: digits.count, by: 2).map { at in
                (Hex.value(digits[at]) ?? 0) << 4 | (Hex.value(digits[at + 1]) ?? 0)
            }
        } else {
            bytes = Base64.decodeURL(text)
        }
        guard let bytes, bytes.count >= 32 else { return nil }
        return bytes
    }
}
