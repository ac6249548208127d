// Owns the six characters that open a class: made of letters and digits that nobody mistakes for one another, read in
// the forms that people type. About 887 million codes. Never the decision whether a class with that code exists.

/// A class code such as `K7PXQ2`.
package struct ClassCode: Hashable, Sendable, CustomStringConvertible {
    /// Characters of a code.
    package static let length = 6
    /// No I, L, O, 0 and 1; 31 letters and digits.
    static let alphabet = Array("ABCDEFGHJKMNPQRSTUVWXYZ23456789".utf8)
    /// How many codes there are: 31⁶.
    static let count: UInt64 = 887_503_681

    /// Upper-case ASCII of exactly six characters.
    package let text: String

    /// The code that people mean who type `text`: case, spaces and dashes are ignored, 0 reads as O and 1 as I. Nil
    /// where that leaves anything but six letters and digits.
    package init?(typed text: String) {
        guard text.utf8.count <= 32 else { return nil }
        var code: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "-"): continue
            case UInt8(ascii: "0"): code.append(UInt8(ascii: "O"))
            case UInt8(ascii: "1"): code.append(UInt8(ascii: "I"))
            case 48...57, 65...90: code.append(byte)
            case 97...122: code.append(byte - 32)
            default: return nil
            }
        }
        guard code.count == Self.length else { return nil }
        self.text = String(decoding: code, as: UTF8.self)
    }

    /// The code that a random number picks; 64 random bits favour no code by more than one part in 2³⁴.
    package init(random: UInt64) {
        var rest = random % Self.count
        var code: [UInt8] = []
        for _ in 0..<Self.length {
            code.append(Self.alphabet[Int(rest % 31)])
            rest /= 31
        }
        text = String(decoding: code, as: UTF8.self)
    }

    package var description: String { text }
}
