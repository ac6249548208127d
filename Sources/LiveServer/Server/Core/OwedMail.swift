// What happens to mail that another reactor's mailbox had no room for. Most of it repairs itself or is asked for again;
// what does not is kept here and sent again each round until it is taken.
//
// Owns: the mail that must not be lost. Never: reorders what it holds for one reactor. Limits: one leave and one close
// for each connection, one notice for each room and reactor, and `answersMax` answers; whoever waits for one beyond
// that is closed and asks again.

import LiveIO
import Rooms

/// Mail to be sent again, in order.
struct OwedMail {
    /// A reactor that missed events of a room: told where the head is, it asks for what it lacks.
    struct Behind: Hashable {
        var room: RoomKey
        var reactor: Int
    }

    /// Answers to commands, joins and requests that are kept: as many as the log takes commands.
    static let answersMax = 65_536

    private(set) var messages: [(reactor: Int, message: CoreMessage)] = []
    private(set) var behind: [Behind] = []
    private(set) var answerCount = 0
    /// Connections that are to be closed because their answer could not be kept.
    private var closing: Set<Endpoint> = []

    var isEmpty: Bool { messages.isEmpty && behind.isEmpty }

    mutating func add(_ message: CoreMessage, to reactor: Int) { messages.append((reactor, message)) }

    mutating func add(_ late: Behind) {
        if !behind.contains(late) { behind.append(late) }
    }

    /// Keeps an answer for a connection, or owes its close where too many are kept: then it sends again what it asked.
    mutating func add(answer message: CoreMessage, for endpoint: Endpoint, max: Int = OwedMail.answersMax) {
        let reactor = Int(endpoint.reactor)
        guard answerCount >= max else {
            answerCount += 1
            return add(message, to: reactor)
        }
        guard closing.insert(endpoint).inserted else { return }
        let reason = CloseReason.retry(afterMs: 500)
        add(.close(endpoint.connection, code: CloseCode.tryAgain, reason: reason), to: reactor)
    }

    /// Somebody of this reactor joins the room: that it has no use for its events, which is still to be said, is no
    /// longer so, and said behind the join it would end them.
    mutating func needs(_ room: RoomKey) {
        messages.removeAll {
            if case .unsubscribe(room, _) = $0.message { true } else { false }
        }
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
        case .attach, .command, .participants, .record:
            refuse(message, Rejection(.overloaded, "the node has too much to do", retryAfterMs: 500))
        case .sequenced, .ballots, .history, .classSaved, .tokenJudged, .certificates, .admin, .switched, .drain,
            .stop, .shed:
            preconditionFailure("log, stores, token desk and the process post for themselves")
        // Somebody waits for these, and would not ask again before a time limit.
        case .attached(let reply): owe(message, for: reply.endpoint)
        case .reply(let reply): owe(message, for: reply.origin)
        case .renewStreams(let renewal): refuse(renewal)
        case .answer(let id, _, _, _), .direct(let id, _):
            owe(message, for: Endpoint(reactor: UInt8(reactorIndex), connection: id))
        // Asked again by whoever waits, or the next value takes its place.
        case .tail, .ephemeral, .figures, .repair, .repaired, .renewed, .scrape: break
        }
    }

    private func owe(_ message: CoreMessage, for endpoint: Endpoint) {
        owedMail.add(answer: message, for: endpoint)
    }

    /// Tries again what the mailboxes did not take.
    func sendOwedMail() {
        guard !owedMail.isEmpty else { return }
        let owed = owedMail.take()
        // In order: what a mailbox refuses holds back all that is behind it for the same reactor.
        var full: Set<Int> = []
        for (reactor, message) in owed.messages {
            if !full.contains(reactor), node.post(message, to: reactor) { continue }
            full.insert(reactor)
            notPosted(message, to: reactor)
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
