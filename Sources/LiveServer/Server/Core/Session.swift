// What one connection is to the server beside its descriptor: which protocol it speaks, who it is, and
// how far its cursor has come. A plain struct in a slab: an idle participant holds this and nothing else.
//
// Owns: per-connection state of every transport. Never: bytes that wait for a reader (those are in the
// room's log) except its own replies.

import LiveIO
import LiveProtocol
import Rooms

/// What a connection is doing.
enum SessionKind: UInt8 {
    /// The slot is free.
    case vacant
    /// Speaks HTTP/1.1: reading a request or waiting for the next.
    case http
    /// A request has been read whole; its answer comes later (store, room). Input waits.
    case awaitingAnswer
    /// A long poll that waits for events; answered by the next flush or its deadline.
    case longPoll
    /// A WebSocket in a room.
    case webSocket
    /// A server-sent event stream in a room.
    case eventStream
    /// The echo endpoint of conformance suites.
    case echo
    /// Nothing more is read; what is queued goes out, then the connection ends.
    case closing
}

/// Facts about a session that are on or off.
struct SessionFlags: OptionSet {
    let rawValue: UInt16
    /// Stands in the list of sessions to look at when the round ends.
    static let dirty = SessionFlags(rawValue: 1 << 0)
    /// A write came back short: nothing more is tried until the kernel has room.
    static let blocked = SessionFlags(rawValue: 1 << 1)
    /// `welcome` or `resumed` waits among the replies: it goes out before any event.
    static let greeting = SessionFlags(rawValue: 1 << 2)
    /// An ephemeral event passed while it was blocked: it gets the latest values when it is free again.
    static let missedEphemeral = SessionFlags(rawValue: 1 << 3)
    /// The HTTP connection closes after the answer under way.
    static let closeAfterAnswer = SessionFlags(rawValue: 1 << 4)
    /// A WebSocket ping waits for its pong.
    static let pingUnderWay = SessionFlags(rawValue: 1 << 5)
    /// The close frame has been sent: what still comes in is discarded.
    static let closeSent = SessionFlags(rawValue: 1 << 6)
    /// Was counted in the room's presence and must be taken out of it.
    static let present = SessionFlags(rawValue: 1 << 7)
    /// Reading is off until a rate limit's time is over.
    static let paused = SessionFlags(rawValue: 1 << 8)
    /// Its attach is at the room's home and counts as a join in progress.
    static let joining = SessionFlags(rawValue: 1 << 9)
    /// Not read until it has read its answers.
    static let held = SessionFlags(rawValue: 1 << 10)
    /// Answer to HEAD: headers only.
    static let headOnly = SessionFlags(rawValue: 1 << 11)
    /// permessage-deflate was negotiated.
    static let deflates = SessionFlags(rawValue: 1 << 12)
    /// Beyond the node's limit of connections: gets one answer, which says when to come again.
    static let surplus = SessionFlags(rawValue: 1 << 15)
    /// Its peer is a trusted proxy, which says whom it speaks for.
    static let proxied = SessionFlags(rawValue: 1 << 14)
    /// A PROXY header is to come before anything else.
    static let proxyHeader = SessionFlags(rawValue: 1 << 13)
}

/// One connection's state.
struct Session {
    var id: ConnectionID
    var kind: SessionKind = .vacant
    var view: View = .member
    var flags: SessionFlags = []
    /// Slot of the room's replica on this reactor, -1 outside of any room.
    var room: Int32 = -1
    /// Position in the replica's list of members, for removal in one step.
    var memberIndex: UInt32 = 0
    /// Index in the view's `FrameLog` of the first frame not yet given to the kernel.
    var cursor: UInt64 = 0
    /// Where among the replies the greeting ends: what stands behind it follows the events.
    var greetingEnd: UInt32 = 0
    /// Replies go out only once the room's head reached this seq (a reply follows its event).
    var repliesAfterSeq: UInt64 = 0
    /// Bytes of its own that wait for the end of the round, nil while there are none.
    var replies: ReplyBuffer?
    /// Who it is; nil before identity is known.
    var identity: SessionIdentity?
    /// The request whose body is being read or whose answer is under way.
    var exchange: HTTPExchange?
    var parser = HTTPRequestParser()
    var frames = WebSocketDecoder()
    /// What limits per address count by.
    var addressKey: UInt64 = 0
    /// The same of whoever connected: a trusted proxy speaks for others, request by request.
    var peerKey: UInt64 = 0
    /// Milliseconds since the reactor's start (wraps after 49 days, compared with wrapping subtraction).
    var lastInboundMs: UInt32 = 0
    /// When bytes last went to an event stream, or were seen to reach a reader that had been blocked.
    var lastOutboundMs: UInt32 = 0
    var lastResetMs: UInt32 = 0
    /// Bytes in its outbox when it was last looked at, and for how many looks in a row nothing reached it although it
    /// was blocked: see Liveness.
    var outboxSeen: UInt32 = 0
    var stuckLooks: UInt8 = 0
    /// When the ping under way was sent, and the last round trip measured.
    var pingSentMs: UInt32 = 0
    var roundTripMs: UInt16 = 0
    /// Rejections for rate in a row; at the limit the connection loses read interest.
    var rateRejections: UInt16 = 0
    /// The stretch of time that `steps` counts in, and what it asked for in it: see StepBudget.
    var stepWindow: UInt16 = 0
    var steps: UInt16 = 0

    init(id: ConnectionID) { self.id = id }

    /// The form of frames that a WebSocket takes.
    var form: FrameForm { flags.contains(.deflates) ? .deflated : .plain }

    /// Bytes of replies that wait for it, those of a greeting aside: the greeting is as large as the room.
    var unreadReplyBytes: Int { replies.map { $0.bytes.count - Int(greetingEnd) } ?? 0 }

    /// How the room's bytes are framed for it, nil outside of a stream.
    var encoding: MemberEncoding? {
        switch kind {
        case .webSocket: flags.contains(.deflates) ? .deflatedSocket : .webSocket
        case .eventStream: .eventStream
        case .longPoll: .longPoll
        case .vacant, .http, .awaitingAnswer, .echo, .closing: nil
        }
    }
}

/// Who a session is, as its token said: shared by nobody, but rarely touched, so apart from the hot struct.
final class SessionIdentity {
    let participant: ParticipantID
    let name: String
    let role: Role
    let room: RoomKey
    /// Device name hashed; 0 where the client named none (each such connection is a device of its own).
    let device: UInt64
    /// When the access token ends, Unix seconds.
    var accessExpS: Int64
    /// When its holder is told that it ends, Unix seconds; `.max`: it was told, or never is.
    var warnAtS = Int64.max
    /// Since when its next token is being checked, by `now32`; nil while none is.
    var renewingSinceMs: UInt32?
    /// For messages that no room is asked about; made with the first of them.
    var allowance: TokenBucket?
    /// Messages of this connection that could not be read.
    var malformedCount: UInt16 = 0

    init(participant: ParticipantID, name: String, role: Role, room: RoomKey, device: UInt64, accessExpS: Int64) {
        self.participant = participant
        self.name = name
        self.role = role
        self.room = room
        self.device = device
        self.accessExpS = accessExpS
    }

    var actor: Actor { Actor(participant: participant, name: name, role: role) }
}

/// Bytes of one session that wait for the end of the round. Pooled by the reactor.
final class ReplyBuffer {
    var bytes: [UInt8] = []
    init() { bytes.reserveCapacity(1024) }

    /// Hands the storage to a writer that appends to it and gives it back.
    func takeBytes() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }
}
