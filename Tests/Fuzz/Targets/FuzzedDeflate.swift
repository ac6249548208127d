// Owns the promises of permessage-deflate: whatever a peer calls compressed becomes a message within its limits or a
// failure, never more; what is deflated inflates to the same, with and without the context of what came before. The
// first byte of an input chooses window, level and context.

@testable import LiveProtocol

enum FuzzedDeflate {
    static func run(_ input: [UInt8]) {
        guard let seed = input.first else { return }
        let bytes = Array(input.dropFirst())
        inflate(bytes)
        roundTrip(bytes, seed)
        negotiate(bytes)
    }

    /// The bytes as a compressed message, twice: a failure must not spoil what follows in another context.
    private static func inflate(_ bytes: [UInt8]) {
        let limits = InflateLimits(messageBytesMax: 5_000, ratioMax: 20)
        var deflate = PermessageDeflate(DeflateParameters(), role: .server)
        for _ in 0..<2 {
            var message: [UInt8] = []
            let failure = bytes.withExactCopy {
                deflate.inflate(UnsafeRawBufferPointer($0), isText: true, limits: limits, to: &message)
            }
            if let failure { return promise([1002, 1007, 1009].contains(failure.code), "a code of no inflater") }
            promise(message.count <= 5_000, "a message beyond its limit")
            promise(message.count <= max(4_096, bytes.count * 20), "a message beyond its ratio")
            promise(String(validating: message, as: UTF8.self) != nil, "a text that is not UTF-8")
        }
    }

    private static func roundTrip(_ bytes: [UInt8], _ seed: UInt8) {
        let parameters = DeflateParameters(
            serverForgets: seed & 1 == 1, clientForgets: seed & 2 == 2, serverWindowBits: 8 + Int(seed >> 2 & 7),
            clientWindowBits: 8 + Int(seed >> 5))
        var server = PermessageDeflate(parameters, role: .server)
        var client = PermessageDeflate(parameters, role: .client)
        let limits = InflateLimits(messageBytesMax: 1 << 20, ratioMax: 2_000)
        for message in [bytes, bytes + bytes, Array(bytes.reversed())] {
            var packed: [UInt8] = []
            message.withUnsafeBytes { server.deflate($0, to: &packed) }
            var again: [UInt8] = []
            let failure = packed.withExactCopy {
                client.inflate(UnsafeRawBufferPointer($0), isText: false, limits: limits, to: &again)
            }
            promise(failure == nil && again == message, "a message is not what was deflated")
        }
    }

    /// The bytes as what a client offers: an answer is one that the client's side takes.
    private static func negotiate(_ bytes: [UInt8]) {
        let text =
            Array("GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Extensions: ".utf8) + bytes + Array("\r\n\r\n".utf8)
        text.withExactCopy { block in
            var parser = HTTPRequestParser()
            var head = HTTPRequestHead()
            guard case .head = parser.next(block, limits: HTTPLimits(), head: &head) else { return }
            for policy in [DeflatePolicy.shared, .own] {
                guard case .agreed(let parameters) = DeflateNegotiation.choose(head.fields, policy) else { continue }
                let isShared = parameters.serverForgets && parameters.clientForgets && parameters.serverWindowBits == 15
                if case .shared = policy { promise(isShared, "agrees to a context of its own where bytes are shared") }
                promise(isTaken(parameters.field), "an answer that no client takes")
            }
        }
    }

    private static func isTaken(_ field: [UInt8]) -> Bool {
        let text = Array("HTTP/1.1 101 S\r\nSec-WebSocket-Extensions: ".utf8) + field + Array("\r\n\r\n".utf8)
        return text.withExactCopy { block in
            var parser = HTTPResponseParser()
            var head = HTTPResponseHead()
            guard case .head = parser.next(block, limits: HTTPLimits(), head: &head) else { return false }
            if case .agreed = DeflateNegotiation.check(head.fields) { return true }
            return false
        }
    }
}
