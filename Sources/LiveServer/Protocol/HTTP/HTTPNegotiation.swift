// HTTPNegotiation: entity tags, accepted codings and media types.
// Never chooses a representation: it says what the client takes. Source: RFC 9110 §8.8, §12, §13.

/// Comparison of entity tags.
package enum HTTPETag {
    /// Whether the value of If-None-Match names `tag` (with its quotes, W/ or not): `*`, or weak comparison.
    /// A value that is no list of tags names none.
    package static func ifNoneMatch(_ value: UnsafeRawBufferPointer, names tag: [UInt8]) -> Bool {
        if Bytes.equal(HTTPCharacters.trim(value), "*") { return true }
        return tag.withUnsafeBytes { wanted in
            let wanted = opaque(wanted)
            var at = 0
            while let next = nextTag(value, at: &at) {
                if Bytes.equal(next, wanted) { return true }
            }
            return false
        }
    }

    private static func opaque(_ tag: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        tag.count > 1 && tag[0] == UInt8(ascii: "W") && tag[1] == UInt8(ascii: "/")
            ? UnsafeRawBufferPointer(rebasing: tag[2...]) : tag
    }

    /// The next tag of a list, quotes included and W/ left out; nil at the end or where the list is ill-formed.
    private static func nextTag(_ value: UnsafeRawBufferPointer, at: inout Int) -> UnsafeRawBufferPointer? {
        while at < value.count, value[at] == UInt8(ascii: ",") || HTTPCharacters.isSpace(value[at]) { at += 1 }
        if at + 1 < value.count, value[at] == UInt8(ascii: "W"), value[at + 1] == UInt8(ascii: "/") { at += 2 }
        guard at < value.count, value[at] == UInt8(ascii: "\"") else { return nil }
        let start = at
        at += 1
        while at < value.count, value[at] != UInt8(ascii: "\"") { at += 1 }
        guard at < value.count else { return nil }
        at += 1
        return UnsafeRawBufferPointer(rebasing: value[start..<at])
    }
}

/// The weights of an Accept or Accept-Encoding field. Weights are in thousandths, 0–1000.
package enum HTTPAccept {
    /// How welcome a content coding such as `gzip` is. `value` nil (no field): only identity is.
    package static func encodingWeight(_ coding: StaticString, in value: UnsafeRawBufferPointer?) -> Int {
        let isIdentity = coding.description == "identity"
        guard let value else { return isIdentity ? 1000 : 0 }
        var wildcard: Int?
        for element in HTTPList(value) {
            let (name, weight) = split(element)
            if Bytes.equalIgnoringCase(name, coding) { return weight }
            if Bytes.equal(name, "*") { wildcard = weight }
        }
        return wildcard ?? (isIdentity ? 1 : 0)
    }

    /// How welcome a media type such as `text/event-stream` is; the most specific range counts. Parameters other
    /// than `q` are not looked at. `value` nil (no field): everything is welcome.
    package static func typeWeight(_ type: StaticString, in value: UnsafeRawBufferPointer?) -> Int {
        guard let value else { return 1000 }
        let wanted = UnsafeRawBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount)
        guard let slash = wanted.firstIndex(of: UInt8(ascii: "/")) else { return 0 }
        let family = UnsafeRawBufferPointer(rebasing: wanted[...slash])
        var best = (specificity: 0, weight: 0)
        for element in HTTPList(value) {
            let (range, weight) = split(element)
            let specificity: Int
            if Bytes.equalIgnoringCase(range, wanted) {
                specificity = 3
            } else if range.count == family.count + 1, range.last == UInt8(ascii: "*"),
                Bytes.equalIgnoringCase(UnsafeRawBufferPointer(rebasing: range.dropLast()), family)
            {
                specificity = 2
            } else if Bytes.equal(range, "*/*") {
                specificity = 1
            } else {
                continue
            }
            if specificity > best.specificity { best = (specificity, weight) }
        }
        return best.weight
    }

    /// Whether a media range in the field is exactly `type`, with a weight above zero: the client asks for it by name.
    package static func names(_ type: StaticString, in value: UnsafeRawBufferPointer?) -> Bool {
        guard let value else { return false }
        for element in HTTPList(value) {
            let (range, weight) = split(element)
            if weight > 0, Bytes.equalIgnoringCase(range, type) { return true }
        }
        return false
    }

    /// The part before the parameters, and the weight; 0 where the weight is ill-formed.
    private static func split(_ element: UnsafeRawBufferPointer) -> (UnsafeRawBufferPointer, weight: Int) {
        var end = 0
        while end < element.count, element[end] != UInt8(ascii: ";") { end += 1 }
        let name = UnsafeRawBufferPointer(rebasing: element[HTTPCharacters.trim(element, 0..<end)])
        var at = end + 1
        while at < element.count {
            let start = at
            while at < element.count, element[at] != UInt8(ascii: ";") { at += 1 }
            let parameter = UnsafeRawBufferPointer(rebasing: element[HTTPCharacters.trim(element, start..<at)])
            at += 1
            if parameter.count >= 2, Bytes.lowercase(parameter[0]) == UInt8(ascii: "q"),
                parameter[1] == UInt8(ascii: "=")
            {
                return (name, weight(UnsafeRawBufferPointer(rebasing: parameter[2...])) ?? 0)
            }
        }
        return (name, 1000)
    }

    /// `0`, `1`, `0.123` in thousandths. RFC 9110 §12.4.2.
    private static func weight(_ text: UnsafeRawBufferPointer) -> Int? {
        guard let first = text.first, first == 0x30 || first == 0x31, text.count <= 5 else { return nil }
        var value = Int(first - 0x30) * 1000
        guard text.count > 1 else { return value }
        guard text[1] == UInt8(ascii: ".") else { return nil }
        var place = 100
        for digit in text[2...] {
            guard digit &- 0x30 < 10 else { return nil }
            value += Int(digit - 0x30) * place
            place /= 10
        }
        return value <= 1000 ? value : nil
    }
}
