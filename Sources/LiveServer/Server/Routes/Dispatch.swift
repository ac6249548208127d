// A request has been read whole: do what its route says.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    func dispatch(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange) {
        let id = session.pointee.id
        if exchange.method == .options {
            var reply = HTTPAnswer(status: 204, contentType: "text/plain", body: [])
            reply.allow = exchange.route.methods
            return answer(id, reply)
        }
        if let question = exchange.question {
            exchange.question = nil
            guard park(session, exchange, question) else {
                return answer(id, .unavailable("too many tokens are being checked", retryAfterMs: keysRetryMs()))
            }
            return
        }
        switch exchange.route {
        case .asset(let index): answer(id, asset(node.assets.all[index], exchange))
        case .live(let room): openStream(session, exchange, room)
        case .commands(let room): postCommand(session, exchange, room)
        case .participants(let room): roster(session, exchange, room)
        case .record(let room): record(session, exchange, room)
        case .classes: createClass(session, exchange)
        case .classInfo(let code): classInfo(session, code)
        case .join: join(session, exchange)
        case .tickets: issueTicket(session, exchange)
        case .healthz:
            answer(
                id, HTTPAnswer(status: 200, contentType: "application/json", body: Array("{\"status\":\"ok\"}".utf8)))
        case .readyz: answer(id, readiness())
        case .metrics: scrapeMetrics(session)
        case .echo: answer(id, HTTPAnswer(status: 200, contentType: "application/octet-stream", body: exchange.body))
        case .nothing: answer(id, .problem(Rejection(.notFound, "there is nothing at this path")))
        }
    }

    private func asset(_ asset: Assets.Asset, _ exchange: HTTPExchange) -> HTTPAnswer {
        let gzip = exchange.acceptsGzip ? asset.gzip : nil
        // Plain and compressed bytes are different representations (RFC 9110 §8.8.3).
        let etag = gzip == nil ? asset.etag : "\"gz-" + asset.etag.dropFirst()
        let known = exchange.ifNoneMatch.map { value in
            Array(value.utf8).withUnsafeBytes { HTTPETag.ifNoneMatch($0, names: Array(etag.utf8)) }
        }
        var reply = HTTPAnswer(
            status: known == true ? 304 : 200, contentType: asset.contentType,
            body: known == true ? [] : gzip ?? asset.plain)
        reply.etag = etag
        reply.isGzip = gzip != nil && known != true
        reply.varies = asset.gzip != nil
        reply.isPage = asset.isPage
        reply.isAsset = true
        return reply
    }

    // MARK: Streams over HTTP

    /// SSE or long poll: who is it, may they, where do they stand.
    private func openStream(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange, _ room: RoomKey) {
        if exchange.token == nil, let ticket = exchange.parameter("ticket") {
            switch useTicket(ticket) {
            case .good(let token): exchange.token = token
            case .bad(let error): exchange.tokenError = error
            case .unavailable:
                return answer(
                    session.pointee.id, .unavailable("too many tickets are in use", retryAfterMs: keysRetryMs()))
            }
        }
        guard let token = authorized(session, exchange, room) else { return }
        var cursor: RoomCursor?
        var unreadable = false
        let asked = exchange.parameter("cursor") ?? exchange.parameter("last_event_id")
        // A browser's EventSource comes back to the address of its first request: what it saw last is in the header.
        let isStream = exchange.wants == .eventStream
        if let text = isStream ? exchange.lastEventID ?? asked : asked ?? exchange.lastEventID {
            cursor = RoomCursor(text)
            unreadable = cursor == nil
        }
        if exchange.wants == .longPoll, unreadable {
            return answer(session.pointee.id, .problem(Rejection(.badRequest, "cursor: epoch.seq is expected")))
        }
        let wait = exchange.parameter("wait").flatMap { Int($0) } ?? 0
        exchange.waitS = min(max(0, wait), limits.longpollWaitMaxS)
        let resume = exchange.parameter("resume")
        // A cursor that cannot be read is one that the log no longer reaches.
        if unreadable { cursor = .unknown }
        identify(session, token, room, device: exchange.parameter("device"), view: token.role.view)
        session.pointee.kind = .awaitingAnswer
        reactor.setDeadline(session.pointee.id, inMs: UInt32(limits.answerTimeoutMs))
        requestAttach(session, cursor: proven(cursor, by: resume, session))
    }

    /// A resume token that names somebody else, or is too old, proves nothing: then a snapshot it is.
    func proven(_ cursor: RoomCursor?, by resume: String?, _ session: UnsafeMutablePointer<Session>) -> RoomCursor? {
        guard let cursor else { return resume == nil ? nil : .unknown }
        guard let resume else { return cursor }
        guard let identity = session.pointee.identity else { return .unknown }
        let claims = Array(resume.utf8).withUnsafeBytes { resumes.open($0, nowMs: reactor.wallMs) }
        guard let claims, claims.participant == identity.participant, claims.room == identity.room else {
            counters.staleResumes += 1
            return .unknown
        }
        return cursor
    }

    func identify(
        _ session: UnsafeMutablePointer<Session>, _ token: AccessToken, _ room: RoomKey, device: String?, view: View
    ) {
        session.pointee.identity = SessionIdentity(
            participant: token.sub, name: token.name, role: token.role, room: room,
            device: device.map { DeviceName.hash($0) } ?? 0, accessExpS: token.expS)
        session.pointee.identity?.chooseWarning(nowS: reactor.wallMs / 1_000)
        session.pointee.view = view
    }

    /// The exchange's token if it is good for the room; else the answer has been given.
    func authorized(
        _ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange, _ room: RoomKey
    ) -> AccessToken? {
        guard let token = exchange.token else {
            refuseToken(session, exchange.tokenError)
            return nil
        }
        guard token.permits(room) else {
            counters.reject(.forbidden)
            answer(session.pointee.id, .problem(Rejection(.forbidden, "the token is not for this room")))
            return nil
        }
        return token
    }

    // MARK: Commands by POST

    private func postCommand(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange, _ room: RoomKey) {
        guard let token = authorized(session, exchange, room) else { return }
        guard exchange.body.count <= limits.frameBytes else {
            return answer(
                session.pointee.id, .problem(Rejection(.tooLarge, "a command has at most \(limits.frameBytes) bytes")))
        }
        let actor = Actor(participant: token.sub, name: token.name, role: token.role)
        counters.messages += 1
        let decoded = exchange.body.withUnsafeBytes { CommandDecoder.decode($0, reader: json) }
        let id: CommandID
        let body: RoomCommand.Body
        switch decoded {
        case .refused(let id, let rejection):
            if let waitMs = spendHere(token.sub) { return answerHere(session, id, waitMs) }
            counters.reject(rejection.code)
            return answer(
                session.pointee.id,
                .json(rejection.code.httpStatus, ReplyEncoding.refused(id, rejection)))
        case .heartbeat(let beatID, let beat):
            if let waitMs = spendHere(token.sub) { return answerHere(session, beatID.raw, waitMs) }
            note(beat, in: room)
            return answer(session.pointee.id, .json(200, heartbeatReply(beatID, room, token)))
        case .auth(let authID, let fresh):
            if let waitMs = spendHere(token.sub) { return answerHere(session, authID.raw, waitMs) }
            return postRenewal(session, exchange, authID, room, fresh)
        case .ballot(let ballotID, let ballot):
            id = ballotID
            body = .ballot(ballot, actor: actor)
        case .command(let commandID, let digest, let command):
            id = commandID
            body = .proposal(Proposal(actor: actor, id: commandID, digest: digest, command: command))
        }
        if let key = exchange.idempotencyKey, key != id.raw {
            let rejection = Rejection(.badRequest, "Idempotency-Key and id must be equal")
            return answer(session.pointee.id, .json(400, ReplyEncoding.refused(id.raw, rejection)))
        }
        awaitAnswer(session)
        let origin = Endpoint(reactor: UInt8(index), connection: session.pointee.id)
        let command = RoomCommand(origin: origin, room: room, id: id, body: body, receivedNs: reactor.nowNs)
        post(.command(command), to: node.home(of: room))
    }

    private func heartbeatReply(_ id: CommandID, _ room: RoomKey, _ token: AccessToken) -> [UInt8] {
        let identity = SessionIdentity(
            participant: token.sub, name: token.name, role: token.role, room: room, device: 0, accessExpS: token.expS)
        writer.reset(keepingCapacity: true)
        writer.beginObject()
        writer.field("re", id.raw)
        writer.field("ok", true)
        if let replica = replica(room) { writer.field("head", replica.headSeq) }
        writer.field("server_ts", reactor.wallMs)
        writer.key("resume")
        writeResume(identity)
        writer.endObject()
        return writer.bytes
    }

    private func roster(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange, _ room: RoomKey) {
        guard let token = authorized(session, exchange, room) else { return }
        guard token.role.isModerator else {
            counters.reject(.forbidden)
            return answer(session.pointee.id, .problem(Rejection(.forbidden, "the roster is the moderators'")))
        }
        let limit = exchange.parameter("limit").flatMap { Int($0) } ?? 100
        guard (1...limits.rosterPageMax).contains(limit) else {
            return answer(
                session.pointee.id,
                .problem(Rejection(.badRequest, "limit: 1 to \(limits.rosterPageMax) is expected")))
        }
        awaitAnswer(session)
        let request = RosterRequest(
            origin: Endpoint(reactor: UInt8(index), connection: session.pointee.id), participant: token.sub, room: room,
            after: exchange.parameter("after"), limit: limit)
        post(.participants(request), to: node.home(of: room))
    }
}
