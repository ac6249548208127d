// Owns the commands that this node sends into the log of one room: in order, from the moment they are handed over until
// the store has what became of them and half a minute is over. What a lost connection leaves in doubt, and what a new
// epoch does not contain, goes out again under the same id; `apply` knows a second copy. Pure. Limits: `heldMax`.
//
// The half minute is for two primaries: what an old one gave a place, and the store took, may lie on a branch that the
// new one's epoch does not contain. A primary without its replicas stops within ten seconds (`min-replicas-max-lag`).
//
//   waiting ──send──► sent ──delivered──► returned ──stored, and old──► (gone)
//      ▲                │ connection lost       │ another epoch begins before it
//      └──caught up── doubtful                  └──► waiting

package import Rooms

/// One command on its way.
package struct OutgoingCommand: Equatable, Sendable {
    /// Names it within this node, for ever; rises.
    package let tag: UInt64
    /// What is asked.
    package let proposal: Proposal
    /// Encoded for others, with blanks for seq and time.
    package let frames: [UInt8]

    /// All members.
    package init(tag: UInt64, proposal: Proposal, frames: [UInt8] = []) {
        self.tag = tag
        self.proposal = proposal
        self.frames = frames
    }
}

/// The commands of one node for one room. One thread.
package struct RoomOutbox: Sendable {
    /// Commands that are held, those included that only wait for the store; beyond it no more is taken.
    package static let heldMax = 4_096
    /// How long a command is held after its event came back, also where the store has it, in milliseconds.
    package static let keptMs: UInt64 = 30_000

    private enum Stage: Equatable {
        case waiting
        case sent
        case doubtful
        case returned(seq: UInt64, atMs: UInt64)
    }

    private struct Held {
        let command: OutgoingCommand
        var stage: Stage
    }

    /// In the order in which they were handed over.
    private var held: [Held] = []
    private let keptMs: UInt64

    /// An empty outbox.
    package init(keptMs: UInt64 = Self.keptMs) { self.keptMs = keptMs }

    /// Commands that are held.
    package var count: Int { held.count }
    /// Those of them whose event has not come back.
    package var unreturned: Int { held.count { if case .returned = $0.stage { false } else { true } } }

    /// Takes a command; false where too many are held.
    package mutating func add(_ command: OutgoingCommand) -> Bool {
        guard held.count < Self.heldMax else { return false }
        held.append(Held(command: command, stage: .waiting))
        return true
    }

    /// What is to be sent now, in order; from now on it counts as sent.
    package mutating func takeWaiting() -> [OutgoingCommand] {
        var taken: [OutgoingCommand] = []
        for index in held.indices where held[index].stage == .waiting {
            held[index].stage = .sent
            taken.append(held[index].command)
        }
        return taken
    }

    /// An event of this node came back; false where it is held no more, or came back before.
    package mutating func returned(tag: UInt64, seq: UInt64, nowMs: UInt64) -> Bool {
        guard let index = held.firstIndex(where: { $0.command.tag == tag }) else { return false }
        if case .returned = held[index].stage { return false }
        held[index].stage = .returned(seq: seq, atMs: nowMs)
        return true
    }

    /// Redis did not take it and said so: it goes out again when the room is served again.
    package mutating func notTaken(tag: UInt64) { move(tag: tag) { $0 == .sent ? .waiting : $0 } }

    /// Its sender has been told that nothing became of it, or that nobody knows: it is not sent again.
    package mutating func forget(tag: UInt64) {
        held.removeAll {
            guard $0.command.tag == tag else { return false }
            if case .returned = $0.stage { return false }
            return true
        }
    }

    /// The connection is gone: what was sent may have been taken or not.
    package mutating func connectionLost() {
        for index in held.indices where held[index].stage == .sent { held[index].stage = .doubtful }
    }

    /// The log has been read to an end that lies behind all that was sent before: what is still in doubt is not in it.
    package mutating func caughtUp() {
        for index in held.indices where held[index].stage == .doubtful { held[index].stage = .waiting }
    }

    /// Another epoch goes on behind `base`: what came back with a greater seq is not part of it. Nil: it is not known
    /// what it contains; what it contains already changes nothing a second time.
    package mutating func epochChanged(base: UInt64?) {
        for index in held.indices {
            switch held[index].stage {
            case .waiting, .doubtful: break
            case .sent: held[index].stage = .doubtful
            case .returned(let seq, _): if base.map({ seq > $0 }) ?? true { held[index].stage = .doubtful }
            }
        }
    }

    /// The store has everything up to `seq`.
    package mutating func stored(upTo seq: UInt64, nowMs: UInt64) {
        held.removeAll {
            guard case .returned(let own, let atMs) = $0.stage else { return false }
            return own <= seq && nowMs >= atMs + keptMs
        }
    }

    private mutating func move(tag: UInt64, _ change: (Stage) -> Stage) {
        guard let index = held.firstIndex(where: { $0.command.tag == tag }) else { return }
        held[index].stage = change(held[index].stage)
    }
}
