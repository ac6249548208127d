// Owns the promises of the small texts: query strings, escapes, base64, hex, decimals, entity tags, weights, dates
// and event ids. What is decoded is encoded to the same text again, or to one that decodes to the same.

@testable import LiveProtocol

enum FuzzedText {
    static func run(_ input: [UInt8]) {
        input.withExactCopy { block in
            let raw = UnsafeRawBufferPointer(block)
            query(raw)
            codes(raw)
            headers(raw)
            validator(raw)
        }
    }

    private static func query(_ raw: UnsafeRawBufferPointer) {
        let query = HTTPQuery(raw)
        var pairs = 0
        for pair in query.pairs {
            pairs += 1
            let isNamed = pair.isNamed("cursor")
            promise(!isNamed || query.contains("cursor"), "a parameter that is not found by its name")
        }
        promise(pairs <= raw.count, "more pairs than bytes")
        if query.isWellFormed {
            for pair in query.pairs {
                promise(PercentCoding.decodeString(pair.value, plusIsSpace: true) != nil, "well formed and undecodable")
            }
        }
        if let value = query["cursor"] {
            promise(query.raw("cursor") != nil, "a value of no parameter (\(value.count))")
        }
        if let text = PercentCoding.decodeString(raw) {
            var again = PercentCoding.encode(text)
            promise(again.withUTF8 { PercentCoding.decodeString(UnsafeRawBufferPointer($0)) } == text, "percent")
        }
    }

    private static func codes(_ raw: UnsafeRawBufferPointer) {
        let text = Array(raw)
        if let bytes = Base64.decodeURL(raw) {
            promise(Array(Base64.encodeURL(bytes).utf8) == text, "base64url has two spellings")
        }
        if let bytes = Base64.decode(raw) {
            promise(bytes.withUnsafeBytes { Base64.encode($0) } == text, "base64 has two spellings")
        }
        promise(
            text.withUnsafeBytes { Base64.encode($0) }.withUnsafeBytes { Base64.decode($0) } == text, "base64 is lossy")
        if let bytes = Hex.decode(raw) {
            let again = bytes.withUnsafeBytes { Hex.encode($0) }
            promise(again == text.map { (65...70).contains($0) ? $0 + 32 : $0 }, "hex differs")
        }
        if let value = Decimal.parse(raw) {
            var again: [UInt8] = []
            Decimal.append(value, to: &again)
            promise(text.drop { $0 == 0x30 }.elementsEqual(again.drop { $0 == 0x30 }), "a decimal differs")
            promise(UInt64(String(decoding: text, as: UTF8.self)) == value, "a decimal is another number")
        }
        if let id = EventID(raw) {
            var again: [UInt8] = []
            id.append(to: &again)
            promise(again == text, "an event id is not what was read")
        }
    }

    private static func headers(_ raw: UnsafeRawBufferPointer) {
        _ = HTTPETag.ifNoneMatch(raw, names: Array("\"a\"".utf8))
        promise((0...1000).contains(HTTPAccept.encodingWeight("gzip", in: raw)), "a weight out of range")
        promise((0...1000).contains(HTTPAccept.typeWeight("text/event-stream", in: raw)), "a weight out of range")
        _ = HTTPAccept.names("text/event-stream", in: raw)
        for name in HTTPList(raw) { promise(!name.isEmpty, "an element of a list without bytes") }
        if let seconds = HTTPDate.parse(raw) {
            promise(HTTPDate.format(seconds: seconds) == Array(raw), "a date is not what was read")
        }
    }

    /// Whole, cut in two at each place, and judged by the standard library.
    private static func validator(_ raw: UnsafeRawBufferPointer) {
        let isValid = String(validating: raw, as: UTF8.self) != nil
        promise(UTF8Validator.isValid(raw) == isValid, "UTF-8 check differs")
        guard raw.count <= 200 else { return }
        for cut in 0...raw.count {
            var validator = UTF8Validator()
            let held =
                validator.accept(UnsafeRawBufferPointer(rebasing: raw[..<cut]))
                && validator.accept(UnsafeRawBufferPointer(rebasing: raw[cut...])) && validator.isComplete
            promise(held == isValid, "UTF-8 depends on cuts")
        }
    }
}
