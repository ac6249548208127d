// The UTF-8 check against a naive decoder: every sequence of up to three bytes, and samples of four.
import Testing

@testable import LiveProtocol

@Suite struct `UTF-8 validator` {
    /// Decodes by definition: the value must lie in the range that needs so many bytes. RFC 3629 §3.
    private func naive(_ bytes: some Sequence<UInt8>) -> Bool {
        var bytes = bytes.makeIterator()
        while let lead = bytes.next() {
            if lead < 0x80 { continue }
            let length = lead >= 0xF8 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0
            if length == 0 { return false }
            var scalar = UInt32(lead) & (0x3F >> UInt32(length))
            for _ in 0..<length {
                guard let byte = bytes.next(), byte & 0xC0 == 0x80 else { return false }
                scalar = scalar << 6 | UInt32(byte & 0x3F)
            }
            let least: [UInt32] = [0, 0x80, 0x800, 0x10000]
            if scalar < least[length] || scalar > 0x10FFFF || (0xD800...0xDFFF).contains(scalar) { return false }
        }
        return true
    }

    private func stepwise(_ bytes: [UInt8]) -> Bool {
        var validator = UTF8Validator()
        for byte in bytes where !validator.step(byte) { return false }
        return validator.isComplete
    }

    private func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { UTF8Validator.isValid($0) } }

    @Test func `every sequence of one and two bytes is judged rightly`() {
        for first in UInt8.min...UInt8.max {
            #expect(isValid([first]) == (first < 0x80))
            for second in UInt8.min...UInt8.max {
                let bytes = [first, second]
                let expected = naive(bytes)
                if isValid(bytes) != expected || stepwise(bytes) != expected { Issue.record("\(bytes)") }
            }
        }
    }

    /// All that begin with a byte that is not ASCII, and some that do; in one block to spare debug builds the calls.
    @Test(arguments: Array(UInt8(0xBF)...0xFF) + [0x00, 0x41, 0x7F, 0x80])
    func `every sequence of three bytes is judged rightly`(first: UInt8) {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 3, alignment: 1)
        defer { block.deallocate() }
        block[0] = first
        var wrong = 0
        for second in UInt8.min...UInt8.max {
            block[1] = second
            for third in UInt8.min...UInt8.max {
                block[2] = third
                if UTF8Validator.isValid(UnsafeRawBufferPointer(block)) != naive(block) { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    @Test func `sequences of four bytes at the edges of every range are judged rightly`() {
        let edges: [UInt8] = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xE0, 0xED, 0xF0, 0xFF]
        for first in UInt8(0xEF)...0xF8 {
            for second in edges {
                for third in edges {
                    for fourth in edges {
                        let bytes = [first, second, third, fourth]
                        let expected = naive(bytes)
                        if isValid(bytes) != expected || stepwise(bytes) != expected { Issue.record("\(bytes)") }
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func `texts and damaged texts are judged rightly, in every split`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<20 {
            var text = String(repeating: "a", count: random.below(40))
            for _ in 0..<random.below(20) {
                let scalar = Unicode.Scalar(UInt32(random.below(0x11_0000))) ?? "x"
                text.unicodeScalars.append(random.below(2) == 0 ? scalar : "z")
            }
            var bytes = Array(text.utf8)
            if !bytes.isEmpty, random.below(2) == 0 { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
            let expected = naive(bytes)
            #expect(isValid(bytes) == expected, "seed \(seed): \(bytes)")
            for cut in 0...bytes.count {
                var validator = UTF8Validator()
                let accepted = pieces(bytes, cutAt: [cut]).allSatisfy { piece in
                    piece.withUnsafeBytes { validator.accept($0) }
                }
                #expect((accepted && validator.isComplete) == expected, "seed \(seed), cut at \(cut): \(bytes)")
            }
        }
    }

    @Test func `a split text fails on the byte that makes it impossible`() {
        for (bytes, bad) in [
            ([0xE0, 0x80], 1), ([0xED, 0xA0], 1), ([0xF0, 0x8F], 1), ([0xF4, 0x90], 1), ([0xF5], 0), ([0xC1], 0),
            ([0xE2, 0x82, 0x41], 2), ([0x41, 0x80], 1),
        ] as [([UInt8], Int)] {
            var validator = UTF8Validator()
            for (at, byte) in bytes.enumerated() { #expect(validator.step(byte) == (at < bad), "\(bytes)") }
        }
    }

    @Test func `reset forgets`() {
        var validator = UTF8Validator()
        let first = validator.step(0xE2)
        #expect(first && !validator.isComplete)
        validator.reset()
        let second = validator.step(0x41)
        #expect(second && validator.isComplete)
    }
}
