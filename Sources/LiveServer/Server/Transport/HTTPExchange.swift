// One HTTP request under way: what was asked, as far as it is needed after the head's bytes are gone, and
// the answer in the making.

import LiveProtocol
import Rooms

/// A request whose body is being read or whose answer comes later. Allocated per request, freed with its answer.
final class HTTPExchange {
    /// Which stream a request for a room's log wants.
    enum Wants {
        case answer
        case eventStream
        case longPoll
    }

    let route: Route
    let method: HTTPMethod
    let keepAlive: Bool
    /// The Origin to be echoed for CORS; nil for same-origin and non-browser requests.
    let origin: String?
    var body: [UInt8] = []
    var wants = Wants.answer
    /// Seconds that a long poll may wait.
    var waitS = 0
    /// `welcome` and copied frames that a long poll's answer begins with.
    var pollGreeting: [UInt8]?
    var pollMissed: MissedEvents?
    var idempotencyKey: String?
    /// `Last-Event-ID`: what an event stream that comes back saw last.
    var lastEventID: String?
    /// Who asks, where the route needs to know.
    var token: AccessToken?
    /// Why there is no token.
    var tokenError: TokenError?
    /// A token whose signature a worker must check, until it is asked to.
    var question: TokenQuestion?
    /// The token desk has been asked; the request goes on with its answer.
    var isJudging = false
    /// A WebSocket that waits for its token.
    var upgrade: UpgradeRequest?
    /// `If-None-Match` and `Accept-Encoding`, for assets.
    var ifNoneMatch: String?
    var acceptsGzip = false
    var host = ""
    var query: [(name: String, value: String)] = []

    init(route: Route, method: HTTPMethod, keepAlive: Bool, origin: String?) {
        self.route = route
        self.method = method
        self.keepAlive = keepAlive
        self.origin = origin
    }

    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// An answer, before it becomes bytes.
struct HTTPAnswer {
    var status: Int
    var contentType: String
    var body: [UInt8]
    var retryAfterMs: UInt32 = 0
    /// Part of a room's stream: never stored or transformed on the way.
    var isStream = false
    var allow: StaticString?
    var etag: String?
    /// 426: says which WebSocket version is spoken.
    var wantsUpgrade = false
    var isGzip = false
    /// Whether a shared cache must keep gzip and plain apart.
    var varies = false
    /// Part of the web client: revalidated, never stale.
    var isAsset = false
    /// An HTML page, which gets the content security policy.
    var isPage = false

    init(status: Int, contentType: String, body: [UInt8], retryAfterMs: UInt32 = 0, isStream: Bool = false) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.retryAfterMs = retryAfterMs
        self.isStream = isStream
    }

    static func problem(_ rejection: Rejection) -> HTTPAnswer {
        HTTPAnswer(
            status: rejection.code.httpStatus, contentType: "application/problem+json",
            body: Problem.body(rejection), retryAfterMs: UInt32(clamping: rejection.retryAfterMs ?? 0))
    }

    static func unavailable(_ sentence: String, retryAfterMs: Int64) -> HTTPAnswer {
        .problem(Rejection(.unavailable, sentence, retryAfterMs: retryAfterMs))
    }

    static func json(_ status: Int, _ body: [UInt8]) -> HTTPAnswer {
        HTTPAnswer(status: status, contentType: "application/json", body: body)
    }
}

/// Problem details (RFC 9457) for the contract's error codes.
enum Problem {
    static func body(_ rejection: Rejection) -> [UInt8] {
        body(status: rejection.code.httpStatus, code: rejection.code.text, rejection.message, rejection.retryAfterMs)
    }

    static func body(status: Int, code: String, _ detail: String, _ retryAfterMs: Int64? = nil) -> [UInt8] {
        var json = JSONWriter(reserving: 192)
        json.beginObject()
        json.field("type", "about:blank")
        json.field("title", code)
        json.field("status", status)
        json.field("detail", detail)
        json.field("code", code)
        if let retryAfterMs { json.field("retry_after_ms", retryAfterMs) }
        json.endObject()
        return json.bytes
    }
}
