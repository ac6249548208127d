// Masking by words is masking by bytes.
import Testing

@testable import LiveProtocol

@Suite struct `WebSocket masking` {
    @Test func `words do what bytes do, at every alignment, length and offset`() {
        var random = SeededRandom(seed: 1)
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 64)
        defer { block.deallocate() }
        for alignment in 0..<16 {
            for length in 0...100 {
                let offset = random.below(9)
                let key = UInt32(truncatingIfNeeded: random.next())
                let plain = random.bytes(length)
                block.copyBytes(from: [UInt8](repeating: 0xA5, count: 256))
                let target = UnsafeMutableRawBufferPointer(rebasing: block[alignment..<(alignment + length)])
                target.copyBytes(from: plain)
                WebSocketMask.apply(target, key: key, offset: offset)
                let expected = plain.enumerated().map { at, byte in
                    byte ^ UInt8(truncatingIfNeeded: key >> UInt32((at + offset) % 4 * 8))
                }
                #expect(Array(target) == expected, "alignment \(alignment), length \(length), offset \(offset)")
                #expect(block[..<alignment].allSatisfy { $0 == 0xA5 })
                #expect(block[(alignment + length)...].allSatisfy { $0 == 0xA5 })
            }
        }
    }

    @Test func `masking twice gives back the bytes, in pieces too`() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<200 {
            let plain = random.bytes(random.below(200))
            var bytes = plain
            let cut = random.below(plain.count + 1)
            bytes.withUnsafeMutableBytes { all in
                WebSocketMask.apply(all, key: 0x0403_0201)
                WebSocketMask.apply(UnsafeMutableRawBufferPointer(rebasing: all[..<cut]), key: 0x0403_0201)
                WebSocketMask.apply(UnsafeMutableRawBufferPointer(rebasing: all[cut...]), key: 0x0403_0201, offset: cut)
            }
            #expect(bytes == plain)
        }
    }
}
