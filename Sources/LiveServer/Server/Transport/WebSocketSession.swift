// A WebSocket in a room: frames in, commands to the room's home, frames out with the round; liveness by
// ping and by what comes in.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    func receiveWebSocket(
        _ session: UnsafeMutablePointer<Session>, _ bytes: UnsafeMutableRawBufferPointer
    ) -> Int {
        if session.pointee.flags.contains(.closeSent) { return bytes.count }
        // Commands before `welcome` wait: their room is not known to be open to them yet.
        if session.pointee.room < 0 || session.pointee.flags.contains(.paused) {
            reactor.setReading(session.pointee.id, false)
            return 0
        }
        let frameLimits =
            session.pointee.flags.contains(.deflates) ? node.deflatedFrameLimits : node.frameLimits
        switch session.pointee.frames.next(bytes, limits: frameLimits, role: .server) {
        case .needMore(let consumed): return consumed
        case .text(let consumed, let payload):
            if session.pointee.frames.isCompressed {
                deflatedCommand(session, payload)
            } else {
                command(session, payload)
            }
            return consumed
        case .binary(let consumed, _):
            closeSession(session, code: CloseCode.unsupportedData, reason: "commands are text")
            return consumed
        case .ping(let consumed, let payload):
            WebSocketFrame.append(.pong, payload: payload, to: &replyBuffer(session).bytes)
            return consumed
        case .pong(let consumed, _):
            if session.pointee.flags.contains(.pingUnderWay) {
                session.pointee.flags.remove(.pingUnderWay)
                session.pointee.roundTripMs = UInt16(clamping: now32 &- session.pointee.pingSentMs)
                counters.roundTrip.record(ns: UInt64(session.pointee.roundTripMs) * 1_000_000)
            }
            return consumed
        case .close(let consumed, let code, _):
            closeSession(session, code: code, reason: "")
            return consumed
        case .failed(let code, let reason):
            counters.protocolErrors += 1
            closeSession(session, code: code, reason: "\(reason)")
            return bytes.count
        }
    }

    /// The same for a message that the client compressed.
    private func deflatedCommand(_ session: UnsafeMutablePointer<Session>, _ payload: UnsafeRawBufferPointer) {
        if let failure = deflate.inflate(payload) {
            counters.protocolErrors += 1
            return closeSession(session, code: failure.code, reason: "\(failure.reason)")
        }
        let message = deflate.message
        message.withUnsafeBytes { command(session, $0) }
    }

    /// One JSON command of a participant.
    func command(_ session: UnsafeMutablePointer<Session>, _ payload: UnsafeRawBufferPointer) {
        guard let identity = session.pointee.identity else {
            preconditionFailure("only sessions with an identity are in a room")
        }
        counters.messages += 1
        switch CommandDecoder.decode(payload, reader: json) {
        case .refused(let id, let rejection): refuseMalformed(session, id, rejection)
        case .heartbeat(let id, let beat):
            if let waitMs = spendHere(identity) { return refuseHere(session, id.raw, waitMs) }
            heartbeat(session, id, beat)
        case .auth(let id, let token):
            if let waitMs = spendHere(identity) { return refuseHere(session, id.raw, waitMs) }
            authorizeAgain(session, id, token)
        case .ballot(let id, let answer):
            send(.ballot(answer, actor: identity.actor), id, session, identity.room)
        case .command(let id, let digest, let command):
            let proposal = Proposal(actor: identity.actor, id: id, digest: digest, command: command)
            send(.proposal(proposal), id, session, identity.room)
        }
    }

    private func send(
        _ body: RoomCommand.Body, _ id: CommandID, _ session: UnsafeMutablePointer<Session>, _ room: RoomKey
    ) {
        let origin = Endpoint(reactor: UInt8(index), connection: session.pointee.id)
        let command = RoomCommand(origin: origin, room: room, id: id, body: body, receivedNs: reactor.nowNs)
        post(.command(command), to: node.home(of: room))
    }

    /// Liveness and position of a client: answered here, the room is not asked.
    private func heartbeat(_ session: UnsafeMutablePointer<Session>, _ id: CommandID, _ beat: Heartbeat) {
        guard let identity = session.pointee.identity, let replica = replica(of: session) else { return }
        note(beat, in: identity.room)
        writer.reset(keepingCapacity: true)
        writer.beginObject()
        writer.field("re", id.raw)
        writer.field("ok", true)
        writer.field("head", replica.headSeq)
        writer.field("server_ts", reactor.wallMs)
        writer.key("resume")
        writeResume(identity)
        writer.endObject()
        sendJSON(session, writer.bytes)
    }

    /// A fresh resume token as a JSON string.
    func writeResume(_ identity: SessionIdentity) {
        resumeScratch.removeAll(keepingCapacity: true)
        resumes.seal(
            ResumeClaims(
                room: identity.room, participant: identity.participant, issuedMs: reactor.wallMs,
                accessExpS: identity.accessExpS),
            into: &resumeScratch)
        resumeScratch.withUnsafeBytes { writer.string(utf8: $0) }
    }

    /// JSON of a session's own, framed for its transport, sent when the round ends.
    func sendJSON(_ session: UnsafeMutablePointer<Session>, _ json: [UInt8]) {
        switch session.pointee.kind {
        case .webSocket:
            guard !session.pointee.flags.contains(.closeSent) else { return }
            let buffer = replyBuffer(session)
            WebSocketFrame.append(.text, payload: json, to: &buffer.bytes)
            if session.pointee.unreadReplyBytes > limits.replyBytesMax {
                counters.slowClosed += 1
                closeSession(session, code: CloseCode.tooSlow, reason: "replies are not being read")
            }
        case .eventStream: StreamEncoding.append(json: json, to: &replyBuffer(session).bytes)
        case .vacant, .http, .awaitingAnswer, .longPoll, .echo, .closing: break
        }
    }

    /// A reply from a room's home: to the WebSocket it came from, or as the answer of its POST.
    func deliver(_ reply: RoomReply) {
        guard let session = sessions.find(reply.origin.connection) else { return }
        switch session.pointee.kind {
        case .webSocket:
            session.pointee.repliesAfterSeq = max(session.pointee.repliesAfterSeq, reply.afterSeq)
            sendJSON(session, reply.json)
            throttle(session, reply)
        case .awaitingAnswer:
            // The room knows who asked: the next command on this connection does not wait among newcomers.
            reactor.admit(session.pointee.id)
            answer(
                session.pointee.id,
                HTTPAnswer(
                    status: Int(reply.status), contentType: "application/json", body: reply.json,
                    retryAfterMs: reply.pauseMs))
        case .vacant, .http, .longPoll, .eventStream, .echo, .closing: break
        }
    }

    /// Who goes on regardless of `rate_limited` is not read for a while.
    private func throttle(_ session: UnsafeMutablePointer<Session>, _ reply: RoomReply) {
        guard reply.pauseMs > 0 else {
            session.pointee.rateRejections = 0
            return
        }
        throttle(session, pauseMs: reply.pauseMs)
    }

    /// Counts one refusal for rate; at the limit the connection is not read for a while.
    func throttle(_ session: UnsafeMutablePointer<Session>, pauseMs: UInt32) {
        session.pointee.rateRejections &+= 1
        guard Int(session.pointee.rateRejections) >= limits.rateRejectionsMax,
            !session.pointee.flags.contains(.paused)
        else { return }
        pause(session, ms: min(pauseMs, limits.pauseMsMax))
    }

    // MARK: Ending

    /// Ends a session in the manner of its transport, with a code of the contract.
    func closeSession(_ session: UnsafeMutablePointer<Session>, code: UInt16?, reason: String) {
        let id = session.pointee.id
        switch session.pointee.kind {
        case .webSocket, .echo:
            guard !session.pointee.flags.contains(.closeSent) else { return }
            session.pointee.flags.insert(.closeSent)
            WebSocketFrame.appendClose(code: code, reason: reason, to: &replyBuffer(session).bytes)
            leaveRoom(session)
            session.pointee.kind = .closing
            reactor.setDeadline(id, inMs: UInt32(limits.closeTimeoutMs))
        case .eventStream:
            var json = JSONWriter(reserving: 96)
            json.beginObject()
            json.field("ev", "closed")
            json.field("code", Int(code ?? CloseCode.normal))
            json.field("reason", reason)
            json.endObject()
            StreamEncoding.append(json: json.bytes, to: &replyBuffer(session).bytes)
            leaveRoom(session)
            session.pointee.kind = .closing
            reactor.setDeadline(id, inMs: UInt32(limits.closeTimeoutMs))
        case .longPoll: refuseLongPoll(session, code: code, reason: reason)
        case .http, .awaitingAnswer, .closing: reactor.close(id, afterDrain: true)
        case .vacant: break
        }
    }

    /// Takes the session out of its room's members and presence.
    func leaveRoom(_ session: UnsafeMutablePointer<Session>) {
        joinDone(session)
        guard let identity = session.pointee.identity else { return }
        if let replica = replica(of: session), let encoding = session.pointee.encoding {
            replica.remove(session, encoding, in: sessions, nowMs: reactor.nowMs)
        }
        guard session.pointee.flags.contains(.present) else { return }
        session.pointee.flags.remove(.present)
        let endpoint = Endpoint(reactor: UInt8(index), connection: session.pointee.id)
        let lingers = session.pointee.kind == .longPoll
        post(
            .detach(room: identity.room, endpoint: endpoint, participant: identity.participant, lingers: lingers),
            to: node.home(of: identity.room))
    }
}
