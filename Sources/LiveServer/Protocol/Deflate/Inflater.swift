// Inflater: reads the compressed payload of one message after the other, and stops as soon as a message grows past what
// is allowed: a bomb costs no more memory than the largest message.
// Never keeps a message. Holds 7 KiB, and the window (32 KiB for 15 bits) once a message needed one.
internal import CZlib

/// How far a message may grow.
package struct InflateLimits: Sendable {
    /// Bytes of one message after inflation. Beyond: 1009.
    package var messageBytesMax: Int
    /// Bytes that one compressed byte may become. Beyond: 1009. Deflate itself ends at 1032.
    package var ratioMax: Int

    /// What every message may become whatever its compressed size: a short text of one letter is no bomb.
    package static let ratioFreeBytes = 4_096

    /// Limits of one's own.
    package init(messageBytesMax: Int, ratioMax: Int) {
        precondition(messageBytesMax > 0 && ratioMax > 0, "a limit leaves room for something")
        self.messageBytesMax = messageBytesMax
        self.ratioMax = ratioMax
    }

    /// The most that a payload of `count` bytes may become.
    func bytesMax(ofPayload count: Int) -> Int {
        let (product, overflow) = count.multipliedReportingOverflow(by: ratioMax)
        return overflow ? messageBytesMax : min(messageBytesMax, max(Self.ratioFreeBytes, product))
    }
}

/// Inflates what the peer's deflate made. Thread: whoever owns it. Source: RFC 7692 §7.2.2, zlib.h.
package struct Inflater: ~Copyable {
    /// zlib keeps the address of its stream: it lives on the heap and never moves.
    private let stream: UnsafeMutablePointer<z_stream>

    /// What one call of zlib may produce.
    private static let chunkBytes = 16 << 10
    /// What the sender cut off the end of every message. RFC 7692 §7.2.1.
    private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

    /// - Parameter windowBits: the window that the peer was allowed, 8–15.
    package init(windowBits: Int = DeflateParameters.windowBitsMax) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Negative: bare deflate, without zlib's header and checksum.
        let result = inflateInit2_(
            stream, -Int32(windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib has no memory for an inflater")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Appends the message that `payload` holds to `output`; nil where that went well.
    ///
    /// Else the connection must fail with the code: 1009 for a message that is or would become too large, 1007 for
    /// bytes that are no deflate or a text that is not UTF-8. `output` then ends with a part of the message.
    /// - Parameters:
    ///   - isText: it must be UTF-8.
    ///   - keepsContext: the next message may refer to this one.
    package mutating func inflate(
        _ payload: UnsafeRawBufferPointer, isText: Bool, keepsContext: Bool, limits: InflateLimits,
        to output: inout [UInt8]
    ) -> WebSocketFailure? {
        var message = Message(
            bytesMax: limits.bytesMax(ofPayload: payload.count), messageBytesMax: limits.messageBytesMax, isText: isText
        )
        var failure = feed(payload, &message, to: &output)
        if failure == nil, !message.endsStream {
            failure = Self.tail.withUnsafeBytes { feed($0, &message, to: &output, isTail: true) }
        }
        if failure == nil, isText, !message.utf8.isComplete {
            failure = WebSocketFailure(1007, "text is not UTF-8")
        }
        if !keepsContext || failure != nil { inflateReset(stream) }
        return failure
    }

    /// What is known of the message under way.
    private struct Message {
        /// The least of all bounds.
        let bytesMax: Int
        /// The bound that does not depend on the payload.
        let messageBytesMax: Int
        let isText: Bool
        var count = 0
        /// The payload's last block was a final one. The empty block that belongs behind it may be missing.
        var endsStream = false
        var utf8 = UTF8Validator()

        /// Judges what came out of zlib.
        mutating func take(_ piece: UnsafeRawBufferPointer) -> WebSocketFailure? {
            count += piece.count
            guard count <= bytesMax else {
                return WebSocketFailure(
                    1009, bytesMax < messageBytesMax ? "message inflates too far" : "message too large")
            }
            if isText, !utf8.accept(piece) { return WebSocketFailure(1007, "text is not UTF-8") }
            return nil
        }
    }

    private mutating func feed(
        _ input: UnsafeRawBufferPointer, _ message: inout Message, to output: inout [UInt8], isTail: Bool = false
    ) -> WebSocketFailure? {
        var rest = input
        repeat {
            let (used, result) = run(rest, &message, to: &output)
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
            switch result {
            case .failed(let failure): return failure
            case .wantsMore:
                guard rest.isEmpty else { return WebSocketFailure(1007, "payload is not deflated") }
                // Behind the tail's empty block a new block must begin: else the message ended in the middle of one.
                if isTail, stream.pointee.data_type & 128 == 0 {
                    return WebSocketFailure(1007, "payload ends within a block")
                }
            case .streamEnded:
                // A final block before the end: the window goes on in the stream that follows (RFC 7692 §7.2.3.4).
                inflateResetKeep(stream)
                if rest.isEmpty { message.endsStream = true }
            }
        } while !rest.isEmpty
        return nil
    }

    private enum Outcome {
        case wantsMore
        case streamEnded
        case failed(WebSocketFailure)
    }

    /// Runs zlib until it has taken the input, met a final block, or made too much. Says how much input that took.
    private mutating func run(
        _ input: UnsafeRawBufferPointer, _ message: inout Message, to output: inout [UInt8]
    ) -> (used: Int, Outcome) {
        precondition(input.count <= Int(UInt32.max), "a message of WebSocket fits zlib's counters")
        let start = input.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
        stream.pointee.avail_in = UInt32(input.count)
        let outcome = withUnsafeTemporaryAllocation(
            byteCount: min(Self.chunkBytes, message.bytesMax + 1), alignment: 16
        ) { chunk -> Outcome in
            while true {
                stream.pointee.next_out = chunk.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(chunk.count)
                let result = CZlib.inflate(stream, Z_SYNC_FLUSH)
                let made = UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(chunk)[..<(chunk.count - Int(stream.pointee.avail_out))])
                if let failure = message.take(made) { return .failed(failure) }
                output.append(contentsOf: made)
                switch result {
                case Z_STREAM_END: return .streamEnded
                case Z_OK where stream.pointee.avail_out == 0: continue
                case Z_OK, Z_BUF_ERROR: return .wantsMore
                default: return .failed(WebSocketFailure(1007, "payload is not deflated"))
                }
            }
        }
        let used = input.count - Int(stream.pointee.avail_in)
        stream.pointee.next_in = nil
        stream.pointee.avail_in = 0
        stream.pointee.next_out = nil
        stream.pointee.avail_out = 0
        return (used, outcome)
    }
}
