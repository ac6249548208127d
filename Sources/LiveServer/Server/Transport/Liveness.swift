// Who is still there: a deadline of each connection looks whether anything came from it or reached it, asks where it
// may be asked, and ends what is gone or stuck.
//
// Owns: that judgement. Never: judges a reader by its place in the log alone (FallenBehind does).

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    func deadlineReached(_ id: ConnectionID) {
        guard let session = sessions.find(id) else { return }
        switch session.pointee.kind {
        case .webSocket: webSocketDeadline(session)
        case .eventStream: eventStreamDeadline(session)
        case .longPoll: longPollDeadline(session)
        case .http: httpDeadline(session)
        case .awaitingAnswer:
            // Its answer may still come: on a connection that goes on it would be taken for the next request's.
            session.pointee.flags.insert(.closeAfterAnswer)
            leaveRoom(session)
            answer(id, .unavailable("the answer took too long", retryAfterMs: 1000))
        case .echo: reactor.setDeadline(id, inMs: 60_000)
        case .closing: reactor.close(id, afterDrain: false)
        case .vacant: break
        }
    }

    private func webSocketDeadline(_ session: UnsafeMutablePointer<Session>) {
        let id = session.pointee.id
        if session.pointee.room < 0 {
            // The room's home did not answer in time.
            return closeSession(session, code: CloseCode.tryAgain, reason: CloseReason.retry(afterMs: 1000))
        }
        if expired(session) { return closeSession(session, code: CloseCode.expired, reason: "the token has expired") }
        warnOfExpiry(session)
        look(session)
        if isStuck(session) {
            counters.slowClosed += 1
            return reactor.close(id, afterDrain: false)
        }
        // Behind much that waits no ping gets through; who reads it is there nevertheless.
        let silence = min(now32 &- session.pointee.lastInboundMs, now32 &- session.pointee.lastOutboundMs)
        if silence >= UInt32(limits.silentMs), !session.pointee.flags.contains(.paused) {
            counters.silentEnds += 1
            return reactor.close(id, afterDrain: false)
        }
        if !session.pointee.flags.contains(.blocked) {
            WebSocketFrame.append(.ping, payload: [], to: &replyBuffer(session).bytes)
            session.pointee.flags.insert(.pingUnderWay)
            session.pointee.pingSentMs = now32
        }
        reactor.setDeadline(id, inMs: nextLookMs(session, periodMs: limits.pingMs))
    }

    /// A comment when nothing else was sent for a while: keeps proxies and clients sure of the stream.
    func eventStreamDeadline(_ session: UnsafeMutablePointer<Session>) {
        if expired(session) { return closeSession(session, code: CloseCode.expired, reason: "the token has expired") }
        warnOfExpiry(session)
        look(session)
        if !session.pointee.flags.contains(.blocked) {
            ServerSentEvent.appendComment(to: &replyBuffer(session).bytes)
        } else if now32 &- session.pointee.lastOutboundMs >= UInt32(limits.silentMs) * 2 {
            // Nothing moved for long although bytes wait: the peer is gone or stuck.
            counters.silentEnds += 1
            return reactor.close(session.pointee.id, afterDrain: false)
        }
        reactor.setDeadline(session.pointee.id, inMs: nextLookMs(session, periodMs: limits.sseHeartbeatMs))
    }

    // MARK: What reaches it

    /// Bytes that had been waiting for the reader were taken.
    func noteReading(_ session: UnsafeMutablePointer<Session>) {
        session.pointee.lastOutboundMs = now32
        session.pointee.stuckLooks = 0
    }

    /// Whether a blocked reader took something since the last look. Only what had to wait tells: to a peer that is gone
    /// the kernel goes on taking bytes until it is full.
    private func look(_ session: UnsafeMutablePointer<Session>) {
        let waiting = UInt32(clamping: reactor.outboxBytes(session.pointee.id))
        if waiting < session.pointee.outboxSeen {
            noteReading(session)
        } else if session.pointee.flags.contains(.blocked) {
            session.pointee.stuckLooks = min(limits.stuckLooksMax, session.pointee.stuckLooks + 1)
        }
        session.pointee.outboxSeen = waiting
    }

    /// Whether it has read nothing for long and the log has gone on without it: what it sends does not keep it.
    private func isStuck(_ session: UnsafeMutablePointer<Session>) -> Bool {
        guard session.pointee.stuckLooks >= limits.stuckLooksMax, let replica = replica(of: session) else {
            return false
        }
        return session.pointee.cursor < replica.firstIndex(in: LogClass(session.pointee.view))
    }
}
