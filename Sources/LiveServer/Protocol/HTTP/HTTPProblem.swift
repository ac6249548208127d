// HTTPProblem: the body of an error answer.
// Never holds internals: the detail is a sentence for the client.

/// A problem document, `application/problem+json`. Source: RFC 9457.
package struct HTTPProblem: Sendable {
    /// The media type of the body.
    package static let contentType: StaticString = "application/problem+json"

    /// The HTTP status, repeated in the body.
    package var status: Int
    /// The contract's error code, for example `rate_limited`: an extension member.
    package var code: String?
    /// What happened, in one sentence.
    package var detail: String?
    /// Milliseconds after which a retry makes sense: an extension member.
    package var retryAfterMs: Int?

    /// A problem whose title is the status's phrase.
    package init(_ status: Int, code: String? = nil, detail: String? = nil, retryAfterMs: Int? = nil) {
        self.status = status
        self.code = code
        self.detail = detail
        self.retryAfterMs = retryAfterMs
    }

    /// The answer to a request that can't be read.
    package init(_ failure: HTTPFailure) {
        self.init(failure.status, code: nil, detail: failure.reason.description)
    }

    /// The JSON text.
    package func body() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", static: "about:blank")
        writer.field("title", static: HTTPStatus.phrase(status))
        writer.field("status", status)
        if let detail { writer.field("detail", detail) }
        if let code { writer.field("code", code) }
        if let retryAfterMs { writer.field("retry_after_ms", retryAfterMs) }
        writer.endObject()
        return writer.take()
    }
}

extension HTTPResponseWriter {
    /// A whole error response. With `retryAfterMs` it carries Retry-After, in seconds rounded up.
    package mutating func problem(
        _ problem: HTTPProblem, date: [UInt8], connection: Connection = .open, isHead: Bool = false
    ) {
        begin(problem.status, date: date, connection: connection, isHead: isHead)
        if let milliseconds = problem.retryAfterMs, milliseconds >= 0 {
            field("Retry-After", UInt((milliseconds + 999) / 1000))
        }
        field("Cache-Control", static: "no-store")
        end(type: HTTPProblem.contentType, body: problem.body())
    }
}
