// Everything that crosses from one thread to a reactor. Values or immutable arrays only; what cannot be
// posted (full mailbox) is decided where it is posted.

import LiveIO
import LiveTLS
import Rooms
import RoomsBackplane
import RoomsStore

/// A connection somewhere in the node.
struct Endpoint: Hashable, Sendable {
    var reactor: UInt8
    var connection: ConnectionID
}

/// A participant's connection asks its room's home to let it in.
struct AttachRequest: Sendable {
    var endpoint: Endpoint
    var actor: Actor
    var room: RoomKey
    var device: UInt64
    var view: View
    /// Epoch and seq that the client has, with the proof of a resume token; nil for a first attach.
    var cursor: RoomCursor?
    /// Oldest seq after which the asking reactor's own log can serve, nil when it has no replica.
    var replicaBaseSeq: UInt64?
}

/// A place in a room's log.
struct RoomCursor: Hashable, Sendable {
    var epoch: String
    var seq: UInt64
}

/// The home's answer to an attach.
struct AttachReply: Sendable {
    enum Verdict: Sendable {
        /// Send `welcome`, then everything after `seq`.
        case welcome(WelcomeParts)
        /// Send `resumed`, then `missed` (frames after the cursor) unless the replica has them itself.
        case resumed(ResumedParts)
        /// Not admitted.
        case refused(Rejection, removed: Bool)
    }
    var endpoint: Endpoint
    var room: RoomKey
    /// Who was let in: leaves again where the connection is gone.
    var participant: ParticipantID
    /// The view that was asked for.
    var view: View
    var verdict: Verdict
}

/// What a `welcome` is made of: the big part is shared by all of a view and version.
struct WelcomeParts: Sendable {
    var epoch: String
    var seq: UInt64
    var reset: Bool
    var state: [UInt8]
    var presence: [UInt8]
    var you: [UInt8]
}

/// What a `resumed` is made of.
struct ResumedParts: Sendable {
    var epoch: String
    var from: UInt64
    var head: UInt64
    var presence: [UInt8]
    var you: [UInt8]
    /// Events from the cursor to `head`, nil where the reactor's own log reaches back far enough.
    var missed: MissedEvents?
}

/// Events copied out of the home's log for a reactor whose own log starts later.
struct MissedEvents: Sendable {
    /// WebSocket frames, one behind the other, and the seq of each.
    var frames: [UInt8] = []
    var seqs: [UInt64] = []
}

/// All that a room's home keeps of its log, for a reactor whose own log starts later.
struct RoomTail: Sendable {
    var room: RoomKey
    var epoch: String
    var headSeq: UInt64
    /// By log class: the seq before the first event, and the events.
    var logs: [(baseSeq: UInt64, events: MissedEvents)]
}

/// A command on its way to the room's home.
struct RoomCommand: Sendable {
    enum Body: Sendable {
        case proposal(Proposal)
        case ballot(PollAnswer, actor: Actor)
    }
    var origin: Endpoint
    var room: RoomKey
    /// The client's id, as given back in `re`.
    var id: CommandID
    var body: Body
    /// Monotonic time at which the command was read, for the delivery latency histogram.
    var receivedNs: UInt64

    /// Who sent it.
    var actor: Actor {
        switch body {
        case .proposal(let proposal): proposal.actor
        case .ballot(_, let actor): actor
        }
    }
}

/// One reply on its way back. `json` is the whole reply object.
struct RoomReply: Sendable {
    var origin: Endpoint
    var json: [UInt8]
    /// The event that the reply must follow, 0 for none.
    var afterSeq: UInt64
    /// HTTP status where the command came by POST.
    var status: UInt16
    /// For `rate_limited`: how long the sender should be quiet.
    var pauseMs: UInt32
}

/// Which bytes a view reads. Members and observers get the same, so they share one log.
enum LogClass: Int, CaseIterable, Sendable {
    case moderators
    case peers

    init(_ view: View) { self = view == .moderator ? .moderators : .peers }

    /// The view whose encoding fills this log.
    var view: View { self == .moderators ? .moderator : .member }
}

