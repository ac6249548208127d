// WebSocketDecoder: turns the bytes of one connection into messages and control frames.
// Never copies a message that came whole and in one frame; never answers (pongs and closes are the session's).
// State: 16 bytes, and a heap block only while a message is under way.

/// What one call of the decoder found. `consumed` bytes at the start of the input are done with. Payloads are
/// unmasked, and valid until the next call of `next` or until the input's buffer changes.
package enum WebSocketStep {
    /// Nothing more is complete. Call again once more bytes have come.
    case needMore(consumed: Int)
    /// A whole text message, valid UTF-8 (unless compressed).
    case text(consumed: Int, UnsafeRawBufferPointer)
    /// A whole binary message.
    case binary(consumed: Int, UnsafeRawBufferPointer)
    /// To be answered by a pong with the same payload, 0–125 bytes.
    case ping(consumed: Int, UnsafeRawBufferPointer)
    case pong(consumed: Int, UnsafeRawBufferPointer)
    /// The peer closes; what it sends after that is discarded. `code` nil: the frame was empty.
    case close(consumed: Int, code: UInt16?, reason: UnsafeRawBufferPointer)
    /// The peer broke the protocol: send a close frame with `code`, then close. What follows is discarded.
    case failed(code: UInt16, reason: StaticString)
}

/// An incremental WebSocket decoder for either role. Call `next` with the unconsumed input until it says `.needMore`.
///
/// Thread: a value, owned by its connection. Source: RFC 6455 §5; UTF-8 fails on the first bad byte (§8.1).
package struct WebSocketDecoder {
    /// The message under way, or the one handed out last.
    private var assembly: WebSocketAssembly?
    private var isOver = false
    /// Whether the message of the last step had RSV1 set: its payload is deflated (RFC 7692) and not checked yet.
    package private(set) var isCompressed = false

    /// A decoder right after the handshake.
    package init() {}

    /// Whether the connection's messages are over: a close frame or a failure came.
    package var isClosed: Bool { isOver }

    /// The next step.
    package mutating func next(
        _ bytes: UnsafeMutableRawBufferPointer, limits: WebSocketLimits, role: WebSocketRole
    ) -> WebSocketStep {
        if assembly?.isDelivered == true { assembly = nil }
        if isOver { return .needMore(consumed: bytes.count) }
        do throws(WebSocketFailure) {
            var at = 0
            while true {
                if let step = try frame(bytes, at: &at, limits: limits, role: role) { return step }
            }
        } catch {
            isOver = true
            assembly = nil
            return .failed(code: error.code, reason: error.reason)
        }
    }

    /// One frame, or a piece of it, from `at` on; nil if it was taken and the message goes on with the next.
    private mutating func frame(
        _ bytes: UnsafeMutableRawBufferPointer, at: inout Int, limits: WebSocketLimits, role: WebSocketRole
    ) throws(WebSocketFailure) -> WebSocketStep? {
        if let assembly, assembly.remaining > 0 { return try piece(of: assembly, bytes, at: &at) }
        let input = UnsafeRawBufferPointer(rebasing: bytes[at...])
        guard let header = try WebSocketHeader.read(input, limits: limits, role: role) else {
            return .needMore(consumed: at)
        }
        let start = at + header.count
        if header.opcode.isControl {
            let end = start + header.payloadBytes
            guard bytes.count >= end else { return .needMore(consumed: at) }
            return try control(header, payload: bytes[start..<end], consumed: end)
        }
        if (assembly == nil) == (header.opcode == .continuation) {
            throw WebSocketFailure(1002, assembly == nil ? "continuation of no message" : "message within a message")
        }
        let payloadMax = limits.payloadBytesMax(isCompressed: assembly?.isCompressed ?? header.isCompressed)
        if header.payloadBytes > payloadMax - (assembly?.count ?? 0) {
            throw WebSocketFailure(1009, "message too large")
        }
        let end = start + header.payloadBytes
        if assembly == nil, header.isFinal, bytes.count >= end {
            return try wholeMessage(header, payload: bytes[start..<end], consumed: end)
        }
        let assembly = self.assembly ?? WebSocketAssembly(header)
        self.assembly = assembly
        assembly.begin(header)
        at = start
        return try piece(of: assembly, bytes, at: &at)
    }

    /// What the input holds of the data frame under way.
    private mutating func piece(
        of assembly: WebSocketAssembly, _ bytes: UnsafeMutableRawBufferPointer, at: inout Int
    ) throws(WebSocketFailure) -> WebSocketStep? {
        at += try assembly.take(UnsafeMutableRawBufferPointer(rebasing: bytes[at...]))
        if assembly.remaining > 0 { return .needMore(consumed: at) }
        guard assembly.isComplete else { return nil }
        assembly.isDelivered = true
        isCompressed = assembly.isCompressed
        return assembly.isText ? .text(consumed: at, assembly.message) : .binary(consumed: at, assembly.message)
    }

    /// The common case: one frame, all of it in the input, handed out where it stands.
    private mutating func wholeMessage(
        _ header: WebSocketHeader, payload: Slice<UnsafeMutableRawBufferPointer>, consumed: Int
    ) throws(WebSocketFailure) -> WebSocketStep {
        let payload = UnsafeMutableRawBufferPointer(rebasing: payload)
        if header.mask != 0 { WebSocketMask.apply(payload, key: header.mask) }
        isCompressed = header.isCompressed
        let message = UnsafeRawBufferPointer(payload)
        guard header.opcode == .text else { return .binary(consumed: consumed, message) }
        if !isCompressed, !UTF8Validator.isValid(message) { throw WebSocketFailure(1007, "text is not UTF-8") }
        return .text(consumed: consumed, message)
    }

    /// A whole control frame. These may stand between the fragments of a message.
    private mutating func control(
        _ header: WebSocketHeader, payload: Slice<UnsafeMutableRawBufferPointer>, consumed: Int
    ) throws(WebSocketFailure) -> WebSocketStep {
        let payload = UnsafeMutableRawBufferPointer(rebasing: payload)
        if header.mask != 0 { WebSocketMask.apply(payload, key: header.mask) }
        let content = UnsafeRawBufferPointer(payload)
        switch header.opcode {
        case .ping: return .ping(consumed: consumed, content)
        case .pong: return .pong(consumed: consumed, content)
        default: return try close(content, consumed: consumed)
        }
    }

    private mutating func close(
        _ payload: UnsafeRawBufferPointer, consumed: Int
    ) throws(WebSocketFailure) -> WebSocketStep {
        if payload.isEmpty {
            isOver = true
            assembly = nil
            return .close(consumed: consumed, code: nil, reason: payload)
        }
        guard payload.count >= 2 else { throw WebSocketFailure(1002, "close frame with half a code") }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        guard WebSocketCloseCode.isSendable(code) else { throw WebSocketFailure(1002, "close code out of range") }
        let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard UTF8Validator.isValid(reason) else { throw WebSocketFailure(1007, "close reason is not UTF-8") }
        isOver = true
        assembly = nil
        return .close(consumed: consumed, code: code, reason: reason)
    }
}
