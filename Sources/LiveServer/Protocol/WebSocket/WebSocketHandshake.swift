// WebSocketHandshake: the opening handshake, both roles.
// Never decides on origin or identity: those are the server's. Source: RFC 6455 §4.
import COpenSSL

/// The opening handshake.
package enum WebSocketHandshake {
    private static let guid: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// What the server makes of a request that asks for an upgrade.
    package enum Verdict: Equatable, Sendable {
        /// Everything is in place; the value for Sec-WebSocket-Accept.
        case accept(key: [UInt8])
        /// Answer with this; a 426 carries `Sec-WebSocket-Version: 13` and `Upgrade: websocket`.
        case refuse(HTTPFailure)
    }

    /// Judges a request. RFC 6455 §4.2.1.
    package static func judge(_ head: HTTPRequestHead) -> Verdict {
        guard head.method == .get, head.minorVersion > 0 else {
            return .refuse(HTTPFailure(400, "a WebSocket begins with a GET of HTTP/1.1"))
        }
        guard head.upgradesToWebSocket else {
            return .refuse(HTTPFailure(426, "this resource speaks WebSocket"))
        }
        guard !head.hasBody else { return .refuse(HTTPFailure(400, "a WebSocket request has no body")) }
        guard let version = head.fields.single("sec-websocket-version"), Bytes.equal(version, "13") else {
            return .refuse(HTTPFailure(426, "only version 13 of WebSocket is spoken here"))
        }
        guard let key = head.fields.single("sec-websocket-key"), isKey(key) else {
            return .refuse(HTTPFailure(400, "Sec-WebSocket-Key is not 16 bytes in base64"))
        }
        return .accept(key: acceptKey(for: key))
    }

    /// Whether `key` is base64 of 16 bytes. The four bits that carry nothing may be anything: it is but a nonce.
    static func isKey(_ key: UnsafeRawBufferPointer) -> Bool {
        guard key.count == 24, key[22] == UInt8(ascii: "="), key[23] == UInt8(ascii: "=") else { return false }
        return key[..<22].allSatisfy { Base64.value(of: $0, 0x2B, 0x2F) < 64 }
    }

    /// The value of Sec-WebSocket-Accept for a key: 28 bytes. RFC 6455 §4.2.2.
    package static func acceptKey(for key: UnsafeRawBufferPointer) -> [UInt8] {
        var text = Array(key)
        HTTPFieldWriter.append(guid, to: &text)
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        _ = SHA1(text, text.count, &digest)
        return digest.withUnsafeBytes { Base64.encode($0) }
    }

    /// Calls `body` with each subprotocol that the client offers, most wanted first, until it returns false.
    package static func forEachSubprotocol(
        _ head: HTTPRequestHead, _ body: (UnsafeRawBufferPointer) -> Bool
    ) {
        var goesOn = true
        head.fields.forEach("sec-websocket-protocol") { value in
            for name in HTTPList(value) where goesOn { goesOn = body(name) }
            return goesOn
        }
    }

    /// Appends the 101 response.
    ///
    /// - Parameters:
    ///   - subprotocol: the one selected out of those offered.
    ///   - deflate: what was agreed on for permessage-deflate, for Sec-WebSocket-Extensions.
    ///   - fields: further field lines, each with its CRLF.
    package static func appendResponse(
        acceptKey: [UInt8], subprotocol: StaticString? = nil, deflate: DeflateParameters? = nil, fields: [UInt8] = [],
        to bytes: inout [UInt8]
    ) {
        HTTPFieldWriter.append(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
            to: &bytes)
        bytes.append(contentsOf: acceptKey)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
        if let subprotocol { append("Sec-WebSocket-Protocol", subprotocol, to: &bytes) }
        if let deflate {
            HTTPFieldWriter.append(name: "Sec-WebSocket-Extensions", to: &bytes)
            deflate.append(to: &bytes)
            HTTPFieldWriter.appendLineEnd(to: &bytes)
        }
        bytes.append(contentsOf: fields)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }

    private static func append(_ name: StaticString, _ value: StaticString, to bytes: inout [UInt8]) {
        HTTPFieldWriter.append(name: name, to: &bytes)
        HTTPFieldWriter.append(value, to: &bytes)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }
}

extension WebSocketHandshake {
    /// A client's key: the base64 of 16 bytes, which should be random.
    package static func key(_ nonce: [UInt8]) -> [UInt8] {
        precondition(nonce.count == 16, "a key is made of 16 bytes")
        return nonce.withUnsafeBytes { Base64.encode($0) }
    }

    /// Appends a client's request. RFC 6455 §4.1.
    package static func appendRequest(
        target: String, host: String, key: [UInt8], subprotocols: [String] = [],
        fields: [HTTPRequestWriter.Field] = [], to bytes: inout [UInt8]
    ) {
        var all: [HTTPRequestWriter.Field] = [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", String(decoding: key, as: UTF8.self)),
        ]
        if !subprotocols.isEmpty {
            all.append(("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", ")))
        }
        HTTPRequestWriter.append("GET", target, host: host, fields: all + fields, to: &bytes)
    }

    /// What is wrong with the server's answer to a request made with `key`; nil if the connection is open.
    /// Whether the selected subprotocol was offered is for the caller to see.
    package static func check(_ head: HTTPResponseHead, key: [UInt8]) -> HTTPFailure? {
        guard head.status == 101 else { return HTTPFailure(400, "the server does not switch protocols") }
        guard head.fields.lists("connection", "upgrade"), head.fields.lists("upgrade", "websocket") else {
            return HTTPFailure(400, "the server switches to another protocol")
        }
        let expected = key.withUnsafeBytes { acceptKey(for: $0) }
        guard let accept = head.fields.single("sec-websocket-accept"),
            expected.withUnsafeBytes({ Bytes.equal($0, accept) })
        else { return HTTPFailure(400, "Sec-WebSocket-Accept does not fit the key") }
        return nil
    }
}
