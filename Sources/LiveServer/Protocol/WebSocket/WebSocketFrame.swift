// WebSocketFrame: writes frames.
// Never fragments, never checks text for UTF-8 (what we send we made). Limits: payloads below 2^63 bytes.

/// What a frame holds. Source: RFC 6455 §5.2.
package enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Whether such frames may stand between the fragments of a message. RFC 6455 §5.5.
    package var isControl: Bool { rawValue >= 0x8 }
}

/// Writing of frames. Frames of a server are unmasked, those of a client masked (RFC 6455 §5.1).
package enum WebSocketFrame {
    /// The most bytes that a header has: 2, length 8, mask 4.
    package static let headerBytesMax = 14
    /// The most bytes of payload that a control frame has. RFC 6455 §5.5.
    package static let controlBytesMax = 125

    /// Appends one frame.
    ///
    /// - Parameters:
    ///   - isFinal: the message ends here.
    ///   - isCompressed: sets RSV1, for permessage-deflate (RFC 7692 §6).
    ///   - mask: the key of a client's frame, the first byte lowest; nil for a server's.
    package static func append(
        _ opcode: WebSocketOpcode, payload: UnsafeRawBufferPointer, isFinal: Bool = true, isCompressed: Bool = false,
        mask: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        precondition(!opcode.isControl || payload.count <= controlBytesMax, "a control frame holds 125 bytes at most")
        appendHeader(
            opcode, payloadBytes: payload.count, isFinal: isFinal, isCompressed: isCompressed, mask: mask, to: &bytes)
        let start = bytes.count
        bytes.append(contentsOf: payload)
        guard let mask else { return }
        bytes.withUnsafeMutableBytes { all in
            WebSocketMask.apply(UnsafeMutableRawBufferPointer(rebasing: all[start...]), key: mask)
        }
    }

    /// As above, for an array.
    package static func append(
        _ opcode: WebSocketOpcode, payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false,
        mask: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        payload.withUnsafeBytes {
            append(opcode, payload: $0, isFinal: isFinal, isCompressed: isCompressed, mask: mask, to: &bytes)
        }
    }

    /// Appends the header of a frame whose payload the caller adds, masked where there is a mask.
    package static func appendHeader(
        _ opcode: WebSocketOpcode, payloadBytes: Int, isFinal: Bool = true, isCompressed: Bool = false,
        mask: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        withUnsafeTemporaryAllocation(byteCount: headerBytesMax, alignment: 8) { header in
            let count = writeHeader(
                opcode, payloadBytes: payloadBytes, isFinal: isFinal, isCompressed: isCompressed, mask: mask,
                into: header)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: header[..<count]))
        }
    }

    /// Writes a header to the start of `target`, which has `headerBytesMax` bytes; returns how many it took, 2–14.
    package static func writeHeader(
        _ opcode: WebSocketOpcode, payloadBytes: Int, isFinal: Bool = true, isCompressed: Bool = false,
        mask: UInt32? = nil, into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(target.count >= headerBytesMax, "no room for a header")
        target[0] = opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        var count = 2
        if payloadBytes < 126 {
            target[1] = maskBit | UInt8(payloadBytes)
        } else if payloadBytes < 1 << 16 {
            target[1] = maskBit | 126
            target.storeBytes(of: UInt16(payloadBytes).bigEndian, toByteOffset: 2, as: UInt16.self)
            count = 4
        } else {
            target[1] = maskBit | 127
            target.storeBytes(of: UInt64(payloadBytes).bigEndian, toByteOffset: 2, as: UInt64.self)
            count = 10
        }
        if let mask {
            target.storeBytes(of: mask.littleEndian, toByteOffset: count, as: UInt32.self)
            count += 4
        }
        return count
    }

    /// Appends a close frame. The reason is cut to 123 bytes at a character's end. `code` nil: without code and
    /// reason.
    package static func appendClose(
        code: UInt16?, reason: String = "", mask: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        var payload: [UInt8] = []
        if let code {
            precondition(WebSocketCloseCode.isSendable(code), "this close code must not be sent")
            payload.append(UInt8(code >> 8))
            payload.append(UInt8(code & 0xFF))
            let text = Array(reason.utf8)
            var count = min(text.count, controlBytesMax - 2)
            while count > 0, count < text.count, text[count] & 0xC0 == 0x80 { count -= 1 }
            payload.append(contentsOf: text[..<count])
        }
        append(.close, payload: payload, mask: mask, to: &bytes)
    }
}

/// Close codes. Source: RFC 6455 §7.4 and the registry at IANA.
package enum WebSocketCloseCode {
    /// Whether a close frame may carry `code`: 1000–1003, 1007–1014 and 3000–4999.
    package static func isSendable(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
