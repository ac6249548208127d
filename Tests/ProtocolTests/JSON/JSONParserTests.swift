// The JSON parser against RFC 8259: what it takes, what it refuses and where, and its limits.
import Testing

@testable import LiveProtocol

/// The error of parsing `text`, or nil.
func jsonError(_ text: String, limits: JSONLimits = .command) -> JSONError? {
    jsonError(Array(text.utf8), limits: limits)
}

func jsonError(_ bytes: [UInt8], limits: JSONLimits = .command) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONDocument.parse(bytes, limits: limits)
        return nil
    } catch { return error }
}

func json(_ text: String) throws -> JSONValue { try JSONDocument.parse(Array(text.utf8)).root }

@Suite struct `JSON parser` {
    @Test func `a command gives its members`() throws {
        let text =
            #"{"op":"chat_send","id":"c-1","text":"Grüße 👋 \"zitiert\"","n":-12,"on":true,"#
            + #""x":null,"list":[1,[2],{}]}"#
        let value = try json(text)
        #expect(value.kind == .object && value.count == 7)
        #expect(value["op"]?.string == "chat_send")
        #expect(value["op"]?.isString("chat_send") == true)
        #expect(value["op"]?.isString("chat_sent") == false)
        #expect(value["text"]?.string == "Grüße 👋 \"zitiert\"")
        #expect(value["n"]?.int == -12)
        #expect(value["on"]?.bool == true)
        #expect(value["x"]?.isNull == true)
        #expect(value["list"]?.array?.count == 3)
        #expect(value["list"]?.array?[1].array?[0].int == 2)
        #expect(value["missing"] == nil)
        #expect(value.members.map(\.key) == ["op", "id", "text", "n", "on", "x", "list"])
        #expect(value[dynamic: "id"]?.string == "c-1")
    }

    @Test(arguments: [
        "{}", "[]", " [ ] ", "\t\r\n{ }\n", "0", "-0", "1", "-1", "10", "1.5", "1e3", "1E+3", "1e-3", "-0.0e0", "\"\"",
        "true", "false", "null", "[1,2,3]", "{\"a\":{\"b\":[{}]}}", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\u{7F}\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "{\"\":1}", "{\"a\":1,\"A\":2}",
        "1e999", "-99999999999999999999999999", "\"\u{FFFF}\u{10FFFF}\"",
    ])
    func `a text of the grammar is taken`(text: String) {
        #expect(jsonError(text) == nil)
    }

