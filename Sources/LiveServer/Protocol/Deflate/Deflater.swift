// Deflater: makes the compressed payload of one message after the other.
// Never fragments. Holds 4 << windowBits bytes of window and 512 << memoryLevel bytes of tables.
internal import CZlib

/// Deflates messages. Thread: whoever owns it. Source: RFC 7692 §7.2.1, zlib.h.
package struct Deflater: ~Copyable {
    /// zlib keeps the address of its stream: it lives on the heap and never moves.
    private let stream: UnsafeMutablePointer<z_stream>

    /// What one call of zlib may produce; well over six bytes, or zlib could write its end mark twice.
    private static let chunkBytes = 16 << 10

    /// - Parameters:
    ///   - windowBits: the window that the peer keeps, 8–15. zlib makes bare deflate with 9 and more; with 9 it never
    ///     reaches back more than 250 bytes, which a window of 8 bits, 256 bytes, holds as well.
    ///   - level: 1 (fastest) to 9 (smallest).
    ///   - memoryLevel: 1–9; each halves or doubles the tables, which are cleared for each message without context.
    package init(windowBits: Int = DeflateParameters.windowBitsMax, level: Int, memoryLevel: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = deflateInit2_(
            stream, Int32(level), Z_DEFLATED, -Int32(max(9, windowBits)), Int32(memoryLevel), Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib has no memory for a deflater, or was given a level that it does not know")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Appends the payload of a frame that holds `message`; its frame must have RSV1 set.
    ///
    /// - Parameter keepsContext: the next message may refer to this one.
    package mutating func deflate(
        _ message: UnsafeRawBufferPointer, keepsContext: Bool, to output: inout [UInt8]
    ) {
        precondition(message.count <= Int(UInt32.max), "a message of WebSocket fits zlib's counters")
        let before = output.count
        let start = message.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
        stream.pointee.avail_in = UInt32(message.count)
        withUnsafeTemporaryAllocation(byteCount: min(Self.chunkBytes, message.count + 64), alignment: 16) { chunk in
            repeat {
                stream.pointee.next_out = chunk.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(chunk.count)
                let result = CZlib.deflate(stream, Z_SYNC_FLUSH)
                precondition(result == Z_OK || result == Z_BUF_ERROR, "deflate has no other outcome with room to write")
                let made = chunk.count - Int(stream.pointee.avail_out)
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[..<made]))
            } while stream.pointee.avail_out == 0
        }
        if output.count == before {
            // An empty message right after another: zlib has nothing to flush. RFC 7692 §7.2.3.6.
            output.append(0x00)
        } else {
            // The sync flush ends with an empty block, whose last four bytes stay away.
            output.removeLast(4)
        }
        stream.pointee.next_in = nil
        stream.pointee.next_out = nil
        if !keepsContext { deflateReset(stream) }
    }
}
