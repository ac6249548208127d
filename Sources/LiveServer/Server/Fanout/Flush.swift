// The end of a round: every member whose cursor is behind its room's head gets everything it lacks with
// one write. Members that stand at the same place share one slice of the log; nothing is copied, counted
// or allocated for a member.
//
// Short write: the cursor stays at the frame that was cut, only the rest of that frame is kept (it must
// go out whole), and the session waits for the kernel. Fallen off the tail: reset by snapshot, at most
// once in `resetEveryMs`, else closed with 4408.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// Bytes sent to many: the same slice for all that stand at `cursor`.
    private struct SharedSlice {
        var cursor: UInt64 = .max
        var slice = FrameSlice(bytes: UnsafeRawBufferPointer(start: nil, count: 0), next: 0, form: .plain)
    }

    func flushDirtyReplicas() {
        var at = 0
        while at < dirtyReplicas.count {
            if let replica = replicas[Int(dirtyReplicas[at])] {
                if isWorthWaiting(replica) { deferredReplicas.append(replica.slot) } else { flush(replica) }
            }
            at += 1
        }
        dirtyReplicas.removeAll(keepingCapacity: true)
    }

    /// More of a large room's events are at the log and will be back within a fraction of what one flush costs: with
    /// them a member gets one write instead of two. Waited for once, and a millisecond at most.
    private func isWorthWaiting(_ replica: RoomReplica) -> Bool {
        guard !replica.hasWaited, let handle = homeOf[replica.key], let home = homes[handle], home.pendingCount > 0,
            replica.memberCount >= limits.waitMembersMin
        else {
            replica.hasWaited = false
            return false
        }
        replica.hasWaited = true
        return true
    }

    /// Rooms that waited go with the next round, which mail from the log or this timer brings.
    func bringDeferredBack() {
        guard !deferredReplicas.isEmpty else { return }
        dirtyReplicas.append(contentsOf: deferredReplicas)
        deferredReplicas.removeAll(keepingCapacity: true)
        armRetry()
    }

    private func flush(_ replica: RoomReplica) {
        replica.isDirty = false
        replica.eventsDue = 0
        for list in LogClass.allCases { flush(replica, list) }
        if replica.receivedNs > 0 {
            counters.deliveryLatency.record(ns: MonotonicClock.nowNs() &- replica.receivedNs)
            replica.receivedNs = 0
        }
        for list in replica.pendingEphemeral.indices {
            replica.pendingEphemeral[list].removeAll(keepingCapacity: true)
        }
    }

    private func flush(_ replica: RoomReplica, _ list: LogClass) {
        let members = replica.members[list.rawValue]
        let sockets = members[MemberEncoding.webSocket.rawValue]
        let ephemeral = replica.pendingEphemeral[list.rawValue]
        if !sockets.isEmpty {
            scratch.removeAll(keepingCapacity: true)
            for json in ephemeral { appendFrame(json) }
            flushSockets(sockets, replica, list, ephemeral: scratch, .plain)
        }
        // After the others, whom compressing must not keep waiting.
        let deflated = members[MemberEncoding.deflatedSocket.rawValue]
        if !deflated.isEmpty {
            replica.makeTwins(list, deflate)
            scratch.removeAll(keepingCapacity: true)
            for json in ephemeral { deflate.appendFrame(json, to: &scratch) }
            flushSockets(deflated, replica, list, ephemeral: scratch, .deflated)
        }
        let streams = members[MemberEncoding.eventStream.rawValue]
        if !streams.isEmpty {
            if list == .moderators {
                flushStreams(streams, replica.moderators, replica, ephemeral: ephemeral)
            } else {
                flushStreams(streams, replica.peers, replica, ephemeral: ephemeral)
            }
        }
        // Answering takes a poll out of the list: walk a copy.
        for index in members[MemberEncoding.longPoll.rawValue] {
            let session = sessions.at(index)
            if session.pointee.cursor < replica.nextIndex(in: list) { answerLongPoll(session, replica) }
        }
    }

    private func appendFrame(_ json: [UInt8]) {
        WebSocketFrame.append(.text, payload: json, to: &scratch)
    }

    private func flushSockets(
        _ members: ContiguousArray<UInt32>, _ replica: RoomReplica, _ list: LogClass, ephemeral: [UInt8],
        _ form: FrameForm
    ) {
        if list == .moderators {
            flushSockets(members, replica.moderators, replica, ephemeral: ephemeral, form)
        } else {
            flushSockets(members, replica.peers, replica, ephemeral: ephemeral, form)
        }
    }

    private func flushSockets(
        _ members: ContiguousArray<UInt32>, _ log: borrowing FrameLog, _ replica: RoomReplica, ephemeral: [UInt8],
        _ form: FrameForm
    ) {
        let head = log.nextIndex
        var shared = SharedSlice()
        var deliveries = 0
        var sentBytes = 0
        members.withUnsafeBufferPointer { slots in
            for slot in slots {
                let session = sessions.at(slot)
                let cursor = session.pointee.cursor
                if session.pointee.flags.contains(.blocked) {
                    if !ephemeral.isEmpty { session.pointee.flags.insert(.missedEphemeral) }
                    continue
                }
                if cursor == head {
                    if !ephemeral.isEmpty { sendEphemeral(session, ephemeral) }
                    continue
                }
                if cursor != shared.cursor {
                    if cursor < log.firstIndex {
                        fellBehind(session)
                        continue
                    }
                    let slice = log.slice(from: cursor, bytesMax: limits.gatherBytes, form: form)
                    shared = SharedSlice(cursor: cursor, slice: slice)
                }
                guard shared.slice.next == head, ephemeral.isEmpty else {
                    catchUp(session, log, replica)
                    if !ephemeral.isEmpty, !session.pointee.flags.contains(.blocked) {
                        sendEphemeral(session, ephemeral)
                    }
                    continue
                }
                let sent = reactor.trySend(session.pointee.id, shared.slice.bytes)
                if sent == shared.slice.bytes.count {
                    session.pointee.cursor = head
                    deliveries += Int(truncatingIfNeeded: head &- cursor)
                    sentBytes += sent
                } else {
                    cutShort(session, log, shared.slice.form, from: cursor, sent: sent)
                }
            }
        }
        counters.deliveries += UInt64(deliveries)
        counters.deliveredBytes += UInt64(sentBytes)
    }

    /// Sends a member everything it lacks, slice by slice, until it has it or the kernel is full.
    func catchUp(_ session: UnsafeMutablePointer<Session>, _ log: borrowing FrameLog, _ replica: RoomReplica) {
        while session.pointee.cursor < log.nextIndex, !session.pointee.flags.contains(.blocked) {
            let cursor = session.pointee.cursor
            if cursor < log.firstIndex { return fellBehind(session) }
            let slice = log.slice(from: cursor, bytesMax: limits.gatherBytes, form: session.pointee.form)
            let sent = reactor.trySend(session.pointee.id, slice.bytes)
            if sent == slice.bytes.count {
                session.pointee.cursor = slice.next
                counters.deliveries += slice.next - cursor
                counters.deliveredBytes += UInt64(sent)
            } else {
                return cutShort(session, log, slice.form, from: cursor, sent: sent)
            }
        }
    }

    /// A write took only `sent` bytes of a slice of frames in `form`: keep the rest of the frame that was cut, no more.
    private func cutShort(
        _ session: UnsafeMutablePointer<Session>, _ log: borrowing FrameLog, _ form: FrameForm, from cursor: UInt64,
        sent: Int
    ) {
        let cut = log.locate(offset: sent, from: cursor, form: form)
        guard cut.index < log.nextIndex else {
            session.pointee.cursor = cut.index
            return
        }
        if cut.offsetInFrame == 0 {
            session.pointee.cursor = cut.index
        } else {
            let frame = log.frame(at: cut.index, form: form)
            reactor.enqueue(session.pointee.id, UnsafeRawBufferPointer(rebasing: frame[cut.offsetInFrame...]))
            session.pointee.cursor = cut.index + 1
        }
        session.pointee.flags.insert(.blocked)
        counters.deliveries += session.pointee.cursor - cursor
        counters.deliveredBytes += UInt64(sent)
        counters.shortWrites += 1
    }

    private func sendEphemeral(_ session: UnsafeMutablePointer<Session>, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { sendWhole(session, $0) }
    }

    /// Sends bytes that must go out whole, keeping what the kernel did not take.
    func sendWhole(_ session: UnsafeMutablePointer<Session>, _ bytes: UnsafeRawBufferPointer) {
        let sent = reactor.trySend(session.pointee.id, bytes)
        if sent < bytes.count {
            reactor.enqueue(session.pointee.id, UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            session.pointee.flags.insert(.blocked)
            counters.shortWrites += 1
        }
        counters.deliveredBytes += UInt64(sent)
    }

    // MARK: Sessions with bytes of their own

    /// Answers to POST wait for the rooms of the round where each has one event to send: whoever publishes alone goes
    /// on when its event is out, and so never runs ahead of its readers. Where several publish to one room, their
    /// answers go first: what they send next arrives during the fan-out and leaves together in the following one.
    func flushDirtySessions() {
        let answersWait =
            !dirtyReplicas.isEmpty && dirtyReplicas.allSatisfy { (replicas[Int($0)]?.eventsDue ?? 0) <= 1 }
        var at = 0
        var kept = 0
        while at < dirtySessions.count {
            let id = dirtySessions[at]
            at += 1
            guard let session = sessions.find(id) else { continue }
            if answersWait, session.pointee.kind == .http {
                dirtySessions[kept] = id
                kept += 1
            } else {
                session.pointee.flags.remove(.dirty)
                flush(session)
            }
        }
        dirtySessions.removeSubrange(kept...)
    }

    /// Events first, then replies: a reply with seq N follows event N.
    private func flush(_ session: UnsafeMutablePointer<Session>) {
        guard !session.pointee.flags.contains(.blocked) else { return }
        switch session.pointee.kind {
        case .webSocket, .eventStream:
            guard let replica = replica(of: session) else { return flushReplies(session) }
            let list = LogClass(session.pointee.view)
            if session.pointee.kind == .webSocket {
                joinedWrite(session, replica, list)
            } else {
                flushReplies(session)
                catchUpStream(session, replica, list)
            }
            if session.pointee.flags.contains(.missedEphemeral), !session.pointee.flags.contains(.blocked) {
                session.pointee.flags.remove(.missedEphemeral)
                sendLatestEphemeral(session, replica, list)
            }
        case .http, .awaitingAnswer, .longPoll, .echo, .closing: flushReplies(session)
        case .vacant: break
        }
    }

    private func joinedWrite(_ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, _ list: LogClass) {
        if session.pointee.form == .deflated { replica.makeTwins(list, deflate) }
        if list == .moderators {
            joinedWrite(session, replica, replica.moderators)
        } else {
            joinedWrite(session, replica, replica.peers)
        }
    }

    private func joinedWrite(
        _ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, _ log: borrowing FrameLog
    ) {
        // `welcome` and `resumed` stand before any event.
        if session.pointee.flags.contains(.greeting) {
            flushGreeting(session)
            if session.pointee.flags.contains(.blocked) { return }
        }
        guard let replies = session.pointee.replies, !replies.bytes.isEmpty else {
            return catchUp(session, log, replica)
        }
        let cursor = session.pointee.cursor
        if cursor < log.nextIndex, cursor >= log.firstIndex {
            let slice = log.slice(from: cursor, bytesMax: limits.gatherBytes, form: session.pointee.form)
            if slice.next == log.nextIndex, session.pointee.repliesAfterSeq <= replica.headSeq {
                let total = slice.bytes.count + replies.bytes.count
                let sent = replies.bytes.withUnsafeBytes { reactor.trySend(session.pointee.id, slice.bytes, $0) }
                if sent < slice.bytes.count {
                    return cutShort(session, log, slice.form, from: cursor, sent: sent)
                }
                session.pointee.cursor = slice.next
                counters.deliveries += slice.next - cursor
                counters.deliveredBytes += UInt64(sent)
                return finishReplies(session, replies, sent: sent - slice.bytes.count, whole: sent == total)
            }
        }
        catchUp(session, log, replica)
        guard !session.pointee.flags.contains(.blocked) else { return }
        if session.pointee.repliesAfterSeq <= replica.headSeq { flushReplies(session) }
    }

    /// Sends the session's own bytes up to the end of its greeting. Replies that gathered behind it (its reader was
    /// blocked) stay: they follow the events that they answer.
    private func flushGreeting(_ session: UnsafeMutablePointer<Session>) {
        session.pointee.flags.remove(.greeting)
        let end = Int(session.pointee.greetingEnd)
        session.pointee.greetingEnd = 0
        guard let replies = session.pointee.replies, end < replies.bytes.count else { return flushReplies(session) }
        replies.bytes.withUnsafeBytes { sendWhole(session, UnsafeRawBufferPointer(rebasing: $0[..<end])) }
        replies.bytes.removeFirst(end)
    }

    /// Sends the session's own bytes; what the kernel does not take goes to the outbox.
    func flushReplies(_ session: UnsafeMutablePointer<Session>) {
        guard let replies = session.pointee.replies else { return closeIfDone(session) }
        let sent = replies.bytes.withUnsafeBytes { reactor.trySend(session.pointee.id, $0) }
        counters.deliveredBytes += UInt64(sent)
        finishReplies(session, replies, sent: sent, whole: sent == replies.bytes.count)
    }

    private func finishReplies(
        _ session: UnsafeMutablePointer<Session>, _ replies: ReplyBuffer, sent: Int, whole: Bool
    ) {
        if !whole {
            replies.bytes.withUnsafeBytes {
                reactor.enqueue(session.pointee.id, UnsafeRawBufferPointer(rebasing: $0[sent...]))
            }
            session.pointee.flags.insert(.blocked)
            counters.shortWrites += 1
        }
        session.pointee.replies = nil
        session.pointee.repliesAfterSeq = 0
        session.pointee.greetingEnd = 0
        recycle(replies)
        closeIfDone(session)
    }

    private func closeIfDone(_ session: UnsafeMutablePointer<Session>) {
        guard session.pointee.kind == .closing else { return }
        reactor.close(session.pointee.id, afterDrain: true)
    }

    private func sendLatestEphemeral(
        _ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, _ list: LogClass
    ) {
        scratch.removeAll(keepingCapacity: true)
        for value in replica.latestEphemeral[list.rawValue] {
            if session.pointee.kind == .eventStream {
                StreamEncoding.append(json: value.json, to: &scratch)
            } else {
                appendFrame(value.json)
            }
        }
        let bytes = scratch
        if !bytes.isEmpty { bytes.withUnsafeBytes { sendWhole(session, $0) } }
    }
}
