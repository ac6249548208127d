// WebSocketReading: drives the decoder as a reactor does, from given pieces of input, and notes what it says.
// Each call gets a block of exactly the unconsumed bytes, so that a sanitizer sees any read beyond them.
@testable import LiveProtocol

enum WebSocketEvent: Equatable {
    case text([UInt8], isCompressed: Bool)
    case binary([UInt8], isCompressed: Bool)
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, [UInt8])
    case failed(UInt16, String)

    static func text(_ text: String) -> WebSocketEvent { .text(Array(text.utf8), isCompressed: false) }
    static func binary(_ bytes: [UInt8]) -> WebSocketEvent { .binary(bytes, isCompressed: false) }
}

enum WebSocketReading {
    static func read(
        _ input: [UInt8], cutAt cuts: [Int] = [], limits: WebSocketLimits = WebSocketLimits(),
        role: WebSocketRole = .server
    ) -> [WebSocketEvent] {
        var decoder = WebSocketDecoder()
        var pending: [UInt8] = []
        var events: [WebSocketEvent] = []
        for piece in pieces(input, cutAt: cuts) {
            pending += piece
            while true {
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pending.count, alignment: 1)
                defer { buffer.deallocate() }
                buffer.copyBytes(from: pending)
                let consumed: Int
                switch decoder.next(buffer, limits: limits, role: role) {
                case .needMore(let count):
                    consumed = -1 - count
                case .text(let count, let bytes):
                    events.append(.text(Array(bytes), isCompressed: decoder.isCompressed))
                    consumed = count
                case .binary(let count, let bytes):
                    events.append(.binary(Array(bytes), isCompressed: decoder.isCompressed))
                    consumed = count
                case .ping(let count, let bytes):
                    events.append(.ping(Array(bytes)))
                    consumed = count
                case .pong(let count, let bytes):
                    events.append(.pong(Array(bytes)))
                    consumed = count
                case .close(let count, let code, let reason):
                    events.append(.close(code, Array(reason)))
                    consumed = count
                case .failed(let code, let reason):
                    events.append(.failed(code, reason.description))
                    return events
                }
                // What was not consumed keeps the bytes it came with: unmasking touched none of it.
                pending.removeFirst(consumed < 0 ? -1 - consumed : consumed)
                if consumed < 0 { break }
            }
        }
        return events
    }

    /// How many bytes the decoder needs to see before it fails with `code`; nil if it does not.
    static func failsAfter(
        _ input: [UInt8], code: UInt16, limits: WebSocketLimits = WebSocketLimits(messageBytesMax: 1 << 20)
    ) -> Int? {
        var decoder = WebSocketDecoder()
        var pending: [UInt8] = []
        for (at, byte) in input.enumerated() {
            pending.append(byte)
            var consumed = 0
            let step = pending.withUnsafeMutableBytes {
                decoder.next($0, limits: limits, role: .server)
            }
            switch step {
            case .needMore(let count): consumed = count
            case .failed(code, _): return at + 1
            case .text(let count, _), .binary(let count, _), .ping(let count, _), .pong(let count, _): consumed = count
            default: return nil
            }
            pending.removeFirst(consumed)
        }
        return nil
    }
}

/// A client's frame.
func clientFrame(
    _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false,
    mask: UInt32 = 0x3D21_FA37
) -> [UInt8] {
    var bytes: [UInt8] = []
    WebSocketFrame.append(
        opcode, payload: payload, isFinal: isFinal, isCompressed: isCompressed, mask: mask, to: &bytes)
    return bytes
}

func clientFrame(_ opcode: WebSocketOpcode, _ text: String, isFinal: Bool = true) -> [UInt8] {
    clientFrame(opcode, Array(text.utf8), isFinal: isFinal)
}
