// From an HTTP request to a WebSocket: handshake, identity, then the room is asked. What a browser cannot
// see on a failed upgrade (expired, banned) is said with a close code instead.

import LiveIO
import LiveProtocol
import Rooms

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
        let id = session.pointee.id
        let protocolName: StaticString? = head.fields.lists("sec-websocket-protocol", "live.v1") ? "live.v1" : nil
        if let waitMs = joinWaitMs(session) {
            acceptUpgrade(session, handshake, protocolName: protocolName)
            return closeSession(session, code: CloseCode.tryAgain, reason: CloseReason.retry(afterMs: waitMs))
        }
        let token: AccessToken
        switch socketToken() {
        case .failure(.expired):
            counters.reject(.unauthenticated)
            acceptUpgrade(session, handshake, protocolName: protocolName)
            return closeSession(session, code: CloseCode.expired, reason: "the token has expired")
        case .failure(let error):
            session.pointee.flags.insert(.closeAfterAnswer)
            return refuseToken(session, error)
        case .success(let good): token = good
        }
        guard token.permits(room) else {
            counters.reject(.forbidden)
            session.pointee.flags.insert(.closeAfterAnswer)
            return answer(id, .problem(Rejection(.forbidden, "the token is not for this room")))
        }
        var deflate: DeflateParameters?
        guard negotiate(session, .shared, into: &deflate) else { return }
        if !node.configuration.websocket.deflate { deflate = nil }
        let query = HTTPQuery(head.queryBytes)
        let cursor = query["cursor"].map { RoomCursor($0) ?? .unknown }
        let resume = query["resume"]
        identify(session, token, room, device: query["device"], view: token.role.view)
        acceptUpgrade(session, handshake, protocolName: protocolName, deflate: deflate)
        requestAttach(session, cursor: proven(cursor, by: resume, session))
    }

    /// The access token of an upgrade: the Authorization header, or the subprotocol `bearer.<token>`, the only
    /// header that a browser's WebSocket can set.
    private func socketToken() -> Result<AccessToken, TokenError> {
        let nowS = reactor.wallMs / 1000
        if let value = head.header("authorization"), value.count > 7,
            Bytes.equalIgnoringCase(UnsafeRawBufferPointer(rebasing: value[..<7]), "bearer ")
        {
            return verifier.verify(UnsafeRawBufferPointer(rebasing: value[7...]), nowS: nowS)
        }
        var found: Result<AccessToken, TokenError> = .failure(.malformed)
        head.fields.forEach("sec-websocket-protocol") { line in
            for name in HTTPList(line) where name.count > 7 {
                if Bytes.equal(UnsafeRawBufferPointer(rebasing: name[..<7]), "bearer.") {
                    found = verifier.verify(UnsafeRawBufferPointer(rebasing: name[7...]), nowS: nowS)
                    return false
                }
            }
            return true
        }
        return found
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
