// Owns the quick look into JSON that the server wrote: a member's number or text by its name, without parsing the rest.
// Right for the server's own messages, whose order of members is documented and whose strings are escaped, so that a
// name with its quotes cannot stand within a text. Never used on what could be anything else.

import Glibc
import LiveProtocol

/// Looking into the server's JSON.
enum WireText {
    /// Where `name` (with quotes and colon) ends, from `start` on; nil where it does not stand.
    @inline(__always)
    static func end(of name: StaticString, in json: UnsafeRawBufferPointer, from start: Int = 0) -> Int? {
        let count = name.utf8CodeUnitCount
        guard let base = json.baseAddress else { return nil }
        var at = start
        while at + count <= json.count, let found = memchr(base + at, Int32(name.utf8Start[0]), json.count - at) {
            let place = UnsafeRawPointer(found) - base
            guard place + count <= json.count else { return nil }
            if memcmp(base + place, name.utf8Start, count) == 0 { return place + count }
            at = place + 1
        }
        return nil
    }

    /// Whether `json` begins with `text`.
    @inline(__always)
    static func begins(_ json: UnsafeRawBufferPointer, with text: StaticString) -> Bool {
        guard let base = json.baseAddress, json.count >= text.utf8CodeUnitCount else { return false }
        return memcmp(base, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    /// The digits at `start`; nil where there are none.
    @inline(__always)
    static func number(_ json: UnsafeRawBufferPointer, at start: Int) -> UInt64? {
        var at = start
        var value: UInt64 = 0
        while at < json.count, json[at] &- 0x30 < 10 {
            value = value &* 10 &+ UInt64(json[at] &- 0x30)
            at += 1
        }
        return at > start ? value : nil
    }

    /// The number of the first member `name`, such as `"seq":`.
    static func number(_ name: StaticString, in json: UnsafeRawBufferPointer) -> UInt64? {
        end(of: name, in: json).flatMap { number(json, at: $0) }
    }

    /// The bytes of the first member `name`, such as `"resume":"`; as they stand, escapes included.
    static func bytes(_ name: StaticString, in json: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let start = end(of: name, in: json) else { return nil }
        var at = start
        while at < json.count, json[at] != UInt8(ascii: "\"") {
            at += json[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard at < json.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: json[start..<at])
    }

    /// As above, as text.
    static func text(_ name: StaticString, in json: UnsafeRawBufferPointer) -> String? {
        bytes(name, in: json).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The numbers of a member such as `"counts":[`.
    static func numbers(_ name: StaticString, in json: UnsafeRawBufferPointer) -> [UInt64]? {
        guard var at = end(of: name, in: json) else { return nil }
        var all: [UInt64] = []
        while at < json.count, json[at] != UInt8(ascii: "]") {
            if let value = number(json, at: at) {
                all.append(value)
                while at < json.count, json[at] &- 0x30 < 10 { at += 1 }
            } else {
                at += 1
            }
        }
        return all
    }
}
