// Owns a second opinion on JSON: the grammar of RFC 8259 written down as it stands, slowly and without a thought for
// speed. Beyond the grammar it refuses what the contract refuses: two members of one name, lone surrogates, depth.

/// The grammar as functions; each leaves `at` behind what it took.
struct JSONReference {
    private let text: [UInt8]
    private var at = 0
    private let depthMax: Int

    private struct Refused: Error {}

    static func isText(_ bytes: UnsafeRawBufferPointer, depthMax: Int) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var reference = JSONReference(text: Array(bytes), depthMax: depthMax)
        do {
            try reference.value(depth: 0)
            reference.space()
            return reference.at == reference.text.count
        } catch {
            return false
        }
    }

    private init(text: [UInt8], depthMax: Int) {
        self.text = text
        self.depthMax = depthMax
    }

    private var next: UInt8? { at < text.count ? text[at] : nil }

    private mutating func take(_ word: StaticString) -> Bool {
        let bytes = Array(word.description.utf8)
        guard text[at...].starts(with: bytes) else { return false }
        at += bytes.count
        return true
    }

    private mutating func need(_ word: StaticString) throws {
        guard take(word) else { throw Refused() }
    }

    private mutating func space() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { at += 1 }
    }

    private mutating func value(depth: Int) throws {
        space()
        switch next {
        case UInt8(ascii: "{"): try object(depth: depth + 1)
        case UInt8(ascii: "["): try array(depth: depth + 1)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try need("true")
        case UInt8(ascii: "f"): try need("false")
        case UInt8(ascii: "n"): try need("null")
        default: try number()
        }
    }

    private mutating func object(depth: Int) throws {
        guard depth <= depthMax else { throw Refused() }
        try need("{")
        space()
        if take("}") { return }
        var names: [[UInt16]] = []
        repeat {
            space()
            let name = try string()
            guard !names.contains(name) else { throw Refused() }
            names.append(name)
            space()
            try need(":")
            try value(depth: depth)
            space()
        } while take(",")
        try need("}")
    }

    private mutating func array(depth: Int) throws {
        guard depth <= depthMax else { throw Refused() }
        try need("[")
        space()
        if take("]") { return }
        repeat {
            try value(depth: depth)
            space()
        } while take(",")
        try need("]")
    }

    private mutating func digits() throws {
        let start = at
        while let byte = next, (0x30...0x39).contains(byte) { at += 1 }
        guard at > start else { throw Refused() }
    }

    private mutating func number() throws {
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
    }

    /// The string's UTF-16 units: the form in which escapes speak.
    private mutating func string() throws -> [UInt16] {
        try need("\"")
        var units: [UInt16] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw Refused() }
            if byte == UInt8(ascii: "\\") {
                units.append(try escape())
            } else {
                let start = at
                at += 1
                while let more = next, more & 0xC0 == 0x80 { at += 1 }
                units += Array(String(decoding: text[start..<at], as: UTF8.self).utf16)
            }
        }
        try need("\"")
        var decoder = UTF16()
        var iterator = units.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue: continue
            case .emptyInput: return units
            case .error: throw Refused()
            }
        }
    }

    private mutating func escape() throws -> UInt16 {
        try need("\\")
        guard let byte = next else { throw Refused() }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "u"):
            let digits = text[at...].prefix(4)
            guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw Refused() }
            at += 4
            return unit
        default: throw Refused()
        }
    }
}
