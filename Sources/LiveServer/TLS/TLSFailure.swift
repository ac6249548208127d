// Owns what can go wrong with TLS, as values: OpenSSL's error queue read into a sentence and emptied. No error of
// OpenSSL is left behind for the next call on the thread to find.

internal import COpenSSL

/// Why a context could not be made or a connection cannot go on.
package struct TLSFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was tried, such as `the certificate cert.pem`.
    package let subject: String
    /// OpenSSL's reason, such as `bad record mac`; never data of the peer.
    package let reason: String

    /// A failure of our own finding.
    package init(_ subject: String, _ reason: String) {
        self.subject = subject
        self.reason = reason
    }

    /// Takes the reason from the calling thread's error queue, and empties it.
    init(takingFromQueue subject: String) {
        let code = ERR_peek_last_error()
        self.init(subject, Self.text(of: code))
        ERR_clear_error()
    }

    package var description: String { "\(subject): \(reason)" }

    private static func text(of code: UInt) -> String {
        if code == 0 { return "no reason given" }
        if let text = ERR_reason_error_string(code) { return String(cString: text) }
        var buffer = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What a session found wrong with what its peer sent.
package enum TLSFault: Sendable, Hashable {
    /// The first bytes are a plain HTTP request.
    case plainHTTP
    /// Anything else: no common version, a record that was changed, an alert of the peer.
    case other(TLSFailure)

    /// Whether the newest error of the calling thread is a fatal alert of a peer.
    static var isAlertInQueue: Bool {
        let code = ERR_peek_last_error()
        return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET
    }

    /// Reads the calling thread's error queue, and empties it.
    static func takeFromQueue(_ subject: String) -> TLSFault {
        let reason = ERR_GET_REASON(ERR_peek_last_error())
        guard reason == SSL_R_HTTP_REQUEST else { return .other(TLSFailure(takingFromQueue: subject)) }
        ERR_clear_error()
        return .plainHTTP
    }
}
