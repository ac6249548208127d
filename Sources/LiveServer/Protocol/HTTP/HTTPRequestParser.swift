// HTTPRequestParser: the requests of one connection, one step at a time.
// Never copies or keeps input; a head must lie whole in the caller's buffer. State: 32 bytes. Source: RFC 9112.

/// An incremental, strict HTTP/1.1 request parser (server role).
///
/// Call `next` with the unconsumed input until it says `.needMore` or `.failed`. Splitting the input differently
/// changes neither heads nor bodies nor failures. Thread: a value, owned by its connection.
package struct HTTPRequestParser {
    private enum Phase: UInt8 { case head, body, failed }

    private var body = HTTPBodyDecoder()
    private var phase = Phase.head
    /// One empty line before a request is skipped. RFC 9112 §2.2.
    private var skippedEmptyLine = false
    /// Bytes of the incomplete head that were searched for its end.
    private var scanned: UInt32 = 0

    /// A parser at the start of a connection.
    package init() {}

    /// True between requests, with nothing of the next one read: the connection may be closed without loss.
    package var isIdle: Bool { phase == .head && scanned == 0 }

    /// The next step. `head` is filled when the step is `.head`; between others it is left alone.
    package mutating func next(
        _ bytes: UnsafeMutableRawBufferPointer, limits: HTTPLimits, head: inout HTTPRequestHead
    ) -> HTTPStep {
        let step: HTTPStep
        switch phase {
        case .head: step = nextHead(UnsafeRawBufferPointer(bytes), limits: limits, head: &head)
        case .body:
            step = body.next(UnsafeRawBufferPointer(bytes), limits: limits)
            if case .end = step { self = HTTPRequestParser() }
        case .failed: step = .failed(HTTPFailure(400, "nothing is read after an error"))
        }
        if case .failed = step { phase = .failed }
        return step
    }

    private mutating func nextHead(
        _ bytes: UnsafeRawBufferPointer, limits: HTTPLimits, head: inout HTTPRequestHead
    ) -> HTTPStep {
        if bytes.isEmpty { return .needMore(consumed: 0) }
        var start = 0
        if !skippedEmptyLine, scanned == 0, bytes[0] == HTTPCharacters.carriageReturn {
            if bytes.count == 1 { return .needMore(consumed: 0) }
            if bytes[1] == HTTPCharacters.lineFeed {
                start = 2
                skippedEmptyLine = true
                if bytes.count == 2 { return .needMore(consumed: 2) }
            }
        }
        guard ASCIISet.token.contains(bytes[start]) else {
            return .failed(HTTPFailure(400, "a request does not begin with a method"))
        }
        let end = HTTPHeadScanner.findEnd(bytes, from: start, scanned: &scanned, bytesMax: limits.headBytesMax)
        switch end {
        case .incomplete: return .needMore(consumed: start)
        case .tooLong:
            return .failed(
                HTTPHeadScanner.line(bytes, at: start, end: start + limits.headBytesMax) == nil
                    ? HTTPFailure(414, "the request line is too long")
                    : HTTPFailure(431, "the header fields are too long"))
        case .bareLineFeed(let end):
            let failure = parse(bytes, start: start, end: end, limits: limits, head: &head)
            return .failed(failure ?? HTTPFailure(400, "a line does not end with CRLF"))
        case .found(let end):
            if let failure = parse(bytes, start: start, end: end, limits: limits, head: &head) {
                return .failed(failure)
            }
            phase = .body
            body = HTTPBodyDecoder(HTTPFraming(contentLength: head.contentLength, isChunked: head.isChunked))
            return .head(consumed: end)
        }
    }

    /// Reads the lines from `start` to `end`; the first error in their order counts.
    private func parse(
        _ bytes: UnsafeRawBufferPointer, start: Int, end: Int, limits: HTTPLimits, head: inout HTTPRequestHead
    ) -> HTTPFailure? {
        head.reset(bytes)
        guard let (requestLine, firstField) = HTTPHeadScanner.line(bytes, at: start, end: end) else {
            return HTTPFailure(400, "the request line does not end with CRLF")
        }
        if let failure = head.parseRequestLine(bytes, line: requestLine, limits: limits) { return failure }
        var at = firstField
        while true {
            guard let (line, next) = HTTPHeadScanner.line(bytes, at: at, end: end) else {
                return HTTPFailure(400, "a header line does not end with CRLF")
            }
            if line.isEmpty { break }
            if let failure = head.fields.append(bytes, line: line, fieldsMax: limits.fieldsMax) { return failure }
            at = next
        }
        return head.interpretFields()
    }
}

extension HTTPRequestHead {
    /// Draws the conclusions from the fields: host, framing, connection, expectations.
    fileprivate mutating func interpretFields() -> HTTPFailure? {
        switch fields.count(of: "host") {
        case 0: if minorVersion > 0 { return HTTPFailure(400, "HTTP/1.1 needs a Host field") }
        case 1:
            guard let host = fields.first("host"), HTTPCharacters.isAuthority(host) else {
                return HTTPFailure(400, "Host names no proper host")
            }
        default: return HTTPFailure(400, "Host is repeated")
        }
        switch HTTPFraming.read(fields, minorVersion: minorVersion) {
        case .failure(let failure): return failure
        case .success(let framing):
            contentLength = framing.contentLength
            isChunked = framing.isChunked
        }
        keepAlive = HTTPFraming.keepsAlive(fields, minorVersion: minorVersion)
        if minorVersion > 0, fields.count(of: "expect") > 0 {
            guard let expectation = fields.single("expect"), Bytes.equalIgnoringCase(expectation, "100-continue")
            else { return HTTPFailure(417, "only 100-continue may be expected") }
            expectsContinue = hasBody
        }
        upgradesToWebSocket =
            method == .get && minorVersion > 0 && fields.lists("connection", "upgrade")
            && fields.lists("upgrade", "websocket")
        return nil
    }
}
