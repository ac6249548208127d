// What a client may send, decoded: a command of the log, a ballot for the store, or a heartbeat or token for the
// session.

package import Rooms

/// One message of a client, or why it is none.
package enum ClientMessage: Equatable, Sendable {
    /// A command of the log with the digest of its payload, the guard against one id for two commands.
    case command(CommandID, digest: UInt64, Command)
    case ballot(CommandID, PollAnswer)
    case heartbeat(CommandID, Heartbeat)
    /// A new access token for this connection.
    case auth(CommandID, token: String)
    /// The id is there where it could be read, so that the reply can name it.
    case refused(String?, Rejection)
}

/// A ballot: `poll_answer`.
package struct PollAnswer: Equatable, Sendable {
    /// The poll.
    package let poll: PollID
    /// The client's `attempt_id`: 1 to 64 bytes of printable ASCII, the key under which it may be sent for ever.
    package let attempt: String
    /// Bit i: option i was chosen; at least one of bits 0 to 19.
    package let choices: UInt64
    /// Whether it came as `choices`; the receipt answers in the same form.
    package let several: Bool

    /// An answer.
    package init(poll: PollID, attempt: String, choices: UInt64, several: Bool) {
        self.poll = poll
        self.attempt = attempt
        self.choices = choices
        self.several = several
    }

    /// Why the answer does not fit a poll with that many options; nil: it does. One option may come in either form.
    package func rejection(options: Int, several acceptsSeveral: Bool) -> Rejection? {
        if choices >> UInt64(options) != 0 { return Rejection(.badRequest, "choice names no option of the poll.") }
        if !acceptsSeveral, choices.nonzeroBitCount != 1 {
            return Rejection(.badRequest, "choices: this poll takes one option.")
        }
        return nil
    }
}

/// How a client gets its events, as it says itself.
package enum ClientTransport: UInt8, CaseIterable, Sendable {
    case webSocket, eventStream, longPoll, unknown

    /// The name in records and metrics.
    package var text: StaticString {
        switch self {
        case .webSocket: "websocket"
        case .eventStream: "sse"
        case .longPoll: "longpoll"
        case .unknown: "unknown"
        }
    }
}

/// What a client reports every 30 s.
package struct Heartbeat: Equatable, Sendable {
    /// The last seq that the client has handled; a stale one marks a slow reader.
    package var seq: UInt64
    /// Milliseconds between an event's `ts` and its arrival, by the client's estimate; 0 to an hour. nil: the client
    /// has had no event to measure by.
    package var lagMs: Int?
    /// The transport.
    package var transport: ClientTransport
    /// Failed attempts to connect since the last heartbeat.
    package var failedConnects: Int
    /// Whether the page has the focus.
    package var focus: Bool?
    /// The position in the video, in milliseconds.
    package var positionMs: Int64?
    /// Whether the client reports that video failed.
    package var videoError: Bool

    /// Whether it is about a video: a position in it, or its failure.
    package var reportsVideo: Bool { videoError || positionMs != nil }

    /// A report.
    package init(
        seq: UInt64, lagMs: Int? = nil, transport: ClientTransport = .unknown, failedConnects: Int = 0,
        focus: Bool? = nil, positionMs: Int64? = nil, videoError: Bool = false
    ) {
        self.seq = seq
        self.lagMs = lagMs
        self.transport = transport
        self.failedConnects = failedConnects
        self.focus = focus
        self.positionMs = positionMs
        self.videoError = videoError
    }
}
