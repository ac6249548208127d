// Bytes: comparing runs of bytes, exactly and without regard to ASCII case.
// Never knows about locales or Unicode; not for secrets (it stops at the first difference).
import Glibc

/// Comparisons of bytes.
package enum Bytes {
    /// As memcmp: negative, 0 or positive.
    @inline(__always)
    static func compare(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, count: Int) -> Int {
        Int(memcmp(left, right, count))
    }

    /// The same bytes.
    @inline(__always)
    package static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let one = left.baseAddress, let other = right.baseAddress else { return true }
        return memcmp(one, other, left.count) == 0
    }

    /// The bytes of `text`.
    @inline(__always)
    package static func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        equal(bytes, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The same but for the case of ASCII letters.
    package static func equalIgnoringCase(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        for at in 0..<left.count where lowercase(left[at]) != lowercase(right[at]) { return false }
        return true
    }

    /// `text` but for the case of ASCII letters.
    package static func equalIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        equalIgnoringCase(bytes, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// An ASCII letter in lower case, any other byte as it is.
    @inline(__always)
    package static func lowercase(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }
}
