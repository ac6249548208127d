// HTTPQuery: the parameters of a query string or a form.
// Never repairs: an ill-formed escape or text makes its parameter nil. Limits: the target's.

/// `name=value` pairs joined by `&`. Escapes are decoded, `+` is a space. Source: WHATWG URL §5.1, strictly.
package struct HTTPQuery {
    private let bytes: UnsafeRawBufferPointer

    /// - Parameter bytes: what follows the `?`; must outlive this value.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The pairs as they were sent, not decoded.
    package var pairs: HTTPQueryPairs { HTTPQueryPairs(bytes: bytes) }

    /// The value of the first parameter called `name`; nil if there is none or it can't be decoded to UTF-8.
    package subscript(_ name: StaticString) -> String? {
        raw(name).flatMap { PercentCoding.decodeString($0, plusIsSpace: true) }
    }

    /// The values of the first parameters called so, each as the subscript gives it. The query is walked once, however
    /// many are asked for.
    package func values(of names: [StaticString]) -> [String?] {
        var values = [String?](repeating: nil, count: names.count)
        var missing = Set(names.indices)
        for pair in pairs where !missing.isEmpty {
            guard let found = missing.first(where: { pair.isNamed(names[$0]) }) else { continue }
            missing.remove(found)
            values[found] = PercentCoding.decodeString(pair.value, plusIsSpace: true)
        }
        return values
    }

    /// Whether there are no more than `count` parameters; stops at the first one too many.
    package func hasAtMost(_ count: Int) -> Bool { pairs.prefix(count + 1).reduce(0) { sum, _ in sum + 1 } <= count }

    /// Whether there is a parameter called `name`, decodable or not.
    package func contains(_ name: StaticString) -> Bool { raw(name) != nil }

    /// The value of the first parameter called `name`, as it was sent.
    package func raw(_ name: StaticString) -> UnsafeRawBufferPointer? {
        for pair in pairs where pair.isNamed(name) { return pair.value }
        return nil
    }

    /// Whether each name and value can be decoded and no name comes twice.
    package var isWellFormed: Bool {
        var names: Set<String> = []
        for pair in pairs {
            guard let name = PercentCoding.decodeString(pair.name, plusIsSpace: true),
                PercentCoding.decodeString(pair.value, plusIsSpace: true) != nil,
                names.insert(name).inserted
            else { return false }
        }
        return true
    }
}

/// One parameter, not decoded.
package struct HTTPQueryPair {
    /// What stands before the first `=`.
    package let name: UnsafeRawBufferPointer
    /// What follows it; empty without one.
    package let value: UnsafeRawBufferPointer

    /// Whether the decoded name is `text`, which is ASCII. Allocates nothing: anybody may send names by the thousand.
    package func isNamed(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        // No byte takes more than the three of an escape.
        guard name.count >= length, name.count <= 3 * length else { return false }
        var at = 0
        for place in 0..<length {
            guard at < name.count else { return false }
            var byte = name[at]
            at += 1
            if byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            } else if byte == UInt8(ascii: "%") {
                guard at + 1 < name.count, let high = Hex.value(name[at]), let low = Hex.value(name[at + 1]) else {
                    return false
                }
                byte = high << 4 | low
                at += 2
            }
            guard byte == text.utf8Start[place] else { return false }
        }
        return at == name.count
    }
}

/// The parameters in order; empty ones (`&&`) are left out.
package struct HTTPQueryPairs: Sequence, IteratorProtocol {
    let bytes: UnsafeRawBufferPointer
    var at = 0

    /// The next parameter; nil at the end.
    package mutating func next() -> HTTPQueryPair? {
        while at < bytes.count {
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: "&") { at += 1 }
            let end = at
            at += 1
            if start == end { continue }
            var equals = start
            while equals < end, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
            return HTTPQueryPair(
                name: UnsafeRawBufferPointer(rebasing: bytes[start..<equals]),
                value: UnsafeRawBufferPointer(rebasing: bytes[(equals < end ? equals + 1 : end)..<end]))
        }
        return nil
    }
}
