// Reads what BinaryWriter wrote, from bytes that anyone may have damaged: every length is checked before it is used,
// every value against its type's rule, and no count makes it allocate more than the input can back.

/// Why bytes are no log entry or snapshot.
package enum RoomDecodeError: Error, Hashable, Sendable {
    /// The bytes end before the value.
    case truncated(offset: Int)
    /// A version this program does not know: written by a newer one.
    case version(UInt8)
    /// A value breaks the rule of its type.
    case malformed(offset: Int, what: String)
    /// Bytes follow the end.
    case trailing(offset: Int)
    /// The bytes do not match their checksum.
    case corrupt
}

/// A cursor over borrowed bytes; valid only within the closure that lent them.
struct BinaryReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    func malformed(_ what: String) -> RoomDecodeError { .malformed(offset: offset, what: what) }

    mutating func end() throws(RoomDecodeError) {
        guard remaining == 0 else { throw .trailing(offset: offset) }
    }

    mutating func byte() throws(RoomDecodeError) -> UInt8 {
        guard remaining >= 1 else { throw .truncated(offset: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func bool() throws(RoomDecodeError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw malformed("bool")
        }
    }

    mutating func uint16() throws(RoomDecodeError) -> Int { Int(UInt16(littleEndian: try load())) }

    mutating func uint32() throws(RoomDecodeError) -> Int { Int(UInt32(littleEndian: try load())) }

    mutating func uint64() throws(RoomDecodeError) -> UInt64 { UInt64(littleEndian: try load()) }

    mutating func int64() throws(RoomDecodeError) -> Int64 { Int64(littleEndian: try load()) }

    mutating func timestamp() throws(RoomDecodeError) -> Int64 {
        let ts = try int64()
        guard ts >= 0, ts <= RoomLimits.timestampMax else { throw malformed("timestamp") }
        return ts
    }

    /// A count of items that take at least `bytesEach` in the input.
    mutating func count(max: Int, bytesEach: Int, _ what: String) throws(RoomDecodeError) -> Int {
        let count = try uint32()
        guard count <= max else { throw malformed(what) }
        guard count * bytesEach <= remaining else { throw .truncated(offset: offset) }
        return count
    }

    mutating func shortString() throws(RoomDecodeError) -> String { try utf8(Int(try byte())) }

    mutating func string(max: Int) throws(RoomDecodeError) -> String {
        let count = try uint16()
        guard count <= max else { throw malformed("text over its limit") }
        return try utf8(count)
    }

    mutating func optional<T>(
        _ read: (inout BinaryReader) throws(RoomDecodeError) -> T
    ) throws(RoomDecodeError) -> T? {
        try bool() ? try read(&self) : nil
    }

    mutating func participant() throws(RoomDecodeError) -> ParticipantID {
        guard let id = ParticipantID(try shortString()) else { throw malformed("participant") }
        return id
    }

    mutating func commandID() throws(RoomDecodeError) -> CommandID {
        guard let id = CommandID(try shortString()) else { throw malformed("command id") }
        return id
    }

    mutating func room() throws(RoomDecodeError) -> RoomKey {
        guard let key = RoomKey(try shortString()) else { throw malformed("room") }
        return key
    }

    mutating func sequenceID<T: SequenceID>(_ type: T.Type) throws(RoomDecodeError) -> T { T(seq: try uint64()) }

    mutating func choice<T: RawRepresentable>(
        _ type: T.Type, _ what: String
    ) throws(RoomDecodeError) -> T where T.RawValue == UInt8 {
        guard let value = T(rawValue: try byte()) else { throw malformed(what) }
        return value
    }

    private mutating func utf8(_ count: Int) throws(RoomDecodeError) -> String {
        guard count <= remaining else { throw .truncated(offset: offset) }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        guard let text = String(validating: slice, as: UTF8.self) else { throw malformed("UTF-8") }
        offset += count
        return text
    }

    private mutating func load<T: FixedWidthInteger & BitwiseCopyable>() throws(RoomDecodeError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw .truncated(offset: offset) }
        defer { offset += MemoryLayout<T>.size }
        return bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    }
}
