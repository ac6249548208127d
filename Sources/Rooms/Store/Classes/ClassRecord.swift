// Owns: what is kept of a class that a guest opened.
// Never: the teacher's secret itself, or anything about a participant.

/// A class as the store keeps it.
package struct ClassRecord: Hashable, Sendable {
    /// The code that people type, such as `ABC234`: the key.
    package let code: String
    /// The room path, `guest/<code>/live`.
    package let room: String
    /// The class's name.
    package let name: String
    /// The policy for guests: `named`, `anonymous` or `off`.
    package let guests: String
    /// The most participants at once.
    package let cap: Int64
    /// 1 while nobody new may join, else 0.
    package let locked: Int64
    /// A hash of the teacher's secret, as the server made it.
    package let teacherSecretHash: String
    /// When it was opened, ms since 1970.
    package let createdMs: Int64
    /// From when on it is no longer shown, ms since 1970.
    package let expiresMs: Int64

    /// All members.
    package init(
        code: String, room: String, name: String, guests: String, cap: Int64, locked: Int64,
        teacherSecretHash: String, createdMs: Int64, expiresMs: Int64
    ) {
        self.code = code
        self.room = room
        self.name = name
        self.guests = guests
        self.cap = cap
        self.locked = locked
        self.teacherSecretHash = teacherSecretHash
        self.createdMs = createdMs
        self.expiresMs = expiresMs
    }
}

/// Somebody who was let into a class.
package struct ClassGuest: Hashable, Sendable {
    /// The class's code.
    package let code: String
    /// A number that tells guests apart and names nobody.
    package let guest: UInt64

    /// Both members.
    package init(code: String, guest: UInt64) {
        self.code = code
        self.guest = guest
    }
}

/// What became of a request about classes.
package enum ClassOutcome: Hashable, Sendable {
    /// The record is in the synced database.
    case saved(ticket: UInt64)
    /// The store does not answer: nothing is promised. A repetition does no harm.
    case unavailable(ticket: UInt64)
    /// So many classes had expired before the given time and were removed.
    case removed(ticket: UInt64, count: Int)
}
