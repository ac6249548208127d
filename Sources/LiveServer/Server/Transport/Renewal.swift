// `auth`: a participant shows a new token on a live connection. On a WebSocket it is for that connection, by POST for
// the event streams of its sender in that room. Subject and room stay what they are; another role is another view,
// which begins with a snapshot. What is refused leaves everything as it was.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// `auth {token}` on a WebSocket.
    func authorizeAgain(_ session: UnsafeMutablePointer<Session>, _ id: CommandID, _ token: String) {
        guard let identity = session.pointee.identity else { return }
        // An answer that was lost on its way must not keep its holder from trying again.
        if let sinceMs = identity.renewingSinceMs, now32 &- sinceMs < UInt32(limits.answerTimeoutMs) {
            counters.reject(.rateLimited)
            return sendJSON(
                session,
                ReplyEncoding.refused(
                    id.raw, Rejection(.rateLimited, "another token is being checked", retryAfterMs: 500)))
        }
        switch startToken(token) {
        case .done(let verdict): renew(session, id, verdict)
        case .asked(let question):
            guard ask(question, for: .renewal(session.pointee.id, id)) else { return renew(session, id, .unavailable) }
            identity.renewingSinceMs = now32
        }
    }

    /// The new token of a WebSocket has been judged.
    func renew(_ session: UnsafeMutablePointer<Session>, _ id: CommandID, _ verdict: TokenVerdict) {
        guard let identity = session.pointee.identity else { return }
        identity.renewingSinceMs = nil
        switch judgeRenewal(verdict, identity.participant, identity.room, session) {
        case .failure(let refusal):
            counters.reject(refusal.rejection.code)
            sendJSON(session, ReplyEncoding.refused(id.raw, refusal.rejection))
        case .success(let token):
            let fresh = adopt(session, identity, token)
            writer.reset(keepingCapacity: true)
            ReplyEncoding.beginRenewed(id, token, to: &writer)
            writer.key("resume")
            writeResume(fresh)
            writer.endObject()
            sendJSON(session, writer.bytes)
            enterAgain(session, instead: identity)
        }
    }

    /// `auth {token}` by POST, under the token `exchange.token` of the same person.
    func postRenewal(
        _ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange, _ id: CommandID, _ room: RoomKey,
        _ token: String
    ) {
        guard let participant = exchange.token?.sub else {
            preconditionFailure("a command is read for whoever showed a good token")
        }
        awaitAnswer(session)
        switch startToken(token) {
        case .done(let verdict): renewStreams(session, id, room, participant, verdict)
        case .asked(let question):
            if !ask(question, for: .streamRenewal(session.pointee.id, id, room, participant)) {
                renewStreams(session, id, room, participant, .unavailable)
            }
        }
    }

    /// The new token of somebody's streams has been judged: the room's home knows where they are.
    func renewStreams(
        _ session: UnsafeMutablePointer<Session>, _ id: CommandID, _ room: RoomKey, _ participant: ParticipantID,
        _ verdict: TokenVerdict
    ) {
        switch judgeRenewal(verdict, participant, room, session) {
        case .failure(let refusal):
            counters.reject(refusal.rejection.code)
            answer(
                session.pointee.id,
                .json(refusal.rejection.code.httpStatus, ReplyEncoding.refused(id.raw, refusal.rejection)))
        case .success(let token):
            let origin = Endpoint(reactor: UInt8(index), connection: session.pointee.id)
            post(
                .renewStreams(StreamRenewal(origin: origin, room: room, id: id, token: token)), to: node.home(of: room))
        }
    }

    /// At the room's home: every connection of the person hears of it, event streams take it.
    func renewStreams(_ renewal: StreamRenewal) {
        let home = homeOf[renewal.room].flatMap { homes[$0] }
        let isBanned = home?.room.isBanned(renewal.token.sub) ?? false
        let places = isBanned ? [] : home?.presence.endpoints(of: renewal.token.sub) ?? []
        for place in places { post(.renewed(place.connection, renewal), to: Int(place.reactor)) }
        let banned = Rejection(.forbidden, "You were banned from this room.")
        var json = JSONWriter(reserving: 128)
        ReplyEncoding.beginRenewed(renewal.id, renewal.token, to: &json)
        json.endObject()
        let reply = RoomReply(
            origin: renewal.origin, json: isBanned ? ReplyEncoding.refused(renewal.id.raw, banned) : json.bytes,
            afterSeq: 0, status: isBanned ? 403 : 200, pauseMs: 0)
        post(.reply(reply), to: Int(renewal.origin.reactor))
    }

    /// The room's home can't be asked now.
    func refuse(_ renewal: StreamRenewal) {
        let rejection = Rejection(.overloaded, "the node has too much to do", retryAfterMs: 500)
        answer(renewal.origin.connection, .json(503, ReplyEncoding.refused(renewal.id.raw, rejection)))
    }

    /// One connection of somebody who has a new token.
    func renewed(_ id: ConnectionID, _ renewal: StreamRenewal) {
        guard let session = sessions.find(id), session.pointee.kind == .eventStream,
            let identity = session.pointee.identity, identity.participant == renewal.token.sub,
            identity.room == renewal.room
        else { return }
        adopt(session, identity, renewal.token)
        enterAgain(session, instead: identity)
    }

    private func startToken(_ token: String) -> TokenStart {
        var token = token
        return token.withUTF8 { startToken(UnsafeRawBufferPointer($0)) }
    }

    private struct RenewalRefusal: Error {
        let rejection: Rejection
    }

    /// Only the same person's token for the same room will do; bad ones count against the address.
    private func judgeRenewal(
        _ verdict: TokenVerdict, _ participant: ParticipantID, _ room: RoomKey,
        _ session: UnsafeMutablePointer<Session>
    ) -> Result<AccessToken, RenewalRefusal> {
        let rejection: Rejection
        switch verdict {
        case .good(let token):
            guard token.sub == participant, token.permits(room) else {
                rejection = Rejection(.forbidden, "the token is for somebody else, or for another room")
                break
            }
            return .success(token)
        case .bad(let error): rejection = refusal(of: error, session)
        case .unavailable:
            rejection = Rejection(.unavailable, "tokens cannot be checked now", retryAfterMs: keysRetryMs())
        }
        return .failure(RenewalRefusal(rejection: rejection))
    }

    /// The session's person under the new token.
    @discardableResult
    private func adopt(
        _ session: UnsafeMutablePointer<Session>, _ old: SessionIdentity, _ token: AccessToken
    ) -> SessionIdentity {
        let fresh = SessionIdentity(
            participant: old.participant, name: token.name, role: token.role, room: old.room, device: old.device,
            accessExpS: token.expS)
        fresh.chooseWarning(nowS: reactor.wallMs / 1_000)
        // Another token is no other allowance.
        fresh.allowance = old.allowance
        fresh.malformedCount = old.malformedCount
        session.pointee.identity = fresh
        counters.renewals += 1
        return fresh
    }

    /// A name or role that changed is the room's to know; another view reads another log, from a snapshot on. Until
    /// that comes nothing of the room reaches the session.
    private func enterAgain(_ session: UnsafeMutablePointer<Session>, instead old: SessionIdentity) {
        guard let fresh = session.pointee.identity, let encoding = session.pointee.encoding else { return }
        guard fresh.actor != old.actor else {
            if session.pointee.room >= 0 {
                let periodMs = session.pointee.kind == .webSocket ? limits.pingMs : limits.sseHeartbeatMs
                reactor.setDeadline(session.pointee.id, inMs: nextLookMs(session, periodMs: periodMs))
            }
            return
        }
        if fresh.role.view != session.pointee.view {
            if let replica = replica(of: session) {
                replica.remove(session, encoding, in: sessions, nowMs: reactor.nowMs)
            }
            session.pointee.view = fresh.role.view
        }
        reactor.setDeadline(session.pointee.id, inMs: UInt32(limits.answerTimeoutMs))
        requestAttach(session, cursor: .unknown)
    }
}
