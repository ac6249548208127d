// PROXY headers of both versions: what is read from whole ones, that portions change nothing, and what is refused.

import LiveTestSupport
import Testing

@testable import LiveProtocol

@Suite struct ProxyHeaderTests {
    private static func read(_ bytes: [UInt8]) -> ProxyHeader.Outcome {
        bytes.withUnsafeBytes { ProxyHeader.read($0) }
    }

    private static let signature: [UInt8] = Array("\r\n\r\n\0\r\nQUIT\n".utf8)

    private static func binary(_ command: UInt8, _ family: UInt8, _ body: [UInt8], length: Int? = nil) -> [UInt8] {
        let count = length ?? body.count
        return signature + [command, family, UInt8(count >> 8), UInt8(count & 255)] + body
    }

    private static let four: [UInt8] = [192, 0, 2, 7, 10, 0, 0, 1, 0x1F, 0x90, 0, 80]
    private static let six: [UInt8] =
        [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 9, count: 16)
        + [0, 99, 1, 187]

    private static let good: [(bytes: [UInt8], source: ProxyHeader.Source?)] = [
        (binary(0x21, 0x11, four), .init(address: [192, 0, 2, 7], port: 8_080)),
        (binary(0x21, 0x21, six), .init(address: Array(six[..<16]), port: 99)),
        // Extensions behind the addresses are passed over.
        (binary(0x21, 0x11, four + [4, 0, 3, 1, 2, 3]), .init(address: [192, 0, 2, 7], port: 8_080)),
        (binary(0x20, 0x00, []), nil), (binary(0x20, 0x11, four), nil), (binary(0x21, 0x00, [1, 2, 3]), nil),
        (binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), nil),
        (Array("PROXY TCP4 192.0.2.7 10.0.0.1 8080 80\r\n".utf8), .init(address: [192, 0, 2, 7], port: 8_080)),
        (
            Array("PROXY TCP6 2001:db8::7 ::1 99 443\r\n".utf8),
            .init(address: Array(six[..<16]), port: 99)
        ),
        (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN what ever it says\r\n".utf8), nil),
    ]

    @Test func `whole headers are read, whatever follows them and however they are cut`() {
        for (bytes, source) in Self.good {
            let whole = ProxyHeader.Outcome.header(consumed: bytes.count, source: source)
            #expect(Self.read(bytes) == whole)
            #expect(Self.read(bytes + Array("GET / HTTP/1.1\r\n".utf8)) == whole)
            for cut in 0..<bytes.count {
                #expect(Self.read(Array(bytes[..<cut])) == .needMore, "\(cut) of \(bytes.count)")
            }
        }
    }

    @Test func `what is no header or breaks the rules fails, and no part of it is waited for`() {
        let bad: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n".utf8), [0x16, 3, 1], Array("PROXX".utf8), Self.signature.dropLast() + [0x0B],
            Self.binary(0x11, 0x11, Self.four), Self.binary(0x22, 0x11, Self.four), Self.binary(0x21, 0x41, Self.four),
            Self.binary(0x21, 0x11, Array(Self.four.dropLast())), Self.binary(0x21, 0x21, Self.four),
            Self.binary(0x21, 0x11, Self.four, length: ProxyHeader.bytesMax),
            Array("PROXY TCP4 192.0.2.7 10.0.0.1 8080 80\n".utf8), Array("PROXY TCP4 1.2.3 10.0.0.1 1 2\r\n".utf8),
            Array("PROXY TCP4 ::1 ::1 1 2\r\n".utf8), Array("PROXY TCP6 1.2.3.4 ::1 1 2\r\n".utf8),
            Array("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n".utf8), Array("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n".utf8),
            Array("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n".utf8), Array("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n".utf8),
            Array("PROXY \r\n".utf8), Array(("PROXY TCP4 " + String(repeating: "1", count: 100)).utf8),
        ]
        for bytes in bad {
            guard case .failed = Self.read(bytes) else {
                Issue.record("\(String(decoding: bytes, as: UTF8.self)) was taken: \(Self.read(bytes))")
                continue
            }
        }
    }

    @Test func `random bytes behind a signature never trap and never claim more than is there`() {
        var random = SeededRandom(seed: 7)
        for turn in 0..<20_000 {
            var bytes = turn % 2 == 0 ? Self.signature : Array("PROXY TCP".utf8)
            bytes += random.bytes(Int(random.next() % 60))
            if case .header(let consumed, _) = Self.read(bytes) { #expect(consumed <= bytes.count) }
        }
    }

    @Test func `addresses are read as text in every form, and nothing else is`() {
        func address(_ text: String) -> [UInt8]? { Array(text.utf8).withUnsafeBytes { IPText.address($0) } }
        let zeros = [UInt8](repeating: 0, count: 16)
        #expect(address("0.0.0.0") == [0, 0, 0, 0] && address("255.255.255.255") == [255, 255, 255, 255])
        #expect(address("::") == zeros && address("::1") == zeros.dropLast() + [1])
        #expect(address("1::") == [0, 1] + zeros.dropFirst(2))
        #expect(address("1:2:3:4:5:6:7:8") == [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8])
        #expect(address("::ffff:192.0.2.1") == [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1])
        #expect(address("FE80::aBcD") == [0xFE, 0x80] + [UInt8](repeating: 0, count: 12) + [0xAB, 0xCD])
        for text in [
            "", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "1::2::3", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "12345::", "g::", "::1%eth0", "[::1]",
            "::1.2.3", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::1/64",
        ] {
            #expect(address(text) == nil, "\(text)")
        }
    }
}
