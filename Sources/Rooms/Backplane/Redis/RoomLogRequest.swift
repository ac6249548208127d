// Owns what a home asks Redis about one room and what comes back, as values: the client speaks in these, a connection
// turns them into commands, a simulation carries them out itself. Pure.

package import Rooms

/// A question or an order about one room's log.
package enum RoomLogRequest: Equatable, Sendable {
    /// Where does it stand?
    case head
    /// What is behind this seq?
    case read(after: UInt64)
    /// The snapshot that is kept.
    case snapshot
    /// Put this into the log.
    case sequence(SequenceTerms, OutgoingCommand)
    /// This node holds so much of it.
    case claim(runID: String, RoomPosition)
    /// Begin a new epoch.
    case seed(runID: String, RoomSeed)
    /// Go on under a later epoch.
    case raise(runID: String, from: String, to: String)
}

/// An answer to one of them.
package enum RoomLogAnswer: Equatable, Sendable {
    case head(RoomHead)
    case range([RoomMessage], isEnd: Bool)
    case snapshot(KeptSnapshot?)
    case sequenced(tag: UInt64, SequenceVerdict)
    case claimed(ClaimVerdict)
    case seeded(SeedVerdict)
    /// Whether the epoch was raised.
    case raised(Bool)
}

/// Who speaks to Redis, about which room, with which scripts.
package struct RoomLogSpeaker: Sendable {
    /// The scripts that a connection's greeting has to load, in this order.
    package static let scripts = [SequenceScript.source, SeedScripts.claim, SeedScripts.seed, SeedScripts.raise]

    private let keys: RoomKeys
    private let room: RoomKey
    private let node: String
    private let sender: SenderTag
    private let digests: [String]

    /// A speaker for one room.
    /// - Parameter digests: of `scripts`, as the greeting told.
    package init(prefix: String, room: RoomKey, node: String, sender: SenderTag, digests: [String]) {
        precondition(digests.count == Self.scripts.count, "one digest a script")
        keys = RoomKeys(prefix: prefix, room: room.raw)
        self.room = room
        self.node = node
        self.sender = sender
        self.digests = digests
    }

    /// The command that carries a request out.
    package func command(_ request: RoomLogRequest) -> RedisCommand {
        switch request {
        case .head: RoomLogQuery.head(keys)
        case .read(let after): RoomLogQuery.read(keys, after: after)
        case .snapshot: RoomLogQuery.snapshot(keys)
        case .sequence(let terms, let command):
            SequenceScript.call(
                digest: digests[0], keys: keys, terms: terms, tag: sender.bytes(command.tag),
                entry: Self.entry(command.proposal, room: room, epoch: terms.epoch), frames: command.frames)
        case .claim(let runID, let position):
            SeedScripts.claim(digest: digests[1], keys: keys, runID: runID, node: node, position: position)
        case .seed(let runID, let seed):
            SeedScripts.seed(digest: digests[2], keys: keys, runID: runID, node: node, seed)
        case .raise(let runID, let epoch, let next):
            SeedScripts.raise(digest: digests[3], keys: keys, runID: runID, from: epoch, to: next)
        }
    }

    /// What Redis' reply to a request says; nil where it is none: an error, or a value of another shape.
    package func answer(_ reply: RedisValue, to request: RoomLogRequest) -> RoomLogAnswer? {
        switch request {
        case .head: RoomLogQuery.head(reply).map { .head($0) }
        case .read: RoomLogQuery.range(reply).map { .range($0.messages, isEnd: $0.isEnd) }
        case .snapshot: reply.array.map { _ in .snapshot(RoomLogQuery.snapshot(reply)) }
        case .sequence(_, let command): SequenceScript.verdict(reply).map { .sequenced(tag: command.tag, $0) }
        case .claim: SeedScripts.claimVerdict(reply).map { .claimed($0) }
        case .seed: SeedScripts.seedVerdict(reply).map { .seeded($0) }
        case .raise: reply.integer.map { .raised($0 == 1) }
        }
    }

    /// An entry's bytes before Redis gave it seq and time.
    package static func entry(_ proposal: Proposal, room: RoomKey, epoch: String) -> [UInt8] {
        var bytes: [UInt8] = []
        LogEntryCodec.encode(LogEntry(seq: 0, ts: 0, proposal: proposal), room: room, epoch: epoch, into: &bytes)
        return bytes
    }
}

/// How a node knows its own commands when they come back: this run of this node, and the command's number.
package struct SenderTag: Hashable, Sendable {
    /// Drawn at random when the process starts.
    package let run: UInt64

    /// The tags of a run.
    package init(run: UInt64) { self.run = run }

    /// A command's tag as it travels.
    package func bytes(_ tag: UInt64) -> [UInt8] {
        [run, tag].flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } }
    }

    /// The number of a command of this run; nil for anybody else's.
    package func number(_ bytes: [UInt8]) -> UInt64? {
        guard bytes.count == 16 else { return nil }
        return bytes.withUnsafeBytes { raw in
            guard UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)) == run else { return nil }
            return UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}
