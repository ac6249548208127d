// Long poll: one request, one answer with everything after the cursor, or an empty one when the wait is
// over. Ephemeral events do not end a wait.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// The attach behind a poll has been answered: answer at once if there is something, else wait.
    func placeLongPoll(
        _ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, greeting: [UInt8], seq: UInt64,
        missed: MissedEvents?
    ) {
        guard let exchange = session.pointee.exchange else { return }
        replica.add(session, .longPoll)
        session.pointee.kind = .longPoll
        // While it waits its end must be noticed.
        reactor.setReading(session.pointee.id, true)
        // A first poll gets its `welcome`; one that goes on gets only events.
        let isWelcome = greeting.starts(with: Array("{\"ev\":\"welcome\"".utf8))
        exchange.pollGreeting = isWelcome ? greeting : nil
        exchange.pollMissed = missed
        let hasEvents = session.pointee.cursor < replica.nextIndex(in: LogClass(session.pointee.view))
        if isWelcome || hasEvents || missed?.seqs.isEmpty == false {
            answerLongPoll(session, replica)
        } else {
            // To the end of its token at most; the warning rides along with an answer.
            let waitMs = Int64(max(1, exchange.waitS) * 1_000)
            let leftMs = (session.pointee.identity?.accessExpS ?? 0) * 1_000 - reactor.wallMs
            reactor.setDeadline(session.pointee.id, inMs: UInt32(min(max(1, leftMs), waitMs)))
        }
    }

    /// `{"cursor":"epoch.seq","events":[…]}` with all that the cursor lacks (bounded; the next poll goes on).
    func answerLongPoll(_ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica) {
        let list = LogClass(session.pointee.view)
        if list == .moderators {
            answerLongPoll(session, replica, replica.moderators)
        } else {
            answerLongPoll(session, replica, replica.peers)
        }
    }

    private func answerLongPoll(
        _ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, _ log: borrowing FrameLog
    ) {
        guard let exchange = session.pointee.exchange, let identity = session.pointee.identity else { return }
        var events = JSONWriter(reserving: 1024)
        events.beginArray()
        if let greeting = exchange.pollGreeting { events.raw(greeting) }
        if let missed = exchange.pollMissed { appendPayloads(ofFrames: missed.frames, to: &events) }
        var at = session.pointee.cursor
        let from = at
        while at >= log.firstIndex, at < log.nextIndex, events.bytes.count < limits.gatherBytes {
            events.raw(FrameLog.json(ofFrame: log.frame(at: at).bytes))
            at += 1
        }
        let seq = at == log.nextIndex ? replica.headSeq : log.seqReached(at: at)
        // Last values do not end a wait, but they ride along with what does.
        for value in replica.latestEphemeral[LogClass(session.pointee.view).rawValue] { events.raw(value.json) }
        if let warning = expiryWarning(identity) { events.raw(warning) }
        events.endArray()
        counters.deliveries += at - from
        writer.reset(keepingCapacity: true)
        writer.beginObject()
        writer.field("cursor", "\(replica.epoch).\(seq)")
        writer.key("resume")
        writeResume(identity)
        writer.field("server_ts", reactor.wallMs)
        writer.key("events")
        writer.raw(events.bytes)
        writer.endObject()
        let body = writer.bytes
        leaveRoom(session)
        session.pointee.kind = .awaitingAnswer
        answer(
            session.pointee.id,
            HTTPAnswer(status: 200, contentType: "application/json", body: body, isStream: true))
    }

    private func appendPayloads(ofFrames frames: [UInt8], to events: inout JSONWriter) {
        frames.withUnsafeBytes { raw in
            var rest = raw[...]
            while !rest.isEmpty {
                let frame = UnsafeRawBufferPointer(rebasing: rest)
                let length = FrameLog.length(ofFrame: frame)
                events.raw(FrameLog.json(ofFrame: UnsafeRawBufferPointer(rebasing: frame[..<length])))
                rest = rest.dropFirst(length)
            }
        }
    }

    /// The wait is over and nothing came: an empty answer with the same cursor.
    func longPollDeadline(_ session: UnsafeMutablePointer<Session>) {
        guard let replica = replica(of: session) else { return }
        if expired(session) { return closeSession(session, code: CloseCode.expired, reason: "the token has expired") }
        answerLongPoll(session, replica)
    }

    /// The room sends the participant away while a poll waits.
    func refuseLongPoll(_ session: UnsafeMutablePointer<Session>, code: UInt16?, reason: String) {
        leaveRoom(session)
        session.pointee.kind = .awaitingAnswer
        let rejection: Rejection
        switch code {
        case CloseCode.removed: rejection = Rejection(.forbidden, reason)
        case CloseCode.expired: rejection = Rejection(.unauthenticated, reason)
        case CloseCode.replaced: rejection = Rejection(.conflict, reason)
        default: rejection = Rejection(.unavailable, reason, retryAfterMs: 1000)
        }
        answer(session.pointee.id, .problem(rejection))
    }
}
