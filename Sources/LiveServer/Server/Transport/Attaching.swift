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
        let request = AttachRequest(
            endpoint: Endpoint(reactor: UInt8(index), connection: session.pointee.id), actor: identity.actor,
            room: identity.room, device: identity.device, view: session.pointee.view, cursor: cursor,
            replicaBaseSeq: replica(identity.room)?.baseSeq)
        post(.attach(request), to: node.home(of: identity.room))
    }

    /// A reader fell off the tail: the same attach again, which can only end in a snapshot.
    func requestReset(_ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica) {
        requestAttach(session, cursor: RoomCursor(epoch: "-", seq: 0))
    }

    /// The home has answered.
    func attached(_ reply: AttachReply) {
        guard let session = sessions.find(reply.endpoint.connection), let identity = session.pointee.identity else {
            // Gone meanwhile: take it out of presence again.
            return
        }
        switch reply.verdict {
        case .refused(let rejection, let removed): refuseAttach(session, rejection, removed: removed)
        case .welcome(let parts):
            writer.reset(keepingCapacity: true)
            writeWelcome(parts, session, identity)
            place(session, identity, epoch: parts.epoch, seq: parts.seq, head: parts.seq, missed: nil)
        case .resumed(let parts):
            writer.reset(keepingCapacity: true)
            writeResumed(parts, identity)
            place(session, identity, epoch: parts.epoch, seq: parts.from, head: parts.head, missed: parts.missed)
        }
    }

    private func refuseAttach(_ session: UnsafeMutablePointer<Session>, _ rejection: Rejection, removed: Bool) {
        session.pointee.flags.remove(.present)
        switch session.pointee.kind {
        case .webSocket:
            let code = removed ? CloseCode.removed : CloseCode.tryAgain
            let reason =
                removed ? rejection.message : CloseReason.retry(afterMs: UInt32(clamping: rejection.retryAfterMs ?? 1000))
            closeSession(session, code: code, reason: reason)
        case .awaitingAnswer: answer(session.pointee.id, .problem(rejection))
        default: break
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
        session.pointee.cursor = replica.index(after: from, in: list) ?? replica.nextIndex(in: list)
        switch session.pointee.kind {
        case .webSocket:
            let buffer = replyBuffer(session)
            WebSocketFrame.append(.text, payload: greeting, to: &buffer.bytes)
            if let missed { buffer.bytes.append(contentsOf: missed.frames) }
            session.pointee.flags.insert(.greeting)
            if !isMember {
                replica.add(session, .webSocket)
                reactor.setReading(session.pointee.id, true)
                reactor.setDeadline(session.pointee.id, inMs: UInt32(limits.pingMs))
                if isDegraded { sendJSON(session, degradedJSON) }
            }
        case .awaitingAnswer where session.pointee.exchange?.wants == .eventStream:
            openEventStream(session, replica, greeting: greeting, seq: seq, missed: missed)
        case .eventStream:
            StreamEncoding.append(epoch: epoch, seq: seq, json: greeting, to: &replyBuffer(session).bytes)
            session.pointee.flags.insert(.greeting)
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
