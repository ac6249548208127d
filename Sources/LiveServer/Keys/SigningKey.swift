// Owns one private key: read from PEM or made anew, signing tokens for `liveserver token`, and showing its public half
// as a JWK. Never on a reactor: an RSA signature takes about a millisecond. The key never leaves OpenSSL but as the PEM
// of a new one.

import COpenSSL
import LiveProtocol

/// Why a private key cannot be used, as a sentence without any of its content.
package struct SigningKeyError: Error, Equatable, Sendable {
    /// What is wrong and what to do.
    package let sentence: String
}

/// A private key that serves one algorithm.
///
/// Unchecked, because the handle is set in init, freed in deinit and never changed between: OpenSSL reads a key from
/// any thread at once (openssl-threads(7)).
package final class SigningKey: @unchecked Sendable {
    /// What it is for.
    package let algorithm: SignatureAlgorithm
    /// Its public half.
    package let publicKey: VerificationKey
    private let handle: OpaquePointer

    /// Reads a private key in PEM, PKCS #8 or the older forms, without a pass phrase.
    package convenience init(_ algorithm: SignatureAlgorithm, pem: [UInt8]) throws(SigningKeyError) {
        guard pem.count <= KeyLimits.pemBytesMax, let bio = BIO_new_mem_buf(pem, Int32(pem.count)) else {
            throw SigningKeyError(sentence: "the file is longer than \(KeyLimits.pemBytesMax) bytes")
        }
        defer {
            BIO_free(bio)
            ERR_clear_error()
        }
        // OpenSSL would ask the terminal for a pass phrase: none is given, so an encrypted key is refused.
        guard let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) else {
            throw SigningKeyError(sentence: "no private key in PEM without a pass phrase was found")
        }
        try self.init(algorithm, taking: key)
    }

    /// Makes a new key; RSA with 3,072 bits.
    package static func generate(_ algorithm: SignatureAlgorithm) throws(SigningKeyError) -> SigningKey {
        let name =
            switch algorithm {
            case .es256: "EC"
            case .rs256: "RSA"
            case .edDSA: "ED25519"
            }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, name, nil) else {
            throw SigningKeyError(sentence: "OpenSSL offers no \(name)")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        let isReady =
            EVP_PKEY_keygen_init(context) == 1
            && (algorithm != .es256 || EVP_PKEY_CTX_set_group_name(context, "P-256") == 1)
            && (algorithm != .rs256 || EVP_PKEY_CTX_set_rsa_keygen_bits(context, 3_072) == 1)
        guard isReady, EVP_PKEY_generate(context, &key) == 1, let key else {
            throw SigningKeyError(sentence: "OpenSSL could not make a key")
        }
        return try SigningKey(algorithm, taking: key)
    }

    private init(_ algorithm: SignatureAlgorithm, taking key: OpaquePointer) throws(SigningKeyError) {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(key, &bytes)
        defer {
            CRYPTO_free(bytes, nil, 0)
            ERR_clear_error()
        }
        guard count > 0, let bytes,
            let publicKey = VerificationKey(
                algorithm, spki: Array(UnsafeBufferPointer(start: bytes, count: Int(count))))
        else {
            EVP_PKEY_free(key)
            throw SigningKeyError(sentence: "the key is not one for \(algorithm.rawValue), or too weak for it")
        }
        self.algorithm = algorithm
        self.publicKey = publicKey
        handle = key
    }

    deinit { EVP_PKEY_free(handle) }

    /// The signature of `message` in the form that tokens have.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a signature") }
        defer { EVP_MD_CTX_free(context) }
        let digest = algorithm == .edDSA ? nil : "SHA256"
        var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(handle)))
        var count = signature.count
        let signed =
            EVP_DigestSignInit_ex(context, nil, digest, nil, nil, handle, nil) == 1
            && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        precondition(signed, "OpenSSL could not sign under a key that it took")
        signature.removeLast(signature.count - count)
        guard algorithm == .es256 else { return signature }
        guard let raw = ECDSASignature.raw(der: signature) else {
            preconditionFailure("OpenSSL makes ECDSA signatures of two numbers below the order of the curve")
        }
        return raw
    }

    /// The key in PEM (PKCS #8), to be written to a file that its owner alone reads.
    package func pem() -> [UInt8] {
        guard let bio = BIO_new(BIO_s_mem()) else { preconditionFailure("OpenSSL has no memory for a key") }
        defer { BIO_free(bio) }
        let written = PEM_write_bio_PKCS8PrivateKey(bio, handle, nil, nil, 0, nil, nil)
        precondition(written == 1, "OpenSSL could not write a key that it made")
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4_096)
        while case let count = Int(BIO_read(bio, &part, Int32(part.count))), count > 0 { text += part[..<count] }
        return text
    }
}
