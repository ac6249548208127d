// Owns what operators want to know of a certificate file: how long it is good, for whom, with which kind of key.
// Judges nothing. Reads files: not for a reactor.

internal import COpenSSL
internal import Glibc

/// The kind of a certificate's key.
package enum TLSKeyKind: String, Sendable, Hashable {
    case ecdsa = "ECDSA"
    case rsa = "RSA"
    case other = "other"
}

/// What a certificate says.
package struct TLSCertificate: Sendable, Hashable {
    /// The key's kind.
    package let kind: TLSKeyKind
    /// The key's size in bits.
    package let keyBits: Int
    /// Seconds from now until it is good; not positive where it is.
    package let secondsUntilValid: Int
    /// Seconds from now until it expires; negative where it has.
    package let secondsLeft: Int
    /// Whether it is signed with its own key.
    package let isSelfSigned: Bool

    /// Reads the first certificate of a PEM file.
    package static func read(_ path: String) throws(TLSFailure) -> TLSCertificate {
        let subject = "the certificate \(path)"
        guard let file = fopen(path, "re") else { throw TLSFailure(subject, String(cString: strerror(errno))) }
        defer { fclose(file) }
        guard let certificate = PEM_read_X509(file, nil, nil, nil) else {
            throw TLSFailure(takingFromQueue: subject)
        }
        defer { X509_free(certificate) }
        guard let key = X509_get0_pubkey(certificate), let until = seconds(to: X509_get0_notBefore(certificate)),
            let left = seconds(to: X509_get0_notAfter(certificate))
        else { throw TLSFailure(takingFromQueue: subject) }
        let kind: TLSKeyKind =
            switch EVP_PKEY_get_base_id(key) {
            case EVP_PKEY_EC: .ecdsa
            case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS: .rsa
            default: .other
            }
        let isSelfSigned = X509_self_signed(certificate, 0) == 1
        ERR_clear_error()
        return TLSCertificate(
            kind: kind, keyBits: Int(EVP_PKEY_get_bits(key)), secondsUntilValid: until, secondsLeft: left,
            isSelfSigned: isSelfSigned)
    }

    private static func seconds(to time: UnsafePointer<ASN1_TIME>?) -> Int? {
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, nil, time) == 1 else { return nil }
        return Int(days) * 86_400 + Int(seconds)
    }
}
