// Why a command has no effect. Expected outcomes are values: nothing here is thrown.

/// The error codes of the contract.
package enum RejectionCode: UInt8, CaseIterable, Sendable {
    case badRequest, unauthenticated, forbidden, notFound, conflict, closed, alreadyAnswered, muted, rateLimited
    case tooLarge, unavailable, overloaded, internalFailure

    /// The code as it stands on the wire.
    package var text: String {
        switch self {
        case .badRequest: "bad_request"
        case .unauthenticated: "unauthenticated"
        case .forbidden: "forbidden"
        case .notFound: "not_found"
        case .conflict: "conflict"
        case .closed: "closed"
        case .alreadyAnswered: "already_answered"
        case .muted: "muted"
        case .rateLimited: "rate_limited"
        case .tooLarge: "too_large"
        case .unavailable: "unavailable"
        case .overloaded: "overloaded"
        case .internalFailure: "internal"
        }
    }

    /// The HTTP status of problem+json for this code.
    package var httpStatus: Int {
        switch self {
        case .badRequest: 400
        case .unauthenticated: 401
        case .forbidden, .muted: 403
        case .notFound: 404
        case .conflict, .closed, .alreadyAnswered: 409
        case .tooLarge: 413
        case .rateLimited: 429
        case .internalFailure: 500
        case .unavailable, .overloaded: 503
        }
    }
}

/// A refusal: code, a sentence for the sender, and when trying again makes sense.
package struct Rejection: Hashable, Sendable {
    /// The code of the contract.
    package let code: RejectionCode
    /// One sentence in English without any content of the sender's.
    package let message: String
    /// Milliseconds after which a second try may succeed; nil where time changes nothing.
    package let retryAfterMs: Int64?
    /// Whether the command may have had its effect all the same: send again under the same id.
    package let maybe: Bool

    /// A refusal.
    package init(_ code: RejectionCode, _ message: String, retryAfterMs: Int64? = nil, maybe: Bool = false) {
        self.code = code
        self.message = message
        self.retryAfterMs = retryAfterMs
        self.maybe = maybe
    }
}
