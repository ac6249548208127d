// Owns making a key and a certificate that the key itself signs, for a class in one's own network: ECDSA P-256, for the
// names and addresses given. Writes no file.

internal import COpenSSL
internal import Glibc

/// A fresh key and its certificate, both PEM.
package struct TLSSelfSigned: Sendable {
    /// How long it is good, in days: phones refuse server certificates of more than 398.
    package static let days = 397
    /// How far back it begins, in seconds: phones' clocks differ.
    private static let backdatedS = 86_400

    /// The certificate.
    package let certificate: [UInt8]
    /// The private key (PKCS #8), a secret.
    package let key: [UInt8]

    /// Makes both. `names` are host names, `addresses` IPv4 or IPv6 literals; at least one of them in all. Anything
    /// that is neither fails.
    package init(names: [String], addresses: [String]) throws(TLSFailure) {
        let subject = "a self-signed certificate"
        let alternatives = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        guard let first = (names + addresses).first,
            !alternatives.contains(where: { $0.utf8.contains { $0 == UInt8(ascii: ",") || $0 < 0x21 } })
        else { throw TLSFailure(subject, "host names or addresses are needed") }
        guard let key = live_ec_key("P-256"), let certificate = X509_new() else {
            throw TLSFailure(takingFromQueue: subject)
        }
        defer {
            EVP_PKEY_free(key)
            X509_free(certificate)
        }
        guard Self.fill(certificate, key, commonName: first),
            Self.extend(certificate, NID_basic_constraints, "critical,CA:FALSE"),
            Self.extend(certificate, NID_key_usage, "critical,digitalSignature"),
            Self.extend(certificate, NID_ext_key_usage, "serverAuth"),
            Self.extend(certificate, NID_subject_alt_name, alternatives.joined(separator: ",")),
            X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw TLSFailure(takingFromQueue: subject) }
        guard let text = Self.text({ PEM_write_bio_X509($0, certificate) }),
            let secret = Self.text({ PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) })
        else { throw TLSFailure(takingFromQueue: subject) }
        self.certificate = text
        self.key = secret
    }

    private static func fill(_ certificate: OpaquePointer, _ key: OpaquePointer, commonName: String) -> Bool {
        var serial = [UInt8](repeating: 0, count: 16)
        guard X509_set_version(certificate, 2) == 1, RAND_bytes(&serial, Int32(serial.count)) == 1 else { return false }
        // Positive and without leading zero octets.
        serial[0] = serial[0] & 0x7F | 0x40
        guard let number = BN_bin2bn(serial, Int32(serial.count), nil) else { return false }
        defer { BN_free(number) }
        let name = Array(commonName.utf8.prefix(64))
        guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil,
            X509_gmtime_adj(X509_getm_notBefore(certificate), -backdatedS) != nil,
            X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86_400 - backdatedS) != nil,
            let subject = X509_get_subject_name(certificate),
            X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, Int32(name.count), -1, 0) == 1
        else { return false }
        return X509_set_issuer_name(certificate, subject) == 1 && X509_set_pubkey(certificate, key) == 1
    }

    private static func extend(_ certificate: OpaquePointer, _ number: Int32, _ value: String) -> Bool {
        guard let made = X509V3_EXT_conf_nid(nil, nil, number, value) else { return false }
        defer { X509_EXTENSION_free(made) }
        return X509_add_ext(certificate, made, -1) == 1
    }

    private static func text(_ write: (OpaquePointer) -> Int32) -> [UInt8]? {
        guard let memory = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(memory) }
        guard write(memory) == 1 else { return nil }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = live_bio_memory(memory, &bytes)
        guard count > 0, let bytes else { return nil }
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
