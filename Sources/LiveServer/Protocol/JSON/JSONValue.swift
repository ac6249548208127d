// JSONValue: one value of a parsed text, by index into its tape.
// Never converts between kinds: a number is not a string, 1 is not true, 1.0 is not an integer.

/// One value of a parsed text. It keeps the text alive. Thread: that of the document.
package struct JSONValue {
    /// What a value is.
    package enum Kind: Sendable { case object, array, string, number, bool, null }

    let tape: JSONTape
    let index: Int

    @inline(__always)
    var node: JSONNode { tape.nodes[index] }

    /// What this is.
    package var kind: Kind {
        switch node.kind {
        case .object: .object
        case .array: .array
        case .string: .string
        case .integer, .decimal: .number
        case .yes, .no: .bool
        case .null: .null
        }
    }

    /// The member `key` of an object; nil if there is none or this is not an object. Looks at one name after another.
    package subscript(_ key: StaticString) -> JSONValue? {
        find(UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    }

    /// As above for a name that is not a constant.
    package subscript(dynamic key: String) -> JSONValue? {
        var key = key
        return key.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    private func find(_ key: UnsafeRawBufferPointer) -> JSONValue? {
        guard node.kind == .object else { return nil }
        let end = Int(node.next)
        var name = index + 1
        while name < end {
            if Bytes.equal(tape.slice(tape.nodes[name]), key) { return JSONValue(tape: tape, index: name + 1) }
            name = Int(tape.nodes[name + 1].next)
        }
        return nil
    }

    /// The text of a string; nil for any other kind.
    package var string: String? {
        node.kind == .string ? String(decoding: tape.slice(node), as: UTF8.self) : nil
    }

    /// Whether this is the string `text`; allocates nothing.
    package func isString(_ text: StaticString) -> Bool {
        let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return node.kind == .string && Bytes.equal(tape.slice(node), expected)
    }

    /// The value of a number written without fraction and exponent, if it lies within `Int64`; nil otherwise.
    package var int: Int64? {
        guard node.kind == .integer else { return nil }
        let digits = tape.slice(node)
        let isNegative = digits.first == UInt8(ascii: "-")
        let magnitude = Decimal.parse(isNegative ? UnsafeRawBufferPointer(rebasing: digits.dropFirst()) : digits)
        guard let magnitude else { return nil }
        if !isNegative { return Int64(exactly: magnitude) }
        return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }

    /// The nearest double of a number; nil for other kinds and beyond the range of finite doubles.
    package var double: Double? {
        guard node.kind == .integer || node.kind == .decimal else { return nil }
        let value = Double(String(decoding: tape.slice(node), as: UTF8.self))
        return value.flatMap { $0.isFinite ? $0 : nil }
    }

    /// The value of `true` or `false`; nil for other kinds.
    package var bool: Bool? {
        switch node.kind {
        case .yes: true
        case .no: false
        default: nil
        }
    }

    /// Whether this is `null`.
    package var isNull: Bool { node.kind == .null }

    /// Elements of an array or members of an object; 0 for other kinds.
    package var count: Int {
        node.kind == .array || node.kind == .object ? Int(node.start) : 0
    }

    /// The elements of an array; nil for other kinds. `elements` gives the same without an array.
    package var array: [JSONValue]? {
        node.kind == .array ? Array(elements) : nil
    }

    /// The elements of an array in order; none for other kinds.
    package var elements: JSONElements {
        JSONElements(tape: tape, at: index + 1, end: node.kind == .array ? Int(node.next) : 0)
    }

    /// The members of an object in order; none for other kinds.
    package var members: JSONMembers {
        JSONMembers(tape: tape, at: index + 1, end: node.kind == .object ? Int(node.next) : 0)
    }

    /// The bytes of a string, unescaped, or of a number as it was written; none for other kinds.
    /// The pointer is valid within `body`.
    package func withUTF8<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(tape) {
            switch node.kind {
            case .string, .integer, .decimal: body(tape.slice(node))
            default: body(UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
    }

    /// Bytes of a string, unescaped, or of a number; 0 for other kinds.
    package var utf8Count: Int { withUTF8 { $0.count } }
}

/// The elements of an array.
package struct JSONElements: Sequence, IteratorProtocol {
    let tape: JSONTape
    var at: Int
    let end: Int

    /// The next element; nil at the end.
    package mutating func next() -> JSONValue? {
        guard at < end else { return nil }
        defer { at = Int(tape.nodes[at].next) }
        return JSONValue(tape: tape, index: at)
    }
}

/// One member of an object.
package struct JSONMember {
    let tape: JSONTape
    let index: Int

    /// The name, unescaped.
    package var key: String { String(decoding: tape.slice(tape.nodes[index]), as: UTF8.self) }
    /// What the name stands for.
    package var value: JSONValue { JSONValue(tape: tape, index: index + 1) }

    /// Whether the name is `text`; allocates nothing.
    package func hasKey(_ text: StaticString) -> Bool { JSONValue(tape: tape, index: index).isString(text) }

    /// The name's bytes, valid within `body`.
    package func withKeyUTF8<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(tape) { body(tape.slice(tape.nodes[index])) }
    }
}

/// The members of an object.
package struct JSONMembers: Sequence, IteratorProtocol {
    let tape: JSONTape
    var at: Int
    let end: Int

    /// The next member; nil at the end.
    package mutating func next() -> JSONMember? {
        guard at < end else { return nil }
        defer { at = Int(tape.nodes[at + 1].next) }
        return JSONMember(tape: tape, index: at)
    }
}
