// Server-sent events: the room's log as `text/event-stream`. The same cursor as a WebSocket's, other
// bytes: the SSE form of a round is made once and shared by all streams that stand at the same place.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// The stream begins: response head, the greeting as first event, then the cursor moves.
    func openEventStream(
        _ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, greeting: [UInt8], seq: UInt64,
        missed: MissedEvents?
    ) {
        let buffer = replyBuffer(session)
        responses.appendEventStreamHead(
            origin: session.pointee.exchange?.origin, nowMs: reactor.wallMs, to: buffer)
        ServerSentEvent.appendRetry(limits.sseRetryMs, to: &buffer.bytes)
        StreamEncoding.append(epoch: replica.epoch, seq: seq, json: greeting, to: &buffer.bytes)
        if let missed { append(missed, epoch: replica.epoch, to: &buffer.bytes) }
        session.pointee.kind = .eventStream
        session.pointee.exchange = nil
        session.pointee.lastOutboundMs = now32
        replica.add(session, .eventStream)
        reactor.setReading(session.pointee.id, true)
        reactor.setDeadline(session.pointee.id, inMs: nextLookMs(session, periodMs: limits.sseHeartbeatMs))
        counters.streamsOpened += 1
    }

    /// Events copied from the home's log.
    private func append(_ missed: MissedEvents, epoch: String, to bytes: inout [UInt8]) {
        missed.frames.withUnsafeBytes { raw in
            var at = 0
            for seq in missed.seqs {
                let length = FrameLog.length(ofFrame: UnsafeRawBufferPointer(rebasing: raw[at...]))
                let frame = UnsafeRawBufferPointer(rebasing: raw[at..<(at + length)])
                StreamEncoding.append(epoch: epoch, seq: seq, json: FrameLog.json(ofFrame: frame), to: &bytes)
                at += length
            }
        }
    }

    func flushStreams(
        _ members: ContiguousArray<UInt32>, _ log: borrowing FrameLog, _ replica: RoomReplica, ephemeral: [[UInt8]]
    ) {
        let head = log.nextIndex
        var builtFor = UInt64.max
        var builtNext: UInt64 = 0
        scratch.removeAll(keepingCapacity: true)
        for json in ephemeral { StreamEncoding.append(json: json, to: &scratch) }
        let after = scratch
        var deliveries: UInt64 = 0
        for slot in members {
            let session = sessions.at(slot)
            let cursor = session.pointee.cursor
            if session.pointee.flags.contains(.blocked) {
                if !after.isEmpty { session.pointee.flags.insert(.missedEphemeral) }
                continue
            }
            if cursor < log.firstIndex {
                fellBehind(session)
                continue
            }
            if cursor < head {
                if cursor != builtFor {
                    builtNext = buildEvents(log, from: cursor, epoch: replica.epoch)
                    builtFor = cursor
                }
                let sent = scratch.withUnsafeBytes { reactor.trySend(session.pointee.id, $0) }
                session.pointee.lastOutboundMs = now32
                if sent < scratch.count {
                    cutShort(session, sent: sent, from: cursor)
                } else {
                    session.pointee.cursor = builtNext
                    counters.deliveredBytes += UInt64(sent)
                    deliveries += builtNext - cursor
                    if builtNext < head {
                        catchUpStream(session, log, replica)
                        builtFor = .max
                    }
                }
            }
            if !after.isEmpty, !session.pointee.flags.contains(.blocked) {
                after.withUnsafeBytes { sendWhole(session, $0) }
            }
        }
        counters.deliveries += deliveries
    }

    /// The SSE form of the frames from `index` on, in `scratch`, with the end of each in `offsets`.
    /// - Returns: the index behind the last one.
    private func buildEvents(_ log: borrowing FrameLog, from index: UInt64, epoch: String) -> UInt64 {
        scratch.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        var at = index
        while at < log.nextIndex, scratch.count < limits.gatherBytes {
            let frame = log.frame(at: at)
            StreamEncoding.append(
                epoch: epoch, seq: frame.seq, json: FrameLog.json(ofFrame: frame.bytes), to: &scratch)
            offsets.append(scratch.count)
            at += 1
        }
        return at
    }

    /// Keeps the rest of the event that was cut; the cursor goes behind it.
    private func cutShort(_ session: UnsafeMutablePointer<Session>, sent: Int, from cursor: UInt64) {
        var event = 0
        while offsets[event] <= sent { event += 1 }
        scratch.withUnsafeBytes {
            reactor.enqueue(session.pointee.id, UnsafeRawBufferPointer(rebasing: $0[sent..<offsets[event]]))
        }
        session.pointee.cursor = cursor + UInt64(event) + 1
        session.pointee.flags.insert(.blocked)
        counters.shortWrites += 1
        counters.deliveredBytes += UInt64(sent)
        counters.deliveries += UInt64(event) + 1
    }

    func catchUpStream(_ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, _ list: LogClass) {
        if list == .moderators {
            catchUpStream(session, replica.moderators, replica)
        } else {
            catchUpStream(session, replica.peers, replica)
        }
    }

    private func catchUpStream(
        _ session: UnsafeMutablePointer<Session>, _ log: borrowing FrameLog, _ replica: RoomReplica
    ) {
        while session.pointee.cursor < log.nextIndex, !session.pointee.flags.contains(.blocked) {
            let cursor = session.pointee.cursor
            if cursor < log.firstIndex { return fellBehind(session) }
            let next = buildEvents(log, from: cursor, epoch: replica.epoch)
            let sent = scratch.withUnsafeBytes { reactor.trySend(session.pointee.id, $0) }
            session.pointee.lastOutboundMs = now32
            if sent < scratch.count { return cutShort(session, sent: sent, from: cursor) }
            session.pointee.cursor = next
            counters.deliveries += next - cursor
            counters.deliveredBytes += UInt64(sent)
        }
    }
}
