// Owns one SSL: one connection's side of TLS, between its thread's wire and plain bytes. A state machine: no system
// call, no clock, no buffer of its own but what OpenSSL holds of a record that is not whole yet.

internal import COpenSSL
internal import Glibc

/// Where a handshake stands.
package enum TLSProgress: Sendable, Hashable {
    /// Plain bytes may flow.
    case established
    /// The peer has to say more.
    case needsInput
    /// It cannot be; an alert for the peer lies on the wire.
    case failed(TLSFault)
}

/// What reading gave.
package enum TLSReading: Sendable, Hashable {
    /// So many plain bytes, at least one.
    case bytes(Int)
    /// All that was shown is used up.
    case needsInput
    /// The peer said that it sends no more (close_notify).
    case closed
    /// It cannot go on; an alert for the peer lies on the wire.
    case failed(TLSFault)
}

/// One connection's TLS; the thread of its wire only.
package struct TLSSession: ~Copyable {
    /// Plain bytes of a record (RFC 8446 §5.1).
    package static let recordBytesMax = 16_384
    /// Bytes that a record may be longer than its plain bytes: head, type, tag, padding and the explicit nonce of 1.2,
    /// with room to spare (RFC 8446 §5.2 allows 256).
    package static let recordOverheadMax = 261

    private let ssl: OpaquePointer
    private let context: TLSContext
    private let wire: TLSWire

    /// A server's session on `wire`.
    package init(server context: TLSContext, wire: TLSWire) throws(TLSFailure) {
        ssl = try Self.make(context, wire)
        self.context = context
        self.wire = wire
        SSL_set_accept_state(ssl)
    }

    /// A client's session on `wire`. `serverName` is a host name or address literal; it is sent (a host name, RFC 6066
    /// §3) and checked, where the context verifies.
    package init(client context: TLSContext, serverName: String, wire: TLSWire) throws(TLSFailure) {
        ssl = try Self.make(context, wire)
        self.context = context
        self.wire = wire
        SSL_set_connect_state(ssl)
        let parameters = SSL_get0_param(ssl)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, serverName) != 1 {
            ERR_clear_error()
            _ = live_ssl_host_name(ssl, serverName)
            X509_VERIFY_PARAM_set1_host(parameters, serverName, 0)
        }
        context.resumption?.resume(ssl)
    }

    private static func make(_ context: TLSContext, _ wire: TLSWire) throws(TLSFailure) -> OpaquePointer {
        guard let ssl = SSL_new(context.raw) else { throw TLSFailure(takingFromQueue: "a TLS session") }
        guard let bio = TLSWireBIO.shared.make(wire) else {
            SSL_free(ssl)
            throw TLSFailure(takingFromQueue: "a TLS session")
        }
        SSL_set_bio(ssl, bio, bio)
        return ssl
    }

    deinit {
        // Without it OpenSSL looks for the session in the context's cache, under its lock, and forbids to resume it.
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(ssl)
    }

    // MARK: Handshake

    /// Goes on with what the wire shows; a client begins with nothing shown.
    package mutating func handshake() -> TLSProgress {
        wire.state.pointee.isStarved = false
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .established }
        return isStarved ? .needsInput : .failed(.takeFromQueue("the TLS handshake"))
    }

    /// Whether the costly part of a server's handshake is behind it.
    package var isPastKeyExchange: Bool {
        SSL_is_init_finished(ssl) == 1 || SSL_version(ssl) != TLS1_3_VERSION || live_ssl_has_peer_share(ssl) == 1
    }

    /// Whether an earlier session was resumed; known once established.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// Such as `TLSv1.3`.
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// Such as `TLS_AES_256_GCM_SHA384`; empty before it is agreed upon.
    package var cipher: String {
        guard let cipher = SSL_get_current_cipher(ssl), let name = SSL_CIPHER_get_name(cipher) else { return "" }
        return String(cString: name)
    }

    // MARK: Plain bytes

    /// Decrypts one record of what the wire shows into `room`, at most as much as fits.
    package mutating func read(into room: UnsafeMutableRawBufferPointer) -> TLSReading {
        var count = 0
        wire.state.pointee.isStarved = false
        if SSL_read_ex(ssl, room.baseAddress, room.count, &count) == 1 { return .bytes(count) }
        if SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0, !TLSFault.isAlertInQueue { return .closed }
        return isStarved ? .needsInput : .failed(.takeFromQueue("a TLS record"))
    }

    /// Encrypts at most `recordBytesMax` bytes as one record onto the wire; false where the session cannot go on.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        precondition(bytes.count > 0 && bytes.count <= Self.recordBytesMax, "one record holds 1 to 16,384 bytes")
        var count = 0
        let isWhole = SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count) == 1 && count == bytes.count
        if !isWhole { ERR_clear_error() }
        return isWhole
    }

    /// Puts close_notify onto the wire, once (RFC 8446 §6.1); nothing where the handshake is not over.
    package mutating func close() {
        guard SSL_is_init_finished(ssl) == 1 else { return }
        if SSL_shutdown(ssl) < 0 { ERR_clear_error() }
    }

    /// Whether the last call stopped because the wire had nothing left. OpenSSL's own answer (SSL_get_error) would
    /// believe errors that others left in the thread's queue.
    private var isStarved: Bool { wire.state.pointee.isStarved }
}
