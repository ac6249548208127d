// Owns the compression of one test client: what the server agreed to, and the contexts of both directions.

import LiveProtocol

/// permessage-deflate at the client's end.
final class SocketDeflate {
    let parameters: DeflateParameters
    private var contexts: PermessageDeflate

    /// - Parameter field: the server's Sec-WebSocket-Extensions.
    init(agreed field: String) throws {
        guard let parameters = Self.parameters(field) else {
            throw IntegrationFailure("the server agreed to what was not offered: \(field)")
        }
        self.parameters = parameters
        contexts = PermessageDeflate(parameters, role: .client)
    }

    private static func parameters(_ field: String) -> DeflateParameters? {
        var parser = HTTPResponseParser()
        var head = HTTPResponseHead()
        var bytes = Array("HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: \(field)\r\n\r\n".utf8)
        return bytes.withUnsafeMutableBytes { buffer in
            guard case .head = parser.next(buffer, limits: HTTPLimits(), head: &head),
                case .agreed(let parameters) = DeflateNegotiation.check(head.fields)
            else { return nil }
            return parameters
        }
    }

    func deflate(_ text: String) -> [UInt8] {
        var payload: [UInt8] = []
        Array(text.utf8).withUnsafeBytes { contexts.deflate($0, to: &payload) }
        return payload
    }

    /// The text in a payload; what is wrong with it where that fails, which is no JSON and fails the test.
    func inflate(_ payload: UnsafeRawBufferPointer) -> String {
        var text: [UInt8] = []
        let limits = InflateLimits(messageBytesMax: 64 << 20, ratioMax: 2_000)
        if let failure = contexts.inflate(payload, isText: true, limits: limits, to: &text) {
            return "the server broke deflate: \(failure.code) \(failure.reason)"
        }
        return String(decoding: text, as: UTF8.self)
    }
}
