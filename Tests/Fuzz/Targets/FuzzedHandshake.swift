// Owns the promises of the opening handshake: a request that is accepted is one of RFC 6455 §4.2.1, the accept key
// has its form, subprotocols are walked within the head. The input is the fields behind a request line.

@testable import LiveProtocol

enum FuzzedHandshake {
    static func run(_ input: [UInt8]) {
        let text = Array("GET /v1/rooms/a/b/c/live HTTP/1.1\r\n".utf8) + input + Array("\r\n\r\n".utf8)
        text.withExactCopy { block in
            var parser = HTTPRequestParser()
            var head = HTTPRequestHead()
            guard case .head = parser.next(block, limits: HTTPLimits(), head: &head) else { return }
            judge(head)
            _ = HTTPAccept.names("text/event-stream", in: head.header("accept"))
            _ = HTTPAccept.encodingWeight("gzip", in: head.header("accept-encoding"))
        }
    }

    private static func judge(_ head: HTTPRequestHead) {
        var count = 0
        WebSocketHandshake.forEachSubprotocol(head) { name in
            promise(!name.isEmpty, "a subprotocol without a name")
            count += 1
            return count < 100
        }
        switch WebSocketHandshake.judge(head) {
        case .refuse(let failure):
            promise([400, 426].contains(failure.status), "a status of no handshake")
        case .accept(let key):
            promise(key.count == 28, "an accept key of another length")
            promise(head.upgradesToWebSocket && !head.hasBody, "accepts what asks for no WebSocket")
            guard let sent = head.fields.single("sec-websocket-key") else {
                preconditionFailure("accepts a request without a key, or with two")
            }
            promise(Base64.decode(sent) != nil || isNonce(sent), "accepts a key that is no base64")
        }
    }

    /// 22 characters of base64 whose last bits may be anything.
    private static func isNonce(_ key: UnsafeRawBufferPointer) -> Bool {
        key.count == 24 && key[..<22].allSatisfy { Base64.value(of: $0, 0x2B, 0x2F) < 64 }
    }
}
