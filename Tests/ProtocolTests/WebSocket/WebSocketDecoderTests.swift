// The decoder against RFC 6455: what it refuses, with which code, and how early.
import Testing

@testable import LiveProtocol

@Suite struct `WebSocket decoder` {
    /// Frames that must fail, byte by byte, and the code. Each is a client's.
    private static let refused: [([UInt8], UInt16)] = [
        ([0xC1, 0x80], 1002), ([0xA1, 0x80], 1002), ([0x91, 0x80], 1002), ([0xF1, 0x80], 1002), ([0xC9, 0x80], 1002),
        ([0x83, 0x80], 1002), ([0x87, 0x80], 1002), ([0x8B, 0x80], 1002), ([0x8F, 0x80], 1002),
        ([0x81, 0x00], 1002), ([0x82, 0x7E], 1002), ([0x09, 0x80], 1002), ([0x08, 0x80], 1002), ([0x0A, 0x80], 1002),
        ([0x89, 0xFE], 1002), ([0x88, 0xFF], 1002), ([0x82, 0xFE, 0, 125], 1002), ([0x82, 0xFE, 0, 0], 1002),
        ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 1002), ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1], 1002),
        ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002),
    ]

    @Test(arguments: refused)
    func `a forbidden header fails with its last byte`(header: [UInt8], code: UInt16) {
        let seen = WebSocketReading.failsAfter(header + [UInt8](repeating: 0, count: 20), code: code)
        #expect((seen ?? .max) <= header.count)
        let whole = WebSocketReading.read(header + [UInt8](repeating: 0, count: 20))
        guard case .failed(code, _) = whole.last else {
            Issue.record("taken: \(header)")
            return
        }
        let cuts = Array(1..<(header.count + 20))
        #expect(WebSocketReading.read(header + [UInt8](repeating: 0, count: 20), cutAt: cuts) == whole)
    }

    @Test func `a client refuses masked frames`() {
        guard case .failed(1002, _) = WebSocketReading.read(clientFrame(.text, "x"), role: .client).last else {
            Issue.record("taken")
            return
        }
    }

    @Test func `a message has so many frames and no more, empty ones count`() {
        let limits = WebSocketLimits(messageFramesMax: 3)
        let first = clientFrame(.text, "", isFinal: false)
        let empty = clientFrame(.continuation, "", isFinal: false)
        let last = clientFrame(.continuation, "x")
        #expect(WebSocketReading.read(first + empty + last, limits: limits) == [.text("x")])
        #expect(WebSocketReading.failsAfter(first + empty + empty + last, code: 1009, limits: limits) != nil)
        // Each message begins anew.
        let twice = WebSocketReading.read(first + empty + last + first + empty + last, limits: limits)
        #expect(twice == [.text("x"), .text("x")])
    }

    @Test func `fragments must follow each other`() {
        func code(_ frames: [[UInt8]]) -> UInt16? {
            guard case .failed(let code, _) = WebSocketReading.read(Array(frames.joined())).last else { return nil }
            return code
        }
        #expect(code([clientFrame(.continuation, "x")]) == 1002)
        #expect(code([clientFrame(.continuation, "x", isFinal: false)]) == 1002)
        #expect(code([clientFrame(.text, "x", isFinal: false), clientFrame(.text, "y")]) == 1002)
        #expect(code([clientFrame(.text, "", isFinal: false), clientFrame(.binary, "")]) == 1002)
        #expect(code([clientFrame(.text, "x"), clientFrame(.continuation, "y")]) == 1002)
        #expect(code([clientFrame(.text, "x", isFinal: false), clientFrame(.continuation, "y")]) == nil)
        #expect(
            code([
                clientFrame(.text, "", isFinal: false), clientFrame(.continuation, "", isFinal: false),
                clientFrame(.continuation, ""),
            ]) == nil)
    }

    @Test func `a message over the limit fails before its payload comes`() {
        let limits = WebSocketLimits(messageBytesMax: 10)
        func code(_ bytes: [UInt8]) -> UInt16? {
            guard case .failed(let code, _) = WebSocketReading.read(bytes, limits: limits).last else { return nil }
            return code
        }
        #expect(code(clientFrame(.text, "0123456789")) == nil)
        #expect(code(Array(clientFrame(.text, "0123456789a").prefix(6))) == 1009)
        #expect(code(clientFrame(.text, "01234", isFinal: false) + clientFrame(.continuation, "56789")) == nil)
        #expect(
            code(clientFrame(.text, "01234", isFinal: false) + clientFrame(.continuation, "56789a").prefix(6)) == 1009)
        #expect(code([0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4]) == 1009)
    }

    @Test func `RSV1 is for the first frame of a message, where it was negotiated`() {
        let limits = WebSocketLimits(permitsCompression: true)
        let deflated: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        #expect(
            WebSocketReading.read(clientFrame(.text, deflated, isCompressed: true), limits: limits)
                == [.text(deflated, isCompressed: true)])
        let fragments =
            clientFrame(.text, Array(deflated[..<3]), isFinal: false, isCompressed: true)
            + clientFrame(.continuation, Array(deflated[3...])) + clientFrame(.text, "plain")
        #expect(
            WebSocketReading.read(fragments, limits: limits) == [.text(deflated, isCompressed: true), .text("plain")])
        for wrong: [UInt8] in [
            clientFrame(.ping, [], isCompressed: true),
            clientFrame(.text, "a", isFinal: false) + clientFrame(.continuation, [], isCompressed: true),
        ] {
            guard case .failed(1002, _) = WebSocketReading.read(wrong, limits: limits).last else {
                Issue.record("taken")
                return
            }
        }
    }

    @Test func `close codes and reasons are checked`() {
        func close(_ payload: [UInt8]) -> WebSocketEvent? {
            WebSocketReading.read(clientFrame(.close, payload)).last
        }
        func code(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
        #expect(close([]) == .close(nil, []))
        #expect(close([0x03]) == .failed(1002, "close frame with half a code"))
        for good in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
            #expect(close(code(good)) == .close(UInt16(good), []), "\(good)")
        }
        for bad in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            #expect(close(code(bad)) == .failed(1002, "close code out of range"), "\(bad)")
        }
        #expect(close(code(1000) + Array("bye ä".utf8)) == .close(1000, Array("bye ä".utf8)))
        #expect(close(code(1000) + [0xC3]) == .failed(1007, "close reason is not UTF-8"))
        #expect(
            close(code(1000) + [UInt8](repeating: 0x61, count: 123)) == .close(1000, .init(repeating: 0x61, count: 123))
        )
    }

    @Test func `what follows a close or a failure is discarded`() {
        var decoder = WebSocketDecoder()
        var bytes = clientFrame(.close, []) + clientFrame(.text, "late")
        bytes.withUnsafeMutableBytes { buffer in
            guard case .close(6, nil, _) = decoder.next(buffer, limits: WebSocketLimits(), role: .server) else {
                Issue.record("no close")
                return
            }
            #expect(decoder.isClosed)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[6...])
            guard case .needMore(10) = decoder.next(rest, limits: WebSocketLimits(), role: .server) else {
                Issue.record("not discarded")
                return
            }
        }
    }

    @Test func `text fails on its first impossible byte, within a frame that is not over`() {
        // "κόσμε" followed by what is a surrogate: the byte after ED must be below A0 (Autobahn 6.4).
        let good = Array("κόσμε".utf8)
        let bad: [UInt8] = good + [0xED, 0xA0, 0x80] + Array("edited".utf8)
        let frame = clientFrame(.text, bad)
        #expect(WebSocketReading.failsAfter(frame, code: 1007) == 6 + good.count + 2)
        let over: [UInt8] = good + [0xF4, 0x90, 0x80, 0x80] + Array("edited".utf8)
        #expect(WebSocketReading.failsAfter(clientFrame(.text, over), code: 1007) == 6 + good.count + 2)
        let fragments =
            clientFrame(.text, good, isFinal: false) + clientFrame(.continuation, [0xED], isFinal: false)
            + clientFrame(.continuation, [0xA0, 0x80])
        #expect(WebSocketReading.failsAfter(fragments, code: 1007) == 6 + good.count + 7 + 7)
    }

    @Test func `a character may be split between fragments but not left open`() {
        let text = Array("aé€👋".utf8)
        for cut in 0...text.count {
            let frames =
                clientFrame(.text, Array(text[..<cut]), isFinal: false) + clientFrame(.ping, [1])
                + clientFrame(.continuation, Array(text[cut...]))
            #expect(WebSocketReading.read(frames) == [.ping([1]), .text("aé€👋")])
        }
        for open in [[0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x91]] as [[UInt8]] {
            #expect(WebSocketReading.read(clientFrame(.text, open)) == [.failed(1007, "text is not UTF-8")])
            let frames = clientFrame(.text, open, isFinal: false) + clientFrame(.continuation, [])
            #expect(WebSocketReading.read(frames) == [.failed(1007, "text is not UTF-8")])
        }
    }

    @Test func `the state of a connection is small`() {
        #expect(MemoryLayout<WebSocketDecoder>.size <= 24)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a message of 64 MiB in small pieces takes time in proportion`() {
        let total = 64 << 20
        var header: [UInt8] = []
        WebSocketFrame.appendHeader(.binary, payloadBytes: total, mask: 0x0102_0304, to: &header)
        var decoder = WebSocketDecoder()
        let limits = WebSocketLimits(messageBytesMax: total)
        var step = header.withUnsafeMutableBytes { decoder.next($0, limits: limits, role: .server) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { piece.deallocate() }
        for _ in 0..<(total / piece.count) {
            guard case .needMore = step else {
                Issue.record("over too early")
                return
            }
            piece.initializeMemory(as: UInt8.self, repeating: 0)
            step = decoder.next(piece, limits: limits, role: .server)
        }
        guard case .binary(let consumed, let message) = step else {
            Issue.record("not delivered")
            return
        }
        #expect(consumed == piece.count && message.count == total)
        #expect(Array(message[(total - 4)...]) == [4, 3, 2, 1])
        // The block goes with the next call, not with the next message.
        guard case .needMore(0) = decoder.next(.init(start: nil, count: 0), limits: limits, role: .server) else {
            Issue.record("something is left")
            return
        }
    }
}
