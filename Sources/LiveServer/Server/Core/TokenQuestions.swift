// Owns what a reactor does with the answers of the token desk: which request, upgrade or renewal waits for which. Never
// the tokens themselves. One entry a question; an entry whose connection is gone is dropped when its answer comes.

import LiveIO
import LiveKeys
import LiveProtocol
import Rooms

/// What waits for a token.
enum TokenPurpose {
    /// The request of a connection: its exchange says which.
    case request(ConnectionID)
    /// An `auth` on a WebSocket.
    case renewal(ConnectionID, CommandID)
    /// An `auth` by POST, under the token of its holder.
    case streamRenewal(ConnectionID, CommandID, RoomKey, ParticipantID)
}

/// Outstanding questions of one reactor.
struct TokenQuestions {
    private var purposes: [UInt64: TokenPurpose] = [:]
    private var last: UInt64 = 0

    mutating func add(_ purpose: TokenPurpose) -> UInt64 {
        last += 1
        purposes[last] = purpose
        return last
    }

    mutating func take(_ ticket: UInt64) -> TokenPurpose? { purposes.removeValue(forKey: ticket) }

    var count: Int { purposes.count }
}

extension ReactorCore {
    /// Judges a token as far as that takes no worker.
    func startToken(_ compact: UnsafeRawBufferPointer) -> TokenStart {
        verifier.begin(compact, nowS: reactor.wallMs / 1_000, keyLosses: node.tokens?.ring.lossCount ?? 0)
    }

    /// Gives a question to the desk. False: too many wait there.
    func ask(_ question: TokenQuestion, for purpose: TokenPurpose) -> Bool {
        guard let desk = node.tokens else {
            preconditionFailure("without public keys every token is judged at once")
        }
        let ticket = tokenQuestions.add(purpose)
        if desk.ask(question, ticket: ticket, reactor: index) {
            counters.tokensAsked += 1
            return true
        }
        _ = tokenQuestions.take(ticket)
        counters.reject(.overloaded)
        return false
    }

    /// The desk has judged.
    func tokenJudged(_ answer: TokenAnswer) {
        if case .good(let token) = answer.verdict {
            verifier.learn(answer.key, token, nowS: reactor.wallMs / 1_000, keyLosses: answer.keyLosses)
        }
        switch tokenQuestions.take(answer.ticket) {
        case .request(let id): requestJudged(id, answer.verdict)
        case .renewal(let id, let command):
            guard let session = sessions.find(id), session.pointee.kind == .webSocket else { return }
            renew(session, command, answer.verdict)
        case .streamRenewal(let id, let command, let room, let participant):
            guard let session = sessions.find(id), session.pointee.kind == .awaitingAnswer else { return }
            renewStreams(session, command, room, participant, answer.verdict)
        case nil: break
        }
    }

    /// A request goes on where it stopped for its token.
    private func requestJudged(_ id: ConnectionID, _ verdict: TokenVerdict) {
        guard let session = sessions.find(id), session.pointee.kind == .awaitingAnswer,
            let exchange = session.pointee.exchange, exchange.isJudging
        else { return }
        exchange.isJudging = false
        if let request = exchange.upgrade { return admitSocket(session, request, verdict) }
        switch verdict {
        case .good(let token): exchange.token = token
        case .bad(let error): exchange.tokenError = error
        case .unavailable:
            counters.reject(.unavailable)
            return answer(id, .unavailable("the issuer's keys are being fetched", retryAfterMs: keysRetryMs()))
        }
        session.pointee.kind = .http
        dispatch(session, exchange)
    }

    /// When somebody whose key is being fetched should come again: spread, so that a class does not at once.
    func keysRetryMs() -> Int64 { Int64.random(in: 1_000...3_000) }

    /// Parks a request until its token is judged; where too many wait it is told so.
    func park(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange, _ question: TokenQuestion) -> Bool {
        guard ask(question, for: .request(session.pointee.id)) else { return false }
        exchange.isJudging = true
        awaitAnswer(session)
        return true
    }
}
