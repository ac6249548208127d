// Responses: what the writer writes, the response parser reads back; and the client's own requests.
import Testing

@testable import LiveProtocol

@Suite struct `HTTP responses` {
    private let date = Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8)

    private func text(_ writer: HTTPResponseWriter) -> String { String(decoding: writer.bytes, as: UTF8.self) }

    @Test func `a whole response has its parts in order`() {
        var writer = HTTPResponseWriter()
        writer.begin(200, date: date)
        writer.field("ETag", "\"1\"")
        writer.end(type: "text/plain", body: Array("hello".utf8))
        #expect(
            text(writer)
                == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"1\"\r\n"
                + "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
    }

    @Test func `HEAD gets the fields of GET and no body`() {
        var writer = HTTPResponseWriter(appendingTo: Array("x".utf8))
        writer.begin(200, date: [], connection: .close, isHead: true)
        writer.end(type: "text/plain", body: Array("hello".utf8))
        #expect(
            text(writer)
                == "xHTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n")
        writer.begin(200, date: [], connection: .keepAlive, isHead: true)
        writer.endHeadChunked()
        writer.body(Array("hello".utf8))
        writer.endBody()
        #expect(text(writer).hasSuffix("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"))
    }

    @Test func `a value can't begin a line of its own`() {
        var writer = HTTPResponseWriter()
        writer.begin(302, date: [])
        writer.field("Location", "/a\r\nSet-Cookie: x\u{0}\u{7F}")
        writer.endHead()
        #expect(text(writer) == "HTTP/1.1 302 Found\r\nLocation: /a  Set-Cookie: x  \r\n\r\n")
    }

    @Test func `a problem is RFC 9457`() throws {
        var writer = HTTPResponseWriter()
        writer.problem(HTTPProblem(429, code: "rate_limited", detail: "slow \"down\"", retryAfterMs: 1001), date: date)
        let result = HTTPReading.responses(writer.bytes)
        guard case .body(let body) = result[1] else {
            Issue.record("no body")
            return
        }
        #expect(text(writer).contains("Retry-After: 2\r\n"))
        #expect(text(writer).contains("Content-Type: application/problem+json\r\n"))
        let problem = try JSONDocument.parse(body)
        #expect(problem["type"]?.string == "about:blank")
        #expect(problem["title"]?.string == "Too Many Requests")
        #expect(problem["status"]?.int == 429)
        #expect(problem["code"]?.string == "rate_limited")
        #expect(problem["detail"]?.string == "slow \"down\"")
        #expect(problem["retry_after_ms"]?.int == 1001)
        let bare = HTTPProblem(HTTPFailure(400, "why")).body()
        #expect(
            String(decoding: bare, as: UTF8.self)
                == #"{"type":"about:blank","title":"Bad Request","status":400,"detail":"why"}"#)
    }

    @Test(arguments: 0..<30)
    func `what is written is read back, in every split`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var writer = HTTPResponseWriter()
        var expected: [HTTPEvent] = []
        for _ in 0...random.below(3) {
            let status = [200, 201, 404, 503][random.below(4)]
            let isChunked = random.below(2) == 0
            writer.begin(status, date: date)
            writer.field("X-Seed", UInt(seed))
            var body: [UInt8] = []
            let parts = (0..<random.below(4)).map { _ in random.bytes(random.below(40)) }
            if isChunked { writer.endHeadChunked() } else { writer.endHead(contentLength: parts.joined().count) }
            for part in parts {
                writer.body(part)
                body += part
            }
            writer.endBody()
            expected.append(
                .head(
                    "\(status) 1.1 length \(isChunked ? "none" : "\(body.count)") \(isChunked ? "chunked" : "plain")"
                        + " keep [\"Date=\(String(decoding: date, as: UTF8.self))\", \"X-Seed=\(seed)\", "
                        + (isChunked ? "\"Transfer-Encoding=chunked\"]" : "\"Content-Length=\(body.count)\"]")))
            if !body.isEmpty { expected.append(.body(body)) }
            expected.append(.end)
        }
        #expect(HTTPReading.responses(writer.bytes) == expected, "seed \(seed)")
        for cut in 0...writer.bytes.count {
            #expect(HTTPReading.responses(writer.bytes, cutAt: [cut]) == expected, "seed \(seed), cut at \(cut)")
        }
        #expect(HTTPReading.responses(writer.bytes, cutAt: Array(1..<writer.bytes.count)) == expected)
    }

    @Test(arguments: ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 204 \r\n\r\n"])
    func `some responses have no body whatever they say`(response: String) {
        let events = HTTPReading.responses(Array(response.utf8))
        #expect(events.count == 2 && events[1] == .end)
    }

    @Test func `the answer to HEAD has no body`() {
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8)
        #expect(HTTPReading.responses(bytes, answersHead: true).last == .end)
    }

    @Test func `an interim response comes before the final one`() {
        var writer = HTTPResponseWriter()
        writer.appendContinue()
        writer.begin(200, date: [])
        writer.end(type: "text/plain", body: [1])
        let events = HTTPReading.responses(writer.bytes)
        #expect(events.count == 5)
        #expect(events[1] == .end)
        #expect(events[3] == .body([1]))
    }

    @Test func `a body without length ends with the connection`() {
        var parser = HTTPResponseParser()
        var head = HTTPResponseHead()
        var bytes = Array("HTTP/1.0 200 OK\r\n\r\nall of it".utf8)
        bytes.withUnsafeMutableBytes { buffer in
            #expect(parser.next(buffer, limits: HTTPLimits(), head: &head) == .head(consumed: 19))
            #expect(!head.keepAlive)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[19...])
            #expect(parser.next(rest, limits: HTTPLimits(), head: &head) == .body(consumed: 9, range: 0..<9))
        }
        let isComplete = parser.closed()
        #expect(isComplete)
    }

    @Test func `of a body without length as much is delivered as the limit lets through, in every split`() {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 10
        let bytes = Array("HTTP/1.0 200 OK\r\n\r\n0123456789abc".utf8)
        let whole = HTTPReading.responses(bytes, limits: limits)
        #expect(whole.count == 3)
        #expect(whole[1] == .body(Array("0123456789".utf8)))
        guard case .failed(let failure) = whole[2] else {
            Issue.record("taken")
            return
        }
        #expect(failure.status == 413)
        for cut in 0...bytes.count { #expect(HTTPReading.responses(bytes, cutAt: [cut], limits: limits) == whole) }
    }

    @Test func `a connection that closes within a response is noticed`() {
        for cut in 1..<40 {
            var parser = HTTPResponseParser()
            var head = HTTPResponseHead()
            var bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab".utf8.prefix(cut))
            bytes.withUnsafeMutableBytes { buffer in
                var rest = buffer
                while case .head(let consumed) = parser.next(rest, limits: HTTPLimits(), head: &head) {
                    rest = UnsafeMutableRawBufferPointer(rebasing: rest[consumed...])
                }
            }
            let isComplete = parser.closed()
            #expect(!isComplete, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 999 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n", "\r\n\r\n", "\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func `an ill-formed response is refused`(response: String) {
        guard case .failed = HTTPReading.responses(Array(response.utf8)).last else {
            Issue.record("taken: \(response.debugDescription)")
            return
        }
    }

    @Test func `the client's requests are read by the server's parser`() {
        var bytes: [UInt8] = []
        HTTPRequestWriter.append("GET", "/a?b=c", host: "h:1", fields: [("Accept", "x\r\ny")], to: &bytes)
        HTTPRequestWriter.append("POST", "/", host: "h", body: Array("body".utf8), to: &bytes)
        let events = HTTPReading.requests(bytes)
        #expect(events.count == 5)
        #expect(
            events.first
                == .head(
                    "get /a?b=c path /a query b=c 1.1 host h:1 length none plain keep "
                        + #"["Host=h:1", "Accept=x  y"]"#))
        #expect(events[3] == .body(Array("body".utf8)))
    }

    @Test func `chunk sizes are hexadecimal without leading zeros`() {
        var bytes: [UInt8] = []
        for count in [1, 15, 16, 255, 256, 4095, 4096, 65535, 65536] { HTTPChunk.appendSize(count, to: &bytes) }
        #expect(
            String(decoding: bytes, as: UTF8.self) == "1\r\nf\r\n10\r\nff\r\n100\r\nfff\r\n1000\r\nffff\r\n10000\r\n")
        var empty: [UInt8] = []
        HTTPChunk.append([], to: &empty)
        #expect(empty.isEmpty)
        HTTPChunk.appendLast(to: &empty)
        #expect(empty == Array("0\r\n\r\n".utf8))
    }
}
