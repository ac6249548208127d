// Owns the settings of identity with their defaults. Reasons and allowed values stand in SettingCatalogue+Auth.

package import LiveKeys

/// How access tokens are judged.
package struct AuthSettings: Sendable, Equatable {
    /// The secret; the public development key unless configured.
    package var key = TokenKey.development
    /// The one algorithm of the issuer's tokens.
    package var algorithm = TokenAlgorithm.hs256
    /// The `iss` of every token.
    package var issuer = "liveclassroom"
    /// The `aud` of every token.
    package var audience = "liveclassroom"
    /// Seconds, for `nbf` and `iat`.
    package var leewayS = 60
    /// File with the issuer's public keys; empty: none.
    package var jwksFile = ""
    /// Where the issuer publishes its public keys; empty: nowhere.
    package var jwksURL = ""
    /// Certificates of authorities in PEM for that URL; empty: the system's.
    package var jwksAuthorities = ""
    /// Addresses that may be asked for keys although they are private.
    package var jwksPrivateAddresses: [String] = []
    /// Longest time between two looks for keys, seconds.
    package var jwksRefreshS = 300
    /// Shortest time between two looks for keys that nobody knows, seconds.
    package var jwksRefetchS = 30
    /// Time for one look, ms.
    package var jwksTimeoutMs = 10_000
    /// File with the private key that `liveserver token` signs with; empty: none.
    package var signingKey = ""
    /// Threads that check signatures of public keys.
    package var verifyThreads = 1
    /// Tokens that wait for them.
    package var verifyQueue = 16_384
    /// Used tickets that are remembered.
    package var usedTickets = 65_536

    /// The embedded default.
    package init() {}

    /// Where keys may be fetched from.
    package var addressPolicy: AddressPolicy {
        AddressPolicy(listed: jwksPrivateAddresses.compactMap { AddressRange($0) })
    }
}

/// What must hold between settings of identity.
enum AuthRules {
    /// Most entries of `auth.jwks_private_addresses`.
    static let addressesMax = 64

    /// What is wrong with a list of addresses, or nil.
    @Sendable static func addresses(_ entries: [String]) -> String? {
        guard let bad = entries.first(where: { AddressRange($0) == nil }) else { return nil }
        return "\(bad) is not an address or block of addresses, such as 10.1.2.3 or fd00::/8"
    }

    /// What is wrong with a URL of keys, or nil; empty is right.
    @Sendable static func url(_ text: String) -> String? {
        let scheme = text.lowercased()
        if text.isEmpty { return nil }
        guard scheme.hasPrefix("https://") || scheme.hasPrefix("http://"), !text.contains("@"), !text.contains("#"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return "must be https://, a host and a path, without user, blanks or fragment" }
        return nil
    }

    /// Faults between settings.
    static func faults(_ auth: AuthSettings) -> [ConfigurationFault] {
        let sources = [auth.jwksFile, auth.jwksURL].filter { !$0.isEmpty }
        guard auth.algorithm != .hs256 else {
            guard sources.isEmpty, auth.signingKey.isEmpty else {
                return [
                    ConfigurationFault(
                        key: "auth.algorithm",
                        sentence: "is HS256, which has no public keys: set ES256, RS256 or EdDSA, or remove "
                            + "auth.jwks_file, auth.jwks_url and auth.signing_key")
                ]
            }
            return []
        }
        var faults: [ConfigurationFault] = []
        if sources.count > 1 {
            faults.append(
                ConfigurationFault(key: "auth.jwks_url", sentence: "stands beside auth.jwks_file: keep one of them"))
        }
        if sources.isEmpty, auth.signingKey.isEmpty {
            faults.append(
                ConfigurationFault(
                    key: "auth.algorithm",
                    sentence: "\(auth.algorithm.rawValue) needs public keys: set auth.jwks_url, auth.jwks_file or "
                        + "auth.signing_key"))
        }
        if auth.issuer == TokenSettings.nodeIssuer {
            faults.append(
                ConfigurationFault(key: "auth.issuer", sentence: "is the node's own name: name the issuer of tokens"))
        }
        return faults
    }
}
