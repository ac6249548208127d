// The promise of the HTTP side: RFC 9110 and 9112 towards proxies and browsers, problem+json for what goes wrong,
// limits in size and time, and pages that caches and browsers may trust.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct HTTPTests {
    private func client(_ threads: Int = 1) throws -> HTTPClient {
        try HTTPClient(port: try SharedNodes.node(threads: threads).port)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a connection carries one request after another, and a pipeline in order`(threads: Int) throws {
        let client = try client(threads)
        for _ in 0..<3 { #expect(try client.ask("GET", "/healthz").status == 200) }
        let targets = ["/healthz", "/nothing-here", "/readyz", "/metrics", "/healthz"]
        var bytes: [UInt8] = []
        for target in targets { HTTPRequestWriter.append("GET", target, host: client.host, to: &bytes) }
        try client.wire.send(bytes)
        #expect(try targets.map { _ in try client.answer().status } == [200, 404, 200, 200, 200])
        try client.send("GET", "/healthz", [("Connection", "close")])
        #expect(try client.answer()["Connection"]?.lowercased() == "close")
        try client.wire.waitForEnd()
    }

    @Test func `HEAD has the head of GET and no body`() throws {
        let client = try client()
        let get = try client.ask("GET", "/")
        let head = try client.ask("HEAD", "/")
        #expect(get.status == 200 && head.status == 200)
        #expect(head.body.isEmpty && !get.body.isEmpty)
        #expect(head["Content-Length"] == get["Content-Length"])
        #expect(head["ETag"] == get["ETag"])
        #expect(try client.ask("GET", "/healthz").status == 200, "the connection goes on behind it")
    }

    @Test func `pages come compressed where wished, and not again where known`() throws {
        let client = try client()
        for page in ["/", "/join", "/teach", "/show"] {
            let plain = try client.ask("GET", page)
            #expect(plain.status == 200, "\(page)")
            #expect(plain["Content-Type"]?.hasPrefix("text/html") == true)
            #expect(plain["Content-Security-Policy"]?.contains("default-src 'none'") == true)
            #expect(plain["X-Content-Type-Options"] == "nosniff")
            #expect(plain["Content-Encoding"] == nil)
            let packed = try client.ask("GET", page, [("Accept-Encoding", "br, gzip")])
            #expect(packed["Content-Encoding"] == "gzip")
            #expect(packed["Vary"]?.contains("Accept-Encoding") == true)
            #expect(packed.body.starts(with: [0x1F, 0x8B]) && packed.body.count < plain.body.count)
            let tag = try #require(plain["ETag"])
            let packedTag = try #require(packed["ETag"])
            #expect(tag != packedTag)
            let known = try client.ask("GET", page, [("If-None-Match", "\"x\", \(tag)")])
            #expect(known.status == 304 && known.body.isEmpty && known["ETag"] == tag)
            let knownPacked = try client.ask(
                "GET", page, [("If-None-Match", packedTag), ("Accept-Encoding", "gzip")])
            #expect(knownPacked.status == 304)
            #expect(try client.ask("GET", page, [("If-None-Match", "\"old\"")]).status == 200)
            #expect(try client.ask("GET", page, [("Accept-Encoding", "gzip;q=0")])["Content-Encoding"] == nil)
        }
    }

    @Test func `what is not there is 404, what is not done is 405 with Allow, both as problem+json`() throws {
        let client = try client()
        let missing = try client.ask("GET", "/v1/nothing")
        #expect(missing.status == 404 && missing.problem == "not_found")
        #expect(try missing.message()["status"]?.int == 404)
        let method = try client.ask("POST", "/healthz", body: [])
        #expect(method.status == 405)
        #expect(method["Allow"]?.contains("GET") == true)
        #expect(method["Content-Type"]?.hasPrefix("application/problem+json") == true)
        let second = try self.client()
        let wrong = try second.ask("GET", "/v1/classes")
        #expect(wrong.status == 405 && wrong["Allow"]?.contains("POST") == true)
        let third = try self.client()
        #expect(try third.ask("GET", "/v1/rooms/only/two/live").status == 404)
        #expect(try third.ask("GET", "/v1/rooms/a/b/c%20d/live").status == 404)
    }

    @Test func `OPTIONS and CORS for pages on the allow-list, 403 for others`() throws {
        let node = try ServerUnderTest(settings: ["origins=https://school.example"])
        let room = Classroom(node)
        let client = try HTTPClient(port: node.port)
        let options = try client.ask(
            "OPTIONS", room.commandPath,
            [("Origin", "https://school.example"), ("Access-Control-Request-Method", "POST")])
        #expect(options.status == 204)
        #expect(options["Access-Control-Allow-Origin"] == "https://school.example")
        #expect(options["Access-Control-Allow-Methods"]?.contains("POST") == true)
        #expect(options["Access-Control-Allow-Headers"]?.contains("Authorization") == true)
        #expect(options["Vary"]?.contains("Origin") == true)
        #expect(try client.ask("OPTIONS", "/healthz")["Allow"]?.contains("GET") == true)
        let refused = try client.ask("GET", "/healthz", [("Origin", "https://evil.example")])
        #expect(refused.status == 403)
        #expect(refused["Access-Control-Allow-Origin"] == nil)
        let own = try client.ask("GET", "/healthz", [("Origin", "http://\(client.host)")])
        #expect(own.status == 200, "the node's own pages always may")

        let good = try room.socket("ada", AttachOptions(origin: "https://school.example"))
        _ = try good.heartbeat()
        for origin in ["https://evil.example", "null", "https://school.example.evil.example"] {
            do {
                _ = try room.knock("ada", .student, AttachOptions(origin: origin))
                Issue.record("\(origin) was let in")
            } catch let refusal as LiveSocket.Refused {
                #expect(refusal.response.status == 403)
            }
        }
    }

    @Test func `requests that a proxy might read otherwise are refused`() throws {
        let requests = [
            "GET /healthz HTTP/1.1\r\n\r\n": 400,
            "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
            "POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":
                400,
            "POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}": 400,
            "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n": 400,
            "GET /healthz HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n": 400,
            "GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n": 400,
            "GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n": 505,
        ]
        for (text, status) in requests {
            let client = try client()
            try client.send(raw: text)
            let answer = try client.answer()
            #expect(answer.status == status, "\(text.debugDescription)")
            #expect(answer["Content-Type"]?.hasPrefix("application/problem+json") == true)
            try client.wire.waitForEnd()
        }
    }

    @Test func `too long a head is 431, a target 414, a body 413`() throws {
        let long = String(repeating: "a", count: 20_000)
        let head = try client()
        try head.send(raw: "GET /healthz HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n")
        #expect(try head.answer().status == 431)
        let target = try client()
        try target.send(raw: "GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try target.answer().status == 414)
        let body = try client()
        try body.send(raw: "POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n")
        #expect(try body.answer().status == 413)
        let chunked = try client()
        try chunked.send(raw: "POST /v1/join HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n")
        #expect(try chunked.answer().status == 413)
        let room = try Classroom(threads: 1)
        let big = try client()
        let answer = try big.ask(
            "POST", room.commandPath, [("Authorization", "Bearer \(try room.token("ada", .student))")],
            body: [UInt8](repeating: 0x20, count: 16_385))
        #expect(answer.status == 413 && answer.problem == "too_large")
    }

    @Test func `a body in chunks is the same body, and Expect is answered`() throws {
        let node = try ServerUnderTest(developmentKey: true)
        let client = try HTTPClient(port: node.port)
        try client.send(
            raw: "POST /v1/join HTTP/1.1\r\nHost: \(client.host)\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;x=y\r\n{\"tea\r\nf\r\ncher\":\"demo\"}  \r\n0\r\nTrailer: x\r\n\r\n")
        let answer = try client.answer()
        #expect(answer.status == 200)
        #expect(try answer.message()["role"]?.string == "instructor")
        try client.send(
            raw: "POST /v1/join HTTP/1.1\r\nHost: \(client.host)\r\nContent-Length: 18\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.next(Deadline()).status == 100)
        try client.send(raw: #"{"teacher":"demo"}"#)
        #expect(try client.answer().status == 200)
        try client.send(raw: "GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: the-unexpected\r\n\r\n")
        #expect(try client.answer().status == 417)
    }

    @Test func `a head or a body that does not come in time is 408, a silent connection ends`() throws {
        let node = try ServerUnderTest(settings: [
            "limits.head_timeout_ms=500", "limits.body_timeout_ms=500", "limits.http_idle_ms=1000",
        ])
        let head = try HTTPClient(port: node.port)
        try head.send(raw: "GET /healthz HTT")
        #expect(try head.answer().status == 408)
        try head.wire.waitForEnd()
        let body = try HTTPClient(port: node.port)
        try body.send(raw: "POST /v1/join HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{")
        #expect(try body.answer().status == 408)
        try body.wire.waitForEnd()
        // A trickle is no progress: the time is the whole head's.
        let trickle = try HTTPClient(port: node.port)
        let deadline = Deadline(seconds: 10)
        var count = 0
        while !trickle.wire.isEnded, !deadline.isOver, !trickle.wire.received.holds("HTTP/1.1 408") {
            count += 1
            guard try trickle.wire.send([UInt8](text: count == 1 ? "GET /x" : "x")) else { break }
            _ = try? trickle.wire.fill(Deadline(seconds: 0.1), waitingFor: "an answer to a trickle")
        }
        #expect(trickle.wire.received.holds("HTTP/1.1 408"))
        let idle = try HTTPClient(port: node.port)
        #expect(try idle.ask("GET", "/healthz").status == 200)
        try idle.wire.waitForEnd()
        let silent = try HTTPClient(port: node.port)
        try silent.wire.waitForEnd()
    }
}
