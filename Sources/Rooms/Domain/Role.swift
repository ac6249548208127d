// Who may do what in principle: the order of roles, the three views of a room, and the actor of a command.

/// What a participant may do; the order is that of rights.
package enum Role: UInt8, Comparable, CaseIterable, Sendable {
    case observer, student, assistant, instructor, service

    /// Assistants, instructors and services moderate.
    package var isModerator: Bool { self >= .assistant }

    /// Ballots are the students'.
    package var mayAnswerPolls: Bool { self == .student }

    /// The view of the room that this role gets.
    package var view: View {
        switch self {
        case .observer: .observer
        case .student: .member
        case .assistant, .instructor, .service: .moderator
        }
    }

    /// The name in tokens and on the wire.
    package var text: String {
        switch self {
        case .observer: "observer"
        case .student: "student"
        case .assistant: "assistant"
        case .instructor: "instructor"
        case .service: "service"
        }
    }

    /// The role of a name; nil for an unknown one.
    package init?(text: String) {
        switch text {
        case "observer": self = .observer
        case "student": self = .student
        case "assistant": self = .assistant
        case "instructor": self = .instructor
        case "service": self = .service
        default: return nil
        }
    }

    /// Order of rights.
    package static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }
}

/// One of the three sets of bytes that a room has.
package enum View: UInt8, CaseIterable, Sendable {
    case moderator, member, observer
}

/// A set of views: the audience of an event.
package struct ViewSet: OptionSet, Hashable, Sendable {
    /// One bit a view, at the view's raw value.
    package let rawValue: UInt8
    /// A set from its bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The moderators' view.
    package static let moderator = ViewSet(rawValue: 1)
    /// The members' view.
    package static let member = ViewSet(rawValue: 2)
    /// The observers' view.
    package static let observer = ViewSet(rawValue: 4)
    /// Every view.
    package static let all: ViewSet = [.moderator, .member, .observer]

    /// Whether the set holds a view.
    package func contains(_ view: View) -> Bool { rawValue & (1 << view.rawValue) != 0 }
}

/// Who sent a command, as the door admitted it.
package struct Actor: Hashable, Sendable {
    /// The participant.
    package let participant: ParticipantID
    /// The display name: UTF-8, at most 256 bytes.
    package let name: String
    /// The role at the time of the command.
    package let role: Role

    /// An actor; a name over the limit is our own mistake, the door cuts it.
    package init(participant: ParticipantID, name: String, role: Role) {
        precondition(name.utf8.count <= RoomLimits.nameBytesMax, "a display name is cut at the door")
        self.participant = participant
        self.name = name
        self.role = role
    }

    /// The server itself: timers and poll results.
    package static let system = Actor(participant: .system, name: "", role: .service)

    /// Whether this is the server itself and no participant with a service token.
    package var isSystem: Bool { role == .service && participant == .system }

    /// Equality of the name is that of its bytes.
    package static func == (left: Actor, right: Actor) -> Bool {
        left.participant == right.participant && left.role == right.role && sameBytes(left.name, right.name)
    }

    /// Hashes what identifies.
    package func hash(into hasher: inout Hasher) { hasher.combine(participant) }
}

/// Equality of texts as bytes: String's own would call two spellings of one character equal, by tables that differ
/// between Unicode versions.
func sameBytes(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
