// The two doors of a room. `decide` looks before the log, on a state that may be behind; `apply` is the judge, on the
// true state. Both ask the same rules, so they differ only where the state does.

/// What to do with a command before it is sequenced.
package enum Decision: Equatable, Sendable {
    /// Send it into the log.
    case propose
    /// It had its effect already: give the same reply again.
    case replay(Outcome)
    /// Tell the sender no.
    case reject(Rejection)
}

/// What a log entry did.
package enum Verdict: Equatable, Sendable {
    /// It had its effect.
    case accepted(Event)
    /// It is a second copy of the entry at that seq; nothing changed.
    case duplicate(of: UInt64)
    /// The rules of the state it met refuse it; nothing changed but `seq` and `ts`.
    case ignored(Rejection)
}

extension Room {
    /// The cheap check before the log. `nowTs` is the caller's clock in milliseconds since 1970; a clock behind the
    /// room's own counts as the room's.
    package func decide(_ proposal: Proposal, nowTs: Int64) -> Decision {
        if let known = outcomes.outcome(proposal.actor.participant, proposal.id) {
            return known.digest == proposal.digest ? .replay(known) : .reject(Self.reusedID)
        }
        if let rejection = judge(proposal, at: max(ts, nowTs)) { return .reject(rejection) }
        return .propose
    }

    /// Takes the next entry of the log. Deterministic and total: every entry gives a verdict, and the same entries
    /// give the same state everywhere. An entry at or below `seq` is ignored without a trace, so a log may be applied
    /// from before a snapshot.
    package mutating func apply(_ entry: LogEntry) -> Verdict {
        guard entry.seq > seq else {
            return .ignored(Rejection(.conflict, "The room's log is applied beyond this place."))
        }
        seq = entry.seq
        ts = max(ts, entry.ts)
        let proposal = entry.proposal
        let participant = proposal.actor.participant
        if let known = outcomes.outcome(participant, proposal.id) {
            return known.digest == proposal.digest ? .duplicate(of: known.seq) : .ignored(Self.reusedID)
        }
        if let rejection = judge(proposal, at: ts) { return .ignored(rejection) }
        let event = perform(entry)
        let outcome = Outcome(seq: seq, ts: ts, digest: proposal.digest, kind: Self.outcomeKind(proposal.command.kind))
        outcomes.record(outcome, of: participant, id: proposal.id, now: ts)
        return .accepted(event)
    }

    private static var reusedID: Rejection {
        Rejection(.conflict, "This id stands for another command.")
    }

    /// What the reply to an accepted command names.
    static func outcomeKind(_ kind: CommandKind) -> OutcomeKind {
        switch kind {
        case .chatSend: .message
        case .pollOpen: .poll
        case .questionAsk: .question
        case .chatDelete, .chatReact, .pollClose, .pollResults, .questionUpvote, .questionAnswer, .questionDismiss,
            .handRaise, .handLower, .handCall, .announce, .mute, .unmute, .remove, .ban, .chatMode, .roomLock,
            .roomEnd:
            .plain
        }
    }
}
