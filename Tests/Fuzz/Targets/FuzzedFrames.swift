// Owns the promises of the WebSocket decoder: whatever the cuts, the same messages and failure; nothing beyond the
// input is read or consumed; what was read is read again when written anew; the UTF-8 check agrees with the
// standard library's. The first byte of an input chooses role, limits and cuts.

@testable import LiveProtocol

enum FuzzedFrames {
    static func run(_ input: [UInt8]) {
        guard let seed = input.first else { return }
        let bytes = Array(input.dropFirst())
        let role: WebSocketRole = seed & 1 == 1 ? .server : .client
        let limits = WebSocketLimits(
            messageBytesMax: seed & 2 == 2 ? 100 : 1 << 20, messageFramesMax: seed & 8 == 8 ? 3 : 1_024,
            permitsCompression: seed & 4 == 4)
        let whole = read(bytes, cuts: [], limits: limits, role: role)
        for cuts in Cuts.of(bytes.count, seed: seed) {
            promise(read(bytes, cuts: cuts, limits: limits, role: role) == whole, "messages depend on cuts")
        }
        rewrite(whole)
        let isValid = bytes.withUnsafeBytes { UTF8Validator.isValid($0) }
        promise(isValid == (String(validating: bytes, as: UTF8.self) != nil), "UTF-8 check differs")
    }

    enum Event: Equatable {
        case data(WebSocketOpcode, [UInt8], isCompressed: Bool)
        case close(UInt16?, [UInt8])
        case failed(UInt16)
    }

    static func read(_ input: [UInt8], cuts: [Int], limits: WebSocketLimits, role: WebSocketRole) -> [Event] {
        var decoder = WebSocketDecoder()
        var events: [Event] = []
        var start = 0
        for end in cuts + [input.count] {
            while true {
                // A block of exactly what is unconsumed, so that ASan sees the first byte too far.
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 1)
                defer { buffer.deallocate() }
                buffer.copyBytes(from: input[start..<end])
                let step = decoder.next(buffer, limits: limits, role: role)
                guard let (event, consumed) = event(step, decoder) else {
                    guard case .needMore(let consumed) = step else { preconditionFailure("a step of no kind") }
                    start += consumed
                    promise(start <= end, "more consumed than given")
                    break
                }
                events.append(event)
                if case .failed = event { return events }
                promise(consumed > 0, "a step without progress")
                start += consumed
            }
        }
        return events
    }

    private static func event(_ step: WebSocketStep, _ decoder: WebSocketDecoder) -> (Event, consumed: Int)? {
        switch step {
        case .needMore: return nil
        case .text(let consumed, let bytes):
            if !decoder.isCompressed {
                promise(String(validating: bytes, as: UTF8.self) != nil, "text that is not UTF-8")
            }
            return (.data(.text, Array(bytes), isCompressed: decoder.isCompressed), consumed)
        case .binary(let consumed, let bytes):
            return (.data(.binary, Array(bytes), isCompressed: decoder.isCompressed), consumed)
        case .ping(let consumed, let bytes): return (.data(.ping, Array(bytes), isCompressed: false), consumed)
        case .pong(let consumed, let bytes): return (.data(.pong, Array(bytes), isCompressed: false), consumed)
        case .close(let consumed, let code, let reason): return (.close(code, Array(reason)), consumed)
        case .failed(let code, _):
            promise([1002, 1007, 1009].contains(code), "a code of no decoder")
            return (.failed(code), 0)
        }
    }

    /// Writes what was read, as a server and as a client, and reads that.
    static func rewrite(_ events: [Event]) {
        let readable = events.filter { if case .failed = $0 { false } else { true } }
        for mask in [nil, 0xA1B2_C3D4] as [UInt32?] {
            var bytes: [UInt8] = []
            for event in readable {
                switch event {
                case .data(let opcode, let payload, let isCompressed):
                    WebSocketFrame.append(opcode, payload: payload, isCompressed: isCompressed, mask: mask, to: &bytes)
                case .close(let code, let reason):
                    let text = String(decoding: reason, as: UTF8.self)
                    WebSocketFrame.appendClose(code: code, reason: text, mask: mask, to: &bytes)
                case .failed: break
                }
            }
            let limits = WebSocketLimits(messageBytesMax: 1 << 20, permitsCompression: true)
            let again = read(bytes, cuts: [], limits: limits, role: mask == nil ? .client : .server)
            promise(again == readable, "messages changed when written anew")
        }
    }
}
