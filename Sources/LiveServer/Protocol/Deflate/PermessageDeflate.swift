// PermessageDeflate: both directions of one connection that has contexts of its own.
// Never negotiates, never frames. Rooms have no such thing: their frames are compressed once for all (`Deflater`), and
// what comes in is read with one `Inflater` a thread, since no message refers to another.

/// Compression of one connection's messages: bytes in, bytes or a refusal out.
///
/// Thread: whoever owns it. Source: RFC 7692 §7.2.
package struct PermessageDeflate: ~Copyable {
    private var inflater: Inflater
    private var deflater: Deflater
    private let peerForgets: Bool
    private let forgets: Bool

    /// What the two contexts should cost in time; a connection with contexts of its own serves test suites.
    private static let level = 1
    private static let memoryLevel = 8

    /// - Parameter role: the end of the connection that this is.
    package init(_ parameters: DeflateParameters, role: WebSocketRole) {
        let isServer = role == .server
        inflater = Inflater(windowBits: isServer ? parameters.clientWindowBits : parameters.serverWindowBits)
        deflater = Deflater(
            windowBits: isServer ? parameters.serverWindowBits : parameters.clientWindowBits, level: Self.level,
            memoryLevel: Self.memoryLevel)
        peerForgets = isServer ? parameters.clientForgets : parameters.serverForgets
        forgets = isServer ? parameters.serverForgets : parameters.clientForgets
    }

    /// Appends the message in a payload of the peer's whose frame had RSV1 set. Nil: that went well; else the
    /// connection must fail as the failure says, and this is not used again.
    package mutating func inflate(
        _ payload: UnsafeRawBufferPointer, isText: Bool, limits: InflateLimits, to output: inout [UInt8]
    ) -> WebSocketFailure? {
        inflater.inflate(payload, isText: isText, keepsContext: !peerForgets, limits: limits, to: &output)
    }

    /// Appends the payload that carries `message`; its frame must have RSV1 set.
    package mutating func deflate(_ message: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        deflater.deflate(message, keepsContext: !forgets, to: &output)
    }
}
