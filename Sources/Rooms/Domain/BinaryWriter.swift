// Writes the binary forms of the domain: little-endian fixed-width integers and length-prefixed bytes, appended to one
// array. Every value has exactly one form, so equal states give equal bytes.

/// An append-only buffer of the binary forms.
struct BinaryWriter {
    /// What was written.
    private(set) var bytes: [UInt8]

    init(reserving count: Int = 256) {
        bytes = []
        bytes.reserveCapacity(count)
    }

    /// Goes on at the end of a buffer and takes it over; `give(back:)` returns it.
    init(taking buffer: inout [UInt8]) {
        bytes = []
        swap(&bytes, &buffer)
    }

    mutating func give(back buffer: inout [UInt8]) { swap(&bytes, &buffer) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    mutating func uint16(_ value: Int) {
        precondition(value >= 0 && value <= 0xFFFF, "a 16-bit length is checked before it is written")
        append(UInt16(value).littleEndian)
    }

    mutating func uint32(_ value: Int) {
        precondition(value >= 0 && value <= 0xFFFF_FFFF, "a 32-bit count is checked before it is written")
        append(UInt32(value).littleEndian)
    }

    mutating func uint64(_ value: UInt64) { append(value.littleEndian) }

    mutating func int64(_ value: Int64) { append(value.littleEndian) }

    /// ASCII or UTF-8 of at most 255 bytes.
    mutating func shortString(_ value: String) {
        let count = value.utf8.count
        precondition(count <= 0xFF, "a short string is at most 255 bytes by its type's rule")
        bytes.append(UInt8(count))
        utf8(value)
    }

    /// UTF-8 of at most 65,535 bytes.
    mutating func string(_ value: String) {
        uint16(value.utf8.count)
        utf8(value)
    }

    mutating func optional<T>(_ value: T?, _ write: (inout BinaryWriter, T) -> Void) {
        bool(value != nil)
        if let value { write(&self, value) }
    }

    private mutating func utf8(_ value: String) {
        var value = value
        value.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private mutating func append<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }
}
