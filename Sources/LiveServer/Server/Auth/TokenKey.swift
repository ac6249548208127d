// Owns the secret that access tokens are signed with, its text forms, and the keys derived from it. Never prints it:
// its description is a fixed word. At least 32 bytes, at most 1 KiB.

/// Why a text is not a token key. The text itself is never repeated in a message.
package enum TokenKeyError: Error, Equatable {
    /// Neither hex nor unpadded base64url.
    case notHexOrBase64URL
    /// Fewer than 32 bytes: HS256 asks for a key as long as its hash (RFC 7518 §3.2).
    case tooShort(bytes: Int)
    /// More than 1 KiB.
    case tooLong(bytes: Int)

    /// What is wrong and what to do, as one sentence.
    package var sentence: String {
        switch self {
        case .notHexOrBase64URL:
            "the token key must be hex or base64url without padding; make one with: openssl rand -hex 32"
        case .tooShort(let bytes):
            "the token key holds \(bytes) bytes, at least \(TokenKey.secretBytesMin) are needed; "
                + "make one with: openssl rand -hex 32"
        case .tooLong(let bytes): "the token key holds \(bytes) bytes, at most \(TokenKey.secretBytesMax) are allowed"
        }
    }
}

/// The shared secret of HS256 access tokens, and the root of the keys for resume tokens, tickets and guests' ids.
package struct TokenKey: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// Shortest secret, bytes (RFC 7518 §3.2).
    package static let secretBytesMin = 32
    /// Longest secret, bytes; longer ones add nothing and are likely a mistake.
    package static let secretBytesMax = 1024

    /// The key of the embedded default: known to everybody, so it is refused on any address but loopback.
    package static let development = TokenKey(
        unchecked: Array("liveclassroom development key, public, not for production".utf8))

    /// 32…1,024 bytes; never to be shown.
    package let secret: [UInt8]

    /// Takes a secret of 32…1,024 bytes.
    package init(secret: [UInt8]) throws(TokenKeyError) {
        guard secret.count >= Self.secretBytesMin else { throw .tooShort(bytes: secret.count) }
        guard secret.count <= Self.secretBytesMax else { throw .tooLong(bytes: secret.count) }
        self.secret = secret
    }

    /// Reads hex (either case) or unpadded base64url. A text that is both, such as 64 hex digits, is hex.
    package init(text: String) throws(TokenKeyError) {
        guard let secret = TokenText.bytes(hexOrBase64URL: text) else { throw .notHexOrBase64URL }
        try self.init(secret: secret)
    }

    /// The same, with the error as a value.
    package static func parse(_ text: String) -> Result<TokenKey, TokenKeyError> {
        Result { () throws(TokenKeyError) in try TokenKey(text: text) }
    }

    private init(unchecked secret: [UInt8]) { self.secret = secret }

    /// Whether this is the public development key.
    package var isDevelopment: Bool { self == .development }

    /// A 32-byte key for another purpose: HKDF-SHA256 (RFC 5869) without salt and with a versioned `label`. Keys of two
    /// labels tell nothing of each other nor of the secret.
    package func derive(_ label: StaticString) -> [UInt8] {
        let info = label.withUTF8Buffer { Array("liveclassroom v1 ".utf8) + Array($0) }
        return HKDFSHA256.key(secret: secret, salt: [], info: info)
    }

    package static func == (left: TokenKey, right: TokenKey) -> Bool {
        left.secret.withUnsafeBytes { first in right.secret.withUnsafeBytes { equalInConstantTime(first, $0) } }
    }

    /// Never the secret.
    package var description: String { isDevelopment ? "development key" : "secret key" }
    /// Never the secret, also where a containing value is dumped.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// HKDF with SHA-256 for keys of one block (RFC 5869).
enum HKDFSHA256 {
    /// The first 32 bytes of output keying material; no salt means 32 zero bytes (RFC 5869 §2.2).
    static func key(secret: [UInt8], salt: [UInt8], info: [UInt8]) -> [UInt8] {
        let zeros = [UInt8](repeating: 0, count: HMACSHA256.tagBytes)
        let pseudorandomKey = HMACSHA256(key: salt.isEmpty ? zeros : salt).tag(of: secret)
        return HMACSHA256(key: pseudorandomKey).tag(of: info + [1])
    }
}
