// Owns what the bytes of Redis' protocol mean, however they are cut.

import LiveTestSupport
import RoomsBackplane
import Testing

@Suite struct RedisReaderTests {
    private func read(_ text: String, portion: Int = .max) throws -> [RedisValue] {
        try read(Array(text.utf8), portion: portion)
    }

    private func read(_ bytes: [UInt8], portion: Int = .max) throws -> [RedisValue] {
        var reader = RedisReader()
        var values: [RedisValue] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(portion)
            try Array(part).withUnsafeBytes { try reader.feed($0) }
            rest = rest.dropFirst(part.count)
            while let value = try reader.next() { values.append(value) }
        }
        return values
    }

    private static let all =
        "+OK\r\n:-7\r\n$-1\r\n$0\r\n\r\n$4\r\na\r\nb\r\n-NOSCRIPT No script\r\n"
        + "*3\r\n:1\r\n*1\r\n$1\r\nx\r\n*-1\r\n*0\r\n"
    private static let allValues: [RedisValue] = [
        .status("OK"), .integer(-7), .null, .bytes([]), .bytes(Array("a\r\nb".utf8)), .error("NOSCRIPT No script"),
        .array([.integer(1), .array([.bytes([120])]), .null]), .array([]),
    ]

    @Test(arguments: [1, 2, 3, 5, 7, 64, .max])
    func `every kind of value is read, in pieces of any size`(portion: Int) throws {
        #expect(try read(Self.all, portion: portion) == Self.allValues)
    }

    @Test func `what is no protocol is a failure, and no crash`() {
        for text in ["?x\r\n", "*2\r\n?\r\n", "$x\r\n", ":\r\n?"] {
            #expect(throws: RedisProtocolFailure.self) { try read(text) }
        }
    }

    @Test func `a reply without an end is given up at the limit`() throws {
        var reader = RedisReader()
        let block = [UInt8](repeating: 97, count: 1 << 20)
        try Array("$\(RedisLimits.replyBytesMax + 1)\r\n".utf8).withUnsafeBytes { try reader.feed($0) }
        #expect(throws: RedisProtocolFailure.self) {
            for _ in 0...(RedisLimits.replyBytesMax >> 20) {
                try block.withUnsafeBytes { try reader.feed($0) }
                #expect(try reader.next() == nil)
            }
        }
    }

    @Test func `many large replies in a row do not count together`() throws {
        var reader = RedisReader()
        let block = Array("$1048576\r\n".utf8) + [UInt8](repeating: 97, count: 1 << 20) + Array("\r\n".utf8)
        for _ in 0..<(RedisLimits.replyBytesMax >> 20 + 8) {
            try block.withUnsafeBytes { try reader.feed($0) }
            #expect(try reader.next()?.bytes?.count == 1 << 20)
        }
    }

    @Test func `random bytes never crash the reader`() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<3_000 {
            var bytes = Array(Self.all.utf8)
            for _ in 0..<(1 + Int(random.next() % 4)) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            // A large announced length waits for bytes or is refused: both are well.
            _ = try? read(bytes, portion: 1 + Int(random.next() % 9))
        }
    }

    @Test func `a command is an array of bulk strings, of any bytes`() throws {
        var bytes: [UInt8] = []
        let arguments: [[UInt8]] = [Array("SET".utf8), [], [0, 13, 10, 255], Array("x".utf8)]
        RedisCommand(arguments: arguments).append(to: &bytes)
        #expect(try read(bytes) == [.array(arguments.map { .bytes($0) })])
    }
}
