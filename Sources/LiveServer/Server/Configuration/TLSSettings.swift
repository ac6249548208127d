// Owns the settings of encryption with their defaults. Reasons and allowed ranges stand in SettingCatalogue.

package import LiveTLS

/// Encryption; off until there is a certificate.
package struct TLSSettings: Sendable, Equatable {
    /// PEM files of certificates, each with its chain: none, one, or one ECDSA and one RSA.
    package var certificate: [String] = []
    /// PEM files of their private keys, in the same order.
    package var key: [String] = []
    /// 0: the main port speaks TLS; else a port of its own beside it.
    package var port = 0
    /// Least version.
    package var minVersion = TLSVersion.tls12
    /// Time after which tickets are sealed with a new key, s.
    package var ticketRotationS = 43_200
    /// Handshakes that a round of a reactor begins.
    package var handshakesPerRound = 1
    /// Time for a handshake, ms.
    package var handshakeTimeoutMs = 10_000

    /// Whether there is anything to encrypt with.
    package var isOn: Bool { !certificate.isEmpty }

    /// Certificates and their keys.
    package var identities: [TLSIdentityFiles] {
        zip(certificate, key).map { TLSIdentityFiles(certificate: $0, key: $1) }
    }
}
