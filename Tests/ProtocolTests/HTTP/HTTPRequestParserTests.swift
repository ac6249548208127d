// The request parser: what it reads out of requests, what it refuses, and that splitting changes nothing.
import Testing

@testable import LiveProtocol

@Suite struct `HTTP requests` {
    private func firstHead(_ input: String) -> String {
        guard case .head(let head) = HTTPReading.requests(input).first else { return "none" }
        return head
    }

    @Test func `a request line is taken apart`() {
        #expect(
            firstHead(HTTPCorpus.accepted[1])
                == "get /x?y=1&z path /x query y=1&z 1.1 host a.example:8080 length none plain keep "
                + #"["Host=a.example:8080", "Accept=text/html", "X-Empty="]"#)
        #expect(firstHead("GET /? HTTP/1.0\r\n\r\n") == "get /? path / query  1.0 host none length none plain close []")
        #expect(firstHead("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("other / "))
        #expect(firstHead("get / HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("other / "))
    }

    @Test func `an absolute target replaces Host`() {
        #expect(firstHead(HTTPCorpus.accepted[8]).contains("path /p query q 1.1 host Example.com length"))
        #expect(firstHead(HTTPCorpus.accepted[9]).contains("path  query none 1.1 host [::1]:443 length"))
    }

    @Test func `bodies of known length and chunked ones are delivered, then the next request is read`() {
        let pipelined = HTTPReading.requests(HTTPCorpus.accepted[5])
        #expect(pipelined.count == 5)
        #expect(pipelined[1] == .body(Array("abcd".utf8)))
        #expect(pipelined[2] == .end)
        #expect(pipelined[4] == .end)
        #expect(HTTPReading.requests(HTTPCorpus.accepted[4])[1] == .body(Array("hello0123456789".utf8)))
        #expect(HTTPReading.requests(HTTPCorpus.accepted[3]).filter { $0 == .end }.count == 2)
    }

    @Test func `the connection persists as the versions have it`() {
        func keeps(_ version: String, _ connection: String) -> Bool {
            firstHead("GET / HTTP/\(version)\r\nHost: a\r\n\(connection)\r\n").contains(" keep ")
        }
        #expect(keeps("1.1", ""))
        #expect(keeps("1.1", "Connection: Keep-Alive\r\n"))
        #expect(!keeps("1.1", "Connection: x, CLOSE\r\n"))
        #expect(!keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"))
        #expect(!keeps("1.0", ""))
        #expect(keeps("1.0", "Connection: keep-alive\r\n"))
        #expect(!keeps("1.0", "Connection: keep-alive, close\r\n"))
    }

    @Test func `an expectation counts only with a body and in HTTP 1_1`() {
        #expect(firstHead(HTTPCorpus.accepted[14]).contains(" continue "))
        #expect(!firstHead("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").contains(" continue "))
        #expect(!firstHead("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n").contains("continue "))
    }

    @Test func `an upgrade needs both fields, GET and HTTP 1_1`() {
        let fields = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        #expect(firstHead("GET / HTTP/1.1\r\n" + fields).contains(" websocket "))
        #expect(!firstHead("POST / HTTP/1.1\r\n" + fields).contains(" websocket "))
        #expect(!firstHead("GET / HTTP/1.0\r\n" + fields).contains(" websocket "))
        #expect(!firstHead("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").contains(" websocket "))
    }

