import LiveTestSupport
import Testing

@testable import liveload

@Suite("liveload: what arrived and what did not")
struct VerificationTests {
    /// A stream whose message n has seq 10 n + 10, as its writer was told.
    private static func stream(_ count: Int, refused: Set<Int> = []) -> StreamRecord {
        StreamRecord(
            room: 0, stream: 0,
            seqs: (0..<count).map { refused.contains($0) ? StreamRecord.refused : Int64($0 * 10 + 10) })
    }

    private static func reading(_ taken: [UInt32], after: UInt64 = 0, upTo: UInt64 = .max) -> Reading {
        var cursor = StreamCursor()
        for n in taken { _ = cursor.take(n) }
        return Reading(room: 0, afterSeq: after, upToSeq: upTo, cursors: [cursor])
    }

    @Test func `a reader that got every message lacks none`() {
        let (expected, lost) = Self.reading(Array(0..<100)).missing(Truth([Self.stream(100)]))
        #expect(expected == 100)
        #expect(lost == 0)
    }

    @Test(arguments: [0, 1, 50, 99])
    func `one planted loss is found wherever it is, at the ends too`(_ missing: UInt32) {
        let taken = (0..<100).filter { $0 != missing }
        #expect(Self.reading(taken).missing(Truth([Self.stream(100)])).lost == 1)
    }

    @Test func `a message that the server refused is not missed`() {
        let taken: [UInt32] = (0..<100).filter { $0 != 7 && $0 != 99 }
        let (expected, lost) = Self.reading(taken).missing(Truth([Self.stream(100, refused: [7, 99])]))
        #expect(expected == 98)
        #expect(lost == 0)
    }

    @Test func `who joins late and leaves early must have what lies between`() {
        // Joined with the snapshot at seq 305: messages 0 to 29 are in it. Left having seen seq 600: message 59.
        let truth = Truth([Self.stream(100)])
        let all = Self.reading(Array(30...59), after: 305, upTo: 600)
        #expect(all.missing(truth) == (30, 0))
        let lacking = Self.reading(Array(31...59), after: 305, upTo: 600)
        #expect(lacking.missing(truth) == (30, 1))
    }

    @Test func `a duplicate is told from a message out of order`() {
        var cursor = StreamCursor()
        #expect(cursor.take(0) == .inOrder)
        #expect(cursor.take(2) == .inOrder)
        #expect(cursor.take(1) == .outOfOrder)
        #expect(cursor.take(1) == .duplicate)
        #expect(cursor.take(2) == .duplicate)
        #expect(cursor.take(3) == .inOrder)
        #expect(cursor.distinct == 4)
    }

    @Test func `after a new snapshot old messages stay old`() {
        var cursor = StreamCursor()
        for n in 0..<10 { _ = cursor.take(UInt32(n)) }
        cursor.restart()
        #expect(cursor.take(9) == .duplicate)
        #expect(cursor.take(40) == .inOrder)
        #expect(cursor.distinct == 1)
    }

    @Test func `random losses, doubles and swaps are counted exactly`() {
        var random = SeededRandom(seed: UInt64.random(in: .min ... .max))
        let seed = random.seed
        var cursor = StreamCursor()
        var lost: UInt64 = 0
        var doubled = 0
        var swapped = 0
        var found: [Arrival: Int] = [:]
        var n: UInt32 = 0
        while n < 5_000 {
            switch random.below(10) {
            case 0:
                lost += 1
                n += 1
            case 1:
                for _ in 0..<2 { found[cursor.take(n), default: 0] += 1 }
                doubled += 1
                n += 1
            case 2:
                for one in [n + 1, n] { found[cursor.take(one), default: 0] += 1 }
                swapped += 1
                n += 2
            default:
                found[cursor.take(n), default: 0] += 1
                n += 1
            }
        }
        let reading = Reading(room: 0, afterSeq: 0, upToSeq: .max, cursors: [cursor])
        let missing = reading.missing(Truth([Self.stream(Int(n))]))
        #expect(missing == (UInt64(n), lost), "seed \(seed)")
        #expect(found[.duplicate] ?? 0 == doubled, "seed \(seed)")
        #expect(found[.outOfOrder] ?? 0 == swapped, "seed \(seed)")
    }

    @Test func `a stamp is found again within any text, and no other text is one`() {
        let stamp = Stamp(run: 0xFEED_BEEF, room: 7, stream: 65_535, n: 123_456, intendedNs: 1 << 60, lateUs: 999)
        var text = Array("~L0123~ {\"text\":\"~".utf8)
        stamp.append(to: &text)
        text += Array("xxxx\"}".utf8)
        #expect(text.withUnsafeBytes { Stamp.find(in: $0) } == stamp)
        for cut in 0..<(17 + Stamp.bytes) {
            #expect(text[..<cut].withUnsafeBytes { Stamp.find(in: UnsafeRawBufferPointer($0)) } == nil)
        }
        var other = text
        other[40] = UInt8(ascii: "g")
        #expect(other.withUnsafeBytes { Stamp.find(in: $0) } == nil)
    }
}
