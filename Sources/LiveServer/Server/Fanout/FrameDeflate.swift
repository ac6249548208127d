// What a reactor needs for permessage-deflate in rooms: one deflater for the frames of all rooms, one inflater for the
// messages of all people. That is all the zlib there is: a connection, busy or idle, holds none.
//
// No frame refers to another in either direction, so whoever comes next finds fresh contexts.
// Never: decides who gets compressed frames. Memory: 144 KiB and 40 KiB a reactor, made when first needed.

import LiveProtocol

/// Compression for the rooms of one reactor. That reactor's thread only.
final class FrameDeflate {
    /// What the last `compress` or `inflate` made.
    private(set) var payload: [UInt8] = []
    private(set) var message: [UInt8] = []
    private(set) var counts = DeflateCounts()

    private let bytesMin: Int
    private let inflateLimits: InflateLimits
    private var contexts = Contexts()

    /// zlib's streams, apart so that they are made late.
    private struct Contexts: ~Copyable {
        var deflater: Deflater?
        var inflater: Inflater?
    }

    /// zlib's level for shared frames.
    private static let level = 1
    /// Tables of 16 KiB: they are cleared for each frame, and larger ones cost more time than they save bytes.
    private static let memoryLevel = 5
    /// Scratch that grew beyond this for one large message is given back.
    private static let scratchBytesMax = 1 << 20

    /// - Parameters:
    ///   - bytesMin: shorter JSON is not compressed.
    ///   - limits: what a client's message may become.
    init(bytesMin: Int, limits: InflateLimits) {
        self.bytesMin = bytesMin
        inflateLimits = limits
    }

    /// Compresses one event's JSON into `payload`. False: it is sent plain, since it is short or would not shrink.
    func compress(_ json: UnsafeRawBufferPointer) -> Bool {
        guard json.count >= bytesMin else { return false }
        payload.removeAll(keepingCapacity: payload.capacity <= FrameDeflate.scratchBytesMax)
        if contexts.deflater == nil {
            contexts.deflater = Deflater(level: FrameDeflate.level, memoryLevel: FrameDeflate.memoryLevel)
        }
        contexts.deflater?.deflate(json, keepsContext: false, to: &payload)
        guard payload.count < json.count else { return false }
        counts.frames += 1
        counts.bytesBefore += UInt64(json.count)
        counts.bytesAfter += UInt64(payload.count)
        return true
    }

    /// Appends one event as a frame for readers of compressed frames.
    func appendFrame(_ json: [UInt8], to bytes: inout [UInt8]) {
        let isCompressed = json.withUnsafeBytes { compress($0) }
        WebSocketFrame.append(.text, payload: isCompressed ? payload : json, isCompressed: isCompressed, to: &bytes)
    }

    /// Inflates a client's text into `message`; else the connection fails as said.
    func inflate(_ compressed: UnsafeRawBufferPointer) -> WebSocketFailure? {
        message.removeAll(keepingCapacity: message.capacity <= FrameDeflate.scratchBytesMax)
        if contexts.inflater == nil { contexts.inflater = Inflater() }
        counts.inflated += 1
        let failure = contexts.inflater?.inflate(
            compressed, isText: true, keepsContext: false, limits: inflateLimits, to: &message)
        guard let failure else { return nil }
        counts.refused += 1
        return failure
    }
}
