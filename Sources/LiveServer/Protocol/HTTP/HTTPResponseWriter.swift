// HTTPResponseWriter: appends responses to an array of bytes.
// Never reads a clock (the Date is given), never decides on policy such as CORS or caching.

/// Writes HTTP/1.1 responses. A response is `begin`, any `field`s, one `end…` call, and the body where there is one.
///
/// Thread: a value. Source: RFC 9112 §4, §6; RFC 9110 §6.
package struct HTTPResponseWriter {
    /// What the status line says of the connection.
    package enum Connection: Sendable {
        /// Nothing: it stays open, as HTTP/1.1 has it.
        case open
        /// `Connection: keep-alive`, for a client of HTTP/1.0 that asked for it.
        case keepAlive
        /// `Connection: close`.
        case close
    }

    /// What was written so far.
    package private(set) var bytes: [UInt8]
    private var isHead = false
    private var isChunked = false

    /// Continues an array of bytes, for example responses that wait to be sent.
    package init(appendingTo bytes: consuming [UInt8] = []) { self.bytes = bytes }

    /// Hands out the bytes and leaves an empty writer without storage.
    package mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }

    /// Begins a response.
    ///
    /// - Parameters:
    ///   - status: 100–599.
    ///   - date: the value of the Date field (`HTTPDate`), cached by the caller; empty for none.
    ///   - isHead: the request was HEAD: the fields are those of GET and bodies are left out.
    package mutating func begin(
        _ status: Int, date: [UInt8], connection: Connection = .open, isHead: Bool = false
    ) {
        precondition(status >= 100 && status < 600, "a status has three digits")
        self.isHead = isHead
        isChunked = false
        HTTPFieldWriter.append("HTTP/1.1 ", to: &bytes)
        Decimal.append(UInt64(status), to: &bytes)
        bytes.append(0x20)
        HTTPFieldWriter.append(HTTPStatus.phrase(status), to: &bytes)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
        if !date.isEmpty { field("Date", date) }
        switch connection {
        case .open: break
        case .keepAlive: field("Connection", static: "keep-alive")
        case .close: field("Connection", static: "close")
        }
    }

    /// One field. Control characters in the value become spaces.
    package mutating func field(_ name: StaticString, _ value: String) {
        HTTPFieldWriter.append(name: name, to: &bytes)
        HTTPFieldWriter.append(value: value, to: &bytes)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }

    /// One field whose value is a constant of the program.
    package mutating func field(_ name: StaticString, static value: StaticString) {
        HTTPFieldWriter.append(name: name, to: &bytes)
        HTTPFieldWriter.append(value, to: &bytes)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }

    /// One field whose value is bytes; control characters become spaces.
    package mutating func field(_ name: StaticString, _ value: [UInt8]) {
        value.withUnsafeBytes { field(name, $0) }
    }

    /// One field whose value is bytes; control characters become spaces.
    package mutating func field(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        HTTPFieldWriter.append(name: name, to: &bytes)
        HTTPFieldWriter.append(value: value, to: &bytes)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }

    /// One field whose value is a number.
    package mutating func field(_ name: StaticString, _ value: some FixedWidthInteger & UnsignedInteger) {
        HTTPFieldWriter.append(name: name, to: &bytes)
        Decimal.append(UInt64(value), to: &bytes)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }

    /// Field lines that were made before, each with its CRLF: the usual set, made once.
    package mutating func rawFields(_ lines: [UInt8]) { bytes.append(contentsOf: lines) }

    /// Ends the head before a body of `contentLength` bytes, which `body` then appends (nothing for HEAD).
    package mutating func endHead(contentLength: Int) {
        field("Content-Length", UInt(contentLength))
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }

    /// Ends the head before a chunked body: `body` calls, then `endBody`.
    package mutating func endHeadChunked() {
        field("Transfer-Encoding", static: "chunked")
        HTTPFieldWriter.appendLineEnd(to: &bytes)
        isChunked = true
    }

    /// Ends the head where no body follows: 1xx, 204 and 304; or, with `Connection: close`, before a body that the
    /// end of the connection ends.
    package mutating func endHead() { HTTPFieldWriter.appendLineEnd(to: &bytes) }

    /// Appends the body or a piece of it: as a chunk if chunked, nothing for HEAD.
    package mutating func body(_ payload: UnsafeRawBufferPointer) {
        if isHead { return }
        if isChunked { HTTPChunk.append(payload, to: &bytes) } else { bytes.append(contentsOf: payload) }
    }

    /// As above, for an array.
    package mutating func body(_ payload: [UInt8]) {
        payload.withUnsafeBytes { body($0) }
    }

    /// Ends a chunked body.
    package mutating func endBody() {
        if isChunked, !isHead { HTTPChunk.appendLast(to: &bytes) }
        isChunked = false
    }

    /// The rest of a response with a whole body: type, length, head's end, body.
    package mutating func end(type: StaticString, body payload: [UInt8]) {
        field("Content-Type", static: type)
        endHead(contentLength: payload.count)
        body(payload)
    }

    /// The interim response to `Expect: 100-continue`. RFC 9110 §15.2.1.
    package mutating func appendContinue() { HTTPFieldWriter.append("HTTP/1.1 100 Continue\r\n\r\n", to: &bytes) }
}
