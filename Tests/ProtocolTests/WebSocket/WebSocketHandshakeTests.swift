// The opening handshake: RFC 6455 §1.3's example, what the server refuses, what the client checks.
import Testing

@testable import LiveProtocol

@Suite struct `WebSocket handshake` {
    private static let good = [
        "Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    private func judge(_ fields: [String], line: String = "GET /live HTTP/1.1") -> WebSocketHandshake.Verdict? {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        var bytes = Array("\(line)\r\n\(fields.map { $0 + "\r\n" }.joined())\r\n".utf8)
        return bytes.withUnsafeMutableBytes { buffer in
            guard case .head = parser.next(buffer, limits: HTTPLimits(), head: &head) else { return nil }
            return WebSocketHandshake.judge(head)
        }
    }

    private func status(_ change: (inout [String]) -> Void, line: String = "GET /live HTTP/1.1") -> Int? {
        var fields = Self.good
        change(&fields)
        guard case .refuse(let failure) = judge(fields, line: line) else { return nil }
        return failure.status
    }

    @Test func `the example of RFC 6455 1_3 is accepted`() {
        #expect(judge(Self.good) == .accept(key: Array("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".utf8)))
    }

    @Test func `what RFC 6455 4_2_1 asks for must be there`() {
        #expect(status { $0[1] = "Upgrade: h2c" } == 426)
        #expect(status { $0[1] = "X: y" } == 426)
        #expect(status { $0[2] = "Connection: close" } == 426)
        #expect(status { $0[3] = "Sec-WebSocket-Version: 8" } == 426)
        #expect(status { $0[3] = "X: y" } == 426)
        #expect(status { $0.append("Sec-WebSocket-Version: 13") } == 426)
        #expect(status { $0[4] = "X: y" } == 400)
        #expect(status { $0.append("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==") } == 400)
        #expect(status { $0.append("Content-Length: 3") } == 400)
        #expect(status({ _ in }, line: "POST /live HTTP/1.1") == 400)
        #expect(status({ _ in }, line: "GET /live HTTP/1.0") == 400)
        #expect(status { $0[2] = "Connection: keep-alive, upgrade" } == nil)
        #expect(status { $0[1] = "Upgrade: WebSocket" } == nil)
    }

    @Test(arguments: [
        "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQA=",
        "dGhlIHNhbXBsZSBub25j*Q==", "dGhlIHNhbXBsZSBub25jZQ==AAAA", "dGhlIHNhbXBsZSBub25-ZQ==",
        "dGhlIHNhbXBsZSBub2 jZQ==",
    ])
    func `a key that is not 16 bytes in base64 is refused`(key: String) {
        #expect(status { $0[4] = "Sec-WebSocket-Key: \(key)" } == 400)
    }

    @Test func `client and server understand each other`() {
        var request: [UInt8] = []
        let key = WebSocketHandshake.key(Array(0..<16))
        WebSocketHandshake.appendRequest(
            target: "/v1/rooms/demo/cs101/live/live?device=1", host: "localhost:8080", key: key,
            subprotocols: ["live.v1", "bearer.abc"], fields: [("Origin", "http://localhost")], to: &request)
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        var response: [UInt8] = []
        request.withUnsafeMutableBytes { buffer in
            guard case .head = parser.next(buffer, limits: HTTPLimits(), head: &head),
                case .accept(let acceptKey) = WebSocketHandshake.judge(head)
            else {
                Issue.record("refused")
                return
            }
            var offered: [String] = []
            WebSocketHandshake.forEachSubprotocol(head) {
                offered.append(HTTPReading.text($0))
                return true
            }
            #expect(offered == ["live.v1", "bearer.abc"])
            WebSocketHandshake.appendResponse(
                acceptKey: acceptKey, subprotocol: "live.v1", deflate: DeflateParameters(),
                fields: Array("X-Y: z\r\n".utf8), to: &response)
        }
        checkResponse(response, key: key)
    }

    private func checkResponse(_ response: [UInt8], key: [UInt8]) {
        var response = response
        var parser = HTTPResponseParser()
        var head = HTTPResponseHead()
        response.withUnsafeMutableBytes { buffer in
            #expect(parser.next(buffer, limits: HTTPLimits(), head: &head) == .head(consumed: buffer.count))
            #expect(WebSocketHandshake.check(head, key: key) == nil)
            #expect(WebSocketHandshake.check(head, key: WebSocketHandshake.key(Array(1..<17))) != nil)
            #expect(head.header("sec-websocket-protocol").map(HTTPReading.text) == "live.v1")
            #expect(head.header("sec-websocket-extensions").map(HTTPReading.text) == "permessage-deflate")
            #expect(head.header("x-y").map(HTTPReading.text) == "z")
        }
    }

    @Test(arguments: [
        "200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade", "101 X\r\nUpgrade: h2c\r\nConnection: Upgrade",
        "101 X\r\nUpgrade: websocket", "101 X\r\nUpgrade: websocket\r\nConnection: Upgrade",
        "101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ])
    func `a client refuses an answer that does not fit`(answer: String) {
        var bytes = Array("HTTP/1.1 \(answer)\r\n\r\n".utf8)
        var parser = HTTPResponseParser()
        var head = HTTPResponseHead()
        bytes.withUnsafeMutableBytes { buffer in
            guard case .head = parser.next(buffer, limits: HTTPLimits(), head: &head) else {
                Issue.record("no head")
                return
            }
            #expect(WebSocketHandshake.check(head, key: WebSocketHandshake.key(Array(0..<16))) != nil)
        }
    }
}
