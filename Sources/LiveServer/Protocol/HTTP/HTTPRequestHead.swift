// HTTPRequestHead: what the head of a request says, as offsets into the bytes it was read from.
// Never copies a byte, never decodes a path. One table a reactor, filled anew for each request.

/// The methods that we tell apart. Names are case-sensitive, RFC 9110 §9.1.
package enum HTTPMethod: UInt8, Sendable {
    case get, head, post, put, delete, options, patch, other

    init(_ name: UnsafeRawBufferPointer) {
        if Bytes.equal(name, "GET") {
            self = .get
        } else if Bytes.equal(name, "POST") {
            self = .post
        } else {
            self = Self.rarer(name)
        }
    }

    private static func rarer(_ name: UnsafeRawBufferPointer) -> HTTPMethod {
        if Bytes.equal(name, "HEAD") { return .head }
        if Bytes.equal(name, "PUT") { return .put }
        if Bytes.equal(name, "DELETE") { return .delete }
        if Bytes.equal(name, "OPTIONS") { return .options }
        if Bytes.equal(name, "PATCH") { return .patch }
        return .other
    }
}

/// A parsed request head. Offsets refer to the bytes given to the parser; pointers are valid until those move,
/// which is when the reactor reads again. Thread: the reactor that owns it.
package struct HTTPRequestHead {
    /// The method; names that we don't know are `.other`.
    package internal(set) var method = HTTPMethod.other
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    package internal(set) var minorVersion: UInt8 = 1
    /// The whole request target as it was sent.
    package internal(set) var target = 0..<0
    /// The path, not decoded; empty for `*`, an authority, and an absolute target without a path.
    package internal(set) var path = 0..<0
    /// What follows the first `?`, not decoded; nil without one.
    package internal(set) var query: Range<Int>?
    /// All field lines, in their order.
    package internal(set) var fields = HTTPFieldTable()
    /// Nil without a Content-Length field.
    package internal(set) var contentLength: UInt64?
    /// The body is chunked, of unknown length.
    package internal(set) var isChunked = false
    /// Whether the connection goes on after the answer, as far as the client is concerned.
    package internal(set) var keepAlive = true
    /// The client waits for `100 Continue` before it sends the body.
    package internal(set) var expectsContinue = false
    /// A GET of HTTP/1.1 that asks for `Upgrade: websocket`. The handshake itself is not checked here.
    package internal(set) var upgradesToWebSocket = false

    var base: UnsafeRawPointer?
    /// The authority of an absolute target, which replaces Host. RFC 9112 §3.2.2.
    var authority = 0..<0

    /// An empty head, to be filled by a parser.
    package init() {}

    mutating func reset(_ bytes: UnsafeRawBufferPointer) {
        var table = HTTPFieldTable()
        swap(&table, &fields)
        self = HTTPRequestHead()
        swap(&table, &fields)
        fields.reset(bytes)
        base = bytes.baseAddress
    }

    /// Whether a body follows, possibly of no bytes.
    package var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The first value of `name`, whatever its case.
    package func header(_ name: StaticString) -> UnsafeRawBufferPointer? { fields.first(name) }

    /// The path's bytes, not decoded.
    package var pathBytes: UnsafeRawBufferPointer { slice(path) }
    /// The target's bytes, not decoded.
    package var targetBytes: UnsafeRawBufferPointer { slice(target) }
    /// Empty without a query.
    package var queryBytes: UnsafeRawBufferPointer { slice(query ?? 0..<0) }
    /// The Origin field, if there is exactly one.
    package var origin: UnsafeRawBufferPointer? { fields.single("origin") }
    /// Host and port that the request is for: of an absolute target, else the Host field.
    package var host: UnsafeRawBufferPointer? { authority.isEmpty ? fields.first("host") : slice(authority) }

    private func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        guard let base, !range.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }
}
