// Splits Swift source into tokens, leaving out comments and the contents of strings: enough for rules about words.
// Not a parser: it knows nested comments, raw and multi-line strings, interpolation and raw identifiers, nothing else.

/// One identifier, number or punctuation mark.
struct Token: Sendable, Equatable {
    let text: String
    /// Counted from 1.
    let line: Int
    /// Whether it follows the token before it without a space: `try!`, but not `try !done`.
    let isGlued: Bool
}

/// The scanner; one value per file.
struct SwiftTokens {
    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var tokens: [Token] = []
    /// Where the newest token ended.
    private var lastEnd = -1

    static func scan(_ text: String) -> [Token] {
        var scanner = SwiftTokens(bytes: Array(text.utf8))
        scanner.code(inInterpolation: false)
        return scanner.tokens
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        at + offset < bytes.count ? bytes[at + offset] : 0
    }

    /// Adds a token that starts at byte `start` and ends here.
    private mutating func add(_ text: String, from start: Int) {
        tokens.append(Token(text: text, line: line, isGlued: start == lastEnd))
        lastEnd = at
    }

    private mutating func step() {
        if byte() == UInt8(ascii: "\n") { line += 1 }
        at += 1
    }

    private mutating func code(inInterpolation: Bool) {
        var depth = 0
        while at < bytes.count {
            let c = byte()
            if c == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "/") {
                while at < bytes.count, byte() != UInt8(ascii: "\n") { at += 1 }
            } else if c == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                blockComment()
            } else if c == UInt8(ascii: "`") {
                rawIdentifier()
            } else if let hashes = stringStart() {
                string(hashes: hashes)
            } else if isWord(c) {
                word()
            } else {
                if inInterpolation {
                    if c == UInt8(ascii: "(") { depth += 1 }
                    if c == UInt8(ascii: ")") {
                        if depth == 0 { return }
                        depth -= 1
                    }
                }
                if c > 32 {
                    at += 1
                    add(String(UnicodeScalar(c)), from: at - 1)
                } else {
                    step()
                }
            }
        }
    }

    private func isWord(_ c: UInt8) -> Bool {
        c == UInt8(ascii: "_") || c >= 128 || (c >= 48 && c <= 57) || (c | 32 >= 97 && c | 32 <= 122)
    }

    private mutating func word() {
        let start = at
        let isNumber = byte() >= 48 && byte() <= 57
        while isWord(byte()) || (isNumber && byte() == UInt8(ascii: ".") && byte(1) >= 48 && byte(1) <= 57) { at += 1 }
        add(String(decoding: bytes[start..<at], as: UTF8.self), from: start)
    }

    private mutating func rawIdentifier() {
        at += 1
        add("`", from: at - 1)
        while at < bytes.count, byte() != UInt8(ascii: "`"), byte() != UInt8(ascii: "\n") { at += 1 }
        at += 1
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                depth += 1
                at += 2
            } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth -= 1
                at += 2
            } else {
                step()
            }
        } while depth > 0 && at < bytes.count
    }

    /// The number of `#` before a string that starts here; nil where none starts.
    private func stringStart() -> Int? {
        var hashes = 0
        while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
        return byte(hashes) == UInt8(ascii: "\"") ? hashes : nil
    }

    private func matches(_ c: UInt8, count: Int, at offset: Int) -> Bool {
        (0..<count).allSatisfy { byte(offset + $0) == c }
    }

    private mutating func string(hashes: Int) {
        let quote = UInt8(ascii: "\"")
        let hash = UInt8(ascii: "#")
        at += hashes
        add("\"", from: at - hashes)
        let quotes = matches(quote, count: 3, at: 0) ? 3 : 1
        at += quotes
        while at < bytes.count {
            if byte() == UInt8(ascii: "\\"), matches(hash, count: hashes, at: 1) {
                at += 1 + hashes
                if byte() == UInt8(ascii: "(") {
                    at += 1
                    code(inInterpolation: true)
                }
                step()
            } else if matches(quote, count: quotes, at: 0), matches(hash, count: hashes, at: quotes) {
                at += quotes + hashes
                return
            } else if byte() == UInt8(ascii: "\n"), quotes == 1 {
                return  // not a string after all (a quote in a regular expression): lose one line at most
            } else {
                step()
            }
        }
    }
}
