// Owns the promises of the JSON reader and writer: takes exactly what a plain reading of RFC 8259 takes, without
// members of one name; reads nothing beyond the text; a used reader says what a new one says; what was taken is
// written, read and written again to the same bytes.

@testable import LiveProtocol

enum FuzzedJSON {
    static func run(_ input: [UInt8]) {
        input.withExactCopy { block in
            let text = UnsafeRawBufferPointer(block)
            let fresh = parse(text, JSONReader())
            let used = JSONReader()
            _ = parse(UnsafeRawBufferPointer(rebasing: text[..<(text.count / 2)]), used)
            compare(fresh, parse(text, used), text)
            writeAsString(text)
        }
    }

    private static func compare(
        _ fresh: Result<JSONDocument, JSONError>, _ used: Result<JSONDocument, JSONError>,
        _ text: UnsafeRawBufferPointer
    ) {
        let isJSON = JSONReference.isText(text, depthMax: JSONLimits.batch.depthMax)
        switch (fresh, used) {
        case (.failure(let one), .failure(let other)):
            promise(one == other && one.offset <= text.count, "errors differ, or lie outside")
            promise(!isJSON, "refuses JSON (\(one.reason))")
        case (.success(let one), .success(let other)):
            promise(isJSON, "takes what is no JSON")
            let written = write(one)
            promise(written == write(other), "a used reader reads otherwise")
            written.withUnsafeBytes { raw in
                promise(!raw.contains(UInt8(ascii: "<")) && UTF8Validator.isValid(raw), "unescaped")
                guard case .success(let again) = parse(raw, JSONReader()) else {
                    preconditionFailure("what was written is not taken")
                }
                promise(write(again) == written, "written anew it differs")
            }
            touch(one.root)
        default: preconditionFailure("a used reader judges otherwise")
        }
    }

    static func parse(_ bytes: UnsafeRawBufferPointer, _ reader: JSONReader) -> Result<JSONDocument, JSONError> {
        Result { () throws(JSONError) in try reader.parse(bytes, limits: .batch) }
    }

    static func write(_ document: JSONDocument) -> [UInt8] {
        var writer = JSONWriter()
        writer.value(document.root)
        return writer.bytes
    }

    /// Every accessor on every value.
    static func touch(_ value: JSONValue) {
        _ = value.bool
        promise(value.isNull == (value.kind == .null), "null is not null")
        if let integer = value.int {
            promise(value.double == Double(integer), "a number is two numbers")
        }
        if let string = value.string { promise(string.utf8.count == value.utf8Count, "a text of another length") }
        var count = 0
        for element in value.elements {
            touch(element)
            count += 1
        }
        for member in value.members {
            promise(value[dynamic: member.key]?.index == member.value.index, "a member is not found by its name")
            touch(member.value)
            count += 1
        }
        promise(count == value.count, "not as many as counted")
    }

    /// Any bytes as a string: always JSON, and the same text back where they were a text.
    static func writeAsString(_ bytes: UnsafeRawBufferPointer) {
        var writer = JSONWriter()
        writer.string(utf8: bytes)
        writer.bytes.withUnsafeBytes { raw in
            guard case .success(let document) = parse(raw, JSONReader()) else { preconditionFailure("not JSON") }
            let expected = String(decoding: bytes, as: UTF8.self)
            promise(document.root.string.map { Array($0.utf8) } == Array(expected.utf8), "another text")
        }
    }
}