    private static let refused: [(String, JSONError.Reason, Int)] = [
        ("", .empty, 0), ("  ", .unexpectedEnd, 2), ("{", .unexpectedEnd, 1), ("[1,", .unexpectedEnd, 3),
        ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1), ("[1 2]", .unexpectedByte, 3),
        ("{\"a\"}", .unexpectedByte, 4), ("{\"a\":}", .unexpectedByte, 5), ("{\"a\":1,}", .unexpectedByte, 7),
        ("{a:1}", .unexpectedByte, 1), ("{1:1}", .unexpectedByte, 1), ("{\"a\":1]", .unexpectedByte, 6),
        ("[1}", .unexpectedByte, 2), ("]", .unexpectedByte, 0), ("1 2", .trailingBytes, 2),
        ("{}x", .trailingBytes, 2), ("01", .trailingBytes, 1), ("-", .unexpectedEnd, 1), ("-a", .badNumber, 1),
        ("1.", .unexpectedEnd, 2), ("1.e1", .badNumber, 2), (".5", .unexpectedByte, 0),
        ("+1", .unexpectedByte, 0), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
        ("[1ex]", .badNumber, 3), ("0x1", .trailingBytes, 1), ("NaN", .unexpectedByte, 0),
        ("Infinity", .unexpectedByte, 0), ("tru", .unexpectedEnd, 3), ("trUe", .badLiteral, 2),
        ("nul", .unexpectedEnd, 3), ("True", .unexpectedByte, 0), ("'a'", .unexpectedByte, 0),
        ("\"a", .unexpectedEnd, 2), ("\"a\nb\"", .controlInString, 2), ("\"\u{0}\"", .controlInString, 1),
        ("\"\\x\"", .badEscape, 1), ("\"\\u12g4\"", .badEscape, 1), ("\"\\u123", .badEscape, 1),
        ("\"\\ud800\"", .loneSurrogate, 1), ("\"\\udc00\"", .loneSurrogate, 1),
        ("\"\\ud800\\u0041\"", .loneSurrogate, 1), ("\"\\ud800\\ud800\"", .loneSurrogate, 1),
        ("\"\\U0041\"", .badEscape, 1), ("/**/1", .unexpectedByte, 0), ("\u{FEFF}1", .unexpectedByte, 0),
        ("1\u{0}", .trailingBytes, 1), ("\u{0C}1", .unexpectedByte, 0), ("{\"a\":1,\"a\":2}", .duplicateKey, 7),
        ("{\"a\":1,\"\\u0061\":2}", .duplicateKey, 7), ("{\"x\":{\"k\":1,\"k\":1}}", .duplicateKey, 12),
        ("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", .tooDeep, 16),
    ]

    @Test(arguments: refused)
    func `a text outside the grammar is refused where it goes wrong`(text: String, reason: JSONError.Reason, at: Int) {
        #expect(jsonError(text) == JSONError(reason: reason, offset: at))
    }

    @Test(
        arguments: [
            [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0x22, 0xF0, 0x9F, 0x98], [0x22, 0xFF, 0x22], [0x22, 0x5C, 0x6E, 0xC3, 0x22],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
        #expect(jsonError(bytes)?.reason == .invalidUTF8)
    }

    @Test func `an integer is exact within 64 bits and nothing else`() throws {
        #expect(try json("9223372036854775807").int == .max)
        #expect(try json("-9223372036854775808").int == .min)
        #expect(try json("9223372036854775808").int == nil)
        #expect(try json("-9223372036854775809").int == nil)
        #expect(try json("99999999999999999999").int == nil)
        #expect(try json("-0").int == 0)
        #expect(try json("1.0").int == nil)
        #expect(try json("1e3").int == nil)
        #expect(try json("\"1\"").int == nil)
        #expect(try json("true").int == nil)
    }

    @Test func `a double is the nearest one and finite`() throws {
        #expect(try json("0.1").double == 0.1)
        #expect(try json("-2.5e-3").double == -0.0025)
        #expect(try json("12").double == 12)
        #expect(try json("1.7976931348623157e308").double == .greatestFiniteMagnitude)
        #expect(try json("1e999").double == nil)
        #expect(try json("1e-999").double == 0)
        #expect(try json("\"1\"").double == nil)
    }

    @Test func `a duplicate among many names is found`() {
        func object(_ names: [Int]) -> String {
            "{" + names.map { "\"key\($0)\":[\($0)]" }.joined(separator: ",") + "}"
        }
        #expect(jsonError(object(Array(0..<300))) == nil)
        for twice in [0, 1, 15, 16, 17, 150, 299] {
            #expect(jsonError(object(Array(0..<300) + [twice]))?.reason == .duplicateKey)
        }
        for count in 1...20 {
            #expect(jsonError(object(Array(0..<count) + [count - 1]))?.reason == .duplicateKey)
        }
    }

    @Test func `limits of size and count hold`() {
        let limits = JSONLimits(bytesMax: 10, depthMax: 2, nodesMax: 4)
        #expect(jsonError("[1,2,3]", limits: limits) == nil)
        #expect(jsonError("[1,2,3,4]", limits: limits)?.reason == .tooManyValues)
        #expect(jsonError("[1,2,3    ]", limits: limits) == JSONError(reason: .tooLarge, offset: 10))
        #expect(jsonError("[[]]", limits: limits) == nil)
        #expect(jsonError("[[[]]]", limits: limits)?.reason == .tooDeep)
    }

    @Test func `values stay valid while the reader goes on`() throws {
        let reader = JSONReader()
        let first = try reader.parse(Array(#"{"a":"eins","b":[1,2]}"#.utf8))
        let kept = try #require(first["b"])
        for round in 0..<100 {
            let next = try reader.parse(Array(#"{"a":"\#(round)"}"#.utf8))
            #expect(next["a"]?.string == "\(round)")
        }
        #expect(first["a"]?.string == "eins")
        #expect(kept.array?.map(\.int) == [1, 2])
    }

    @Test func `a refused text leaves the reader usable, a large one too`() throws {
        let reader = JSONReader()
        #expect(throws: JSONError.self) { try reader.parse(Array("[1,".utf8)) }
        let large = Array("[\(String(repeating: "1,", count: 100_000))1]".utf8)
        #expect(try reader.parse(large, limits: .batch).root.count == 100_001)
        #expect(try reader.parse(Array("[1]".utf8)).root.count == 1)
    }

    @Test func `every beginning of a text is refused`() {
        let text = Array(#"{"op":"x","u":"\ud83d\ude00é","n":[-1.5e+3,true,null,{"a":false}]}"#.utf8)
        #expect(jsonError(text) == nil)
        for count in 0..<text.count { #expect(jsonError(Array(text[..<count])) != nil, "prefix of \(count)") }
    }
}
