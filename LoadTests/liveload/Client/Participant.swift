// Owns what a worker keeps of one participant: about 200 bytes and, while it is inside, its cursors. Never a buffer of
// its own: the reactor keeps what is cut.

import LiveIO
import LiveProtocol

/// One participant of this worker.
struct Participant {
    /// Where it stands.
    enum Phase: UInt8 {
        /// Not yet due, or waiting to try again.
        case outside
        case connecting
        /// The request is out.
        case asking
        /// The transport stands; the welcome is to come.
        case greeting
        case present
        /// Left, or was sent away, as it should be.
        case gone
        case failed
    }

    let member: Member
    var phase = Phase.outside
    var connection: ConnectionID?
    var decoder = WebSocketDecoder()
    /// The answer being read, for as long as HTTP is spoken.
    var exchange: Exchange?
    /// When it should arrive, and when the attempt under way began.
    var intendedNs: UInt64 = 0
    var attemptNs: UInt64 = 0
    var attempts: UInt8 = 0
    /// It was inside before: its next welcome is a comeback.
    var wasInside = false
    /// The end of the connection is our own doing.
    var isLeaving = false
    /// The seq of its snapshot, and the last seq that it saw.
    var joinSeq: UInt64 = 0
    var cursorSeq: UInt64 = 0
    var cursors: [StreamCursor] = []
    /// What `resume=` takes, where the plan comes back.
    var resume: [UInt8] = []
    /// Commands sent, for their ids.
    var commands: UInt32 = 0
    /// Up to this seq the events after a comeback were missed before.
    var catchUpTo: UInt64 = 0
    /// The latest delivery's latency in milliseconds, for the heartbeat.
    var lagMs: UInt32 = 0

    init(_ member: Member) { self.member = member }
}

/// An HTTP answer being read; on a WebSocket the handshake alone.
final class Exchange {
    let transport: Transport
    /// Sec-WebSocket-Key.
    let key: [UInt8]
    var parser = HTTPResponseParser()
    var head = HTTPResponseHead()
    var status = 0
    var retryAfterMs: UInt64?
    var keepsAlive = true
    var body: [UInt8] = []
    var stream = EventStreamReader()

    init(_ transport: Transport, key: [UInt8] = []) {
        self.transport = transport
        self.key = key
    }
}
