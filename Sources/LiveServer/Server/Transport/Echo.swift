// The echo endpoint, for conformance suites and never in production: text back as text, binary as binary, one message
// for one message, with permessage-deflate negotiated in full and contexts of each connection's own.
//
// No pings and no limits of rate. Limits: messages of 64 MiB, before and after inflation.

import LiveIO
import LiveProtocol

/// The contexts of one echo connection. Its reactor's thread only.
final class EchoDeflate {
    private var deflate: PermessageDeflate

    /// Bytes of the largest message.
    static let messageBytesMax = 64 << 20
    static let plainLimits = WebSocketLimits(messageBytesMax: messageBytesMax, messageFramesMax: .max)
    static let deflatedLimits = WebSocketLimits(
        messageBytesMax: messageBytesMax, messageFramesMax: .max, permitsCompression: true)
    /// A suite may send what compresses well: only the size counts.
    private static let inflateLimits = InflateLimits(messageBytesMax: messageBytesMax, ratioMax: 2_000)

    init(_ parameters: DeflateParameters) { deflate = PermessageDeflate(parameters, role: .server) }

    /// Appends the message of a frame with RSV1 as a frame with RSV1; else the connection fails as said.
    func echo(
        _ opcode: WebSocketOpcode, _ compressed: UnsafeRawBufferPointer, to bytes: inout [UInt8]
    ) -> WebSocketFailure? {
        var message: [UInt8] = []
        if let failure = deflate.inflate(
            compressed, isText: opcode == .text, limits: Self.inflateLimits, to: &message)
        {
            return failure
        }
        message.withUnsafeBytes { append(opcode, $0, to: &bytes) }
        return nil
    }

    /// Appends a message as a frame with RSV1.
    func append(_ opcode: WebSocketOpcode, _ message: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var payload: [UInt8] = []
        deflate.deflate(message, to: &payload)
        WebSocketFrame.append(opcode, payload: payload, isCompressed: true, to: &bytes)
    }
}

extension ReactorCore {
    /// How long an echo connection may be silent before its deadline is set anew, milliseconds.
    private static let echoIdleMs: UInt32 = 60_000

    func openEcho(_ session: UnsafeMutablePointer<Session>, _ handshake: [UInt8], _ deflate: DeflateParameters?) {
        acceptUpgrade(session, handshake, protocolName: nil, deflate: deflate)
        session.pointee.kind = .echo
        reactor.admit(session.pointee.id)
        if let deflate { echoContexts[session.pointee.id.index] = EchoDeflate(deflate) }
        reactor.setDeadline(session.pointee.id, inMs: Self.echoIdleMs)
    }

    func receiveEcho(_ session: UnsafeMutablePointer<Session>, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        let limits =
            session.pointee.flags.contains(.deflates) ? EchoDeflate.deflatedLimits : EchoDeflate.plainLimits
        switch session.pointee.frames.next(bytes, limits: limits, role: .server) {
        case .needMore(let consumed): return consumed
        case .text(let consumed, let payload):
            echo(session, .text, payload)
            return consumed
        case .binary(let consumed, let payload):
            echo(session, .binary, payload)
            return consumed
        case .ping(let consumed, let payload):
            WebSocketFrame.append(.pong, payload: payload, to: &replyBuffer(session).bytes)
            return consumed
        case .pong(let consumed, _): return consumed
        case .close(_, let code, let reason):
            closeSession(session, code: code, reason: String(decoding: reason, as: UTF8.self))
            return bytes.count
        case .failed(let code, let reason):
            closeSession(session, code: code, reason: "\(reason)")
            return bytes.count
        }
    }

    private func echo(
        _ session: UnsafeMutablePointer<Session>, _ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer
    ) {
        let buffer = replyBuffer(session)
        guard let contexts = echoContexts[session.pointee.id.index] else {
            return WebSocketFrame.append(opcode, payload: payload, to: &buffer.bytes)
        }
        guard session.pointee.frames.isCompressed else { return contexts.append(opcode, payload, to: &buffer.bytes) }
        if let failure = contexts.echo(opcode, payload, to: &buffer.bytes) {
            closeSession(session, code: failure.code, reason: "\(failure.reason)")
        }
    }
}
