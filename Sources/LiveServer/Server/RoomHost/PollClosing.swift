// Polls that end without anybody asking: their time is over, the class is, or the store holds a close that the log
// never got. And what is tried again when desk or log refused a step.

import LiveIO
import Rooms

/// What the server itself proposes to end a poll.
enum PollClosing {
    /// How long after its end a poll may take to be closed everywhere; until then the date does not leap.
    static let graceMs: Int64 = 5_000

    /// The close of an open poll that the store closed at `closedTs`. A timer's id only where the time was over: the
    /// room ignores a timer before its deadline, and a timer reveals.
    static func proposal(_ poll: Poll, reveal: Bool, closedTs: Int64) -> Proposal {
        if reveal, let deadline = poll.closesTs, closedTs >= deadline {
            return .timer(poll: poll.id, deadline: deadline, closedTs: closedTs)
        }
        guard let id = CommandID("close/" + poll.id.text) else {
            preconditionFailure("a poll's id fits into a command's")
        }
        return Proposal(
            actor: .system, id: id, command: .pollClose(poll.id, reveal: reveal, closedTs: closedTs))
    }

    /// Whether a poll that the store closed at `closedTs` may be revealed when nobody remembers what was asked for: the
    /// answers of a quiz only where its time or its class was over, and nobody had to ask.
    static func mayReveal(_ poll: Poll, closedTs: Int64, hasEnded: Bool) -> Bool {
        poll.draft.correct == nil || hasEnded || poll.closesTs.map { closedTs >= $0 } ?? false
    }
}

extension ReactorCore {
    /// Notes a step for a poll that could not be done now; it is tried again until it is done.
    func owe(_ debt: PollDebts.Debt, _ home: RoomHome) {
        home.debts.add(debt)
        guard !home.debtTimerArmed else { return }
        home.debtTimerArmed = true
        _ = reactor.schedule(inMs: limits.debtRetryMs, payload: CoreTimer.debts(home.handle).payload)
    }

    /// The log did not take a proposal: what the server or the store began is owed, what people asked for they ask
    /// again.
    func owe(for command: Command, _ home: RoomHome) {
        switch command {
        case .pollClose(let poll, let reveal, .some): owe(.close(poll, reveal: reveal), home)
        case .pollResults(let results): owe(.results(results.poll), home)
        default: break
        }
    }

    func payDebts(_ home: RoomHome) {
        home.debtTimerArmed = false
        for debt in home.debts.take() {
            switch debt {
            case .open(let poll):
                if let known = home.room.poll(poll), known.isOpen { openAtDesk(known, home) }
            case .close(let poll, let reveal):
                if home.room.poll(poll)?.isOpen == true { closePoll(poll, reveal: reveal, nil, home) }
            case .results(let poll): countResults(poll, home)
            case .own(let ballot): askAgain(ballot, home)
            case .ownAll(let poll): askForAll(poll, home)
            }
        }
    }
}
