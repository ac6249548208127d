// Pieces that every encoder and decoder of the wire shares: ids written without a String, texts checked in one pass.

package import LiveProtocol
package import Rooms

extension JSONWriter {
    /// An id such as `"m12"` as a JSON string; made on the stack, since it stands in every event.
    package mutating func id<T: SequenceID>(_ id: T) {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { buffer in
            var at = 24
            func put(_ byte: UInt8) {
                at -= 1
                buffer[at] = byte
            }
            put(UInt8(ascii: "\""))
            var rest = id.seq
            repeat {
                put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            } while rest > 0
            put(T.letter)
            put(UInt8(ascii: "\""))
            raw(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[at...]))
        }
    }

    /// A member that is an id.
    package mutating func field<T: SequenceID>(_ name: StaticString, id: T) {
        key(name)
        self.id(id)
    }

    /// A member that is a participant's id.
    package mutating func field(_ name: StaticString, _ participant: ParticipantID) {
        field(name, participant.raw)
    }

    /// A member that is a list of numbers.
    package mutating func field(_ name: StaticString, _ numbers: [Int]) {
        key(name)
        beginArray()
        for number in numbers { integer(number) }
        endArray()
    }

    /// A member that is a list of texts.
    package mutating func field(_ name: StaticString, _ texts: [String]) {
        key(name)
        beginArray()
        for text in texts { string(text) }
        endArray()
    }
}

/// What a text of the wire is measured by.
struct TextMeasure {
    /// Unicode scalars: the characters of the contract.
    var scalars = 0
    /// Whether a control character other than line feed and tab stands in it (Unicode category Cc).
    var hasControls = false

    /// Measures valid UTF-8 in one pass.
    init(_ utf8: UnsafeRawBufferPointer) {
        var previous: UInt8 = 0
        for byte in utf8 {
            if byte & 0xC0 != 0x80 { scalars += 1 }
            if byte < 0x20 {
                if byte != 0x0A, byte != 0x09 { hasControls = true }
            } else if byte == 0x7F || (previous == 0xC2 && byte < 0xA0) {
                hasControls = true
            }
            previous = byte
        }
    }
}
