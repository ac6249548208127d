// From a request for a room's stream to a member with a cursor: the same for all three transports. The
// reactor asks the room's home; the answer says `welcome` or `resumed`, and from then on the cursor moves.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// Asks the home to let the session in. `cursor` is what the client says it has.
    func requestAttach(_ session: UnsafeMutablePointer<Session>, cursor: RoomCursor?) {
        guard let identity = session.pointee.identity else {
            preconditionFailure("a session attaches after it was identified")
        }
        session.pointee.flags.insert(.present)
        if session.pointee.room < 0, !session.pointee.flags.contains(.joining) {
            session.pointee.flags.insert(.joining)
            joinsInProgress += 1
        }
        let replica = replica(identity.room)
        // Not to be let go while the answer relies on it.
        if replica?.emptySinceMs != nil { replica?.emptySinceMs = reactor.nowMs }
        let request = AttachRequest(
            endpoint: Endpoint(reactor: UInt8(index), connection: session.pointee.id), actor: identity.actor,
            room: identity.room, device: identity.device, view: session.pointee.view, cursor: cursor,
            replicaBaseSeq: replica?.baseSeq)
        post(.attach(request), to: node.home(of: identity.room))
    }

    /// A reader fell off the tail: the same attach again, which can only end in a snapshot.
    func requestReset(_ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica) {
        requestAttach(session, cursor: .unknown)
    }

    /// The home has answered.
    func attached(_ reply: AttachReply) {
        guard let session = sessions.find(reply.endpoint.connection), let identity = session.pointee.identity,
            awaitsRoom(session)
        else { return leaveAgain(reply) }
        // Made for what it was before it showed another token: the next answer is the right one.
        guard reply.view == session.pointee.view else { return keepReplica(reply) }
        joinDone(session)
        if case .refused(let rejection, let removed) = reply.verdict {
            return refuseAttach(session, rejection, removed: removed)
        }
        guard !isDraining else {
            keepReplica(reply)
            return refuseAttach(
                session, Rejection(.unavailable, "the server is shutting down", retryAfterMs: 1000), removed: false)
        }
        writer.reset(keepingCapacity: true)
        switch reply.verdict {
        case .refused: preconditionFailure("refusals were dealt with above")
        case .welcome(let parts):
            writeWelcome(parts, session, identity)
            place(session, identity, epoch: parts.epoch, seq: parts.seq, head: parts.seq, missed: nil)
        case .resumed(let parts):
            writeResumed(parts, identity)
            place(session, identity, epoch: parts.epoch, seq: parts.from, head: parts.head, missed: parts.missed)
        }
    }

    /// Whether the session is one that an answer of a room's home is for.
    private func awaitsRoom(_ session: UnsafeMutablePointer<Session>) -> Bool {
        switch session.pointee.kind {
        case .webSocket, .eventStream: true
        case .awaitingAnswer: (session.pointee.exchange?.wants ?? .answer) != .answer
        case .vacant, .http, .longPoll, .echo, .closing: false
        }
    }

    /// The connection went while its room was asked. Its end was told to the home as well, but that may have come there
    /// before the attach (a room that is being read makes attaches wait): only this is sure to come behind.
    private func leaveAgain(_ reply: AttachReply) {
        if case .refused = reply.verdict { return }
        keepReplica(reply)
        post(
            .detach(room: reply.room, endpoint: reply.endpoint, participant: reply.participant, lingers: false),
            to: node.home(of: reply.room))
    }

    /// The home counts this reactor among the room's subscribers from now on: a replica, though nobody reads it, is
    /// what ends that in time.
    private func keepReplica(_ reply: AttachReply) {
        guard replica(reply.room) == nil, node.home(of: reply.room) != index else { return }
        switch reply.verdict {
        case .refused: break
        case .welcome(let parts): _ = openReplica(reply.room, epoch: parts.epoch, baseSeq: parts.seq)
        case .resumed(let parts): _ = openReplica(reply.room, epoch: parts.epoch, baseSeq: parts.head)
        }
    }

    /// A join is no longer in progress.
    func joinDone(_ session: UnsafeMutablePointer<Session>) {
        guard session.pointee.flags.contains(.joining) else { return }
        session.pointee.flags.remove(.joining)
        joinsInProgress -= 1
    }

    private func refuseAttach(_ session: UnsafeMutablePointer<Session>, _ rejection: Rejection, removed: Bool) {
        switch session.pointee.kind {
        case .webSocket, .eventStream:
            let code = removed ? CloseCode.removed : CloseCode.tryAgain
            let reason =
                removed
                ? rejection.message : CloseReason.retry(afterMs: UInt32(clamping: rejection.retryAfterMs ?? 1000))
            closeSession(session, code: code, reason: reason)
        case .awaitingAnswer:
            leaveRoom(session)
            answer(session.pointee.id, .problem(rejection))
        case .vacant, .http, .longPoll, .echo, .closing: break
        }
    }

    /// Greets the session with what stands in `writer` and sets its cursor behind `seq`.
    private func place(
        _ session: UnsafeMutablePointer<Session>, _ identity: SessionIdentity, epoch: String, seq: UInt64,
        head: UInt64, missed: MissedEvents?
    ) {
        let replica = replica(identity.room) ?? openReplica(identity.room, epoch: epoch, baseSeq: head)
        let list = LogClass(session.pointee.view)
        let greeting = writer.bytes
        let isMember = session.pointee.room >= 0
        // With `missed` in hand everything up to the head is served from it.
        let from = missed == nil ? seq : head
        // Who has all that the home has lacks nothing here.
        let end = from == head ? replica.nextIndex(in: list) : nil
        guard let start = replica.index(after: from, in: list) ?? end else {
            // What it lacks left the tail here while the home was asked.
            return requestAttach(session, cursor: .unknown)
        }
        session.pointee.cursor = start
        reactor.admit(session.pointee.id)
        // Mail for this reactor was lost, and its repair is on the way: what the greeting holds does not come again.
        if replica.headSeq < from { replica.ahead.append((session.pointee.id, from)) }
        switch session.pointee.kind {
        case .webSocket:
            let buffer = replyBuffer(session)
            WebSocketFrame.append(.text, payload: greeting, to: &buffer.bytes)
            if let missed { buffer.bytes.append(contentsOf: missed.frames) }
            session.pointee.flags.insert(.greeting)
            session.pointee.greetingEnd = UInt32(buffer.bytes.count)
            if !isMember {
                replica.add(session, session.pointee.encoding ?? .webSocket)
                reactor.setReading(session.pointee.id, true)
                reactor.setDeadline(session.pointee.id, inMs: nextLookMs(session, periodMs: limits.pingMs))
                if isDegraded { sendJSON(session, degradedJSON) }
                tellFeatures(session, identity.room)
            }
        case .awaitingAnswer where session.pointee.exchange?.wants == .eventStream:
            openEventStream(session, replica, greeting: greeting, seq: seq, missed: missed)
            if isDegraded { sendJSON(session, degradedJSON) }
            tellFeatures(session, identity.room)
        case .eventStream:
            StreamEncoding.append(epoch: epoch, seq: seq, json: greeting, to: &replyBuffer(session).bytes)
            if !isMember {
                replica.add(session, .eventStream)
                reactor.setDeadline(session.pointee.id, inMs: nextLookMs(session, periodMs: limits.sseHeartbeatMs))
            }
        case .awaitingAnswer:
            placeLongPoll(session, replica, greeting: greeting, seq: seq, missed: missed)
        case .vacant, .http, .longPoll, .echo, .closing: break
        }
    }

    // MARK: Greetings

    private func writeWelcome(
        _ parts: WelcomeParts, _ session: UnsafeMutablePointer<Session>, _ identity: SessionIdentity
    ) {
        writer.beginObject()
        writer.field("ev", "welcome")
        if parts.reset { writer.field("reset", true) }
        writer.field("room", identity.room.raw)
        writer.field("participant", identity.participant.raw)
        writer.field("role", identity.role.text)
        writer.field("epoch", parts.epoch)
        writer.field("seq", parts.seq)
        writer.key("resume")
        writeResume(identity)
        writer.field("heartbeat_s", limits.heartbeatS)
        writer.key("dedupe")
        writer.beginObject()
        writer.field("ids", RoomLimits.outcomesKept)
        writer.field("minutes", RoomLimits.outcomeWindowMs / 60_000)
        writer.endObject()
        writer.field("server_ts", reactor.wallMs)
        writer.key("presence")
        writer.raw(parts.presence)
        writer.key("state")
        writer.raw(parts.state)
        writer.key("you")
        writer.raw(parts.you)
        writer.endObject()
    }

    private func writeResumed(_ parts: ResumedParts, _ identity: SessionIdentity) {
        writer.beginObject()
        writer.field("ev", "resumed")
        writer.field("from", parts.from)
        writer.field("seq", parts.head)
        writer.field("epoch", parts.epoch)
        writer.key("resume")
        writeResume(identity)
        writer.field("server_ts", reactor.wallMs)
        writer.key("presence")
        writer.raw(parts.presence)
        writer.key("you")
        writer.raw(parts.you)
        writer.endObject()
    }
}
