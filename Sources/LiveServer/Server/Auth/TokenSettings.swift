// Owns what the verifying and the minting side of access tokens agree on. Immutable; read from the configuration once.

package import LiveKeys

/// How tokens are signed. Fixed by configuration, never read from a token: that is what defeats `none` and swapped
/// algorithms.
package enum TokenAlgorithm: String, Sendable, CaseIterable {
    /// HMAC with SHA-256 (RFC 7518 §3.2) under the node's own key: for development and for classes of guests.
    case hs256 = "HS256"
    /// ECDSA on P-256 with SHA-256, by the issuer's published keys.
    case es256 = "ES256"
    /// RSA with SHA-256, by the issuer's published keys.
    case rs256 = "RS256"
    /// Ed25519, by the issuer's published keys.
    case edDSA = "EdDSA"

    /// The algorithm of public keys; nil for HMAC.
    package var signature: SignatureAlgorithm? {
        switch self {
        case .hs256: nil
        case .es256: .es256
        case .rs256: .rs256
        case .edDSA: .edDSA
        }
    }
}

/// What the verifying and the minting side agree on.
///
/// With HS256 there is one issuer and one key. With another algorithm there are two issuers, and each has one algorithm
/// and its own keys: the configured one, whose tokens are signed elsewhere, and the node itself, which signs those of
/// guests and of teachers' links by HMAC under a key derived for that alone.
package struct TokenSettings: Sendable {
    /// The `iss` of the node's own tokens where others come from an issuer.
    package static let nodeIssuer = "urn:liveclassroom:node"

    /// The node's secret: that of HS256, and the root of derived keys.
    package let key: TokenKey
    /// The only algorithm that is accepted from the issuer.
    package let algorithm: TokenAlgorithm
    /// The `iss` that every token of the issuer must carry.
    package let issuer: String
    /// The `aud` that every token must carry.
    package let audience: String
    /// How far an issuer's clock may run ahead of ours, seconds; for `nbf` and `iat` only, never for `exp`.
    package let leewayS: Int64

    /// Settings; the leeway is not negative.
    package init(
        key: TokenKey, algorithm: TokenAlgorithm = .hs256, issuer: String, audience: String, leewayS: Int64 = 60
    ) {
        precondition(leewayS >= 0, "a leeway is not negative")
        self.key = key
        self.algorithm = algorithm
        self.issuer = issuer
        self.audience = audience
        self.leewayS = leewayS
    }

    /// The `iss` of what the node signs itself.
    var ownIssuer: String { algorithm == .hs256 ? issuer : Self.nodeIssuer }

    /// The HMAC key of what the node signs itself.
    var ownSecret: [UInt8] { algorithm == .hs256 ? key.secret : key.derive("node tokens") }

    /// The header of what the node signs itself, as it stands in a token. There is one spelling, so that a token is
    /// known as the node's by comparing bytes.
    var ownHeader: String {
        TokenText.base64URL(
            Array(
                algorithm == .hs256
                    ? #"{"alg":"HS256","typ":"JWT"}"#.utf8 : #"{"alg":"HS256","kid":"node","typ":"JWT"}"#.utf8))
    }
}
