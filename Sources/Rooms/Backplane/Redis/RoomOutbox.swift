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

/// The commands of one node for one room. One thread. Work per command does not grow with what is held.
package struct RoomOutbox: Sendable {
    /// Commands that are held, those included that only wait for the store; beyond it no more is taken. At 500 commands
    /// a second from one node what half a minute brings, twice.
    package static let heldMax = 32_768
    /// Bytes that are held, counted as the frames and 512 for the rest; the same.
    package static let heldBytesMax = 64 << 20
    /// How long a command is held after its event came back, also where the store has it, in milliseconds.
    package static let keptMs: UInt64 = 30_000

    private enum Stage: Equatable {
        case waiting
        case sent
        case doubtful
        case returned(seq: UInt64, atMs: UInt64)
        case forgotten
    }

    private struct Held {
        let command: OutgoingCommand
        var stage: Stage
        /// Its sender was told that it had its effect.
        var isAcknowledged = false

        var bytes: Int { command.frames.count + 512 }
    }

    /// In the order in which they were handed over, which is that of their tags.
    private var held: [Held] = []
    /// Nothing held lies before this place in `held`.
    private var start = 0
    private var heldBytes = 0
    /// How many wait, and where the first may be.
    private var waitingCount = 0
    private var firstWaiting = 0
    private var doubtfulCount = 0
    private var sentCount = 0
    private let keptMs: UInt64

    /// An empty outbox.
    package init(keptMs: UInt64 = Self.keptMs) { self.keptMs = keptMs }

    /// Commands that are held.
    package var count: Int { held[start...].count { $0.stage != .forgotten } }
    /// Those of them whose event has not come back. Walks through all.
    package var unreturned: Int {
        held[start...].count {
            switch $0.stage {
            case .waiting, .sent, .doubtful: true
            case .returned, .forgotten: false
            }
        }
    }

    /// Takes a command, whose tag is greater than all before; false where too much is held.
    package mutating func add(_ command: OutgoingCommand) -> Bool {
        let new = Held(command: command, stage: .waiting)
        guard held.count - start < Self.heldMax, heldBytes + new.bytes <= Self.heldBytesMax else { return false }
        precondition(held.last.map { $0.command.tag < command.tag } ?? true, "tags rise")
        held.append(new)
        heldBytes += new.bytes
        noteWaiting(held.count - 1)
        return true
    }

    /// What is to be sent now, in order, as long as no more than `window` are without an answer; from now on it counts
    /// as sent.
    package mutating func takeWaiting(window: Int = .max) -> [OutgoingCommand] {
        var taken: [OutgoingCommand] = []
        var index = max(start, firstWaiting)
        while waitingCount > 0, sentCount < window, index < held.count {
            if held[index].stage == .waiting {
                held[index].stage = .sent
                waitingCount -= 1
                sentCount += 1
                taken.append(held[index].command)
            }
            index += 1
        }
        firstWaiting = index
        return taken
    }

    /// An event of this node came back; false where it is held no more, or came back before.
    package mutating func returned(tag: UInt64, seq: UInt64, nowMs: UInt64) -> Bool {
        guard let index = place(of: tag) else { return false }
        switch held[index].stage {
        case .returned, .forgotten: return false
        case .waiting: waitingCount -= 1
        case .doubtful: doubtfulCount -= 1
        case .sent: sentCount -= 1
        }
        held[index].stage = .returned(seq: seq, atMs: nowMs)
        held[index].isAcknowledged = true
        return true
    }

    /// Redis did not take it and said so: it goes out again when the room is served again.
    package mutating func notTaken(tag: UInt64) {
        guard let index = place(of: tag), held[index].stage == .sent else { return }
        held[index].stage = .waiting
        sentCount -= 1
        noteWaiting(index)
    }

    /// The log takes no more. False where its sender was told before that it had its effect: then it goes out again.
    package mutating func refused(tag: UInt64) -> Bool {
        if let index = place(of: tag), held[index].isAcknowledged {
            notTaken(tag: tag)
            return false
        }
        forget(tag: tag)
        return true
    }

    /// Its sender has been told that nothing became of it, or that nobody knows: it is not sent again.
    package mutating func forget(tag: UInt64) {
        guard let index = place(of: tag) else { return }
        switch held[index].stage {
        case .returned, .forgotten: return
        case .waiting: waitingCount -= 1
        case .doubtful: doubtfulCount -= 1
        case .sent: sentCount -= 1
        }
        held[index].stage = .forgotten
        dropFront { $0 == .forgotten }
    }

    /// The connection is gone: what was sent may have been taken or not.
    package mutating func connectionLost() {
        for index in start..<held.count where held[index].stage == .sent { doubt(index) }
    }

    /// The log has been read to an end that lies behind all that was sent before: what is still in doubt is not in it.
    package mutating func caughtUp() {
        guard doubtfulCount > 0 else { return }
        for index in start..<held.count where held[index].stage == .doubtful {
            held[index].stage = .waiting
            noteWaiting(index)
        }
        doubtfulCount = 0
    }

    /// Another epoch goes on behind `base`: what came back with a greater seq is not part of it. Nil: it is not known
    /// what it contains; what it contains already changes nothing a second time.
    package mutating func epochChanged(base: UInt64?) {
        for index in start..<held.count {
            switch held[index].stage {
            case .waiting, .doubtful, .forgotten: break
            case .sent: doubt(index)
            case .returned(let seq, _): if base.map({ seq > $0 }) ?? true { doubt(index) }
            }
        }
    }

    /// The store has everything up to `seq`.
    package mutating func stored(upTo seq: UInt64, nowMs: UInt64) {
        dropFront { [keptMs] stage in
            switch stage {
            case .returned(let own, let atMs): own <= seq && nowMs >= atMs + keptMs
            case .forgotten: true
            case .waiting, .sent, .doubtful: false
            }
        }
    }

    // MARK: Places

    /// Tags rise, so this is a search by halves.
    private func place(of tag: UInt64) -> Int? {
        var low = start
        var high = held.count
        while low < high {
            let middle = (low + high) / 2
            if held[middle].command.tag < tag { low = middle + 1 } else { high = middle }
        }
        return low < held.count && held[low].command.tag == tag ? low : nil
    }

    private mutating func noteWaiting(_ index: Int) {
        firstWaiting = waitingCount == 0 ? index : min(firstWaiting, index)
        waitingCount += 1
    }

    private mutating func doubt(_ index: Int) {
        if held[index].stage == .sent { sentCount -= 1 }
        held[index].stage = .doubtful
        doubtfulCount += 1
    }

    private mutating func dropFront(while isOver: (Stage) -> Bool) {
        while start < held.count, isOver(held[start].stage) {
            heldBytes -= held[start].bytes
            start += 1
        }
        guard start == held.count || start >= 1_024 && start * 2 >= held.count else { return }
        held.removeFirst(start)
        firstWaiting = max(0, firstWaiting - start)
        start = 0
    }
}
