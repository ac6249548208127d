// HTTPResponseParser: the responses of one connection, one step at a time (client role: load tester, tests).
// Never follows redirects, never repairs. State: 32 bytes. Source: RFC 9112 §4, §6.3.

/// The head of a response. As with requests, it refers to the bytes given to the parser.
package struct HTTPResponseHead {
    /// 100–599.
    package internal(set) var status = 0
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    package internal(set) var minorVersion: UInt8 = 1
    /// All field lines, in their order.
    package internal(set) var fields = HTTPFieldTable()
    /// Nil without a Content-Length field.
    package internal(set) var contentLength: UInt64?
    /// The body is chunked, of unknown length.
    package internal(set) var isChunked = false
    /// Whether the connection can be used again after this response.
    package internal(set) var keepAlive = true

    /// An empty head, to be filled by a parser.
    package init() {}

    /// The first value of `name`, whatever its case.
    package func header(_ name: StaticString) -> UnsafeRawBufferPointer? { fields.first(name) }

    mutating func reset(_ bytes: UnsafeRawBufferPointer) {
        var table = HTTPFieldTable()
        swap(&table, &fields)
        self = HTTPResponseHead()
        swap(&table, &fields)
        fields.reset(bytes)
    }
}

/// An incremental HTTP/1.1 response parser. Used as the request parser is; interim (1xx) responses come as a head
/// and an end of their own. After a head with status 101 the rest of the input belongs to the other protocol.
package struct HTTPResponseParser {
    private enum Phase: UInt8 { case head, body, failed }

    private var body = HTTPBodyDecoder()
    private var phase = Phase.head
    private var scanned: UInt32 = 0

    /// A parser at the start of a connection.
    package init() {}

    /// The next step.
    /// - Parameter answersHead: the response is to a HEAD request and has no body whatever its fields say.
    package mutating func next(
        _ bytes: UnsafeMutableRawBufferPointer, limits: HTTPLimits, head: inout HTTPResponseHead,
        answersHead: Bool = false
    ) -> HTTPStep {
        let step: HTTPStep
        let input = UnsafeRawBufferPointer(bytes)
        switch phase {
        case .head: step = nextHead(input, limits: limits, head: &head, answersHead: answersHead)
        case .body:
            step = body.next(input, limits: limits)
            if case .end = step { self = HTTPResponseParser() }
        case .failed: step = .failed(HTTPFailure(400, "nothing is read after an error"))
        }
        if case .failed = step { phase = .failed }
        return step
    }

    /// Tells the parser that the peer closed. True if that ends a message or stands between two.
    package mutating func closed() -> Bool {
        let isComplete = phase == .head ? scanned == 0 : phase == .body && body.phase == .untilClose
        self = HTTPResponseParser()
        return isComplete
    }

    private mutating func nextHead(
        _ bytes: UnsafeRawBufferPointer, limits: HTTPLimits, head: inout HTTPResponseHead, answersHead: Bool
    ) -> HTTPStep {
        if bytes.isEmpty { return .needMore(consumed: 0) }
        switch HTTPHeadScanner.findEnd(bytes, from: 0, scanned: &scanned, bytesMax: limits.headBytesMax) {
        case .incomplete: return .needMore(consumed: 0)
        case .tooLong: return .failed(HTTPFailure(431, "the head is too long"))
        case .bareLineFeed(let end):
            let failure = parse(bytes, end: end, limits: limits, head: &head)
            return .failed(failure ?? HTTPFailure(400, "a line does not end with CRLF"))
        case .found(let end):
            if let failure = parse(bytes, end: end, limits: limits, head: &head) { return .failed(failure) }
            phase = .body
            let isWithoutBody = answersHead || head.status < 200 || head.status == 204 || head.status == 304
            if isWithoutBody {
                body = HTTPBodyDecoder()
            } else if head.isChunked || head.contentLength != nil {
                body = HTTPBodyDecoder(HTTPFraming(contentLength: head.contentLength, isChunked: head.isChunked))
            } else {
                body = .untilClose
                head.keepAlive = false
            }
            return .head(consumed: end)
        }
    }

    private func parse(
        _ bytes: UnsafeRawBufferPointer, end: Int, limits: HTTPLimits, head: inout HTTPResponseHead
    ) -> HTTPFailure? {
        head.reset(bytes)
        guard let (statusLine, firstField) = HTTPHeadScanner.line(bytes, at: 0, end: end),
            head.parseStatusLine(UnsafeRawBufferPointer(rebasing: bytes[statusLine]))
        else { return HTTPFailure(400, "the response has no proper status line") }
        var at = firstField
        while true {
            guard let (line, next) = HTTPHeadScanner.line(bytes, at: at, end: end) else {
                return HTTPFailure(400, "a header line does not end with CRLF")
            }
            if line.isEmpty { break }
            if let failure = head.fields.append(bytes, line: line, fieldsMax: limits.fieldsMax) { return failure }
            at = next
        }
        switch HTTPFraming.read(head.fields, minorVersion: head.minorVersion) {
        case .failure(let failure): return failure
        case .success(let framing):
            head.contentLength = framing.contentLength
            head.isChunked = framing.isChunked
        }
        head.keepAlive = HTTPFraming.keepsAlive(head.fields, minorVersion: head.minorVersion)
        return nil
    }
}

extension HTTPResponseHead {
    /// `HTTP/1.x SP 3DIGIT SP [reason]`
    fileprivate mutating func parseStatusLine(_ line: UnsafeRawBufferPointer) -> Bool {
        guard line.count >= 12, Bytes.equal(UnsafeRawBufferPointer(rebasing: line[..<7]), "HTTP/1."),
            line[7] == 0x30 || line[7] == 0x31, line[8] == 0x20,
            let code = Decimal.parse(UnsafeRawBufferPointer(rebasing: line[9..<12])), code >= 100, code < 600,
            line.count == 12 || line[12] == 0x20, HTTPCharacters.isFieldValue(line)
        else { return false }
        minorVersion = line[7] - 0x30
        status = Int(code)
        return true
    }
}
