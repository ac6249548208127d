// Who takes part in a random history: participants of every role, and "secret" students whose only visible acts are
// anonymous questions, so that their name in a peer's bytes can be nothing but a leak.

package import Rooms

/// The participants of a random history, in fixed order.
package struct Cast: Sendable {
    /// The text that stands in the id and the name of secret students and nowhere else.
    package static let secretMark = "secret"

    /// Everyone.
    package let actors: [Actor]

    /// `size` participants, at least 8: all roles, mostly students, some of them secret.
    package init(size: Int) {
        precondition(size >= 8, "a cast has all roles")
        actors = (0..<size).map { index in
            switch index {
            case 0: Cast.actor("teacher", .instructor)
            case 1: Cast.actor("helper", .assistant)
            case 2: Cast.actor("bot", .service)
            case 3: Cast.actor("guest", .observer)
            case 4, 5: Cast.actor("\(Cast.secretMark)\(index)", .student)
            default: Cast.actor("student\(index)", .student)
            }
        }
    }

    /// Whether an actor may only act in ways that peers cannot see.
    package static func isSecret(_ actor: Actor) -> Bool { actor.participant.raw.hasPrefix(secretMark) }

    private static func actor(_ name: String, _ role: Role) -> Actor {
        guard let id = ParticipantID(name) else { preconditionFailure("names of the cast are valid ids") }
        return Actor(participant: id, name: "Name of \(name)", role: role)
    }
}