    @Test(arguments: HTTPCorpus.accepted)
    func `what is fine is taken, whole and in every split`(request: String) {
        let bytes = Array(request.utf8)
        let whole = HTTPReading.requests(bytes)
        #expect(whole.last == .end)
        for cut in 0...bytes.count { #expect(HTTPReading.requests(bytes, cutAt: [cut]) == whole, "cut at \(cut)") }
        #expect(HTTPReading.requests(bytes, cutAt: Array(1..<bytes.count)) == whole)
    }

    @Test(arguments: HTTPCorpus.refused)
    func `what is not is refused, whole and in every split`(request: String, status: Int) {
        let bytes = Array(request.utf8)
        let whole = HTTPReading.requests(bytes)
        guard case .failed(let failure) = whole.last else {
            Issue.record("taken: \(request.debugDescription.prefix(200))")
            return
        }
        #expect(failure.status == status, "\(failure.reason): \(request.debugDescription.prefix(200))")
        let step = bytes.count > 2000 ? 97 : 1
        for cut in stride(from: 0, through: bytes.count, by: step) {
            #expect(HTTPReading.requests(bytes, cutAt: [cut]) == whole, "cut at \(cut)")
        }
        #expect(HTTPReading.requests(bytes, cutAt: Array(stride(from: 1, to: bytes.count, by: step))) == whole)
    }

    @Test func `three parts make no difference either`() {
        let bytes = Array(HTTPCorpus.accepted[5].utf8)
        let whole = HTTPReading.requests(bytes)
        for first in stride(from: 0, to: bytes.count, by: 3) {
            for second in stride(from: first, to: bytes.count, by: 5) {
                #expect(HTTPReading.requests(bytes, cutAt: [first, second]) == whole)
            }
        }
    }

    @Test func `limits are exact`() {
        var limits = HTTPLimits()
        let request = "POST /1234 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        limits.headBytesMax = request.utf8.count - 3
        limits.targetBytesMax = 5
        limits.fieldsMax = 2
        limits.bodyBytesMax = 3
        #expect(HTTPReading.requests(request, limits: limits).last == .end)
        func status(_ change: (inout HTTPLimits) -> Void) -> Int? {
            var limits = limits
            change(&limits)
            guard case .failed(let failure) = HTTPReading.requests(request, limits: limits).last else { return nil }
            return failure.status
        }
        #expect(status { $0.headBytesMax -= 1 } == 431)
        #expect(status { $0.targetBytesMax -= 1 } == 414)
        #expect(status { $0.fieldsMax -= 1 } == 431)
        #expect(status { $0.bodyBytesMax -= 1 } == 413)
    }

    @Test func `the limit of a body is the one of the call after the head`() {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        var bytes = Array("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd".utf8)
        var small = HTTPLimits()
        small.bodyBytesMax = 1
        bytes.withUnsafeMutableBytes { buffer in
            guard case .head(let consumed) = parser.next(buffer, limits: small, head: &head) else {
                Issue.record("no head")
                return
            }
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[consumed...])
            #expect(parser.next(rest, limits: HTTPLimits(), head: &head) == .body(consumed: 4, range: 0..<4))
        }
    }

    @Test func `nothing is read after an error`() {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        for input in ["BAD\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            var bytes = Array(input.utf8)
            let step = bytes.withUnsafeMutableBytes { parser.next($0, limits: HTTPLimits(), head: &head) }
            guard case .failed = step else {
                Issue.record("went on with \(step)")
                return
            }
        }
    }

    @Test func `the state of a connection is small`() {
        #expect(MemoryLayout<HTTPRequestParser>.size <= 32)
        #expect(MemoryLayout<HTTPResponseParser>.size <= 32)
    }

    @Test func `fields are found whatever their case`() {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        var bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nx-Tag: 1\r\nX-TAG: 2, ,3\r\nOrigin: http://o\r\n\r\n".utf8)
        bytes.withUnsafeMutableBytes { buffer in
            guard case .head = parser.next(buffer, limits: HTTPLimits(), head: &head) else {
                Issue.record("no head")
                return
            }
            #expect(head.header("x-tag").map(HTTPReading.text) == "1")
            #expect(head.fields.all("X-Tag").map(HTTPReading.text) == ["1", "2, ,3"])
            #expect(head.fields.single("x-tag") == nil)
            #expect(head.fields.count(of: "x-tag") == 2)
            #expect(head.fields.lists("x-tag", "3"))
            #expect(!head.fields.lists("x-tag", "4"))
            #expect(head.header("x-ta") == nil)
            #expect(head.origin.map(HTTPReading.text) == "http://o")
        }
    }

    @Test func `a parser is idle between requests only`() {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        func feed(_ input: String) -> HTTPStep {
            var bytes = Array(input.utf8)
            return bytes.withUnsafeMutableBytes { parser.next($0, limits: HTTPLimits(), head: &head) }
        }
        #expect(parser.isIdle)
        #expect(feed("GET / ") == .needMore(consumed: 0))
        #expect(!parser.isIdle)
        #expect(feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == .head(consumed: 27))
        #expect(!parser.isIdle)
        #expect(feed("") == .end(consumed: 0))
        #expect(parser.isIdle)
    }
}
