// The encoded tail against the simplest thing it could be: an array of (seq, json).

import LiveProtocol
import LiveTestSupport
import Testing

@testable import LiveServer

@Suite struct FrameLogTests {
    /// What the log should hold.
    private struct Model {
        var frames: [(seq: UInt64, json: [UInt8])] = []
        var dropped: UInt64 = 0
        var baseSeq: UInt64
    }

    private static func frame(_ json: [UInt8]) -> [UInt8] {
        if json.count < 126 { return [0x81, UInt8(json.count)] + json }
        return [0x81, 126, UInt8(json.count >> 8), UInt8(json.count & 255)] + json
    }

    private static func json(_ random: inout SeededRandom, max: Int) -> [UInt8] {
        let length = Int.random(in: 1...max, using: &random)
        return (0..<length).map { _ in UInt8.random(in: 32...126, using: &random) }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func `every cursor reads exactly the frames after it, whatever was trimmed or redacted`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let entriesMax = Int.random(in: 1...300, using: &random)
        let start = UInt64.random(in: 0...1000, using: &random)
        var log = FrameLog(baseSeq: start, entriesMax: entriesMax, bytesMax: 1 << 20)
        var model = Model(baseSeq: start)
        var seq = start
        for step in 0..<2_000 {
            if step % 17 == 5, let victim = model.frames.randomElement(using: &random) {
                let bare = Self.json(&random, max: 400)
                bare.withUnsafeBytes { log.redact(seq: victim.seq, json: $0) }
                if let at = model.frames.firstIndex(where: { $0.seq == victim.seq }) { model.frames[at].json = bare }
            } else {
                seq += UInt64.random(in: 1...3, using: &random)
                let json = Self.json(&random, max: step % 50 == 0 ? 20_000 : 300)
                json.withUnsafeBytes { log.append(seq: seq, json: $0) }
                model.frames.append((seq, json))
                while model.frames.count > entriesMax {
                    model.baseSeq = model.frames.removeFirst().seq
                    model.dropped += 1
                }
            }
            #expect(log.firstIndex == model.dropped)
            #expect(log.nextIndex == model.dropped + UInt64(model.frames.count))
            #expect(log.baseSeq == model.baseSeq)
            if step % 25 == 0 { check(log, model, &random) }
        }
        check(log, model, &random)
    }

    private func check(_ log: borrowing FrameLog, _ model: Model, _ random: inout SeededRandom) {
        let expected = model.frames.flatMap { Self.frame($0.json) }
        #expect(Self.read(log, from: log.firstIndex, gather: Int.random(in: 1...70_000, using: &random)) == expected)
        for (offset, frame) in model.frames.enumerated() {
            let index = log.firstIndex + UInt64(offset)
            #expect(log.index(after: frame.seq) == index + 1)
            #expect(log.frame(at: index).seq == frame.seq)
        }
        #expect(log.index(after: model.baseSeq) == log.firstIndex)
        if model.baseSeq > 0 { #expect(log.index(after: model.baseSeq - 1) == nil) }
        #expect(log.bytes == expected.count)
    }

    /// Reads to the head slice by slice, as a slow reader would.
    private static func read(_ log: borrowing FrameLog, from start: UInt64, gather: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var at = start
        while at < log.nextIndex {
            let slice = log.slice(from: at, bytesMax: gather)
            bytes.append(contentsOf: slice.bytes)
            at = slice.next
        }
        return bytes
    }

    /// What the payload of a frame of any form says, and the rest behind it.
    private static func unpack(_ bytes: inout ArraySlice<UInt8>, _ deflate: FrameDeflate) -> [UInt8] {
        let header = bytes[bytes.startIndex + 1] < 126 ? 2 : 4
        let marker = Int(bytes[bytes.startIndex + 1])
        let length =
            marker < 126 ? marker : Int(bytes[bytes.startIndex + 2]) << 8 | Int(bytes[bytes.startIndex + 3])
        let isCompressed = bytes[bytes.startIndex] == 0xC1
        let payload = Array(bytes.dropFirst(header).prefix(length))
        bytes = bytes.dropFirst(header + length)
        guard isCompressed else { return payload }
        #expect(payload.withUnsafeBytes { deflate.inflate($0) } == nil)
        return deflate.message
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func `readers of compressed frames read the same events at the same places`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let deflate = FrameDeflate(bytesMin: 64, limits: InflateLimits(messageBytesMax: 1 << 20, ratioMax: 2_000))
        let bytesMax = Int.random(in: 20_000...200_000, using: &random)
        var log = FrameLog(baseSeq: 0, entriesMax: Int.random(in: 1...200, using: &random), bytesMax: bytesMax)
        var texts: [UInt64: [UInt8]] = [:]
        var seq: UInt64 = 0
        for step in 0..<1_500 {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: log.beginTwins()
            case 1: if step % 3 == 0 { log.endTwins() }
            case 2:
                guard log.count > 0 else { break }
                let victim = log.frame(at: UInt64.random(in: log.firstIndex..<log.nextIndex, using: &random)).seq
                let bare = Array("{\"deleted\":\(victim)}".utf8)
                bare.withUnsafeBytes { log.redact(seq: victim, json: $0) }
                texts[victim] = bare
            case 3...12: log.makeTwins(deflate)
            default:
                seq += 1
                let word = Self.json(&random, max: 40)
                let times = step % 97 == 0 ? 400 : Int.random(in: 1...12, using: &random)
                let json = (0..<times).flatMap { _ in word }
                json.withUnsafeBytes { log.append(seq: seq, json: $0) }
                texts[seq] = json
            }
            #expect(log.bytes <= bytesMax || log.count == 1)
            if step % 20 == 0, log.count > 0 { checkTwins(log, texts, deflate, &random) }
        }
    }

