// Owns what the sessions of one side share: certificates, versions, ciphers, tickets. Made whole or not at all, then
// never changed: a reload makes another one, and sessions go on with the one that they began with.
//
// Offered: TLS 1.2 and 1.3, forward secrecy and authenticated encryption only; ALPN http/1.1. Off: compression,
// renegotiation, early data, the session cache (tickets carry the state). Limits are OpenSSL's: records of 16 KiB.

internal import COpenSSL
internal import Glibc

/// A version of TLS, as settings name it.
package enum TLSVersion: String, Sendable, CaseIterable {
    /// RFC 5246.
    case tls12 = "1.2"
    /// RFC 8446.
    case tls13 = "1.3"

    var number: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
}

/// Where a certificate with its chain, leaf first, and its private key lie: two PEM files, perhaps the same.
package struct TLSIdentityFiles: Sendable, Hashable {
    /// The certificate's file.
    package let certificate: String
    /// The key's file.
    package let key: String

    /// Two paths.
    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// How a client judges its server.
package enum TLSVerification: Sendable, Hashable {
    /// Not at all: for a load tester on its own machine.
    case off
    /// By the certificates in a PEM file, and the server's name.
    case authorities(path: String)
}

/// What the sessions of one side share; for all threads at once.
package final class TLSContext: @unchecked Sendable {
    // Unchecked because SSL_CTX is a C pointer: written by the makers only, before another thread has it; from then on
    // OpenSSL itself counts and locks what handshakes touch.
    let raw: OpaquePointer
    /// A server's ticket keys.
    package let tickets: TLSTicketKeys?
    /// A client's tickets of earlier sessions.
    let resumption: TLSResumption?

    /// Suites of TLS 1.2: ECDHE and AEAD. Phones without AES hardware put ChaCha20 first
    /// and get it.
    private static let ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
        + "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
    /// Suites of TLS 1.3. AES-128 first: a quarter less work a byte than AES-256, and no attack that would tell them
    /// apart.
    private static let suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
    private static let groups = "X25519:P-256:P-384"
    /// What ALPN calls HTTP/1.1 (RFC 7301 §6), with its length in front.
    private static let http1 = [8] + Array("http/1.1".utf8)

    private init(
        _ method: OpaquePointer?, least: TLSVersion, tickets: TLSTicketKeys?, resumption: TLSResumption?
    ) throws(TLSFailure) {
        guard let raw = SSL_CTX_new(method) else { throw TLSFailure(takingFromQueue: "a TLS context") }
        self.raw = raw
        self.tickets = tickets
        self.resumption = resumption
        SSL_CTX_set_ex_data(raw, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_options(
            raw,
            live_ssl_op_no_compression | live_ssl_op_no_renegotiation | live_ssl_op_server_preference
                | live_ssl_op_prioritize_chacha)
        _ = live_ssl_ctx_mode(
            raw, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS))
        SSL_CTX_set_default_passwd_cb(raw) { _, _, _, _ in -1 }
        guard live_ssl_ctx_min_version(raw, least.number) == 1, SSL_CTX_set_cipher_list(raw, Self.ciphers) == 1,
            SSL_CTX_set_ciphersuites(raw, Self.suites) == 1,
            live_ssl_ctx_groups(raw, Self.groups) == 1
        else { throw TLSFailure(takingFromQueue: "versions and ciphers") }
    }

    deinit { SSL_CTX_free(raw) }

    /// A server's context.
    ///
    /// `identities` are one, or one ECDSA and one RSA certificate, of which each client gets what it can verify.
    /// Tickets are sealed with `tickets`, which outlive the context. Reads the files: blocks on the disk.
    package static func server(
        identities: [TLSIdentityFiles], least: TLSVersion, tickets: TLSTicketKeys
    ) throws(TLSFailure) -> TLSContext {
        guard !identities.isEmpty else { throw TLSFailure("TLS", "a certificate and its key are needed") }
        let context = try TLSContext(TLS_server_method(), least: least, tickets: tickets, resumption: nil)
        let raw = context.raw
        _ = live_ssl_ctx_cache_mode(raw, Int(SSL_SESS_CACHE_OFF))
        _ = SSL_CTX_set_timeout(raw, tickets.lifetimeS)
        let name = Array("liveclassroom".utf8)
        SSL_CTX_set_session_id_context(raw, name, UInt32(name.count))
        SSL_CTX_set_tlsext_ticket_key_evp_cb(raw, ticketKey)
        SSL_CTX_set_alpn_select_cb(raw, selectProtocol, nil)
        var kinds: Set<TLSKeyKind> = []
        for identity in identities {
            let leaf = try TLSCertificate.read(identity.certificate)
            guard kinds.insert(leaf.kind).inserted else {
                throw TLSFailure(
                    "the certificate \(identity.certificate)", "there is another one with a key of the same kind")
            }
            try context.use(identity)
        }
        return context
    }

    /// A client's context. With `resumes`, tickets of earlier sessions are kept and used up by later ones.
    package static func client(
        verification: TLSVerification, least: TLSVersion = .tls12, resumes: Bool = false
    ) throws(TLSFailure) -> TLSContext {
        let resumption = resumes ? TLSResumption() : nil
        let context = try TLSContext(TLS_client_method(), least: least, tickets: nil, resumption: resumption)
        let raw = context.raw
        _ = live_ssl_ctx_cache_mode(
            raw, Int(resumes ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF))
        if resumes { SSL_CTX_sess_set_new_cb(raw, keepSession) }
        guard SSL_CTX_set_alpn_protos(raw, Self.http1, UInt32(Self.http1.count)) == 0 else {
            throw TLSFailure(takingFromQueue: "the client's ALPN")
        }
        guard case .authorities(let path) = verification else {
            SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nil)
            return context
        }
        SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
        guard SSL_CTX_load_verify_file(raw, path) == 1 else {
            throw TLSFailure(takingFromQueue: "the authorities in \(path)")
        }
        return context
    }

    private func use(_ identity: TLSIdentityFiles) throws(TLSFailure) {
        guard SSL_CTX_use_certificate_chain_file(raw, identity.certificate) == 1 else {
            throw TLSFailure(takingFromQueue: "the certificate \(identity.certificate)")
        }
        guard SSL_CTX_use_PrivateKey_file(raw, identity.key, SSL_FILETYPE_PEM) == 1 else {
            throw TLSFailure(takingFromQueue: "the key \(identity.key)")
        }
        guard SSL_CTX_check_private_key(raw) == 1 else {
            throw TLSFailure(
                takingFromQueue: "the key \(identity.key) does not belong to the certificate \(identity.certificate)")
        }
    }

    /// The context that an SSL_CTX was made for.
    fileprivate static func of(_ ssl: OpaquePointer?) -> TLSContext? {
        guard let raw = SSL_get_SSL_CTX(ssl), let data = SSL_CTX_get_ex_data(raw, 0) else { return nil }
        return Unmanaged<TLSContext>.fromOpaque(data).takeUnretainedValue()
    }

    /// http/1.1 if it is among what the client offers.
    fileprivate static func offersHTTP1(_ offer: UnsafeBufferPointer<UInt8>) -> Int? {
        var at = 0
        while at < offer.count {
            let end = at + 1 + Int(offer[at])
            guard end <= offer.count else { return nil }
            if offer[at..<end].elementsEqual(http1) { return at }
            at = end
        }
        return nil
    }
}

private func ticketKey(
    _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ seals: Int32
) -> Int32 {
    guard let keys = TLSContext.of(ssl)?.tickets, let name, let iv, let cipher, let mac else { return -1 }
    if seals == 1 { return keys.seal(name: name, iv: iv, cipher: cipher, mac: mac) }
    let opened = keys.open(name: name, iv: iv, cipher: cipher, mac: mac)
    // A ticket of 1.3 is used once, so who resumes gets the next one (RFC 8446 §C.4).
    return opened == 1 && SSL_version(ssl) == TLS1_3_VERSION ? 2 : opened
}

private func selectProtocol(
    _ ssl: OpaquePointer?, _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ count: UnsafeMutablePointer<UInt8>?,
    _ offer: UnsafePointer<UInt8>?, _ offerCount: UInt32, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let offer, let out, let count,
        let at = TLSContext.offersHTTP1(UnsafeBufferPointer(start: offer, count: Int(offerCount)))
    else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    out.pointee = offer + at + 1
    count.pointee = offer[at]
    return SSL_TLSEXT_ERR_OK
}

private func keepSession(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> Int32 {
    guard let session, let resumption = TLSContext.of(ssl)?.resumption else { return 0 }
    return resumption.keep(session) ? 1 : 0
}
