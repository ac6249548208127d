// HTTP/1.1 on a connection: requests one after another, each answered before the next is read; some turn
// the connection into a stream or a WebSocket.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    func receiveHTTP(_ session: UnsafeMutablePointer<Session>, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        var used = 0
        while true {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[used...])
            switch session.pointee.parser.next(rest, limits: bounds(session), head: &head) {
            case .needMore(let consumed):
                return used + consumed
            case .head(let consumed):
                used += consumed
                begin(session)
                // One that was refused at its head is over: the next one of the pipeline is a step of its own.
                if session.pointee.kind != .http || session.pointee.exchange == nil { return used }
            case .body(let consumed, let range):
                // What somebody without a good token says is read, so that the connection can go on, and not kept.
                if let exchange = session.pointee.exchange, exchange.tokenError == nil {
                    exchange.body.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[range]))
                }
                used += consumed
                // A step of its own: a body may come in a hundred thousand chunks. Its end may need no further byte.
                if used < bytes.count { return used }
            case .end(let consumed):
                used += consumed
                if let exchange = session.pointee.exchange { dispatch(session, exchange) }
                return used
            case .failed(let failure):
                counters.protocolErrors += 1
                session.pointee.flags.insert(.closeAfterAnswer)
                answer(
                    session.pointee.id,
                    HTTPAnswer(
                        status: failure.status, contentType: "application/problem+json",
                        body: Problem.body(
                            status: failure.status, code: failure.status == 413 ? "too_large" : "bad_request",
                            "\(failure.reason)")))
                return bytes.count
            }
        }
    }

    /// The bounds of what comes next: the route says how long a body may be.
    private func bounds(_ session: UnsafeMutablePointer<Session>) -> HTTPLimits {
        guard let exchange = session.pointee.exchange else { return node.httpLimits }
        switch exchange.route.body {
        case .none: return node.bodilessLimits
        case .message: return node.messageLimits
        case .data: return node.httpLimits
        }
    }

    /// The head of a request is there: route it, judge its origin and method.
    private func begin(_ session: UnsafeMutablePointer<Session>) {
        counters.requests += 1
        noteForwardedFor(session)
        let route = Route(path: head.pathBytes, assets: node.assets, echo: node.switches.isOn(.echo))
        let originAllowed = node.origins.allows(origin: head.origin, host: head.host)
        let origin = head.origin.flatMap { originAllowed ? String(decoding: $0, as: UTF8.self) : nil }
        let exchange = HTTPExchange(route: route, method: head.method, keepAlive: head.keepAlive, origin: origin)
        session.pointee.exchange = exchange
        if !head.keepAlive { session.pointee.flags.insert(.closeAfterAnswer) }
        if head.method == .head {
            session.pointee.flags.insert(.headOnly)
        } else {
            session.pointee.flags.remove(.headOnly)
        }
        guard originAllowed else {
            counters.reject(.forbidden)
            return refuse(session, Rejection(.forbidden, "this Origin is not on the allow-list"))
        }
        guard head.host?.count ?? 0 <= limits.hostBytesMax else {
            return refuse(session, Rejection(.badRequest, "Host has at most \(limits.hostBytesMax) bytes"))
        }
        guard HTTPQuery(head.queryBytes).hasAtMost(limits.queryPairsMax) else {
            return refuse(
                session, Rejection(.badRequest, "a query has at most \(limits.queryPairsMax) parameters"))
        }
        if head.method == .options { return }
        guard route.allows(head.method) else {
            var answerNow = HTTPAnswer(
                status: 405, contentType: "application/problem+json",
                body: Problem.body(status: 405, code: "bad_request", "this path does not know that method"))
            answerNow.allow = route.methods
            session.pointee.flags.insert(.closeAfterAnswer)
            return answer(session.pointee.id, answerNow)
        }
        if head.upgradesToWebSocket { return upgrade(session, exchange) }
        if session.pointee.flags.contains(.surplus), !route.isForOperators { return refuseSurplus(session) }
        if route.isJoin, let waitMs = joinWaitMs(session) {
            return refuse(
                session, Rejection(.unavailable, "too many are joining at once", retryAfterMs: Int64(waitMs)))
        }
        if case .nothing = route { return refuse(session, Rejection(.notFound, "there is nothing at this path")) }
        note(exchange)
        if head.expectsContinue {
            replyBuffer(session).bytes.append(contentsOf: Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        if head.hasBody { reactor.setDeadline(session.pointee.id, inMs: UInt32(limits.bodyTimeoutMs)) }
    }

    /// Keeps of the head what the answer will need.
    private func note(_ exchange: HTTPExchange) {
        switch exchange.route {
        case .asset:
            exchange.ifNoneMatch = text("if-none-match")
            exchange.acceptsGzip = HTTPAccept.encodingWeight("gzip", in: head.header("accept-encoding")) > 0
        case .live:
            noteBearer(exchange)
            noteQuery(exchange)
            let wantsEvents = HTTPAccept.names("text/event-stream", in: head.header("accept"))
            exchange.wants = wantsEvents ? .eventStream : .longPoll
            exchange.lastEventID = text("last-event-id").flatMap { $0.isEmpty ? nil : $0 }
        case .tickets: noteBearer(exchange)
        case .commands:
            noteBearer(exchange)
            exchange.idempotencyKey = text("idempotency-key")
        case .participants, .record:
            noteBearer(exchange)
            noteQuery(exchange)
        case .classes, .join, .classInfo: exchange.host = text("host") ?? ""
        case .healthz, .readyz, .metrics, .echo, .nothing: break
        }
    }

    /// The query's parameters that streams and rosters know.
    private func noteQuery(_ exchange: HTTPExchange) {
        let names: [StaticString] = [
            "resume", "cursor", "last_event_id", "wait", "device", "after", "limit", "ticket",
        ]
        for (name, value) in zip(names, HTTPQuery(head.queryBytes).values(of: names)) {
            if let value { exchange.query.append((name.description, value)) }
        }
    }

    private func text(_ name: StaticString) -> String? {
        head.header(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The token of `Authorization: Bearer`, or the reason why there is none; one that a worker must judge waits until
    /// the request is read.
    private func noteBearer(_ exchange: HTTPExchange) {
        guard let value = head.header("authorization"), value.count > 7,
            Bytes.equalIgnoringCase(UnsafeRawBufferPointer(rebasing: value[..<7]), "bearer ")
        else {
            exchange.tokenError = .malformed
            return
        }
        switch startToken(UnsafeRawBufferPointer(rebasing: value[7...])) {
        case .done(.good(let token)): exchange.token = token
        case .done(.bad(let error)): exchange.tokenError = error
        case .done(.unavailable): preconditionFailure("only a worker waits for keys")
        case .asked(let question): exchange.question = question
        }
    }

    /// Answers before the body was read: the connection cannot go on behind it.
    private func refuse(_ session: UnsafeMutablePointer<Session>, _ rejection: Rejection) {
        if head.hasBody { session.pointee.flags.insert(.closeAfterAnswer) }
        answer(session.pointee.id, .problem(rejection))
        if !head.hasBody { session.pointee.parser = HTTPRequestParser() }
    }

    // MARK: Answers

    /// Its answer comes later: from a store, another reactor, a worker. Until then it is not read, its end neither:
    /// whoever has said all that it has to say still gets the answer.
    func awaitAnswer(_ session: UnsafeMutablePointer<Session>) {
        session.pointee.kind = .awaitingAnswer
        reactor.setReading(session.pointee.id, false)
        reactor.setDeadline(session.pointee.id, inMs: UInt32(limits.answerTimeoutMs))
    }

    /// Writes an answer for the request under way; the connection then reads the next one or ends.
    func answer(_ id: ConnectionID, _ answer: HTTPAnswer) {
        guard let session = sessions.find(id) else { return }
        guard session.pointee.kind == .http || session.pointee.kind == .awaitingAnswer else { return }
        let exchange = session.pointee.exchange
        let closes = session.pointee.flags.contains(.closeAfterAnswer) || isDraining
        responses.append(
            answer, origin: exchange?.origin, keepAlive: !closes,
            headOnly: session.pointee.flags.contains(.headOnly), nowMs: reactor.wallMs, to: replyBuffer(session))
        markDirty(session)
        counters.answers += 1
        session.pointee.exchange = nil
        session.pointee.flags.remove(.headOnly)
        if closes {
            session.pointee.kind = .closing
            reactor.setDeadline(id, inMs: UInt32(limits.closeTimeoutMs))
        } else {
            session.pointee.kind = .http
            reactor.setReading(id, true)
            reactor.setDeadline(id, inMs: UInt32(limits.httpIdleMs))
        }
    }

    /// Nothing came, or not enough, in time.
    func httpDeadline(_ session: UnsafeMutablePointer<Session>) {
        let id = session.pointee.id
        if session.pointee.parser.isIdle && session.pointee.exchange == nil {
            return reactor.close(id, afterDrain: true)
        }
        session.pointee.flags.insert(.closeAfterAnswer)
        counters.reject(.tooLarge)
        answer(
            id,
            HTTPAnswer(
                status: 408, contentType: "application/problem+json",
                body: Problem.body(status: 408, code: "bad_request", "the request took too long to arrive")))
    }
}
