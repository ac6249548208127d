// WebSocketHeader: reads one frame header and refuses what RFC 6455 forbids.
// Never waits for bytes that can't make a bad header good: each byte is judged as soon as it is there.

/// Which end of the connection reads.
package enum WebSocketRole: Sendable {
    /// Takes masked frames only.
    case server
    /// Takes unmasked frames only.
    case client
}

/// What a decoder refuses on account of size, and what was negotiated.
package struct WebSocketLimits: Sendable {
    /// Bytes of one message, all fragments together. Above: 1009, as soon as a frame's header says so. A compressed
    /// message is measured again by whoever inflates it.
    package var messageBytesMax: Int
    /// permessage-deflate was negotiated: RSV1 may be set on the first frame of a message.
    package var permitsCompression: Bool

    /// Limits of one's own; the default is the contract's 16 KiB for a command.
    package init(messageBytesMax: Int = 16 << 10, permitsCompression: Bool = false) {
        self.messageBytesMax = messageBytesMax
        self.permitsCompression = permitsCompression
    }

    /// Bytes of payload that a message may have: deflate makes what it can't compress a little longer.
    func payloadBytesMax(isCompressed: Bool) -> Int {
        isCompressed ? messageBytesMax + messageBytesMax / 8 + 64 : messageBytesMax
    }
}

/// Why a connection must fail: the close code for the peer and a reason for its frame.
package struct WebSocketFailure: Error, Sendable {
    /// The close code.
    package let code: UInt16
    /// For people.
    package let reason: StaticString

    init(_ code: UInt16, _ reason: StaticString) {
        self.code = code
        self.reason = reason
    }
}

/// A frame header that is acceptable by itself. Source: RFC 6455 §5.2.
struct WebSocketHeader {
    var isFinal: Bool
    var isCompressed: Bool
    var opcode: WebSocketOpcode
    var payloadBytes: Int
    /// The key, the first byte lowest; 0 for a frame without one.
    var mask: UInt32
    /// Bytes of the header itself.
    var count: Int

    /// The header at the start of `bytes`; nil while it is incomplete.
    static func read(
        _ bytes: UnsafeRawBufferPointer, limits: WebSocketLimits, role: WebSocketRole
    ) throws(WebSocketFailure) -> WebSocketHeader? {
        guard bytes.count > 0 else { return nil }
        let first = bytes[0]
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            throw WebSocketFailure(1002, "unknown opcode")
        }
        let isFinal = first & 0x80 != 0
        let isCompressed = first & 0x40 != 0
        let mayBeCompressed = limits.permitsCompression && (opcode == .text || opcode == .binary)
        guard first & 0x30 == 0, !isCompressed || mayBeCompressed else {
            throw WebSocketFailure(1002, "reserved bit set")
        }
        if opcode.isControl, !isFinal { throw WebSocketFailure(1002, "fragmented control frame") }
        guard bytes.count > 1 else { return nil }
        let second = bytes[1]
        let isMasked = second & 0x80 != 0
        if isMasked != (role == .server) {
            throw WebSocketFailure(1002, role == .server ? "unmasked frame" : "masked frame")
        }
        let short = Int(second & 0x7F)
        if opcode.isControl, short > WebSocketFrame.controlBytesMax {
            throw WebSocketFailure(1002, "control frame longer than 125 bytes")
        }
        let lengthBytes = short < 126 ? 0 : short == 126 ? 2 : 8
        guard bytes.count >= 2 + lengthBytes else { return nil }
        let length = try length(bytes, short: short)
        let count = 2 + lengthBytes + (isMasked ? 4 : 0)
        guard bytes.count >= count else { return nil }
        let mask = isMasked ? bytes.loadUnaligned(fromByteOffset: 2 + lengthBytes, as: UInt32.self) : 0
        return WebSocketHeader(
            isFinal: isFinal, isCompressed: isCompressed, opcode: opcode, payloadBytes: length,
            mask: UInt32(littleEndian: mask), count: count)
    }

    /// The payload's length, in the shortest of the three encodings.
    private static func length(_ bytes: UnsafeRawBufferPointer, short: Int) throws(WebSocketFailure) -> Int {
        if short < 126 { return short }
        if short == 126 {
            let length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            if length < 126 { throw WebSocketFailure(1002, "length not in its shortest form") }
            return length
        }
        let length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
        if length < 1 << 16 { throw WebSocketFailure(1002, "length not in its shortest form") }
        if length >> 63 != 0 { throw WebSocketFailure(1002, "length of 64 bits") }
        return Int(length)
    }
}