/// Events of one room and round, encoded once a log class, for all reactors.
final class FrameBatch: Sendable {
    /// One event's place in the payloads.
    struct Item: Sendable {
        var seq: UInt64
        /// Length of its JSON in `moderators` and `peers`; 0 where that class does not get it.
        var moderators: UInt32
        var peers: UInt32
    }
    let room: RoomKey
    /// Seq of the room's entry before the first of these: a replica that stands elsewhere missed some.
    let previousSeq: UInt64
    /// Seq of the last entry of the round, whether or not it became an event.
    let headSeq: UInt64
    let items: [Item]
    let moderators: [UInt8]
    let peers: [UInt8]
    /// Seqs of earlier messages whose text leaves the tail; each replica takes it out of its own bytes.
    let redactions: [UInt64]
    /// Monotonic time at which the first command of the batch was read.
    let receivedNs: UInt64

    init(
        room: RoomKey, previousSeq: UInt64, headSeq: UInt64, items: [Item], moderators: [UInt8], peers: [UInt8],
        redactions: [UInt64], receivedNs: UInt64
    ) {
        self.room = room
        self.previousSeq = previousSeq
        self.headSeq = headSeq
        self.items = items
        self.moderators = moderators
        self.peers = peers
        self.redactions = redactions
        self.receivedNs = receivedNs
    }
}

/// Last-value events of one room: JSON for each log class, empty where that class gets none.
struct EphemeralBatch: Sendable {
    var room: RoomKey
    /// What it is the latest value of: a blocked reader gets only the last of a key.
    var key: String
    var moderators: [UInt8]
    var peers: [UInt8]
    /// What a reader gets who missed it, where that is not the same (who is here instead of who came); nil: the same.
    var latest: [UInt8]?
}

/// What reactors, the log, the store and the outside post to a reactor.
enum CoreMessage: Sendable {
    case sequenced([Sequenced])
    case ballots([BallotOutcome])
    case history(HistoryOutcome)
    case attach(AttachRequest)
    case attached(AttachReply)
    case detach(room: RoomKey, endpoint: Endpoint, participant: ParticipantID, lingers: Bool)
    /// A reactor dropped its replica.
    case unsubscribe(room: RoomKey, reactor: UInt8)
    case command(RoomCommand)
    case reply(RoomReply)
    case frames(FrameBatch)
    case tail(RoomTail)
    case ephemeral(EphemeralBatch)
    /// The latest value of a key means nothing any more (a poll that closed).
    case ephemeralEnded(room: RoomKey, key: String)
    /// JSON for one connection outside the log (`you`, `ballot_stored`).
    case direct(ConnectionID, [UInt8])
    case close(ConnectionID, code: UInt16, reason: String)
    /// A replica that missed frames asks for everything after `after`.
    case repair(room: RoomKey, after: UInt64, reactor: UInt8)
    /// Everything after the seq asked for, nil where the home's tail no longer reaches; with the home's head.
    case repaired(room: RoomKey, FrameBatch?, epoch: String, head: UInt64)
    case participants(RosterRequest)
    case record(RecordRequest)
    /// Heartbeats of a room, added up at another reactor.
    case figures(room: RoomKey, HeartbeatFigures)
    case answer(ConnectionID, status: UInt16, contentType: String, body: [UInt8])
    case classSaved(ClassOutcome)
    /// The token desk has judged a token.
    case tokenJudged(TokenAnswer)
    /// A participant's event streams get a new token.
    case renewStreams(StreamRenewal)
    /// One of those streams, at its reactor.
    case renewed(ConnectionID, StreamRenewal)
    case scrape(MetricsScrape)
    /// An operator's question.
    case admin(AdminQuestion)
    /// An operator changed a switch.
    case switched
    /// What newcomers on encrypted listeners get from now on.
    case certificates(TLSContext)
    case drain
    /// The drain is cut short.
    case stop
    /// Memory is short.
    case shed(MemoryLevel)
}

/// A renewed token on its way to the room's home, and from there to the participant's event streams.
struct StreamRenewal: Sendable {
    /// Where the POST came from.
    var origin: Endpoint
    var room: RoomKey
    /// The id of the command, for its reply.
    var id: CommandID
    var token: AccessToken
}

/// `GET …/record` on its way to the home.
struct RecordRequest: Sendable {
    var origin: Endpoint
    /// Who asks: a banned moderator is told nothing.
    var participant: ParticipantID
    var room: RoomKey
    /// Only entries behind this seq.
    var after: UInt64
    /// The most events in the answer.
    var limit: Int
}

/// `GET …/participants` on its way to the home.
struct RosterRequest: Sendable {
    var origin: Endpoint
    /// Who asks: a banned moderator is told nothing.
    var participant: ParticipantID
    var room: RoomKey
    var after: String?
    var limit: Int
}
