// Owns the bytes of the journal (Docs/decisions/journal-format.md). Pure: no file, no clock.

internal import CZlib

/// Heads of segments and records as bytes.
enum JournalFormat {
    static let segmentHeadBytes = 32
    static let recordHeadBytes = 16
    /// No payload is longer, whatever the options say: a length beyond it is damage.
    static let payloadBytesCeiling = 64 * 1024 * 1024
    private static let magic: UInt64 = 0x314E_524A_4556_494C  // "LIVEJRN1"
    private static let written: UInt8 = 0x80
    private static let closesRound: UInt8 = 0x01

    // MARK: Segments

    static func segmentHead(id: UInt64, previousEnd: UInt64) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: segmentHeadBytes)
        head.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: magic.littleEndian, as: UInt64.self)
            bytes.storeBytes(of: id.littleEndian, toByteOffset: 8, as: UInt64.self)
            bytes.storeBytes(of: previousEnd.littleEndian, toByteOffset: 16, as: UInt64.self)
            let check = crc(0, UnsafeRawBufferPointer(rebasing: bytes[..<28]))
            bytes.storeBytes(of: check.littleEndian, toByteOffset: 28, as: UInt32.self)
        }
        return head
    }

    /// Where the predecessor of segment `id` ends; nil where this is not that segment's head.
    static func previousEnd(ofSegmentHead bytes: UnsafeRawBufferPointer, id: UInt64) -> UInt64? {
        guard bytes.count >= segmentHeadBytes else { return nil }
        let check = crc(0, UnsafeRawBufferPointer(rebasing: bytes[..<28]))
        guard number(bytes, 0) == magic, number(bytes, 8) == id,
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 28, as: UInt32.self)) == check
        else { return nil }
        return number(bytes, 16)
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    // MARK: Records

    /// Writes a record's head but for what only the commit knows.
    static func beginRecord(_ head: UnsafeMutableRawPointer, kind: UInt8, payloadCount: Int) {
        head.storeBytes(of: 0, as: UInt64.self)
        head.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
        head.storeBytes(of: UInt32(payloadCount).littleEndian, toByteOffset: 4, as: UInt32.self)
        head.storeBytes(of: kind, toByteOffset: 12, as: UInt8.self)
    }

    /// Gives all records in `round` their round and checksum, for a round that will stand at `position`.
    static func seal(_ bytes: UnsafeMutableRawBufferPointer, round: UInt32, at position: JournalPosition) {
        var offset = 0
        while offset < bytes.count {
            let record = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
            let count = recordHeadBytes + payloadCount(UnsafeRawBufferPointer(record))
            let flags = offset + count == bytes.count ? written | closesRound : written
            record.storeBytes(of: round.littleEndian, toByteOffset: 8, as: UInt32.self)
            record.storeBytes(of: flags, toByteOffset: 13, as: UInt8.self)
            let place = JournalPosition(segment: position.segment, offset: position.offset + UInt64(offset))
            let check = checksum(UnsafeRawBufferPointer(rebasing: record[..<count]), at: place)
            record.storeBytes(of: check.littleEndian, as: UInt32.self)
            offset += count
        }
    }

    /// What stands at a place.
    enum Found {
        /// A whole record that was written here.
        case record(kind: UInt8, payloadCount: Int, round: UInt32, closesRound: Bool)
        /// It may be a record, but this many bytes are needed to tell.
        case incomplete(bytes: Int)
        /// No record.
        case nothing
    }

    /// Looks at the bytes that stand at `position`.
    static func find(_ bytes: UnsafeRawBufferPointer, at position: JournalPosition) -> Found {
        guard bytes.count >= recordHeadBytes else { return .incomplete(bytes: recordHeadBytes) }
        let count = payloadCount(bytes)
        let flags = bytes[13]
        guard flags & ~closesRound == written, bytes[14] == 0, bytes[15] == 0, count <= payloadBytesCeiling else {
            return .nothing
        }
        guard bytes.count >= recordHeadBytes + count else { return .incomplete(bytes: recordHeadBytes + count) }
        let check = checksum(UnsafeRawBufferPointer(rebasing: bytes[..<(recordHeadBytes + count)]), at: position)
        guard UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == check else { return .nothing }
        let round = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        return .record(
            kind: bytes[12], payloadCount: count, round: round, closesRound: flags & closesRound != 0)
    }

    private static func payloadCount(_ record: UnsafeRawBufferPointer) -> Int {
        Int(UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
    }

    private static func checksum(_ record: UnsafeRawBufferPointer, at position: JournalPosition) -> UInt32 {
        let seed = withUnsafeBytes(of: (position.segment.littleEndian, position.offset.littleEndian)) { crc(0, $0) }
        return crc(seed, UnsafeRawBufferPointer(rebasing: record[4...]))
    }

    private static func crc(_ seed: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(crc32_z(UInt(seed), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
    }
}
