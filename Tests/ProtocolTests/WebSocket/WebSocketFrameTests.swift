// Frames: the examples of RFC 6455 §5.7, both ways, and everything written read back.
import Testing

@testable import LiveProtocol

@Suite struct `WebSocket frames` {
    private func written(_ opcode: WebSocketOpcode, _ text: String, isFinal: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = []
        WebSocketFrame.append(opcode, payload: Array(text.utf8), isFinal: isFinal, to: &bytes)
        return bytes
    }

    @Test func `the examples of RFC 6455 5_7 are written`() {
        #expect(written(.text, "Hello") == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            clientFrame(.text, "Hello") == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(written(.text, "Hel", isFinal: false) == [0x01, 0x03, 0x48, 0x65, 0x6C])
        #expect(written(.continuation, "lo") == [0x80, 0x02, 0x6C, 0x6F])
        #expect(written(.ping, "Hello") == [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            clientFrame(.pong, "Hello") == [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(written(.binary, String(repeating: "x", count: 256)).prefix(4) == [0x82, 0x7E, 0x01, 0x00])
        #expect(
            written(.binary, String(repeating: "x", count: 65536)).prefix(10)
                == [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test func `the examples of RFC 6455 5_7 are read`() {
        let masked: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(WebSocketReading.read(masked) == [.text("Hello")])
        let fragments: [UInt8] = [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F]
        #expect(WebSocketReading.read(fragments, role: .client) == [.text("Hello")])
        #expect(
            WebSocketReading.read([0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], role: .client)
                == [.ping(Array("Hello".utf8))])
    }

    @Test func `lengths change their form at 126 and 65536`() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)] {
            let payload = [UInt8](repeating: 7, count: length)
            for mask in [nil, 0x0102_0304] as [UInt32?] {
                var bytes: [UInt8] = []
                WebSocketFrame.append(.binary, payload: payload, mask: mask, to: &bytes)
                #expect(bytes.count == length + header + (mask == nil ? 0 : 4))
                let events = WebSocketReading.read(
                    bytes, limits: WebSocketLimits(messageBytesMax: length), role: mask == nil ? .client : .server)
                #expect(events == [.binary(payload)])
            }
        }
    }

    @Test func `a close frame carries its code and as much of the reason as fits`() {
        var bytes: [UInt8] = []
        WebSocketFrame.appendClose(code: 1000, reason: "bye", to: &bytes)
        #expect(bytes == [0x88, 0x05, 0x03, 0xE8, 0x62, 0x79, 0x65])
        bytes = []
        WebSocketFrame.appendClose(code: nil, to: &bytes)
        #expect(bytes == [0x88, 0x00])
        for filler in 118...124 {
            bytes = []
            let reason = String(repeating: "x", count: filler) + "äöü👋"
            WebSocketFrame.appendClose(code: 4409, reason: reason, to: &bytes)
            guard case .close(4409, let read) = WebSocketReading.read(bytes, role: .client).first else {
                Issue.record("not read")
                return
            }
            #expect(read.count <= 123 && read.count >= 118)
            #expect(Array(reason.utf8).starts(with: read))
        }
    }

    @Test(arguments: 0..<20)
    func `any sequence of frames is read as it was written, in every split`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var bytes: [UInt8] = []
        var expected: [WebSocketEvent] = []
        for _ in 0..<(1 + random.below(4)) {
            let isText = random.below(2) == 0
            let message = isText ? Array(RandomJSON.text(&random).utf8) : random.bytes(random.below(300))
            var start = 0
            let fragments = 1 + random.below(3)
            for fragment in 0..<fragments {
                let end = fragment == fragments - 1 ? message.count : start + random.below(message.count - start + 1)
                let key = UInt32(truncatingIfNeeded: random.next()) & (random.below(4) == 0 ? 0 : .max)
                bytes += clientFrame(
                    fragment > 0 ? .continuation : isText ? .text : .binary, Array(message[start..<end]),
                    isFinal: fragment == fragments - 1, mask: key)
                start = end
                guard fragment < fragments - 1, random.below(3) == 0 else { continue }
                let payload = random.bytes(random.below(126))
                bytes += clientFrame(random.below(2) == 0 ? .ping : .pong, payload)
                expected.append(bytes[bytes.count - payload.count - 6] == 0x89 ? .ping(payload) : .pong(payload))
            }
            expected.append(isText ? .text(message, isCompressed: false) : .binary(message))
        }
        bytes += clientFrame(.close, [0x03, 0xE8])
        expected.append(.close(1000, []))
        bytes += random.bytes(20)
        #expect(WebSocketReading.read(bytes) == expected, "seed \(seed)")
        for cut in 0...bytes.count {
            #expect(WebSocketReading.read(bytes, cutAt: [cut]) == expected, "seed \(seed), cut at \(cut)")
        }
        #expect(WebSocketReading.read(bytes, cutAt: Array(1..<bytes.count)) == expected, "seed \(seed)")
    }
}
