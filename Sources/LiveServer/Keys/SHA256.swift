// Owns the SHA-256 of a short text off the hot path. Never a context that is kept: reactors have their own.

import COpenSSL

enum SHA256 {
    /// The 32 bytes of FIPS 180-4.
    static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        let done = EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil) == 1
        precondition(done && count == 32, "OpenSSL could not compute a SHA-256")
        return digest
    }
}
