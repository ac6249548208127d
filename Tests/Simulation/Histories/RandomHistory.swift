// Random proposals in an order: commands of the cast, timers and results of the server itself, resends of what was
// sent, and ids used twice for different things.

package import Rooms

/// A source of proposals for one room; the same seed and the same states give the same proposals.
package struct RandomHistory: Sendable {
    /// The participants.
    package let cast: Cast
    /// The chance behind everything here; callers may draw from it too.
    package var random: SeededRandom
    /// The clock of the history, milliseconds since 1970; never falls.
    package private(set) var nowMs: Int64 = 1_750_000_000_000

    private var sent: [Proposal] = []
    private var nextID = 0

    /// Proposals sent before that may be sent again; older ones are forgotten.
    private static let sentKept = 256

    /// A history from a seed.
    package init(seed: UInt64, castSize: Int = 12) {
        cast = Cast(size: castSize)
        random = SeededRandom(seed: seed)
    }

    /// The next proposal against a state, with the time moved on.
    package mutating func next(in room: Room) -> Proposal {
        nowMs += Int64(random.chance(3) ? random.below(20_000) : random.below(400))
        let proposal = draw(in: room)
        if sent.count == Self.sentKept { sent[random.below(Self.sentKept)] = proposal } else { sent.append(proposal) }
        return proposal
    }

    private mutating func draw(in room: Room) -> Proposal {
        switch random.below(100) {
        case 0..<6 where !sent.isEmpty: return random.pick(sent)
        case 6..<8 where !sent.isEmpty: return reuseID(in: room)
        case 8..<11: return timer(in: room) ?? fresh(in: room)
        case 11..<15: return results(in: room) ?? fresh(in: room)
        default: return fresh(in: room)
        }
    }

    private mutating func fresh(in room: Room) -> Proposal {
        let actor = random.pick(cast.actors)
        nextID += 1
        return Proposal(
            actor: actor, id: Self.id("c\(nextID)"),
            command: CommandDice.throwFor(actor, in: room, cast: cast, &random))
    }

    /// An id of before with a payload of now.
    private mutating func reuseID(in room: Room) -> Proposal {
        let old = random.pick(sent)
        guard !old.actor.isSystem else { return fresh(in: room) }
        return Proposal(
            actor: old.actor, id: old.id, command: CommandDice.throwFor(old.actor, in: room, cast: cast, &random))
    }

    private mutating func timer(in room: Room) -> Proposal? {
        let deadlines = room.deadlines
        guard !deadlines.isEmpty else { return nil }
        let (poll, deadline) = random.pick(deadlines)
        return .timer(poll: poll, deadline: deadline)
    }

    private mutating func results(in room: Room) -> Proposal? {
        let closed = room.polls.filter { !$0.isOpen }
        guard !closed.isEmpty else { return nil }
        let poll = random.pick(closed)
        let counts = poll.draft.options.map { _ in random.below(500) }
        let final = random.chance(60)
        return .results(
            PollResults(
                poll: poll.id, counts: counts, total: counts.reduce(0, +),
                revision: (poll.results?.revision ?? 0) + random.below(3), final: final,
                pending: final ? [] : ["node-b"]))
    }

    private static func id(_ text: String) -> CommandID {
        guard let id = CommandID(text) else { preconditionFailure("a counter is a valid command id") }
        return id
    }
}
