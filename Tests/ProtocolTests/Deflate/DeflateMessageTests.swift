// Messages through deflate and back: the examples of RFC 7692 §7.2.3, random messages under all parameters, every split
// on the wire, and payloads that are damaged or want to grow without end.
import LiveTestSupport
import Testing

@testable import LiveProtocol

@Suite struct `Messages of permessage-deflate` {
    private static let limits = InflateLimits(messageBytesMax: 1 << 20, ratioMax: 2_000)

    /// The message in a payload, or the close code.
    private func inflate(
        _ payload: [UInt8], with inflater: inout Inflater, isText: Bool = false, keepsContext: Bool = false,
        limits: InflateLimits = limits
    ) -> Result<[UInt8], WebSocketFailure> {
        var message: [UInt8] = []
        let failure = payload.withUnsafeBytes {
            inflater.inflate($0, isText: isText, keepsContext: keepsContext, limits: limits, to: &message)
        }
        return failure.map { .failure($0) } ?? .success(message)
    }

    private func inflate(
        _ payload: [UInt8], isText: Bool = false, limits: InflateLimits = limits
    ) -> Result<[UInt8], WebSocketFailure> {
        var inflater = Inflater()
        return inflate(payload, with: &inflater, isText: isText, limits: limits)
    }

    private func code(_ result: Result<[UInt8], WebSocketFailure>) -> UInt16? {
        if case .failure(let failure) = result { failure.code } else { nil }
    }

    private func message(_ result: Result<[UInt8], WebSocketFailure>) -> [UInt8]? { try? result.get() }

    /// Text that compresses, noise that does not, long runs, and the empty message.
    private func anyMessage(_ random: inout SeededRandom, countMax: Int) -> [UInt8] {
        let count = random.below(8) == 0 ? 0 : random.below(countMax) + 1
        switch random.below(4) {
        case 0: return random.bytes(count)
        case 1: return [UInt8](repeating: UInt8(random.below(256)), count: count)
        default:
            let words = ["the ", "room ", "poll ", "student ", "question ", "\"seq\":", "äöü", "{\"ev\":"]
            var text: [UInt8] = []
            while text.count < count { text += Array(words[random.below(words.count)].utf8) }
            return text
        }
    }

    @Test(
        arguments: [
            // §7.2.3.1, §7.2.3.3 without compression, §7.2.3.4 with a final block, §7.2.3.5 two blocks.
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
            // A final block and nothing behind it: some compressors leave the empty one away.
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
        ] as [[UInt8]])
    func `the examples of RFC 7692 say Hello`(payload: [UInt8]) {
        #expect(message(inflate(payload, isText: true)) == Array("Hello".utf8))
    }

