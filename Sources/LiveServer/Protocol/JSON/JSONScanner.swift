// JSONScanner: the tokens of JSON: space, strings, numbers, literals.
// Never allocates; unescapes strings in place (they only get shorter). Relies on zero bytes after the text.

/// A position in a loaded text. Source: RFC 8259 §2, §6, §7.
struct JSONScanner {
    private let text: UnsafeMutablePointer<UInt8>
    private let count: Int
    var at = 0

    init(text: UnsafeMutablePointer<UInt8>, count: Int) {
        self.text = text
        self.count = count
    }

    /// The byte at the position; 0 at the end.
    @inline(__always)
    var byte: UInt8 { text[at] }
    var isAtEnd: Bool { at == count }

    func error(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: at) }

    /// The error for a byte that can't stand here, or for the end.
    func unexpected() -> JSONError {
        error(!isAtEnd ? .unexpectedByte : count == 0 ? .empty : .unexpectedEnd)
    }

    @inline(__always)
    mutating func skipSpace() {
        while true {
            switch text[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }

    mutating func literal(_ word: StaticString) throws(JSONError) {
        for offset in 0..<word.utf8CodeUnitCount where text[at + offset] != word.utf8Start[offset] {
            at += offset
            throw error(isAtEnd ? .unexpectedEnd : .badLiteral)
        }
        at += word.utf8CodeUnitCount
    }

    /// Moves over a number. True if it has neither fraction nor exponent.
    mutating func number() throws(JSONError) -> Bool {
        if text[at] == UInt8(ascii: "-") { at += 1 }
        if text[at] == UInt8(ascii: "0") { at += 1 } else { try digits() }
        var isInteger = true
        if text[at] == UInt8(ascii: ".") {
            isInteger = false
            at += 1
            try digits()
        }
        if text[at] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            at += 1
            if text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        return isInteger
    }

    /// One digit or more.
    private mutating func digits() throws(JSONError) {
        let start = at
        while text[at] &- 0x30 < 10 { at += 1 }
        if at == start { throw error(isAtEnd ? .unexpectedEnd : .badNumber) }
    }

    /// Moves over a string, from quote to quote; gives where its unescaped bytes stand.
    @inline(__always)
    mutating func string() throws(JSONError) -> (start: Int, count: Int) {
        at += 1
        let start = at
        while true {
            skipPlain()
            switch text[at] {
            case 0x22:
                at += 1
                return (start, at - 1 - start)
            case 0x5C:
                return try escapedString(from: start)
            case 0x80...: try multibyte()
            default: throw error(isAtEnd ? .unexpectedEnd : .controlInString)
            }
        }
    }

    /// Moves to the next byte that is not plain ASCII within a string.
    @inline(__always)
    private mutating func skipPlain() {
        let base = UnsafeRawPointer(text)
        while true {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let hits =
                ByteWord.below0x20(word) | ByteWord.equal(word, 0x22) | ByteWord.equal(word, 0x5C)
                | (word & ByteWord.tops)
            if hits != 0 {
                at += hits.trailingZeroBitCount >> 3
                return
            }
            at += 8
        }
    }

    private mutating func multibyte() throws(JSONError) {
        let length = UTF8Validator.sequenceLength(UnsafeRawPointer(text + at), available: count - at)
        guard length > 0 else { throw error(.invalidUTF8) }
        at += length
    }

    /// The rest of a string from its first escape on; what follows it moves down.
    private mutating func escapedString(from start: Int) throws(JSONError) -> (start: Int, count: Int) {
        var end = at
        while true {
            let plain = at
            skipPlain()
            while text[at] >= 0x80 {
                try multibyte()
                skipPlain()
            }
            if at > plain {
                (text + end).update(from: text + plain, count: at - plain)
                end += at - plain
            }
            switch text[at] {
            case 0x22:
                at += 1
                return (start, end - start)
            case 0x5C: try escape(into: &end)
            default: throw error(isAtEnd ? .unexpectedEnd : .controlInString)
            }
        }
    }

    private mutating func escape(into end: inout Int) throws(JSONError) {
        let plain: UInt8
        switch text[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = text[at + 1]
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "u"): return try unicodeEscape(into: &end)
        default: throw error(.badEscape)
        }
        text[end] = plain
        end += 1
        at += 2
    }

    private mutating func unicodeEscape(into end: inout Int) throws(JSONError) {
        var scalar = try hexUnit(at: at)
        var length = 6
        if scalar & 0xF800 == 0xD800 {
            guard scalar < 0xDC00, text[at + 6] == 0x5C, text[at + 7] == UInt8(ascii: "u") else {
                throw error(.loneSurrogate)
            }
            let low = try hexUnit(at: at + 6)
            guard low & 0xFC00 == 0xDC00 else { throw error(.loneSurrogate) }
            scalar = 0x10000 + (scalar & 0x3FF) << 10 + low & 0x3FF
            length = 12
        }
        write(scalar, at: &end)
        at += length
    }

    /// The four digits of `\uXXXX`, whose backslash stands at `backslash`.
    private func hexUnit(at backslash: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for offset in 2..<6 {
            guard let value = Hex.value(text[backslash + offset]) else {
                throw JSONError(reason: .badEscape, offset: backslash)
            }
            unit = unit << 4 | UInt32(value)
        }
        return unit
    }

    private func write(_ scalar: UInt32, at end: inout Int) {
        func put(_ value: UInt32) {
            text[end] = UInt8(truncatingIfNeeded: value)
            end += 1
        }
        if scalar < 0x80 { return put(scalar) }
        if scalar < 0x800 {
            put(0xC0 | scalar >> 6)
        } else {
            if scalar < 0x10000 {
                put(0xE0 | scalar >> 12)
            } else {
                put(0xF0 | scalar >> 18)
                put(0x80 | scalar >> 12 & 0x3F)
            }
            put(0x80 | scalar >> 6 & 0x3F)
        }
        put(0x80 | scalar & 0x3F)
    }
}
