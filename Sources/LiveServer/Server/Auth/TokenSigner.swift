// Owns the way from the configuration to whoever signs the tokens of `liveserver token`: the HMAC key, or the private
// key in a file. Never on a reactor.

import LiveKeys

/// Signs claims as the configuration's issuer.
package struct TokenSigner: Sendable {
    private let settings: TokenSettings
    private let key: SigningKey?

    /// The signer of a configuration.
    /// - Throws: `StartFailure` where there is no key to sign with, or its file is not what it should be.
    package init(_ configuration: ServerConfiguration) throws(StartFailure) {
        settings = configuration.tokenSettings
        key = try Self.signingKey(configuration.auth)
        guard key != nil || settings.algorithm == .hs256 else {
            throw StartFailure(
                "auth.signing_key: \(settings.algorithm.rawValue) tokens need a private key to be signed with; make "
                    + "one with: liveserver key --algorithm \(settings.algorithm.rawValue) --out FILE")
        }
    }

    /// The signed token.
    package func mint(_ claims: TokenClaims) -> String {
        guard let key else { return TokenMint.mint(claims, settings: settings) }
        return TokenMint.mint(claims, settings: settings, key: key)
    }

    /// The private key that the settings name; nil where they name none.
    static func signingKey(_ auth: AuthSettings) throws(StartFailure) -> SigningKey? {
        guard !auth.signingKey.isEmpty, let algorithm = auth.algorithm.signature else { return nil }
        switch KeyFile.read(auth.signingKey, bytesMax: KeyLimits.pemBytesMax) {
        case .fresh(let pem, _, _):
            do throws(SigningKeyError) {
                return try SigningKey(algorithm, pem: pem)
            } catch {
                throw StartFailure("auth.signing_key \(auth.signingKey): \(error.sentence)")
            }
        case .failed(let failure): throw StartFailure("auth.signing_key \(auth.signingKey): \(failure.sentence)")
        case .unchanged: preconditionFailure("a file is read whole")
        }
    }
}
