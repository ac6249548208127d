// A command on its way into the log, and the entry that it becomes. The log holds proposals, not events: whether an
// entry has an effect is judged by `Room.apply` alone, the same way wherever the log is read.

/// A command with its sender and the sender's name for it.
package struct Proposal: Equatable, Sendable {
    /// Who asks.
    package let actor: Actor
    /// The sender's id for the command: the key of idempotency within this participant.
    package let id: CommandID
    /// Stable hash of the payload as it was sent; the same id with another digest is a `conflict`.
    package let digest: UInt64
    /// What is asked. The server may complete it (`closedTs`) without touching the digest.
    package let command: Command

    /// A proposal; without a digest, that of the command.
    package init(actor: Actor, id: CommandID, digest: UInt64? = nil, command: Command) {
        self.actor = actor
        self.id = id
        self.digest = digest ?? command.payloadDigest
        self.command = command
    }
}

/// A sequenced proposal.
package struct LogEntry: Equatable, Sendable {
    /// The place in the room's log; rises strictly, from 1.
    package let seq: UInt64
    /// Milliseconds since 1970 by the log's clock; never falls within a room, and the only time `apply` sees.
    package let ts: Int64
    /// What was asked.
    package let proposal: Proposal

    /// An entry.
    package init(seq: UInt64, ts: Int64, proposal: Proposal) {
        precondition(ts >= 0 && ts <= RoomLimits.timestampMax, "the log's clock stands between 1970 and 2^53 ms")
        self.seq = seq
        self.ts = ts
        self.proposal = proposal
    }

    /// This entry without the text of its message, for tail and history after a deletion; nil where it is no message.
    /// Applying it instead of the original leads to the same state once the deletion is applied too.
    package var redacted: LogEntry? {
        guard case .chatSend(_, let replyTo) = proposal.command else { return nil }
        let bare = Proposal(
            actor: proposal.actor, id: proposal.id, digest: proposal.digest,
            command: .chatSend(text: "", replyTo: replyTo))
        return LogEntry(seq: seq, ts: ts, proposal: bare)
    }
}

extension Proposal {
    /// The close of a poll whose time is over. Every holder of a replica may send it: `apply` takes the first, and
    /// ignores one whose ts lies before the deadline. `closedTs` is the store's, where it has closed already.
    package static func timer(poll: PollID, deadline: Int64, closedTs: Int64? = nil) -> Proposal {
        Proposal(
            actor: .system, id: systemID("timer/\(poll.text)/\(deadline)"),
            command: .pollClose(poll, reveal: true, closedTs: closedTs))
    }

    /// The count of a closed poll. One id a revision, so a second node's copy is a duplicate.
    package static func results(_ results: PollResults) -> Proposal {
        Proposal(
            actor: .system, id: systemID("results/\(results.poll.text)/\(results.revision)"),
            command: .pollResults(results))
    }

    private static func systemID(_ text: String) -> CommandID {
        guard let id = CommandID(text) else { preconditionFailure("an id of two numbers fits in 64 bytes of ASCII") }
        return id
    }

    /// The deadline in the id of a timer of this poll; nil where the id is no timer's or another poll's.
    static func timerDeadline(in id: CommandID, poll: PollID) -> Int64? {
        let prefix = "timer/\(poll.text)/"
        guard id.raw.utf8.starts(with: prefix.utf8) else { return nil }
        return Int64(id.raw.dropFirst(prefix.utf8.count))
    }

    /// Whether the id claims to be a timer's.
    var claimsTimer: Bool { actor.isSystem && id.raw.utf8.starts(with: "timer/".utf8) }
}
