// JSONDocument: what one parse gives, its limits and its errors.
// Never keeps a pointer to the caller's bytes: the reader copies them.

/// What a parse refuses on account of size; syntax is refused in any case.
package struct JSONLimits: Sendable {
    /// Bytes of the whole text.
    package var bytesMax: Int
    /// Arrays and objects within each other, the outermost counted as 1.
    package var depthMax: Int
    /// Values and member names together.
    package var nodesMax: Int

    /// Limits of one's own; bytes and nodes below 2^32.
    package init(bytesMax: Int, depthMax: Int = 16, nodesMax: Int) {
        precondition(bytesMax < Int(UInt32.max) && nodesMax < Int(UInt32.max), "offsets are 32 bits wide")
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.nodesMax = nodesMax
    }

    /// One command of a client: 16 KiB (the contract's limit for a frame).
    package static let command = JSONLimits(bytesMax: 16 << 10, nodesMax: 4096)
    /// One request body such as a batch of events: 1 MiB.
    package static let batch = JSONLimits(bytesMax: 1 << 20, nodesMax: 1 << 18)
    /// Files and answers of services that we trust with memory: 64 MiB, 64 deep.
    package static let document = JSONLimits(bytesMax: 64 << 20, depthMax: 64, nodesMax: 16 << 20)
}

/// Why a text is not accepted, and where.
package struct JSONError: Error, Equatable, Sendable {
    /// What is wrong with the text.
    package enum Reason: String, Sendable {
        case empty, unexpectedByte, unexpectedEnd, trailingBytes
        case badNumber, badLiteral, badEscape, loneSurrogate, controlInString, invalidUTF8
        case duplicateKey, tooLarge, tooDeep, tooManyValues
    }

    /// What is wrong.
    package let reason: Reason
    /// Offset in bytes from the start of the text.
    package let offset: Int
}

/// A parsed text. It owns what it shows: values stay valid however long they are kept.
package struct JSONDocument {
    /// The outermost value.
    package let root: JSONValue

    /// Parses with storage of its own. A loop should keep a `JSONReader`, which reuses it.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .command
    ) throws(JSONError) -> JSONDocument {
        try JSONReader().parse(bytes, limits: limits)
    }

    /// As above, for bytes in an array.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .command) throws(JSONError) -> JSONDocument {
        try JSONReader().parse(bytes, limits: limits)
    }

    /// The member `key` of the outermost object; nil if there is none or it is not an object.
    package subscript(_ key: StaticString) -> JSONValue? { root[key] }
}
