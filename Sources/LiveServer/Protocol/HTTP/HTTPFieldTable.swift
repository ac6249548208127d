// HTTPFieldTable: the field lines of one message, as offsets into the bytes they were read from.
// Never copies a byte. Limits: HTTPLimits.fieldsMax; storage is kept from message to message.

/// One field line: where its name and its value stand.
struct HTTPField {
    var nameStart: UInt32
    var nameCount: UInt32
    var valueStart: UInt32
    var valueCount: UInt32
}

/// The fields of a head. Valid as long as the bytes it was read from stay where they are.
package struct HTTPFieldTable {
    private var base: UnsafeRawPointer?
    private var fields: [HTTPField] = []

    init() {}

    /// How many field lines there are.
    package var count: Int { fields.count }

    mutating func reset(_ bytes: UnsafeRawBufferPointer) {
        base = bytes.baseAddress
        fields.removeAll(keepingCapacity: true)
    }

    /// Forgets the bytes, so that nobody reads them after they have moved.
    mutating func clear() {
        base = nil
        fields.removeAll(keepingCapacity: true)
    }

    /// Takes one field line, without its CRLF. RFC 9112 §5.
    mutating func append(_ bytes: UnsafeRawBufferPointer, line: Range<Int>, fieldsMax: Int) -> HTTPFailure? {
        guard fields.count < fieldsMax else { return HTTPFailure(431, "too many header fields") }
        switch Self.split(bytes, line: line) {
        case .failure(let failure): return failure
        case .success(let (name, value)):
            fields.append(
                HTTPField(
                    nameStart: UInt32(truncatingIfNeeded: name.lowerBound),
                    nameCount: UInt32(truncatingIfNeeded: name.count),
                    valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                    valueCount: UInt32(truncatingIfNeeded: value.count)))
            return nil
        }
    }

    /// Name and value of a field line, or what is wrong with it.
    static func split(
        _ bytes: UnsafeRawBufferPointer, line: Range<Int>
    ) -> Result<(name: Range<Int>, value: Range<Int>), HTTPFailure> {
        var colon = line.lowerBound
        while colon < line.upperBound, ASCIISet.token.contains(bytes[colon]) { colon += 1 }
        guard colon < line.upperBound, bytes[colon] == UInt8(ascii: ":"), colon > line.lowerBound else {
            return .failure(fieldNameFailure(bytes, line: line, at: colon))
        }
        let value = HTTPCharacters.trim(bytes, (colon + 1)..<line.upperBound)
        guard HTTPCharacters.isFieldValue(UnsafeRawBufferPointer(rebasing: bytes[value])) else {
            return .failure(HTTPFailure(400, "a header field has a control character in its value"))
        }
        return .success((line.lowerBound..<colon, value))
    }

    private static func fieldNameFailure(_ bytes: UnsafeRawBufferPointer, line: Range<Int>, at: Int) -> HTTPFailure {
        if at < line.upperBound, HTTPCharacters.isSpace(bytes[at]) {
            return at == line.lowerBound
                ? HTTPFailure(400, "a header line begins with a space")
                : HTTPFailure(400, "a header field has a space in or after its name")
        }
        return HTTPFailure(400, "a header field has no proper name")
    }

    private func slice(_ start: UInt32, _ count: UInt32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { $0 + Int(start) }, count: base == nil ? 0 : Int(count))
    }

    /// Name of the field at `index`, as it was sent.
    package func name(at index: Int) -> UnsafeRawBufferPointer {
        slice(fields[index].nameStart, fields[index].nameCount)
    }

    /// Value of the field at `index`, without spaces around it.
    package func value(at index: Int) -> UnsafeRawBufferPointer {
        slice(fields[index].valueStart, fields[index].valueCount)
    }

    /// The first value of `name`, whatever its case; nil if there is none.
    package func first(_ name: StaticString) -> UnsafeRawBufferPointer? {
        for index in fields.indices where isNamed(index, name) { return value(at: index) }
        return nil
    }

    /// The value of `name` if exactly one line has it: for fields that must not be repeated, such as Authorization.
    package func single(_ name: StaticString) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        for index in fields.indices where isNamed(index, name) {
            if found != nil { return nil }
            found = value(at: index)
        }
        return found
    }

    /// How many lines have `name`.
    package func count(of name: StaticString) -> Int {
        fields.indices.reduce(0) { isNamed($1, name) ? $0 + 1 : $0 }
    }

    /// Calls `body` with each value of `name` in order until it returns false.
    package func forEach(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Bool) {
        for index in fields.indices where isNamed(index, name) {
            if !body(value(at: index)) { return }
        }
    }

    /// Every value of `name` in order.
    package func all(_ name: StaticString) -> [UnsafeRawBufferPointer] {
        fields.indices.filter { isNamed($0, name) }.map { value(at: $0) }
    }

    /// Whether a line of `name` lists `token`, whatever its case.
    package func lists(_ name: StaticString, _ token: StaticString) -> Bool {
        var found = false
        forEach(name) { value in
            for element in HTTPList(value) where Bytes.equalIgnoringCase(element, token) { found = true }
            return !found
        }
        return found
    }

    @inline(__always)
    func isNamed(_ index: Int, _ name: StaticString) -> Bool {
        Int(fields[index].nameCount) == name.utf8CodeUnitCount
            && Bytes.equalIgnoringCase(self.name(at: index), name)
    }
}

/// The elements of a comma-separated value, without spaces around them; empty ones are left out. RFC 9110 §5.6.1.
/// Quoted strings are not known here: the lists that we read have none.
package struct HTTPList: Sequence, IteratorProtocol {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    /// The list in `bytes`, which must outlive it.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next element; nil at the end.
    package mutating func next() -> UnsafeRawBufferPointer? {
        while at < bytes.count {
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: ",") { at += 1 }
            let element = HTTPCharacters.trim(bytes, start..<at)
            at += 1
            if !element.isEmpty { return UnsafeRawBufferPointer(rebasing: bytes[element]) }
        }
        return nil
    }
}
