// Owns one OpenSSL HMAC-SHA256 context: fetched and keyed once, restarted for every message (about 0.3 µs; the one-shot
// call fetches the algorithm anew each time and costs several times that). Also plain SHA-256 and the comparison that
// takes the same time for every input. Never decides what a tag means. A context belongs to one thread.

import COpenSSL

/// A keyed HMAC-SHA256 (RFC 2104, FIPS 180-4) for many messages under one key.
///
/// Owned by one reactor and used on its thread only. OpenSSL keeps its own copy of the key and wipes it at the end.
/// OpenSSL refuses none of these calls but for want of memory, which ends the process with a sentence.
package struct HMACSHA256: ~Copyable {
    /// Length of a tag in bytes.
    package static let tagBytes = 32

    private let context: OpaquePointer

    /// Fetches the algorithm and keys it; any key length of at least one byte.
    package init(key: [UInt8]) {
        precondition(!key.isEmpty, "an HMAC key holds at least one byte")
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let made = EVP_MAC_CTX_new(algorithm) else {
            preconditionFailure("OpenSSL offers no HMAC: is its default provider loaded?")
        }
        EVP_MAC_free(algorithm)
        context = made
        var digest = Array("SHA256".utf8CString)
        let keyed = digest.withUnsafeMutableBufferPointer { name in
            let parameters = [
                OSSL_PARAM(
                    key: parameterDigest, data_type: UInt32(OSSL_PARAM_UTF8_STRING), data: name.baseAddress,
                    data_size: name.count - 1, return_size: 0),
                OSSL_PARAM(key: nil, data_type: 0, data: nil, data_size: 0, return_size: 0),
            ]
            return EVP_MAC_init(context, key, key.count, parameters)
        }
        precondition(keyed == 1, "OpenSSL refused to key HMAC-SHA256")
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// Writes the 32-byte tag of `message` to `tag`, which holds at least 32 bytes.
    package func authenticate(_ message: UnsafeRawBufferPointer, into tag: UnsafeMutableRawBufferPointer) {
        precondition(tag.count >= Self.tagBytes, "an HMAC-SHA256 tag takes 32 bytes")
        let bytes = message.bindMemory(to: UInt8.self)
        var written = 0
        let done =
            EVP_MAC_init(context, nil, 0, nil) == 1
            && EVP_MAC_update(context, bytes.baseAddress, bytes.count) == 1
            && EVP_MAC_final(context, tag.bindMemory(to: UInt8.self).baseAddress, &written, tag.count) == 1
        precondition(done && written == Self.tagBytes, "OpenSSL could not compute an HMAC-SHA256")
    }

    /// The 32-byte tag of `message` as an array, for callers off the hot path.
    package func tag(of message: [UInt8]) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: Self.tagBytes)
        message.withUnsafeBytes { bytes in tag.withUnsafeMutableBytes { authenticate(bytes, into: $0) } }
        return tag
    }
}

/// A SHA-256 context for many messages, used on one thread.
package struct SHA256Digest: ~Copyable {
    /// Length of a digest in bytes.
    package static let digestBytes = 32

    private let context: OpaquePointer

    /// Fetches the algorithm.
    package init() {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil), let made = EVP_MD_CTX_new() else {
            preconditionFailure("OpenSSL offers no SHA-256: is its default provider loaded?")
        }
        let begun = EVP_DigestInit_ex(made, algorithm, nil)
        EVP_MD_free(algorithm)
        precondition(begun == 1, "OpenSSL could not begin a SHA-256")
        context = made
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Writes the 32-byte digest of `message` to `digest`, which holds at least 32 bytes.
    package func hash(_ message: UnsafeRawBufferPointer, into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= Self.digestBytes, "a SHA-256 digest takes 32 bytes")
        let done =
            EVP_DigestInit_ex(context, nil, nil) == 1
            && EVP_DigestUpdate(context, message.baseAddress, message.count) == 1
            && EVP_DigestFinal_ex(context, digest.bindMemory(to: UInt8.self).baseAddress, nil) == 1
        precondition(done, "OpenSSL could not compute a SHA-256")
    }

    /// The 32-byte digest of `message` as an array, for callers off the hot path.
    package func hash(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.digestBytes)
        message.withUnsafeBytes { bytes in digest.withUnsafeMutableBytes { hash(bytes, into: $0) } }
        return digest
    }
}

/// Whether two byte ranges are equal, in a time that depends on their lengths alone.
package func equalInConstantTime(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return CRYPTO_memcmp(first, second, left.count) == 0
}

/// The name of HMAC's digest parameter (OSSL_MAC_PARAM_DIGEST, EVP_MAC-HMAC(7)); OpenSSL keeps the pointer only while
/// it reads the parameters, and a literal lives for ever.
private var parameterDigest: UnsafePointer<CChar> {
    let name: StaticString = "digest"
    return UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
}
