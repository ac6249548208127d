// Owns the names of everything that is measured or counted. The names are the tool's interface: service levels and
// reports use them.

/// A latency; microseconds inside, milliseconds in reports.
enum Metric: String, Codable, CaseIterable, Sendable {
    /// From the time of arrival as planned to the welcome.
    case join
    /// From the beginning of the connect to the welcome, the last attempt alone.
    case joinService = "join_service"
    /// From the time a message should have been sent to its arrival at a reader.
    case chat
    /// From the time it was sent.
    case chatService = "chat_service"
    /// As `chat`, for those inside before a storm begins.
    case chatBefore = "chat_before"
    /// As `chat`, while the storm is on.
    case chatDuring = "chat_during"
    /// From the time a message was sent to its reply.
    case ack
    /// From the opening of a poll as planned to its arrival at a participant.
    case pollStarted = "poll_started"
    /// From an answer to its receipt.
    case receipt
    /// From a heartbeat, question, hand or reaction to its reply.
    case command
    /// From the lost connection's new connect to `resumed` or `welcome`.
    case resume
    /// How much later than planned the generator sent.
    case late
    /// A TLS handshake with certificates, and one that resumes a session.
    case handshake
    case handshakeResumed = "handshake_resumed"

    /// What it is, for people.
    var title: String {
        switch self {
        case .join: "join, from the planned arrival"
        case .joinService: "join, from the connect"
        case .chat: "message, from its planned time"
        case .chatService: "message, from its sending"
        case .chatBefore: "message, before the storm"
        case .chatDuring: "message, during the storm"
        case .ack: "message to its reply"
        case .pollStarted: "poll on the screen"
        case .receipt: "answer to its receipt"
        case .command: "other commands to their reply"
        case .resume: "back after a lost connection"
        case .late: "generator behind its plan"
        case .handshake: "full TLS handshake"
        case .handshakeResumed: "resumed TLS handshake"
        }
    }
}

/// Something that is counted.
enum Counter: String, Codable, CaseIterable, Sendable {
    /// Connections begun.
    case connects
    /// Participants that got their welcome.
    case joined
    /// Participants that did not, after all their attempts.
    case failed
    /// Answers that said to come again later (1013, 503, 429).
    case deferred
    /// Connections that ended though nobody wanted it.
    case lostConnections = "lost_connections"
    /// Connections that the plan itself cut.
    case cuts
    /// Comebacks that went on where they had been.
    case resumed
    /// Comebacks that began with a new snapshot.
    case reset
    /// Sleepers that the server closed.
    case sleepersClosed = "sleepers_closed"
    /// Messages sent, accepted, refused.
    case published
    case accepted
    case rejected
    /// Of other commands: sent, refused.
    case commands
    case commandsRefused = "commands_refused"
    /// Commands that never got a reply.
    case unanswered
    /// Messages of this run that arrived at readers.
    case deliveries
    /// Events of any kind.
    case events
    case bytesIn = "bytes_in"
    /// Stamps of another room.
    case foreign
    case duplicate
    case outOfOrder = "out_of_order"
    /// What should have arrived, and what did not.
    case expected
    case lost
    /// Bytes that are not what the protocol says.
    case malformed
    /// Answers sent, receipts, and receipts that contradict another of the same voter.
    case ballots
    case receipts
    case contradictions
    /// Handshakes done, and those that failed.
    case handshakes
    case handshakesFailed = "handshakes_failed"
    /// Of handshakes that offered a session, those where the server did not take it.
    case notResumed = "not_resumed"
}
