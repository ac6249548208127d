// Base64, base64url, hex, percent-encoding, decimal numbers, comparisons.
import Foundation
import Testing

@testable import LiveProtocol

@Suite struct `Text codings` {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the examples of RFC 4648 10 are coded`(plain: String, coded: String) {
        #expect(withBytes(plain) { Base64.encode($0) } == Array(coded.utf8))
        #expect(withBytes(coded) { Base64.decode($0) } == Array(plain.utf8))
        let unpadded = coded.replacing("=", with: "")
        #expect(Base64.encodeURL(Array(plain.utf8)) == unpadded)
        #expect(Base64.decodeURL(unpadded) == Array(plain.utf8))
    }

    @Test func `random bytes agree with Foundation`() {
        var random = SeededRandom(seed: 3)
        for count in 0..<200 {
            let bytes = random.bytes(count)
            let expected = Data(bytes).base64EncodedString()
            #expect(bytes.withUnsafeBytes { Base64.encode($0) } == Array(expected.utf8))
            #expect(withBytes(expected) { Base64.decode($0) } == bytes)
            let url = Base64.encodeURL(bytes)
            #expect(url == expected.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: ""))
            #expect(Base64.decodeURL(url) == bytes)
            #expect(bytes.withUnsafeBytes { Hex.encode($0) }.withUnsafeBytes { Hex.decode($0) } == bytes)
        }
    }

    @Test(arguments: ["A", "AAAAA", "Zg==", "Zg=", "Zh", "Zm9", "Zm8=", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Zm9vä"])
    func `base64url is read strictly`(text: String) {
        #expect(Base64.decodeURL(text) == nil)
    }

    @Test(arguments: ["Zg", "Zg=", "Zg===", "Z===", "=", "====", "Zh==", "Zm9=", "Zm-v", "Zm9v====", "Zm=v", "Z=m9"])
    func `base64 is read strictly`(text: String) {
        #expect(withBytes(text) { Base64.decode($0) } == nil)
    }

    @Test func `hex is read in either case and written in lower`() {
        #expect(withBytes("00fFaB") { Hex.decode($0) } == [0, 255, 0xAB])
        #expect(withBytes("0") { Hex.decode($0) } == nil)
        #expect(withBytes("0g") { Hex.decode($0) } == nil)
        #expect(withBytes("0x") { Hex.decode($0) } == nil)
        #expect([UInt8]([0x0A, 0xF0]).withUnsafeBytes { Hex.encode($0) } == Array("0af0".utf8))
    }

    @Test(
        arguments: [
            ("a%20b", "a b"), ("%e4%BD%a0", "你"), ("a+b", "a+b"), ("", ""), ("%", nil), ("%2", nil), ("a%2", nil),
            ("%2g", nil), ("%%30", nil), ("%ff", nil), ("%00", nil), ("%ED%A0%80", nil), ("100%25", "100%"),
        ] as [(String, String?)])
    func `percent escapes are decoded strictly`(text: String, plain: String?) {
        #expect(withBytes(text) { PercentCoding.decodeString($0) } == plain)
    }

    @Test func `percent-encoding is undone by decoding`() {
        #expect(PercentCoding.encode("a b/ä~._-") == "a%20b%2F%C3%A4~._-")
        var random = SeededRandom(seed: 4)
        for _ in 0..<100 {
            let text = RandomJSON.text(&random).replacing("\0", with: "")
            #expect(withBytes(PercentCoding.encode(text)) { PercentCoding.decodeString($0, plusIsSpace: true) } == text)
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("007", 7), ("18446744073709551615", .max), ("18446744073709551616", nil), ("", nil), ("+1", nil),
            ("-1", nil), (" 1", nil), ("1 ", nil), ("1a", nil), ("99999999999999999999999", nil), ("/", nil),
            (":", nil),
        ] as [(String, UInt64?)])
    func `decimal numbers are digits and nothing else`(text: String, value: UInt64?) {
        #expect(withBytes(text) { Decimal.parse($0) } == value)
    }

    @Test func `comparison ignores the case of ASCII letters only`() {
        #expect(withBytes("Content-Length") { Bytes.equalIgnoringCase($0, "content-length") })
        #expect(!withBytes("Content_Length") { Bytes.equalIgnoringCase($0, "content-length") })
        #expect(!withBytes("content-lengt") { Bytes.equalIgnoringCase($0, "content-length") })
        // @ and `, [ and { differ by the same bit as letters do.
        #expect(!withBytes("@[") { Bytes.equalIgnoringCase($0, "`{") })
        for byte in UInt8.min...UInt8.max {
            let isUpper = byte >= 0x41 && byte <= 0x5A
            #expect(Bytes.lowercase(byte) == (isUpper ? byte + 32 : byte))
        }
    }

    @Test func `words find the first byte as a loop does`() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<20_000 {
            let word = random.next() & random.next()
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            let sought = bytes[random.below(8)] ^ UInt8(random.below(2))
            let equal = ByteWord.equal(word, sought)
            let control = ByteWord.below0x20(word)
            if equal == 0 ? bytes.contains(sought) : bytes.firstIndex(of: sought) != equal.trailingZeroBitCount >> 3 {
                Issue.record("\(bytes) \(sought)")
            }
            let firstControl = bytes.firstIndex { $0 < 0x20 }
            if firstControl != (control == 0 ? nil : control.trailingZeroBitCount >> 3) { Issue.record("\(bytes)") }
        }
    }
}
