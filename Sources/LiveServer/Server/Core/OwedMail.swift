// What happens to mail that another reactor's mailbox had no room for. Most of it repairs itself or is asked for again;
// what does not is kept here and sent again each round until it is taken.
//
// Owns: the mail that must not be lost. Never: reorders what it holds for one reactor. Limits: one leave and one close
// for each connection, one notice for each room and reactor.

import LiveIO
import Rooms

/// Mail to be sent again, in order.
struct OwedMail {
    /// A reactor that missed events of a room: told where the head is, it asks for what it lacks.
    struct Behind: Hashable {
        var room: RoomKey
        var reactor: Int
    }

    private(set) var messages: [(reactor: Int, message: CoreMessage)] = []
    private(set) var behind: [Behind] = []

    var isEmpty: Bool { messages.isEmpty && behind.isEmpty }

    mutating func add(_ message: CoreMessage, to reactor: Int) { messages.append((reactor, message)) }

    mutating func add(_ late: Behind) {
        if !behind.contains(late) { behind.append(late) }
    }

    /// All of it, which is no longer owed.
    mutating func take() -> OwedMail {
        defer { self = OwedMail() }
        return self
    }
}

extension ReactorCore {
    /// Another reactor has no room for a message.
    func notPosted(_ message: CoreMessage, to reactorIndex: Int) {
        switch message {
        case .detach, .unsubscribe, .close, .ephemeralEnded: owedMail.add(message, to: reactorIndex)
        case .frames(let batch): owedMail.add(OwedMail.Behind(room: batch.room, reactor: reactorIndex))
        case .attach, .command, .participants:
            refuse(message, Rejection(.overloaded, "the node has too much to do", retryAfterMs: 500))
        case .sequenced, .ballots, .history, .classSaved:
            preconditionFailure("log and stores post for themselves")
        // Asked again by whoever waits, or the next value takes its place.
        case .attached, .reply, .answer, .direct, .ephemeral, .repair, .repaired, .scrape, .certificates, .drain:
            break
        }
    }

    /// Tries again what the mailboxes did not take.
    func sendOwedMail() {
        guard !owedMail.isEmpty else { return }
        let owed = owedMail.take()
        for (reactor, message) in owed.messages where !node.post(message, to: reactor) {
            owedMail.add(message, to: reactor)
        }
        for late in owed.behind {
            guard let replica = replica(late.room) else { continue }
            let notice = FrameBatch(
                room: late.room, previousSeq: replica.headSeq, headSeq: replica.headSeq, items: [], moderators: [],
                peers: [], redactions: [], receivedNs: 0)
            if !node.post(.frames(notice), to: late.reactor) { owedMail.add(late) }
        }
        if !owedMail.isEmpty { armRetry() }
    }
}
