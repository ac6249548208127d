// From an HTTP request to a WebSocket: handshake, identity, then the room is asked. What a browser cannot
// see on a failed upgrade (expired, banned) is said with a close code instead.

import LiveIO
import LiveProtocol
import Rooms

/// What a room's WebSocket asked for, as far as it is needed once its token is judged.
struct UpgradeRequest {
    /// The answer to its key.
    let handshake: [UInt8]
    let protocolName: StaticString?
    let room: RoomKey
    let device: String?
    let cursor: RoomCursor?
    let resume: String?
    /// How its frames are compressed, if it comes in.
    let deflate: DeflateParameters?
}

extension ReactorCore {
    func upgrade(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange) {
        let id = session.pointee.id
        let handshake: [UInt8]
        switch WebSocketHandshake.judge(head) {
        case .refuse(let failure): return refuseUpgrade(session, failure)
        case .accept(let key): handshake = key
        }
        switch exchange.route {
        case .echo:
            var deflate: DeflateParameters?
            guard negotiate(session, .own, into: &deflate) else { return }
            openEcho(session, handshake, deflate)
        case .live(let room):
            openSocket(session, handshake, room)
        default:
            session.pointee.flags.insert(.closeAfterAnswer)
            answer(id, .problem(Rejection(.notFound, "no WebSocket is served at this path")))
        }
    }

    private func refuseUpgrade(_ session: UnsafeMutablePointer<Session>, _ failure: HTTPFailure) {
        counters.protocolErrors += 1
        session.pointee.flags.insert(.closeAfterAnswer)
        var refusal = HTTPAnswer(
            status: failure.status, contentType: "application/problem+json",
            body: Problem.body(status: failure.status, code: "bad_request", "\(failure.reason)"))
        refusal.wantsUpgrade = failure.status == 426
        answer(session.pointee.id, refusal)
    }

    /// What the client's extensions come to; false where the handshake was refused on their account.
    private func negotiate(
        _ session: UnsafeMutablePointer<Session>, _ policy: DeflatePolicy, into parameters: inout DeflateParameters?
    ) -> Bool {
        switch DeflateNegotiation.choose(head.fields, policy) {
        case .agreed(let agreed): parameters = agreed
        case .without: parameters = nil
        case .malformed:
            refuseUpgrade(session, HTTPFailure(400, "Sec-WebSocket-Extensions is no list of extensions"))
            return false
        }
        return true
    }

    private func openSocket(
        _ session: UnsafeMutablePointer<Session>, _ handshake: [UInt8], _ room: RoomKey
    ) {
        var deflate: DeflateParameters?
        guard negotiate(session, .shared, into: &deflate) else { return }
        if !node.configuration.websocket.deflate { deflate = nil }
        let query = HTTPQuery(head.queryBytes).values(of: ["device", "cursor", "resume", "ticket"])
        let request = UpgradeRequest(
            handshake: handshake,
            protocolName: head.fields.lists("sec-websocket-protocol", "live.v1") ? "live.v1" : nil, room: room,
            device: query[0], cursor: query[1].map { RoomCursor($0) ?? .unknown }, resume: query[2], deflate: deflate)
        if let waitMs = joinWaitMs(session) {
            acceptUpgrade(session, request)
            return closeSession(session, code: CloseCode.tryAgain, reason: CloseReason.retry(afterMs: waitMs))
        }
        switch socketToken(ticket: query[3]) {
        case .done(let verdict): admitSocket(session, request, verdict)
        case .asked(let question):
            guard let exchange = session.pointee.exchange, park(session, exchange, question) else {
                return admitSocket(session, request, .unavailable)
            }
            exchange.upgrade = request
        }
    }

    /// What the token says decides between a place in the room, a close code, and an HTTP answer.
    func admitSocket(_ session: UnsafeMutablePointer<Session>, _ request: UpgradeRequest, _ verdict: TokenVerdict) {
        switch verdict {
        case .unavailable:
            counters.reject(.unavailable)
            acceptUpgrade(session, request)
            let waitMs = UInt32(clamping: keysRetryMs())
            closeSession(session, code: CloseCode.tryAgain, reason: CloseReason.retry(afterMs: waitMs))
        case .bad(.expired):
            counters.reject(.unauthenticated)
            acceptUpgrade(session, request)
            closeSession(session, code: CloseCode.expired, reason: "the token has expired")
        case .bad(let error):
            session.pointee.flags.insert(.closeAfterAnswer)
            refuseToken(session, error)
        case .good(let token):
            guard token.permits(request.room) else {
                counters.reject(.forbidden)
                session.pointee.flags.insert(.closeAfterAnswer)
                return answer(
                    session.pointee.id, .problem(Rejection(.forbidden, "the token is not for this room")))
            }
            identify(session, token, request.room, device: request.device, view: token.role.view)
            acceptUpgrade(session, request.handshake, protocolName: request.protocolName, deflate: request.deflate)
            requestAttach(session, cursor: proven(request.cursor, by: request.resume, session))
        }
    }

    /// The access token of an upgrade: the Authorization header, or the subprotocol `bearer.<token>`, the only
    /// header that a browser's WebSocket can set; else a ticket.
    private func socketToken(ticket: String?) -> TokenStart {
        if let value = head.header("authorization"), value.count > 7,
            Bytes.equalIgnoringCase(UnsafeRawBufferPointer(rebasing: value[..<7]), "bearer ")
        {
            return startToken(UnsafeRawBufferPointer(rebasing: value[7...]))
        }
        var found: TokenStart?
        head.fields.forEach("sec-websocket-protocol") { line in
            for name in HTTPList(line) where name.count > 7 {
                if Bytes.equal(UnsafeRawBufferPointer(rebasing: name[..<7]), "bearer.") {
                    found = startToken(UnsafeRawBufferPointer(rebasing: name[7...]))
                    return false
                }
            }
            return true
        }
        return found ?? .done(ticket.map { useTicket($0) } ?? .bad(.malformed))
    }

    /// For those who are told by a close code why they may not come in: nothing is compressed.
    private func acceptUpgrade(_ session: UnsafeMutablePointer<Session>, _ request: UpgradeRequest) {
        acceptUpgrade(session, request.handshake, protocolName: request.protocolName)
    }

    func acceptUpgrade(
        _ session: UnsafeMutablePointer<Session>, _ handshake: [UInt8], protocolName: StaticString?,
        deflate: DeflateParameters? = nil
    ) {
        WebSocketHandshake.appendResponse(
            acceptKey: handshake, subprotocol: protocolName, deflate: deflate, to: &replyBuffer(session).bytes)
        if deflate != nil { session.pointee.flags.insert(.deflates) }
        session.pointee.kind = .webSocket
        session.pointee.exchange = nil
        session.pointee.frames = WebSocketDecoder()
        reactor.setDeadline(session.pointee.id, inMs: UInt32(limits.answerTimeoutMs))
        counters.upgrades += 1
    }
}
