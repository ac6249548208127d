// JSONWriter: appends one JSON text to an array of bytes, commas and escapes included.
// Never builds a tree, never sorts, never allocates beyond the growth of its array.
// Limits: none of its own; the caller decides how much it writes.

/// Writes JSON into a growing array of bytes.
///
/// Commas are its own business: call `key` and values in order. Strings are escaped so that the result may also
/// stand in an HTML script element or a JavaScript source: `"`, `\`, controls, `<`, U+2028 and U+2029.
/// Unbalanced calls of begin and end are a programming error. Thread: a value. Source: RFC 8259.
package struct JSONWriter: Sendable {
    /// What was written so far.
    package private(set) var bytes: [UInt8]
    private var needsComma = false
    private var depth: Int32 = 0

    /// - Parameter reserving: bytes to reserve at once.
    package init(reserving: Int = 256) {
        bytes = []
        bytes.reserveCapacity(reserving)
    }

    /// Continues an array of bytes, for example a frame header or `data: ` that stands before the JSON.
    package init(appendingTo prefix: consuming [UInt8]) { bytes = prefix }

    /// Forgets what was written; with `keepingCapacity` the storage stays for the next text.
    package mutating func reset(keepingCapacity: Bool = true) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
        needsComma = false
        depth = 0
    }

    /// Hands out the bytes and leaves an empty writer without storage.
    package mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        reset()
        return taken
    }

    /// Begins an object: members follow, then `endObject`.
    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    /// Ends the innermost object.
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    /// Begins an array: values follow, then `endArray`.
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    /// Ends the innermost array.
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// A member's name. `name` is known to need no escape: checked in debug builds.
    package mutating func key(_ name: StaticString) {
        separate()
        needsComma = false
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { utf8 in
            assert(JSONEscape.firstSpecial(UnsafeRawBufferPointer(utf8), from: 0) == utf8.count, "key needs escapes")
            bytes.append(contentsOf: utf8)
        }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// A member's name that is not a constant of the program; it is escaped where needed.
    package mutating func key(dynamic name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A string, with escapes.
    package mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { quoted(UnsafeRawBufferPointer($0)) }
    }

    /// A string that is a constant of the program, with escapes.
    package mutating func string(_ value: StaticString) {
        value.withUTF8Buffer { quoted(UnsafeRawBufferPointer($0)) }
    }

    /// A string given as UTF-8. Bytes that aren't valid come out as U+FFFD: the text is always valid JSON.
    package mutating func string(utf8: UnsafeRawBufferPointer) {
        guard UTF8Validator.isValid(utf8) else { return string(String(decoding: utf8, as: UTF8.self)) }
        quoted(utf8)
    }

    /// A whole number of up to 64 bits.
    package mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        Decimal.append(UInt64(value.magnitude), to: &bytes)
    }

    /// A finite number in its shortest exact form; `null` for infinities and NaN, which JSON does not have.
    package mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// `true` or `false`.
    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }
    /// `null`.
    package mutating func null() { literal("null") }

    /// A value that already is valid JSON.
    package mutating func raw(_ value: [UInt8]) {
        separate()
        bytes.append(contentsOf: value)
    }

    /// A value that already is valid JSON.
    package mutating func raw(_ value: UnsafeRawBufferPointer) {
        separate()
        bytes.append(contentsOf: value)
    }

    /// A member that is a string.
    package mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// As with a `String`, for constants such as event names; `static` keeps literals from being ambiguous.
    package mutating func field(_ name: StaticString, static value: StaticString) {
        key(name)
        string(value)
    }

    /// A member that is a whole number.
    package mutating func field(_ name: StaticString, _ value: some FixedWidthInteger) {
        key(name)
        integer(value)
    }

    /// A member that is `true` or `false`.
    package mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A member that is a number, `null` if it is not finite.
    package mutating func field(_ name: StaticString, _ value: Double) {
        key(name)
        double(value)
    }

    /// Writes a parsed value again, members in their order, numbers with the digits that were read.
    package mutating func value(_ value: JSONValue) {
        switch value.kind {
        case .object:
            beginObject()
            for member in value.members {
                member.withKeyUTF8 { quoted($0) }
                bytes.append(UInt8(ascii: ":"))
                needsComma = false
                self.value(member.value)
            }
            endObject()
        case .array:
            beginArray()
            for element in value.elements { self.value(element) }
            endArray()
        case .string: value.withUTF8 { quoted($0) }
        case .number: value.withUTF8 { raw($0) }
        case .bool: bool(value.bool ?? false)
        case .null: null()
        }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
        depth += 1
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0, "an object or array was closed that is not open")
        depth -= 1
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func literal(_ text: StaticString) {
        separate()
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func quoted(_ utf8: UnsafeRawBufferPointer) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        JSONEscape.append(utf8, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}
