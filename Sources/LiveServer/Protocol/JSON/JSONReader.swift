// JSONReader: parses texts one after another into storage that it reuses.
// Never keeps more than `retainedBytesMax` of storage from one text to the next.

/// A parser with reusable storage: one a reactor. Once warm, a parse allocates nothing while values of the text
/// before are no longer held; where some are, it takes new storage and leaves them theirs.
///
/// Thread: one at a time. Source: RFC 8259, with duplicate names and lone surrogates refused (RFC 7493 §2.1, §2.3).
package final class JSONReader {
    /// Storage above this is given back before the next parse: one large text should not be paid for ever.
    static let retainedBytesMax = 256 << 10

    private var tape: JSONTape

    /// A reader with a little storage; the first parses make it grow.
    package init() { tape = JSONTape() }

    /// Parses one text, whole. The bytes are copied: they may change once this returns.
    package func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .command
    ) throws(JSONError) -> JSONDocument {
        guard bytes.count <= limits.bytesMax else { throw JSONError(reason: .tooLarge, offset: limits.bytesMax) }
        let retained = tape.textCapacity + tape.nodeCapacity * MemoryLayout<JSONNode>.stride
        if retained > Self.retainedBytesMax || !isKnownUniquelyReferenced(&tape) { tape = JSONTape() }
        tape.load(bytes)
        var parser = JSONParser(tape: tape, count: bytes.count, limits: limits)
        try parser.run()
        return JSONDocument(root: JSONValue(tape: tape, index: 0))
    }

    /// As above, for bytes in an array.
    package func parse(_ bytes: [UInt8], limits: JSONLimits = .command) throws(JSONError) -> JSONDocument {
        // rethrows loses the error's type, a Result keeps it.
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(JSONError) in try parse(raw, limits: limits) }
        }
        return try result.get()
    }
}