    private func checkTwins(
        _ log: borrowing FrameLog, _ texts: [UInt64: [UInt8]], _ deflate: FrameDeflate, _ random: inout SeededRandom
    ) {
        var at = UInt64.random(in: log.firstIndex..<log.nextIndex, using: &random)
        while at < log.nextIndex {
            let slice = log.slice(from: at, bytesMax: Int.random(in: 1...70_000, using: &random), form: .deflated)
            // A write that was cut anywhere goes on with the rest of the very frame.
            let sent = Int.random(in: 0..<slice.bytes.count, using: &random)
            let cut = log.locate(offset: sent, from: at, form: slice.form)
            let rest = log.frame(at: cut.index, form: slice.form)[cut.offsetInFrame...]
            #expect(slice.bytes[sent...].starts(with: rest))
            var bytes = Array(slice.bytes)[...]
            while at < slice.next {
                #expect(Self.unpack(&bytes, deflate) == texts[log.frame(at: at).seq])
                at += 1
            }
            #expect(bytes.isEmpty)
        }
    }

    @Test func `twins begin where the first reader comes, and cost nothing once the last has gone`() {
        let deflate = FrameDeflate(bytesMin: 64, limits: InflateLimits(messageBytesMax: 1 << 20, ratioMax: 2_000))
        var log = FrameLog(baseSeq: 0, entriesMax: 100, bytesMax: 1 << 20)
        let json = [UInt8](repeating: 0x61, count: 500)
        json.withUnsafeBytes { log.append(seq: 1, json: $0) }
        log.makeTwins(deflate)
        #expect(log.slice(from: 0, bytesMax: 9_999, form: .deflated).form == .plain, "nobody reads them")
        log.beginTwins()
        json.withUnsafeBytes { log.append(seq: 2, json: $0) }
        let before = log.slice(from: 0, bytesMax: 9_999, form: .deflated)
        #expect(before.next == 2 && before.form == .plain)
        let plainBytes = log.bytes
        log.makeTwins(deflate)
        log.makeTwins(deflate)
        #expect(deflate.counts.frames == 1, "once, however often it is read")
        let twin = log.slice(from: 1, bytesMax: 9_999, form: .deflated)
        #expect(twin.form == .deflated && twin.next == 2 && twin.bytes.count < 40)
        #expect(log.bytes == plainBytes + twin.bytes.count)
        #expect(log.slice(from: 1, bytesMax: 9_999).bytes.count == 504)
        log.endTwins()
        #expect(log.bytes == plainBytes)
        #expect(log.slice(from: 1, bytesMax: 9_999, form: .deflated).form == .plain)
    }

    @Test func `a short write is located in the frame that it cut`() {
        var log = FrameLog(baseSeq: 0, entriesMax: 10, bytesMax: 1 << 20)
        for seq in 1...3 { Array("{\"seq\":\(seq)}".utf8).withUnsafeBytes { log.append(seq: UInt64(seq), json: $0) } }
        let length = log.frame(at: 0).bytes.count
        for sent in 0..<(3 * length) {
            let cut = log.locate(offset: sent, from: 0)
            #expect(cut.index == UInt64(sent / length))
            #expect(cut.offsetInFrame == sent % length)
        }
        #expect(log.locate(offset: 3 * length, from: 0).index == 3)
    }

    @Test func `the oldest frames go when the bytes are too many, the newest always stays`() {
        var log = FrameLog(baseSeq: 0, entriesMax: 1000, bytesMax: 1000)
        for seq in 1...50 {
            [UInt8](repeating: 120, count: 300).withUnsafeBytes { log.append(seq: UInt64(seq), json: $0) }
            #expect(log.bytes <= 1000)
        }
        [UInt8](repeating: 120, count: 5000).withUnsafeBytes { log.append(seq: 51, json: $0) }
        #expect(log.count == 1)
        #expect(log.headSeq == 51)
    }
}
