// The token scanner sees code and nothing but code.
import Testing

@Suite("Tidy: tokens")
struct SwiftTokensTests {
    private func words(_ text: String) -> [String] {
        SwiftTokens.scan(text).map(\.text).filter { $0 != "\"" }
    }

    @Test func `comments are left out, nested ones too`() {
        #expect(words("a // b\nc /* d /* e */ f */ g") == ["a", "c", "g"])
    }

    @Test func `contents of strings are left out, code in interpolations is kept`() {
        #expect(words(#"a = "b \" c" + d"#) == ["a", "=", "+", "d"])
        #expect(words(#""x \(y(z)) w" v"#) == ["y", "(", "z", ")", "v"])
        #expect(words(##"#"a "quoted" \(no) \#(yes)"# after"##) == ["yes", "after"])
        #expect(words("\"\"\"\n one \"two\" three\n\"\"\" after") == ["after"])
        #expect(words(#"f("\(g("inner \(h)"))")"#) == ["f", "(", "g", "(", "h", ")", ")"])
    }

    @Test func `numbers keep their fraction, ranges and tuple members do not become one`() {
        #expect(words("1.5 0..<5 a.0 1_000") == ["1.5", "0", ".", ".", "<", "5", "a", ".", "0", "1_000"])
    }

    @Test func `raw identifiers are one mark`() {
        #expect(words("func `a try! in a name`() {}") == ["func", "`", "(", ")", "{", "}"])
    }

    @Test func `lines are counted through comments and strings`() {
        let text = "/* 1\n2 */ a\n\"\"\"\n4\n\"\"\"\nb"
        let words = SwiftTokens.scan(text).filter { $0.text != "\"" }
        #expect(words.map(\.text) == ["a", "b"])
        #expect(words.map(\.line) == [2, 6])
    }

    @Test func `every prefix of a file can be scanned`() {
        let text = "let a = \"x\\(b /* c */)\" // d\n/* e */ `f g` #\"h\"# \"\"\"\ni\n\"\"\""
        for length in 0...text.utf8.count {
            let prefix = String(decoding: text.utf8.prefix(length), as: UTF8.self)
            #expect(SwiftTokens.scan(prefix).count <= SwiftTokens.scan(text).count + 2)
        }
    }
}
