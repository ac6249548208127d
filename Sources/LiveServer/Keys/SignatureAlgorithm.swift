// Owns the names of the signature algorithms that access tokens may be configured to use, beside HMAC. Never chooses
// one: the configuration does.

/// An algorithm with a public and a private key (RFC 7518 §3.1, RFC 8037 §3.1). A key serves exactly one of them.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    /// ECDSA on P-256 with SHA-256: 64 raw bytes a signature.
    case es256 = "ES256"
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2,048 to 8,192 bits.
    case rs256 = "RS256"
    /// Ed25519: 64 bytes a signature.
    case edDSA = "EdDSA"
}

/// Bounds of keys and of sets of them.
package enum KeyLimits {
    /// Least bits of an RSA key (RFC 7518 §3.3).
    package static let rsaBitsMin = 2_048
    /// Most bits: a larger key would make each check a matter of milliseconds.
    package static let rsaBitsMax = 8_192
    /// Most bytes of an RSA exponent: 65537 takes three, and a long one makes checks slow.
    package static let rsaExponentBytesMax = 4
    /// Bytes of a key's id.
    package static let kidBytesMax = 128
    /// Keys of a set; issuers have a handful.
    package static let keysMax = 64
    /// Bytes of a set.
    package static let setBytesMax = 262_144
    /// Bytes of a private key's file.
    package static let pemBytesMax = 65_536
}
