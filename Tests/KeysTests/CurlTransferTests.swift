// Fetching keys over a real socket: what the limits cut, what the address rules refuse, and that nothing is followed.

import LiveIO
import LiveTestSupport
import Synchronization
import Testing

@testable import LiveKeys

@Suite(.serialized, .timeLimit(.minutes(5))) struct CurlTransferTests {
    private static let loopback = AddressPolicy(listed: [AddressRange("127.0.0.1")].compactMap { $0 })

    private static func get(
        _ url: String, policy: AddressPolicy = loopback, etag: String? = nil, bytesMax: Int = 4_096,
        timeoutMs: Int = 10_000, pinned: [String] = []
    ) -> KeyFetch {
        var request = KeyRequest(url: url, policy: policy)
        request.bytesMax = bytesMax
        request.timeoutMs = timeoutMs
        request.pinned = pinned
        return CurlTransfer.get(request, etag: etag) { false }
    }

    @Test func `a set comes with its validator and its lifetime`() {
        let server = KeyServer { _ in
            KeyServer.answer("{}", fields: ["ETag: \"v1\"", "Cache-Control: public, max-age=600", "Age: 100"])
        }
        defer { server.stop() }
        let found = Self.get("http://127.0.0.1:\(server.port)/keys")
        #expect(found == .fresh(Array("{}".utf8), etag: "\"v1\"", lifetimeS: 500))
        #expect(server.heads.first?.hasPrefix("GET /keys HTTP/1.1\r\n") == true)
        #expect(server.heads.first?.contains("If-None-Match") == false)
    }

    @Test func `what is known is asked about, and 304 keeps it`() {
        let server = KeyServer { head in
            head.contains("If-None-Match: \"v1\"\r\n")
                ? KeyServer.answer("", status: "304 Not Modified", fields: ["Cache-Control: max-age=60"])
                : KeyServer.answer("{}", fields: ["Cache-Control: no-store"])
        }
        defer { server.stop() }
        let url = "http://127.0.0.1:\(server.port)/"
        #expect(Self.get(url, etag: "\"v1\"") == .unchanged(lifetimeS: 60))
        #expect(Self.get(url, etag: "\"v0\"") == .fresh(Array("{}".utf8), etag: nil, lifetimeS: 0))
    }

    @Test(arguments: ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
    func `a redirect is not followed`(status: String) {
        let target = KeyServer { _ in KeyServer.answer("{}") }
        let server = KeyServer { _ in
            KeyServer.answer("", status: status, fields: ["Location: http://127.0.0.1:\(target.port)/"])
        }
        defer {
            server.stop()
            target.stop()
        }
        #expect(Self.get("http://127.0.0.1:\(server.port)/") == .failed(.redirected))
        #expect(target.heads.isEmpty)
    }

    @Test(arguments: ["404 Not Found", "500 Oops", "204 No Content", "401 No"])
    func `another status is a failure`(status: String) throws {
        let server = KeyServer { _ in KeyServer.answer("", status: status) }
        defer { server.stop() }
        let code = try #require(Int(status.prefix(3)))
        #expect(Self.get("http://127.0.0.1:\(server.port)/") == .failed(.status(code)))
    }

    @Test func `a long answer is cut, announced or not, and one at the limit is taken`() {
        let body = String(repeating: "x", count: 4_096)
        let server = KeyServer { head in
            if head.contains("/exact") { return KeyServer.answer(body) }
            if head.contains("/announced") { return KeyServer.answer(body + "y") }
            if head.contains("/headers") {
                return KeyServer.answer("{}", fields: [String](repeating: "X-A: " + body, count: 40))
            }
            return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body + "y"
        }
        defer { server.stop() }
        let base = "http://127.0.0.1:\(server.port)"
        #expect(Self.get(base + "/exact") == .fresh(Array(body.utf8), etag: nil, lifetimeS: nil))
        #expect(Self.get(base + "/announced") == .failed(.tooLarge))
        #expect(Self.get(base + "/open") == .failed(.tooLarge))
        #expect(Self.get(base + "/headers") == .failed(.tooLarge))
    }

    @Test func `an issuer that does not answer costs no more than the time allowed`() {
        let isOver = Mutex(false)
        let server = KeyServer { _ in
            while !isOver.withLock({ $0 }) { _ = availableCPUs() }
            return ""
        }
        defer {
            isOver.withLock { $0 = true }
            server.stop()
        }
        let startNs = MonotonicClock.nowNs()
        #expect(Self.get("http://127.0.0.1:\(server.port)/", timeoutMs: 300) == .failed(.timedOut))
        #expect(MonotonicClock.nowNs() - startNs < 5_000_000_000)
        var request = KeyRequest(url: "http://127.0.0.1:\(server.port)/", policy: Self.loopback)
        request.timeoutMs = 60_000
        #expect(CurlTransfer.get(request, etag: nil) { true } == .failed(.stopped))
    }

    @Test(arguments: [
        "http://127.0.0.1", "http://127.0.0.2", "http://localhost", "http://2130706433", "http://0x7f.1",
        "http://0177.0.0.1", "http://[::ffff:127.0.0.1]", "http://127.1", "http://0.0.0.0", "https://127.0.0.1",
        "https://localhost",
    ])
    func `loopback is refused unless it is listed, however it is spelled`(base: String) {
        let server = KeyServer { _ in KeyServer.answer("{}") }
        defer { server.stop() }
        let found = Self.get("\(base):\(server.port)/", policy: AddressPolicy())
        #expect(found == .failed(.addressRefused), "\(base)")
        #expect(server.heads.isEmpty, "no socket was opened")
    }

    @Test func `a name is judged by the address it stands for at that moment`() {
        let server = KeyServer { _ in KeyServer.answer("{}") }
        defer { server.stop() }
        let url = "http://keys.issuer.example:\(server.port)/"
        func found(_ address: String) -> KeyFetch {
            Self.get(url, pinned: ["keys.issuer.example:\(server.port):\(address)"])
        }
        #expect(found("127.0.0.1") == .fresh(Array("{}".utf8), etag: nil, lifetimeS: nil))
        // The same name now stands for another machine of the inside.
        #expect(found("127.0.0.2") == .failed(.addressRefused))
        #expect(found("169.254.169.254") == .failed(.addressRefused))
        #expect(found("10.0.0.1,192.168.1.1") == .failed(.addressRefused))
        #expect(server.heads.count == 1)
        #expect(found("127.0.0.2,127.0.0.1") == .fresh(Array("{}".utf8), etag: nil, lifetimeS: nil))
    }

    @Test func `a public address over plain HTTP is refused before a socket exists`() {
        let found = Self.get("http://keys.example:80/", pinned: ["keys.example:80:192.0.2.1"])
        #expect(found == .failed(.addressRefused))
        let open = AddressPolicy(listed: [])
        #expect(
            Self.get("http://keys.example:80/", policy: open, pinned: ["keys.example:80:8.8.8.8"])
                == .failed(.addressRefused))
    }

    @Test func `other protocols than HTTP are not spoken`() {
        for url in ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "dict://127.0.0.1/"] {
            guard case .failed = Self.get(url) else {
                Issue.record("\(url) was fetched")
                continue
            }
        }
    }

    @Test func `a port where nobody listens, and a certificate that is none, are failures`() {
        let server = KeyServer { _ in KeyServer.answer("{}") }
        let port = server.port
        #expect(Self.get("https://127.0.0.1:\(port)/") == .failed(.untrusted), "it speaks no TLS")
        server.stop()
    }
}
