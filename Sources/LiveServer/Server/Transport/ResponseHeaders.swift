// The bytes of an HTTP response: status line, the headers that every answer of this server carries, body.

import LiveProtocol

/// Writes responses of one reactor; remembers the Date header of the second.
struct ResponseHeaders {
    private var dateSecond: Int64 = -1
    private var date: [UInt8] = []

    /// Content-Security-Policy of pages: only our own scripts and styles, nothing inline, no framing.
    private static let contentSecurityPolicy: StaticString = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
        connect-src 'self' ws: wss:; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
        form-action 'self'; frame-ancestors 'none'
        """

    /// Appends a whole response.
    mutating func append(
        _ answer: HTTPAnswer, origin: String?, keepAlive: Bool, headOnly: Bool, nowMs: Int64, to buffer: ReplyBuffer
    ) {
        var response = HTTPResponseWriter(appendingTo: buffer.takeBytes())
        response.begin(
            answer.status, date: dateHeader(nowMs), connection: keepAlive ? .open : .close, isHead: headOnly)
        appendCORS(origin, &response)
        response.field("X-Content-Type-Options", static: "nosniff")
        if let allow = answer.allow { response.field("Allow", static: allow) }
        if answer.retryAfterMs > 0 { response.field("Retry-After", (answer.retryAfterMs + 999) / 1000) }
        if answer.wantsUpgrade {
            response.field("Sec-WebSocket-Version", static: "13")
            response.field("Upgrade", static: "websocket")
        }
        if let etag = answer.etag { response.field("ETag", etag) }
        if answer.varies { response.field("Vary", static: "Accept-Encoding") }
        if answer.isGzip { response.field("Content-Encoding", static: "gzip") }
        if answer.isPage {
            response.field("Content-Security-Policy", static: ResponseHeaders.contentSecurityPolicy)
            response.field("Referrer-Policy", static: "no-referrer")
        }
        if answer.isAsset {
            response.field("Cache-Control", static: "no-cache")
        } else if answer.isStream {
            response.field("Cache-Control", static: "no-store, no-transform")
            response.field("X-Accel-Buffering", static: "no")
        } else {
            response.field("Cache-Control", static: "no-store")
        }
        if answer.status == 204 || answer.status == 304 {
            response.endHead()
        } else {
            response.field("Content-Type", answer.contentType)
            response.endHead(contentLength: answer.body.count)
            response.body(answer.body)
        }
        buffer.bytes = response.take()
    }

    /// The head of an event stream. The body has no length and ends with the connection.
    mutating func appendEventStreamHead(origin: String?, nowMs: Int64, to buffer: ReplyBuffer) {
        var response = HTTPResponseWriter(appendingTo: buffer.takeBytes())
        response.begin(200, date: dateHeader(nowMs), connection: .close)
        response.field("Content-Type", static: "text/event-stream")
        response.field("Cache-Control", static: "no-store, no-transform")
        response.field("X-Accel-Buffering", static: "no")
        response.field("X-Content-Type-Options", static: "nosniff")
        appendCORS(origin, &response)
        response.endHead()
        buffer.bytes = response.take()
    }

    private func appendCORS(_ origin: String?, _ response: inout HTTPResponseWriter) {
        guard let origin else { return }
        response.field("Access-Control-Allow-Origin", origin)
        response.field("Access-Control-Allow-Methods", static: "GET, HEAD, POST, OPTIONS")
        response.field(
            "Access-Control-Allow-Headers", static: "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
        response.field("Access-Control-Expose-Headers", static: "Retry-After, ETag")
        response.field("Access-Control-Max-Age", static: "600")
        response.field("Vary", static: "Origin")
    }

    private mutating func dateHeader(_ nowMs: Int64) -> [UInt8] {
        let second = nowMs / 1000
        if second != dateSecond {
            dateSecond = second
            date = HTTPDate.format(seconds: second)
        }
        return date
    }
}
