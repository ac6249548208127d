// FuzzJSON: libFuzzer target for the JSON reader and writer.
// Promises: nothing beyond the text is read; a used reader says what a new one says; what was taken is written, read
// and written again to the same bytes; a text that is not UTF-8 is never taken.
// Built by run.sh together with the sources of LiveProtocol, as one module.

/// Touched by libFuzzer's one thread only.
nonisolated(unsafe) private let usedReader = JSONReader()

@c(LLVMFuzzerTestOneInput)
public func fuzzJSON(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: data, count: count)
    let fresh = FuzzedJSON.parse(input, JSONReader())
    let used = FuzzedJSON.parse(input, usedReader)
    switch (fresh, used) {
    case (.failure(let one), .failure(let other)):
        precondition(one == other && one.offset <= count, "errors differ, or lie outside")
    case (.success(let one), .success(let other)):
        precondition(UTF8Validator.isValid(input), "took a text that is not UTF-8")
        let written = FuzzedJSON.write(one)
        precondition(written == FuzzedJSON.write(other), "a used reader reads otherwise")
        written.withUnsafeBytes { raw in
            precondition(!raw.contains(UInt8(ascii: "<")) && UTF8Validator.isValid(raw), "unescaped")
            guard case .success(let again) = FuzzedJSON.parse(raw, JSONReader()) else {
                preconditionFailure("what was written is not taken")
            }
            precondition(FuzzedJSON.write(again) == written, "written anew it differs")
        }
        FuzzedJSON.touch(one.root)
    default: preconditionFailure("a used reader judges otherwise")
    }
    FuzzedJSON.writeAsString(input)
    return 0
}

enum FuzzedJSON {
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
        precondition(value.isNull == (value.kind == .null))
        if let integer = value.int {
            precondition(value.double == Double(integer), "a number is two numbers")
        }
        if let string = value.string { precondition(string.utf8.count == value.utf8Count) }
        var count = 0
        for element in value.elements {
            touch(element)
            count += 1
        }
        for member in value.members {
            precondition(value[dynamic: member.key]?.index == member.value.index, "a member is not found by its name")
            touch(member.value)
            count += 1
        }
        precondition(count == value.count, "not as many as counted")
    }

    /// Any bytes as a string: always JSON, and the same text back where they were a text.
    static func writeAsString(_ bytes: UnsafeRawBufferPointer) {
        var writer = JSONWriter()
        writer.string(utf8: bytes)
        writer.bytes.withUnsafeBytes { raw in
            guard case .success(let document) = parse(raw, JSONReader()) else { preconditionFailure("not JSON") }
            let expected = String(decoding: bytes, as: UTF8.self)
            precondition(document.root.string.map { Array($0.utf8) } == Array(expected.utf8), "another text")
        }
    }
}
