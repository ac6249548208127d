// Owns what is kept of a class that a teacher made, its policy for guests, the limits on classes and the reasons for
// which a guest is turned away. Never who joined.

package import Rooms

/// Who may join a class with its code.
package enum GuestPolicy: String, Sendable, CaseIterable {
    /// Nobody: participants bring tokens of their own.
    case off
    /// With a name of their choice.
    case named
    /// Under a handle that the server makes; names are not taken.
    case anonymous
}

/// One class. The teacher's secret is kept as its SHA-256 only.
package struct ClassRecord: Sendable, Equatable {
    /// What people type.
    package let code: ClassCode
    /// `guest/<code>/live`, or the demo class's.
    package let room: RoomKey
    /// Cleaned, 1…100 scalars.
    package var name: String
    package var guests: GuestPolicy
    /// Most distinct guests, 1…`ClassLimits.capMax`.
    package var cap: Int
    /// Nobody new may join.
    package var locked: Bool
    /// SHA-256 of the teacher's secret, 32 bytes.
    package let teacherSecretHash: [UInt8]
    /// Milliseconds since 1970.
    package let createdMs: Int64
    /// From here on the class is gone.
    package let expiresMs: Int64

    /// A record as it was made or stored.
    package init(
        code: ClassCode, room: RoomKey, name: String, guests: GuestPolicy, cap: Int, locked: Bool,
        teacherSecretHash: [UInt8], createdMs: Int64, expiresMs: Int64
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

/// Bounds of the directory; the defaults hold a large school.
package struct ClassLimits: Sendable, Equatable {
    /// Classes at once; beyond it new ones are refused until old ones expire. About 1 KiB each.
    package var classesMax = 10_000
    /// Guests that all classes together remember; about 16 bytes each.
    package var guestsMax = 400_000
    /// Guests of a class whose teacher named no cap.
    package var capDefault = 2_000
    /// Largest cap that a teacher may name.
    package var capMax = 10_000
    /// Life of a class, milliseconds: a term's month.
    package var lifetimeMs: Int64 = 30 * 86_400_000
    /// Life of a guest's or teacher's token, seconds: a long school day.
    package var tokenLifetimeS: Int64 = 12 * 3_600
    /// Wrong codes or secrets from one address: 30 at once for a room full of typing errors, then one in 2 s. With a
    /// thousand classes a guesser then needs three weeks for one.
    package var guesses = TokenRate(everySeconds: 2, burst: 30)
    /// Classes made from one address: 60 at once for the teachers of a school, then two a minute.
    package var creations = TokenRate(everySeconds: 30, burst: 60)
    /// A teacher's joins to one class, each of which costs a picture: 60 at once for devices and reloads, then one a
    /// second.
    package var teacherJoins = TokenRate(perSecond: 1, burst: 60)
    /// Longest name of a class, scalars.
    package static let nameScalarsMax = 100

    /// The defaults.
    package init() {}
}

/// Why a class was not made or not joined.
package enum ClassRefusal: Error, Sendable, Equatable {
    /// No class has this code or secret (or it has expired).
    case notFound
    /// Too many wrong codes, or classes made, from this address.
    case rateLimited(retryAfterMs: UInt32)
    /// The class takes no guests.
    case guestsOff
    case nameRequired
    case locked
    /// The class has as many guests as its cap allows.
    case full
    /// The server holds as many classes or guests as it may.
    case overloaded
    case badName
    case badDevice
    /// The cap lies outside 1…`capMax`.
    case badCap

    /// The contract's error code.
    package var code: String {
        switch self {
        case .notFound: "not_found"
        case .rateLimited: "rate_limited"
        case .guestsOff, .locked: "forbidden"
        case .nameRequired, .badName, .badDevice, .badCap: "bad_request"
        case .full: "conflict"
        case .overloaded: "overloaded"
        }
    }

    /// A sentence for people.
    package var sentence: String {
        switch self {
        case .notFound: "there is no class with this code"
        case .rateLimited: "too many attempts, wait a little"
        case .guestsOff: "this class takes no guests"
        case .nameRequired: "a name is needed to join this class"
        case .locked: "this class is locked"
        case .full: "this class is full"
        case .overloaded: "this server holds as many classes and guests as it may"
        case .badName: "the name of a class has 1 to \(ClassLimits.nameScalarsMax) visible characters"
        case .badDevice: "a device secret has 16 to 128 visible ASCII characters"
        case .badCap: "the cap is out of range"
        }
    }
}
