// Owns one public key as OpenSSL holds it, checked when it is made (curve, point, size), and the check of signatures
// under it. Never parses tokens or key sets. About 0.1 ms a signature of ES256 or EdDSA, 0.03 ms of RS256: for worker
// threads.

import COpenSSL
import LiveProtocol

/// A public key that serves one algorithm.
///
/// Unchecked, because the handle is set in init, freed in deinit and never changed between: OpenSSL reads a key from
/// any thread at once (openssl-threads(7)), and it counts its references atomically.
package final class VerificationKey: @unchecked Sendable {
    /// What it is for.
    package let algorithm: SignatureAlgorithm
    /// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): two keys are the same where these bytes are.
    package let spki: [UInt8]
    private let handle: OpaquePointer
    private let signatureBytes: Int

    /// The key in a SubjectPublicKeyInfo; nil where it is not one of `algorithm`'s keys, not on the curve, or too weak.
    package init?(_ algorithm: SignatureAlgorithm, spki: [UInt8]) {
        var start: UnsafePointer<UInt8>?
        let decoded: OpaquePointer? = spki.withUnsafeBufferPointer { bytes in
            start = bytes.baseAddress
            guard let key = d2i_PUBKEY(nil, &start, bytes.count) else { return nil }
            // Bytes behind the key would make two spellings of one key.
            guard start == bytes.baseAddress.map({ $0 + bytes.count }) else {
                EVP_PKEY_free(key)
                return nil
            }
            return key
        }
        guard let decoded else {
            ERR_clear_error()
            return nil
        }
        guard let signatureBytes = Self.signatureBytes(algorithm, decoded) else {
            EVP_PKEY_free(decoded)
            ERR_clear_error()
            return nil
        }
        self.algorithm = algorithm
        self.spki = spki
        self.signatureBytes = signatureBytes
        handle = decoded
    }

    deinit { EVP_PKEY_free(handle) }

    /// An EC key by the coordinates of its point, 32 bytes each.
    package convenience init?(p256X x: [UInt8], y: [UInt8]) {
        guard x.count == 32, y.count == 32 else { return nil }
        // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { uncompressed point } } (RFC 5480)
        let head: [UInt8] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
            0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
        ]
        self.init(.es256, spki: head + x + y)
    }

    /// An Ed25519 key by its 32 bytes.
    package convenience init?(ed25519 x: [UInt8]) {
        guard x.count == 32 else { return nil }
        // SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING } (RFC 8410 §4)
        let head: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        self.init(.edDSA, spki: head + x)
    }

    /// An RSA key by modulus and exponent, unsigned and big-endian without leading zeros.
    package convenience init?(rsaModulus n: [UInt8], exponent e: [UInt8]) {
        guard let first = n.first, first != 0, n.count <= KeyLimits.rsaBitsMax / 8, let low = e.last, low & 1 == 1,
            e.first != 0, e.count <= KeyLimits.rsaExponentBytesMax, e != [1]
        else { return nil }
        let numbers = DER.element(DER.sequence, DER.unsigned(n) + DER.unsigned(e))
        // rsaEncryption with its NULL parameters (RFC 3279 §2.3.1)
        let name: [UInt8] = [
            0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
        ]
        self.init(.rs256, spki: DER.element(DER.sequence, name + DER.element(DER.bitString, [0] + numbers)))
    }

    /// Whether `signature`, in the form that tokens have, is this key's over `message`. Any thread.
    package func verifies(_ signature: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer) -> Bool {
        guard signature.count == signatureBytes else { return false }
        if algorithm == .es256 {
            guard let der = ECDSASignature.der(raw: signature) else { return false }
            return der.withUnsafeBytes { check($0, message) }
        }
        return check(signature, message)
    }

    private func check(_ signature: UnsafeRawBufferPointer, _ message: UnsafeRawBufferPointer) -> Bool {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a signature") }
        defer {
            EVP_MD_CTX_free(context)
            // A refusal leaves reasons in the thread's queue, which would only grow.
            ERR_clear_error()
        }
        // Ed25519 hashes for itself.
        let digest = algorithm == .edDSA ? nil : "SHA256"
        guard EVP_DigestVerifyInit_ex(context, nil, digest, nil, nil, handle, nil) == 1 else { return false }
        return EVP_DigestVerify(
            context, signature.bindMemory(to: UInt8.self).baseAddress, signature.count,
            message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
    }

    /// The length of a signature under a key that fits the algorithm; nil for one that does not.
    static func signatureBytes(_ algorithm: SignatureAlgorithm, _ key: OpaquePointer) -> Int? {
        switch algorithm {
        case .es256:
            guard EVP_PKEY_is_a(key, "EC") == 1, groupName(key) == "prime256v1", isSound(key) else { return nil }
            return ECDSASignature.rawBytes
        case .rs256:
            let bits = Int(EVP_PKEY_get_bits(key))
            guard EVP_PKEY_is_a(key, "RSA") == 1, (KeyLimits.rsaBitsMin...KeyLimits.rsaBitsMax).contains(bits) else {
                return nil
            }
            return Int(EVP_PKEY_get_size(key))
        case .edDSA: return EVP_PKEY_is_a(key, "ED25519") == 1 ? 64 : nil
        }
    }

    private static func groupName(_ key: OpaquePointer) -> String {
        var name = [CChar](repeating: 0, count: 64)
        var count = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return "" }
        return String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The point lies on the curve and is not infinity (SP 800-56A §5.6.2.3).
    private static func isSound(_ key: OpaquePointer) -> Bool {
        guard let context = EVP_PKEY_CTX_new(key, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        return EVP_PKEY_public_check(context) == 1
    }
}
