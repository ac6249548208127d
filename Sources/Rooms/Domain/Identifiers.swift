// The names of things in a room, as validated values: a RoomKey or ParticipantID that exists is well formed.
// Every id is printable ASCII, so String equality and order are those of its bytes in every process.
// Nothing here reads a clock or allocates beyond the String that it keeps.

/// The address of a room, `institution/course/session`, each part `[A-Za-z0-9._~-]{1,64}`.
package struct RoomKey: Hashable, Comparable, Sendable {
    /// The whole path, `i/c/s`: ASCII, 5 to 194 bytes.
    package let raw: String

    /// A key from its three parts; nil where a part is empty, too long or holds another character.
    package init?(institution: String, course: String, session: String) {
        self.init("\(institution)/\(course)/\(session)")
    }

    /// A key from a path of exactly three parts; nil where it is anything else.
    package init?(_ path: String) {
        var slashes = 0
        var partBytes = 0
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/") {
                guard partBytes > 0, slashes < 2 else { return nil }
                slashes += 1
                partBytes = 0
            } else {
                partBytes += 1
                guard partBytes <= RoomLimits.pathPartBytesMax, Self.allows(byte) else { return nil }
            }
        }
        guard slashes == 2, partBytes > 0 else { return nil }
        raw = path
    }

    /// The first part of the path.
    package var institution: String { part(0) }
    /// The second part of the path.
    package var course: String { part(1) }
    /// The third part of the path.
    package var session: String { part(2) }

    /// Byte order of the path, the same in every process.
    package static func < (left: RoomKey, right: RoomKey) -> Bool { left.raw < right.raw }

    private func part(_ wanted: Int) -> String {
        String(raw.split(separator: "/", omittingEmptySubsequences: false)[wanted])
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Who takes part: the `sub` of the token, 1 to 64 bytes of printable ASCII without space, quotes, backslash, `<`
/// and `>`, so that it stands in JSON as it is.
package struct ParticipantID: Hashable, Comparable, Sendable {
    /// The id as text.
    package let raw: String

    /// A participant id; nil where the text breaks the rule of the type.
    package init?(_ text: String) {
        var bytes = 0
        for byte in text.utf8 {
            bytes += 1
            guard bytes <= RoomLimits.participantBytesMax, Self.allows(byte) else { return nil }
        }
        guard bytes > 0 else { return nil }
        raw = text
    }

    private init(trusted: String) { raw = trusted }

    /// The server itself: author of timers and poll results. A token with this `sub` must be refused at the door.
    package static let system = ParticipantID(trusted: "system")

    /// Byte order, the same in every process.
    package static func < (left: ParticipantID, right: ParticipantID) -> Bool { left.raw < right.raw }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "\\"), UInt8(ascii: "<"),
            UInt8(ascii: ">"):
            false
        default: byte > 0x20 && byte < 0x7F
        }
    }
}

/// The sender's own name for a command, the key of idempotency: 1 to 64 bytes of printable ASCII, space included.
package struct CommandID: Hashable, Comparable, Sendable {
    /// The id as text. It may hold quotes and backslashes: escape it in JSON.
    package let raw: String

    /// A command id; nil where the text is empty, too long or not printable ASCII.
    package init?(_ text: String) {
        var bytes = 0
        for byte in text.utf8 {
            bytes += 1
            guard bytes <= RoomLimits.commandIDBytesMax, byte >= 0x20, byte < 0x7F else { return nil }
        }
        guard bytes > 0 else { return nil }
        raw = text
    }

    /// Byte order, the same in every process.
    package static func < (left: CommandID, right: CommandID) -> Bool { left.raw < right.raw }
}
