// Owns the bytes of what Redis logs and publishes of a room.
//
//   u64 seq · u64 ts · u16 length, tag · u32 length, entry (`LogEntryCodec`, its own seq and ts unset) · frames
//
// Numbers little-endian. The tag is the sender's: by it a node knows its own commands when they come back.

package import Rooms

/// One entry of a room's log as Redis delivers it.
package struct RoomMessage: Equatable, Sendable {
    /// Its place, from 1.
    package let seq: UInt64
    /// Milliseconds of Redis' clock, never falling within a room.
    package let ts: Int64
    /// The epoch in which it was sequenced: the sender wrote it, and the script held it against the room's.
    package let epoch: String
    /// The sender's tag.
    package let tag: [UInt8]
    /// `LogEntryCodec` bytes, seq and ts still unset.
    package let entry: [UInt8]
    /// What the sender encoded for others; may be empty.
    package let frames: [UInt8]

    /// All members; `entry` must be an entry's bytes.
    package init(seq: UInt64, ts: Int64, epoch: String, tag: [UInt8], entry: [UInt8], frames: [UInt8]) {
        self.seq = seq
        self.ts = ts
        self.epoch = epoch
        self.tag = tag
        self.entry = entry
        self.frames = frames
    }

    /// Reads a message; nil where the bytes are none. The entry's head is read, its body is not.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 22 else { return nil }
        let seq = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        let ts = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self))
        let tagEnd = 18 + Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt16.self)))
        guard seq > 0, ts >= 0, ts <= RoomLimits.timestampMax, bytes.count >= tagEnd + 4 else { return nil }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: tagEnd, as: UInt32.self)))
        let entryEnd = tagEnd + 4 + length
        guard bytes.count >= entryEnd,
            let header = try? LogEntryCodec.peekHeader(
                UnsafeRawBufferPointer(rebasing: bytes[(tagEnd + 4)..<entryEnd]))
        else { return nil }
        self.init(
            seq: seq, ts: ts, epoch: header.epoch, tag: Array(bytes[18..<tagEnd]),
            entry: Array(bytes[(tagEnd + 4)..<entryEnd]), frames: Array(bytes[entryEnd...]))
    }

    /// The bytes, as the script packs them.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(22 + tag.count + entry.count + frames.count)
        func number(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        number(seq)
        number(UInt64(ts))
        number(UInt16(tag.count))
        bytes += tag
        number(UInt32(entry.count))
        bytes += entry
        bytes += frames
        return bytes
    }

    /// The entry, with its place and time; nil where its body is damaged.
    package var logEntry: LogEntry? {
        var stamped = entry
        stamped.withUnsafeMutableBytes {
            $0.storeBytes(of: seq.littleEndian, toByteOffset: LogEntryCodec.seqOffset, as: UInt64.self)
            $0.storeBytes(of: ts.littleEndian, toByteOffset: LogEntryCodec.tsOffset, as: Int64.self)
        }
        return try? stamped.withUnsafeBytes { try LogEntryCodec.decode($0).entry }
    }
}
