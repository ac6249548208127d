// Owns the names of places in a journal, and a record as it is read. Positions order as the journal does.

/// A place in a journal: before the first byte of a record, or at its end.
package struct JournalPosition: Comparable, Hashable, Sendable {
    /// The segment's id, from 1; 0 only in `beginning`.
    package let segment: UInt64
    /// Bytes from the segment's start.
    package let offset: UInt64

    /// Puts a position together that was stored in two numbers.
    package init(segment: UInt64, offset: UInt64) {
        self.segment = segment
        self.offset = offset
    }

    /// Before everything.
    package static let beginning = JournalPosition(segment: 0, offset: 0)

    /// Bytes of the encoded form.
    package static let encodedBytes = 16

    /// Sixteen bytes, most significant first, so that stored positions sort as bytes.
    package var encoded: [UInt8] {
        withUnsafeBytes(of: (segment.bigEndian, offset.bigEndian)) { [UInt8]($0) }
    }

    /// Reads the encoded form; nil where it is not sixteen bytes.
    package init?(encoded: some Collection<UInt8>) {
        guard encoded.count == Self.encodedBytes else { return nil }
        var numbers: (segment: UInt64, offset: UInt64) = (0, 0)
        for byte in encoded {
            numbers.segment = numbers.segment << 8 | numbers.offset >> 56
            numbers.offset = numbers.offset << 8 | UInt64(byte)
        }
        segment = numbers.segment
        offset = numbers.offset
    }

    /// Whether this place comes before the other.
    package static func < (left: JournalPosition, right: JournalPosition) -> Bool {
        left.segment != right.segment ? left.segment < right.segment : left.offset < right.offset
    }
}

/// One record as a reader shows it. `payload` is lent: valid until the reader's next call.
package struct JournalRecord {
    /// What the writer called it.
    package let kind: UInt8
    /// The bytes as they were appended.
    package let payload: UnsafeRawBufferPointer
    /// Where the record begins.
    package let position: JournalPosition
    /// Where it ends: resume there to read the next one.
    package let end: JournalPosition
}
