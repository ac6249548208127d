// Owns the pattern of rooms that a token opens: `institution/course/session`, each a name or `*` for any name. Never a
// partial wildcard, never a path across segments.

package import Rooms

/// Which rooms a token opens.
package struct RoomPattern: Sendable, Hashable, CustomStringConvertible {
    private let raw: String

    /// Reads `i/c/s`, where a segment is `*` or `[A-Za-z0-9._~-]{1,64}`; nil for anything else.
    package init?(_ text: String) {
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count == 3 else { return nil }
        // A wildcard stands for a name, so the pattern with names in their place must be a room.
        let names = segments.map { $0 == "*" ? "x" : String($0) }
        guard RoomKey(names.joined(separator: "/")) != nil else { return nil }
        raw = text
    }

    /// The pattern of one room.
    package init(_ room: RoomKey) { raw = room.raw }

    /// Whether the pattern covers `room`. Allocates nothing.
    package func matches(_ room: RoomKey) -> Bool {
        var pattern = raw.utf8[...]
        var name = room.raw.utf8[...]
        for _ in 0..<3 {
            let expected = pattern.prefix { $0 != UInt8(ascii: "/") }
            let segment = name.prefix { $0 != UInt8(ascii: "/") }
            guard Self.isWildcard(expected) || expected.elementsEqual(segment) else { return false }
            pattern = pattern[expected.endIndex...].dropFirst()
            name = name[segment.endIndex...].dropFirst()
        }
        return true
    }

    /// Whether the pattern covers every session of a course: what course and cohort paths ask for.
    package func coversCourse(institution: String, course: String) -> Bool {
        let segments = raw.utf8.split(separator: UInt8(ascii: "/"))
        guard segments.count == 3, Self.isWildcard(segments[2]) else { return false }
        return (Self.isWildcard(segments[0]) || segments[0].elementsEqual(institution.utf8))
            && (Self.isWildcard(segments[1]) || segments[1].elementsEqual(course.utf8))
    }

    package var description: String { raw }

    private static func isWildcard(_ segment: Substring.UTF8View) -> Bool {
        segment.count == 1 && segment.first == UInt8(ascii: "*")
    }
}
