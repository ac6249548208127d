// HTTPLimits: what the HTTP parsers refuse on account of size, and what they answer with.
// Never decides on time: deadlines are the caller's.

/// Bounds of one HTTP message. The caller may pass other limits with each call, for example once the route is known.
package struct HTTPLimits: Sendable {
    /// Start line and fields together, bytes. Above: 431 (414 while the request line isn't over). Room for a token.
    package var headBytesMax = 16 << 10
    /// The request target, bytes. Above: 414.
    package var targetBytesMax = 8 << 10
    /// Field lines. Above: 431.
    package var fieldsMax = 64
    /// The body after removal of chunking, bytes. Above: 413, on the first call after the head.
    package var bodyBytesMax: UInt64 = 1 << 20
    /// One chunk's size with its extensions, bytes. Above: 400. Extensions are ignored.
    package var chunkLineBytesMax = 256
    /// All trailer lines together, bytes. Above: 431. Trailers are checked and dropped.
    package var trailerBytesMax = 4 << 10

    /// The defaults.
    package init() {}
}

/// Why a message can't be read any further: the answer's status and a sentence for its detail.
/// The connection closes after the answer, because where the next message begins is unknown.
package struct HTTPFailure: Error, Equatable, Sendable {
    /// 400, 413, 414, 417, 431, 501 or 505.
    package let status: Int
    /// A sentence for the client; constant, so it holds nothing of the input.
    package let reason: StaticString

    /// A failure to be answered with `status`.
    package init(_ status: Int, _ reason: StaticString) {
        self.status = status
        self.reason = reason
    }

    /// The same status and the same words.
    package static func == (left: HTTPFailure, right: HTTPFailure) -> Bool {
        left.status == right.status && left.reason.description == right.reason.description
    }
}

/// What one call of a parser found. `consumed` bytes at the start of the input are done with and must not be
/// given again; what else was given, must.
package enum HTTPStep: Equatable, Sendable {
    /// Nothing more is complete. Call again once more bytes have come.
    case needMore(consumed: Int)
    /// The head is complete and the table filled; it refers to the bytes given, consumed ones included.
    case head(consumed: Int)
    /// A piece of the body, chunking removed: `range` within the bytes given. Never empty.
    case body(consumed: Int, range: Range<Int>)
    /// The message is over. The next call begins the next message, which may already be in the input.
    case end(consumed: Int)
    /// The message is not acceptable. Every further call says so, too.
    case failed(HTTPFailure)
}