    @Test func `a message refers to the one before where contexts are kept, and nowhere else`() {
        let first: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let second: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
        var keeping = Inflater()
        #expect(message(inflate(first, with: &keeping, keepsContext: true)) == Array("Hello".utf8))
        #expect(message(inflate(second, with: &keeping, keepsContext: true)) == Array("Hello".utf8))
        // Behind a final block the window goes on.
        let final: [UInt8] = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]
        #expect(message(inflate(final, with: &keeping, keepsContext: true)) == Array("Hello".utf8))
        #expect(message(inflate(second, with: &keeping, keepsContext: true)) == Array("Hello".utf8))
        var forgetting = Inflater()
        #expect(message(inflate(first, with: &forgetting)) == Array("Hello".utf8))
        #expect(code(inflate(second, with: &forgetting)) == 1007)
        #expect(message(inflate(first, with: &forgetting)) == Array("Hello".utf8), "and goes on after a failure")
    }

    @Test func `empty messages, one after the other, are one zero byte and back`() {
        for keeps in [true, false] {
            var deflater = Deflater(level: 1, memoryLevel: 8)
            var inflater = Inflater()
            for text in ["", "", "x", "", ""] {
                var payload: [UInt8] = []
                Array(text.utf8).withUnsafeBytes { deflater.deflate($0, keepsContext: keeps, to: &payload) }
                if text.isEmpty { #expect(payload == [0]) }
                #expect(message(inflate(payload, with: &inflater, keepsContext: keeps)) == Array(text.utf8))
            }
        }
        #expect(code(inflate([])) == 1007, "no block at all is no message")
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func `random messages come back under all parameters, both ways`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for bits in DeflateParameters.windowBitsMin...DeflateParameters.windowBitsMax {
            let parameters = DeflateParameters(
                serverForgets: random.below(2) == 0, clientForgets: random.below(2) == 0, serverWindowBits: bits,
                clientWindowBits: 8 + random.below(8))
            var server = PermessageDeflate(parameters, role: .server)
            var client = PermessageDeflate(parameters, role: .client)
            for _ in 0..<12 {
                let sent = anyMessage(&random, countMax: 70_000)
                var (down, up, atClient, atServer): ([UInt8], [UInt8], [UInt8], [UInt8]) = ([], [], [], [])
                sent.withUnsafeBytes { server.deflate($0, to: &down) }
                sent.withUnsafeBytes { client.deflate($0, to: &up) }
                let failures = down.withUnsafeBytes { bytes in
                    up.withUnsafeBytes {
                        [
                            client.inflate(bytes, isText: false, limits: Self.limits, to: &atClient)?.code,
                            server.inflate($0, isText: false, limits: Self.limits, to: &atServer)?.code,
                        ]
                    }
                }
                #expect(failures == [nil, nil], "seed \(seed), \(parameters)")
                #expect(atClient == sent && atServer == sent, "seed \(seed), \(parameters)")
            }
        }
    }

    @Test func `a window of 8 bits is kept although zlib begins at 9`() {
        // Repeats at all distances: a compressor with a larger window would refer to them.
        var random = SeededRandom(seed: 42)
        let pattern = random.bytes(16)
        var sent: [UInt8] = []
        for distance in 200...320 { sent += pattern + random.bytes(distance - pattern.count) }
        for level in 1...9 {
            var deflater = Deflater(windowBits: 8, level: level, memoryLevel: 8)
            var inflater = Inflater(windowBits: 8)
            for _ in 0..<3 {
                var payload: [UInt8] = []
                sent.withUnsafeBytes { deflater.deflate($0, keepsContext: true, to: &payload) }
                #expect(message(inflate(payload, with: &inflater, keepsContext: true)) == sent)
            }
        }
    }

    @Test func `every split of a compressed message on the wire gives the same message`() {
        let text = Array("{\"op\":\"chat_send\",\"text\":\"Grüße, Grüße, Grüße und noch einmal Grüße\"}".utf8)
        var payload: [UInt8] = []
        var deflater = Deflater(level: 6, memoryLevel: 8)
        text.withUnsafeBytes { deflater.deflate($0, keepsContext: false, to: &payload) }
        // Fragmented after every byte of the payload; RSV1 stands on the first frame alone.
        for cut in 0...payload.count {
            let frames =
                clientFrame(.text, Array(payload[..<cut]), isFinal: false, isCompressed: true)
                + clientFrame(.ping, [1]) + clientFrame(.continuation, Array(payload[cut...]))
            var limits = WebSocketLimits()
            limits.permitsCompression = true
            for at in 0...frames.count {
                let events = WebSocketReading.read(frames, cutAt: [at], limits: limits)
                #expect(events == [.ping([1]), .text(payload, isCompressed: true)])
            }
            let again = clientFrame(.continuation, [1], isCompressed: true)
            let first = clientFrame(.text, payload, isFinal: false, isCompressed: true)
            #expect(WebSocketReading.read(first + again, limits: limits).last == .failed(1002, "reserved bit set"))
        }
        #expect(message(inflate(payload, isText: true)) == text)
    }

    @Test func `a message that deflate made longer is not too large for it`() {
        var random = SeededRandom(seed: 7)
        let noise = random.bytes(16 << 10)
        var payload: [UInt8] = []
        var deflater = Deflater(level: 1, memoryLevel: 1)
        noise.withUnsafeBytes { deflater.deflate($0, keepsContext: false, to: &payload) }
        #expect(payload.count > noise.count)
        let limits = WebSocketLimits(messageBytesMax: noise.count, permitsCompression: true)
        let events = WebSocketReading.read(clientFrame(.binary, payload, isCompressed: true), limits: limits)
        #expect(events == [.binary(payload, isCompressed: true)])
        let bound = InflateLimits(messageBytesMax: noise.count, ratioMax: 200)
        #expect(message(inflate(payload, limits: bound)) == noise)
        let tight = InflateLimits(messageBytesMax: noise.count - 1, ratioMax: 200)
        #expect(code(inflate(payload, limits: tight)) == 1009)
    }
}
