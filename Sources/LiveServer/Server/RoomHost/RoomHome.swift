// A room at its home reactor: the state machine, what waits for the log, who is here, which ballots are
// known, and the round's events on their way to every replica.
//
// Owns: everything of the room that exists once a node. Never: touches a connection directly (replicas
// and endpoints do), waits. Limits: `pendingMax` proposals under way.

import LiveIO
import LiveProtocol
import Rooms

/// A proposal that the log has not confirmed yet.
struct PendingProposal {
    var seq: UInt64
    var proposal: Proposal
    /// Who wants the reply; nil for timers and results.
    var origin: RoomCommand?
    var receivedNs: UInt64
}

/// One room at its home. That reactor's thread only.
final class RoomHome {
    let key: RoomKey
    /// The handle under which log, store and timers name this room.
    let handle: UInt32
    /// Messages that wait until the room's past has been read; nil once it is ready.
    var waiting: [CoreMessage]? = []
    /// Answers still missing before the room is ready.
    var loadsUnderWay = 0

    var room: Room
    var epoch: String
    /// Older epochs of this room with the last seq kept of each: cursors up to there still resume.
    var lineage: [RoomCursor] = []
    var nextSeq: UInt64 = 1
    private var pending: [PendingProposal] = []
    private var pendingStart = 0

    /// Other reactors with a replica.
    var subscribers: [Int] = []
    /// Those of them whose replica was given the whole tail.
    var filled: [Int] = []
    var presence = PresenceBook()
    var ballots = BallotBook()
    /// Allowances of people who send commands without a connection, or who left with theirs used up.
    var strangers: [ParticipantID: TokenBucket] = [:]
    /// Allowances for commands sent again.
    var repeats: [ParticipantID: TokenBucket] = [:]

    /// Features that are off here, as of `switchVersion` of the board, and as people were told.
    var featuresOff = FeatureSet()
    var featuresTold = FeatureSet()
    var switchVersion: UInt64 = 0

    // The round under way.
    var round = RoundBatch()
    var isDirty = false

    // Encoded once a version.
    private var stateCache: [(seq: UInt64, bytes: [UInt8])?] = [nil, nil]
    private var rosterCache: (version: UInt64, bytes: [UInt8])?

    var presenceTimerArmed = false
    var tallyTimerArmed = false
    /// When the time of each open poll is over, by the reactor's monotonic clock in ms; `.max` once its close is under
    /// way.
    var deadlines: [PollID: UInt64] = [:]
    var deadlineTimerFor: UInt64?
    /// Whether the close that somebody asked for reveals, until it is in the log: where the server ends the poll before
    /// that or in its place, it does as was asked.
    var closing: [PollID: Bool] = [:]
    /// Polls that the store knows under other rules.
    var unusablePolls: Set<PollID> = []
    /// What store or log refused for polls; tried again until it is done.
    var debts = PollDebts()
    var debtTimerArmed = false
    /// The session's figures, restarts included; heartbeats arrive every few seconds.
    var figures = SessionFigures()
    var hasNewFigures = false
    var figuresSavedMs: UInt64 = 0
    var lastSnapshotSeq: UInt64 = 0
    var lastUsedMs: UInt64 = 0

    init(key: RoomKey, handle: UInt32, epoch: String) {
        self.key = key
        self.handle = handle
        self.epoch = epoch
        room = Room(key: key)
    }

    var pendingCount: Int { pending.count - pendingStart }

    func appendPending(_ proposal: PendingProposal) { pending.append(proposal) }

    /// The oldest proposal under way; the log answers a room in order.
    func takePending(seq: UInt64) -> PendingProposal {
        precondition(pendingCount > 0, "the log answers what was asked")
        let first = pending[pendingStart]
        precondition(first.seq == seq, "the log answers a room in order")
        pendingStart += 1
        if pendingStart == pending.count || pendingStart >= 1024 {
            pending.removeFirst(pendingStart)
            pendingStart = 0
        }
        return first
    }

    /// The `state` object of a log class at the current version, encoded once.
    func state(for list: LogClass) -> [UInt8] {
        if let cached = stateCache[list.rawValue], cached.seq == room.seq { return cached.bytes }
        let bytes = SnapshotEncoder.state(room, view: list.view)
        stateCache[list.rawValue] = (room.seq, bytes)
        return bytes
    }

    /// The `presence` object of `welcome`: everybody by name while the room is small.
    func presenceJSON() -> [UInt8] {
        if let cached = rosterCache, cached.version == presence.version { return cached.bytes }
        var json = JSONWriter(reserving: 256)
        json.beginObject()
        PresenceEncoding.members(of: presence, to: &json)
        json.endObject()
        rosterCache = (presence.version, json.bytes)
        return json.bytes
    }

    /// What belongs to one participant.
    func you(_ actor: Actor) -> [UInt8] {
        YouEncoder.you(actor: actor, room: room, ballots: ballots.of(actor.participant))
    }

    /// Whether the log that clients know as `cursor.epoch` is this room's up to `cursor.seq`.
    func recognizes(_ cursor: RoomCursor) -> Bool {
        if cursor.epoch == epoch { return cursor.seq <= room.seq }
        return lineage.contains { $0.epoch == cursor.epoch && cursor.seq <= $0.seq }
    }
}

/// The events of one room and round, encoded as they are applied.
struct RoundBatch {
    var items: [FrameBatch.Item] = []
    var moderators: [UInt8] = []
    var peers: [UInt8] = []
    var redactions: [UInt64] = []
    /// Entries applied, whether or not they became events.
    var entries = 0
    var previousSeq: UInt64 = 0
    var headSeq: UInt64 = 0
    var receivedNs: UInt64 = 0
    /// Replies that must follow these events.
    var replies: [RoomReply] = []

    var isEmpty: Bool { entries == 0 && replies.isEmpty }
}
