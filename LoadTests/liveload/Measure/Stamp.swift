// Owns the mark that a message of a run carries in its text: which run, room and stream, the how-manyth, and when it
// should have been and was sent. Reading allocates nothing. Never anything that JSON would escape.

import Glibc
import LiveProtocol

/// `~L` run(8) room(4) stream(4) n(8) intended(16) late(8) `~`: hexadecimal, 51 bytes.
struct Stamp: Equatable, Sendable {
    static let bytes = 51
    private static let mark = UInt8(ascii: "~")

    var run: UInt32
    var room: UInt16
    var stream: UInt16
    /// The how-manyth of its stream, from 0.
    var n: UInt32
    /// When it should have been sent, CLOCK_MONOTONIC nanoseconds: the same clock in every process of a machine.
    var intendedNs: UInt64
    /// How much later it was sent, microseconds.
    var lateUs: UInt32

    var sentNs: UInt64 { intendedNs + UInt64(lateUs) * 1_000 }

    func append(to text: inout [UInt8]) {
        text.append(Self.mark)
        text.append(UInt8(ascii: "L"))
        Self.append(UInt64(run), 8, to: &text)
        Self.append(UInt64(room), 4, to: &text)
        Self.append(UInt64(stream), 4, to: &text)
        Self.append(UInt64(n), 8, to: &text)
        Self.append(intendedNs, 16, to: &text)
        Self.append(UInt64(lateUs), 8, to: &text)
        text.append(Self.mark)
    }

    /// The first stamp in `text`; nil where there is none.
    static func find(in text: UnsafeRawBufferPointer) -> Stamp? {
        guard let base = text.baseAddress else { return nil }
        var at = 0
        while at + bytes <= text.count, let found = memchr(base + at, Int32(mark), text.count - at) {
            let start = UnsafeRawPointer(found) - base
            if start + bytes <= text.count, text[start + 1] == UInt8(ascii: "L"), text[start + bytes - 1] == mark,
                let stamp = read(UnsafeRawBufferPointer(rebasing: text[(start + 2)..<(start + bytes - 1)]))
            {
                return stamp
            }
            at = start + 1
        }
        return nil
    }

    private static func read(_ digits: UnsafeRawBufferPointer) -> Stamp? {
        guard let run = number(digits, 0, 8), let room = number(digits, 8, 4), let stream = number(digits, 12, 4),
            let n = number(digits, 16, 8), let intended = number(digits, 24, 16), let late = number(digits, 40, 8)
        else { return nil }
        return Stamp(
            run: UInt32(truncatingIfNeeded: run), room: UInt16(truncatingIfNeeded: room),
            stream: UInt16(truncatingIfNeeded: stream), n: UInt32(truncatingIfNeeded: n), intendedNs: intended,
            lateUs: UInt32(truncatingIfNeeded: late))
    }

    static func append(_ value: UInt64, _ digits: Int, to text: inout [UInt8]) {
        var shift = digits * 4
        while shift > 0 {
            shift -= 4
            text.append(Hex.digit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15))
        }
    }

    static func number(_ digits: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt64? {
        guard start + count <= digits.count else { return nil }
        var value: UInt64 = 0
        for at in start..<(start + count) {
            guard let digit = Hex.value(digits[at]) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}
