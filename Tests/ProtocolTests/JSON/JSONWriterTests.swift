// The JSON writer: commas, escapes, and that what it writes reads back as what was meant.
import Foundation
import Testing

@testable import LiveProtocol

@Suite struct `JSON writer` {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `commas and colons stand where they belong`() {
        let result = text {
            $0.beginObject()
            $0.field("ev", "chat_message")
            $0.field("seq", 12)
            $0.field("on", true)
            $0.key("list")
            $0.beginArray()
            $0.integer(UInt64.max)
            $0.integer(Int64.min)
            $0.beginObject()
            $0.endObject()
            $0.null()
            $0.endArray()
            $0.key(dynamic: "a\"b")
            $0.raw(Array("[1]".utf8))
            $0.field("d", 1.5)
            $0.field("t", static: "s")
            $0.endObject()
        }
        #expect(
            result == #"{"ev":"chat_message","seq":12,"on":true,"list":[18446744073709551615,-9223372036854775808,{},"#
                + #"null],"a\"b":[1],"d":1.5,"t":"s"}"#)
    }

    @Test(arguments: [
        ("", ""), ("a", "a"), ("\"\\", "\\\"\\\\"), ("\n\r\t", "\\n\\r\\t"), ("\u{0}\u{1F}", "\\u0000\\u001f"),
        ("</script>", "\\u003c/script>"), ("\u{2028}\u{2029}", "\\u2028\\u2029"), ("\u{2027}€", "\u{2027}€"),
        ("12345678\"", "12345678\\\""), ("éèê \u{7F}", "éèê \u{7F}"), ("\u{202A}", "\u{202A}"),
    ])
    func `what must not stand in a string is escaped`(plain: String, escaped: String) {
        #expect(text { $0.string(plain) } == "\"\(escaped)\"")
    }

    @Test func `every integer has its digits`() {
        for value in [0, 1, 9, 10, 99, 100, 12345, Int.max, -1, -10, Int.min] {
            #expect(text { $0.integer(value) } == "\(value)")
        }
        #expect(text { $0.integer(UInt8.max) } == "255")
        #expect(text { $0.integer(Int8.min) } == "-128")
    }

    @Test func `numbers that JSON lacks become null`() {
        #expect(text { $0.double(.nan) } == "null")
        #expect(text { $0.double(-.infinity) } == "null")
        #expect(text { $0.double(1e-7) } == "1e-07")
    }

    @Test func `bytes that are not UTF-8 come out as replacement characters`() {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62]
        #expect(text { writer in bytes.withUnsafeBytes { writer.string(utf8: $0) } } == "\"a\u{FFFD}b\"")
    }

    @Test func `reset and take start anew`() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.beginArray()
        writer.integer(1)
        writer.endArray()
        #expect(writer.take() == Array("data: [1]".utf8))
        writer.bool(false)
        #expect(writer.bytes == Array("false".utf8))
        writer.reset()
        writer.bool(true)
        #expect(writer.bytes == Array("true".utf8))
    }

    @Test(arguments: 0..<20)
    func `random values survive writing, reading, and writing again`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var writer = JSONWriter()
        let value = RandomJSON.random(&random, depth: 5)
        value.write(to: &writer)
        let document = try JSONDocument.parse(writer.bytes, limits: .document)
        let isEqual = RandomJSON(document.root) == value
        #expect(isEqual, "seed \(seed)")
        let foundation = try JSONSerialization.jsonObject(with: Data(writer.bytes), options: .fragmentsAllowed)
        let agrees = RandomJSON(foundation: foundation).agrees(with: value)
        #expect(agrees, "seed \(seed)")
        var again = JSONWriter()
        again.value(document.root)
        #expect(again.bytes == writer.bytes, "seed \(seed)")
    }

    @Test(arguments: 0..<20)
    func `what is accepted means the same to Foundation`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(1000 + seed))
        var writer = JSONWriter()
        RandomJSON.random(&random, depth: 4).write(to: &writer)
        let alphabet = Array("{}[]\",:\\u0019eE+-.tfn \n".utf8)
        for _ in 0..<100 {
            var bytes = writer.bytes
            for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = alphabet[random.below(alphabet.count)] }
            guard let document = try? JSONDocument.parse(bytes, limits: .document),
                let other = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            else { continue }
            let agrees = RandomJSON(document.root).agrees(with: RandomJSON(foundation: other))
            #expect(agrees, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
