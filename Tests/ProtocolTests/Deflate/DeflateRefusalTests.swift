// Payloads that must be refused: bombs by size and by ratio, cut and damaged ones, texts that are none. Whatever comes,
// what is made of it stays within the bound.
import LiveTestSupport
import Testing

@testable import LiveProtocol

@Suite struct `Refusals of permessage-deflate` {
    private func deflated(_ message: [UInt8], level: Int = 9) -> [UInt8] {
        var deflater = Deflater(level: level, memoryLevel: 9)
        var payload: [UInt8] = []
        message.withUnsafeBytes { deflater.deflate($0, keepsContext: false, to: &payload) }
        return payload
    }

    /// The close code, nil for none, and how many bytes were made.
    private func inflate(
        _ payload: [UInt8], isText: Bool = false, bytesMax: Int = 1 << 20, ratioMax: Int = 2_000
    ) -> (code: UInt16?, made: Int) {
        var inflater = Inflater()
        var output: [UInt8] = []
        let limits = InflateLimits(messageBytesMax: bytesMax, ratioMax: ratioMax)
        let failure = payload.withUnsafeBytes {
            inflater.inflate($0, isText: isText, keepsContext: false, limits: limits, to: &output)
        }
        return (failure?.code, output.count)
    }

    @Test(
        arguments: [(0, 1, nil), (4_096, 4_096, nil), (4_097, 4_096, 1009), (64 << 20, 16_384, 1009)]
            as [(Int, Int, UInt16?)])
    func `a message over its size is refused while it grows`(count: Int, bytesMax: Int, code: UInt16?) {
        let result = inflate(deflated([UInt8](repeating: 0, count: count)), bytesMax: bytesMax)
        #expect(result.code == code)
        #expect(result.made <= bytesMax)
    }

    @Test func `a message that grows over the ratio is refused, a short one of one letter is not`() {
        let ratio = 100
        let short = deflated([UInt8](repeating: 0x61, count: InflateLimits.ratioFreeBytes))
        #expect(short.count * ratio < InflateLimits.ratioFreeBytes)
        #expect(inflate(short, ratioMax: ratio).code == nil)
        let bomb = deflated([UInt8](repeating: 0x61, count: 1 << 20))
        let result = inflate(bomb, ratioMax: ratio)
        #expect(result.code == 1009)
        #expect(result.made <= bomb.count * ratio)
        #expect(inflate(bomb, ratioMax: 1_100).code == nil)
    }

    @Test func `a bomb in many final blocks is a bomb`() {
        var payload: [UInt8] = []
        // A final block with 258 times the same byte, again and again, each its own stream.
        let block: [UInt8] = [0x4B, 0x4C, 0xA4, 0x3D, 0x00]
        for _ in 0..<2_000 { payload += block }
        let result = inflate(payload, bytesMax: 10_000)
        #expect(result.code == 1009 || result.code == 1007)
        #expect(result.made <= 10_000)
    }

    @Test func `a payload that was cut ends within a block, whatever was cut off`() {
        var random = SeededRandom(seed: 3)
        let message = Array("{\"op\":\"chat_send\",\"id\":\"1\",\"text\":\"one two three one two\"}".utf8)
        for payload in [deflated(message), deflated(random.bytes(300))] {
            withEveryPrefix(of: payload) { prefix in
                let result = inflate(Array(prefix))
                // Some prefixes end behind a whole block, or in bytes that the appended tail makes whole: then they
                // are a message.
                if result.code == nil { #expect(result.made <= 300) } else { #expect(result.code == 1007) }
            }
        }
        // In the middle of the block there is none of these.
        let payload = deflated(message)
        for count in 0..<(payload.count - 1) { #expect(inflate(Array(payload[..<count])).code == 1007) }
    }

    @Test func `any flipped bit gives a message within bounds or a refusal`() {
        let message = Array("{\"op\":\"chat_send\",\"id\":\"1\",\"text\":\"one two three one two three\"}".utf8)
        for payload in [deflated(message), deflated(message, level: 1)] {
            withEveryFlippedBit(of: payload) { damaged, _ in
                let result = inflate(damaged, isText: true, bytesMax: 100)
                #expect(result.made <= 100)
                if let code = result.code { #expect(code == 1007 || code == 1009) }
            }
        }
    }

    @Test(arguments: [UInt64(11), 12, 13, 14])
    func `random bytes are refused or stay within bounds`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<3_000 {
            let result = inflate(random.bytes(random.below(200)), bytesMax: 5_000, ratioMax: 50)
            #expect(result.made <= 5_000, "seed \(seed)")
            if let code = result.code { #expect(code == 1007 || code == 1009, "seed \(seed)") }
        }
    }

    @Test func `a text that is not UTF-8 is refused at the piece that is not`() {
        var bad = [UInt8](repeating: 0x20, count: 100_000)
        bad[20_000] = 0xFF
        let result = inflate(deflated(bad), isText: true)
        #expect(result.code == 1007)
        #expect(result.made < 40_000, "what comes behind it was not made")
        #expect(inflate(deflated(bad)).code == nil, "as binary it is what it is")
        // A character that the end cuts in two.
        #expect(inflate(deflated(Array("ü".utf8).dropLast()), isText: true).code == 1007)
        #expect(inflate(deflated(Array("aü".utf8)), isText: true).code == nil)
    }
}
