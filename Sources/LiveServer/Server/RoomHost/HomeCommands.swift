// A command's way at its room's home: allowance → decide → log → apply → encode once → reply behind its
// event. `apply` is the judge; `decide` only saves the log what is certain to be refused.

import LiveIO
import LiveProtocol
import Rooms
import RoomsBackplane
import RoomsStore

extension ReactorCore {
    func execute(_ command: RoomCommand, at home: RoomHome) {
        if let waitMs = spend(command, home), !isRepeat(command, home) || !spendRepeat(command, home) {
            counters.reject(.rateLimited)
            return replyRefused(command, Self.tooMany(waitMs))
        }
        if let rejection = switchedOff(command, home), !isRepeat(command, home) {
            counters.reject(rejection.code)
            return replyRefused(command, rejection)
        }
        switch command.body {
        case .ballot(let answer, let actor): judge(answer, actor, command, home)
        case .proposal(let proposal):
            switch home.room.decide(proposal, nowTs: node.clock.nowMs()) {
            case .reject(let rejection):
                counters.reject(rejection.code)
                replyRefused(command, rejection)
            case .replay(let outcome):
                // With the round: the event that it must follow may be part of it.
                queueReply(
                    command, home, json: ReplyEncoding.accepted(command.id, proposal.command, seq: outcome.seq),
                    afterSeq: outcome.seq)
            case .propose:
                if case .pollClose(let poll, let reveal, _) = proposal.command {
                    closePoll(poll, reveal: reveal, command, home)
                } else {
                    propose(proposal, origin: command, home)
                }
            }
        }
    }

    /// Takes the message out of its sender's allowance, one over all connections of the sender in the room;
    /// milliseconds to wait where there is none left.
    private func spend(_ command: RoomCommand, _ home: RoomHome) -> UInt32? {
        let actor = command.actor
        if home.presence.holds(actor.participant) {
            return home.presence.spend(actor.participant, nowMs: reactor.nowMs)
        }
        return spend(actor, from: &home.strangers)
    }

    /// One of a bounded table of allowances, which is forgotten as a whole when full.
    private func spend(_ actor: Actor, from table: inout [ParticipantID: TokenBucket]) -> UInt32? {
        if table.count >= limits.strangersMax { table.removeAll(keepingCapacity: true) }
        var bucket = table[actor.participant] ?? node.bucket(for: actor.role)
        let allowed = bucket.take(nowMs: reactor.nowMs)
        table[actor.participant] = bucket
        return allowed ? nil : max(1, bucket.retryAfterMs(nowMs: reactor.nowMs))
    }

    /// Whether the command had its effect already. After a lost network a client sends again what it has no reply for,
    /// and that must not be told `rate_limited` because it happens at once.
    private func isRepeat(_ command: RoomCommand, _ home: RoomHome) -> Bool {
        switch command.body {
        case .proposal(let proposal):
            home.room.outcome(of: proposal.actor.participant, id: proposal.id)?.digest == proposal.digest
        case .ballot(let answer, let actor): home.ballots.holds(answer.poll, actor.participant, answer.attempt)
        }
    }

    /// Repeats have a second allowance of the same size, so that they are bounded too.
    private func spendRepeat(_ command: RoomCommand, _ home: RoomHome) -> Bool {
        spend(command.actor, from: &home.repeats) == nil
    }

    /// Sends a proposal to the log.
    func propose(_ proposal: Proposal, origin: RoomCommand?, _ home: RoomHome) {
        guard home.pendingCount < limits.pendingMax, submissions.count < limits.submissionsMax else {
            refuseOverloaded(origin)
            return owe(for: proposal.command, home)
        }
        let seq = home.nextSeq
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        LogEntryCodec.encode(
            LogEntry(seq: seq, ts: 0, proposal: proposal), room: home.key, epoch: home.epoch, into: &bytes)
        submissions.append(Submission(bytes: bytes, seq: seq, home: index, room: home.handle))
        home.nextSeq += 1
        home.appendPending(
            PendingProposal(
                seq: seq, proposal: proposal, origin: origin,
                receivedNs: origin?.receivedNs ?? reactor.nowNs))
    }

    private func refuseOverloaded(_ origin: RoomCommand?) {
        counters.reject(.overloaded)
        guard let origin else { return }
        replyRefused(origin, Rejection(.overloaded, "too much is waiting for the log", retryAfterMs: 500))
    }

    /// The log has (or could not take) an entry of a room that lives here.
    func sequenced(_ outcome: Sequenced) {
        guard let home = homes[outcome.room] else { return }
        let pending = home.takePending(seq: outcome.seq)
        home.lastUsedMs = reactor.nowMs
        guard !outcome.failed else {
            counters.reject(.unavailable)
            if let origin = pending.origin {
                replyRefused(
                    origin, Rejection(.unavailable, "the log cannot be written now", retryAfterMs: 2000))
            }
            return owe(for: pending.proposal.command, home)
        }
        if case .chatDelete(let message) = pending.proposal.command, home.round.entries > 0,
            message.seq > home.round.previousSeq
        {
            // The message may be of this very round: it must stand in the tail to be taken out of it.
            finish(home)
        }
        if home.round.entries == 0 {
            home.round.previousSeq = home.room.seq
            home.round.receivedNs = pending.receivedNs
        }
        let entry = LogEntry(seq: outcome.seq, ts: outcome.ts, proposal: pending.proposal)
        let verdict = home.room.apply(entry)
        home.round.entries += 1
        home.round.headSeq = outcome.seq
        markDirty(home)
        switch verdict {
        case .accepted(let event):
            counters.events += 1
            // The room's time, which never falls, also where the machine's clock did before a restart.
            encode(SequencedEvent(seq: outcome.seq, ts: home.room.ts, event: event), into: &home.round)
            if let origin = pending.origin {
                queueReply(
                    origin, home,
                    json: ReplyEncoding.accepted(origin.id, pending.proposal.command, seq: outcome.seq),
                    afterSeq: outcome.seq)
            }
            carryOut(event, entry, home)
        case .duplicate(let seq):
            guard let origin = pending.origin else { return }
            queueReply(
                origin, home, json: ReplyEncoding.accepted(origin.id, pending.proposal.command, seq: seq),
                afterSeq: seq)
        case .ignored(let rejection):
            counters.reject(rejection.code)
            finishIgnored(pending.proposal.command, rejection, home)
            guard let origin = pending.origin else { return }
            queueReply(
                origin, home, json: ReplyEncoding.refused(origin.id.raw, rejection), afterSeq: 0,
                status: UInt16(rejection.code.httpStatus))
        }
    }

    /// The room did not let a step of a poll happen that the store has made already.
    private func finishIgnored(_ command: Command, _ rejection: Rejection, _ home: RoomHome) {
        switch command {
        // Another count came before this one under the same revision.
        case .pollResults where rejection.code == .conflict: owe(for: command, home)
        // Its sender may close no poll any more, or the class is over: the close stands all the same.
        case .pollClose(let poll, _, .some) where home.room.poll(poll)?.isOpen == true: owe(for: command, home)
        default: break
        }
    }

    /// Encodes one event for each log class.
    func encode(_ event: SequencedEvent, into round: inout RoundBatch) {
        var item = FrameBatch.Item(seq: event.seq, moderators: 0, peers: 0)
        for list in LogClass.allCases {
            writer.reset(keepingCapacity: true)
            guard EventEncoder.append(event, view: list.view, to: &writer) else { continue }
            if list == .moderators {
                item.moderators = UInt32(writer.bytes.count)
                round.moderators.append(contentsOf: writer.bytes)
            } else {
                item.peers = UInt32(writer.bytes.count)
                round.peers.append(contentsOf: writer.bytes)
            }
        }
        if item.moderators > 0 || item.peers > 0 { round.items.append(item) }
    }

    /// What an event means for connections, store and timers.
    private func carryOut(_ event: Event, _ entry: LogEntry, _ home: RoomHome) {
        switch event {
        case .chatDeleted: redact(event, home)
        case .pollStarted: pollStarted(event, entry, home)
        case .pollClosed(let poll, _):
            home.closing[poll] = nil
            home.deadlines[poll] = nil
            countResults(poll, home)
        case .participantMuted(let participant, _): tell(participant, muted: true, home)
        case .participantUnmuted(let participant, _): tell(participant, muted: false, home)
        case .participantRemoved(let participant, _), .participantBanned(let participant, _):
            for endpoint in home.presence.remove(participant) {
                post(
                    .close(endpoint.connection, code: CloseCode.removed, reason: "removed by a moderator"),
                    to: Int(endpoint.reactor))
            }
            presenceChanged(home)
        case .roomEnded: closeOpenPolls(home)
        default: break
        }
        if home.room.seq &- home.lastSnapshotSeq >= UInt64(limits.snapshotEveryEvents) { saveSnapshot(home) }
    }

    private func redact(_ event: Event, _ home: RoomHome) {
        // Also where the tail here no longer reaches back to it: that of another reactor may.
        if let seq = event.redacts { home.round.redactions.append(seq) }
    }

    private func tell(_ participant: ParticipantID, muted: Bool, _ home: RoomHome) {
        var json = JSONWriter(reserving: 64)
        json.beginObject()
        json.field("ev", "you")
        json.field("muted", muted)
        json.endObject()
        for endpoint in home.presence.endpoints(of: participant) {
            post(.direct(endpoint.connection, json.bytes), to: Int(endpoint.reactor))
        }
    }

    // MARK: The end of the round

    /// The round's proposals go to the log together, so that they come back together and leave with one write a member.
    func submitRound() {
        guard !submissions.isEmpty else { return }
        if submissions.count <= limits.submitMax, node.backplane.submit(submissions) {
            return submissions.removeAll(keepingCapacity: true)
        }
        // More than the log's queue may ever take goes in pieces.
        var sent = 0
        while sent < submissions.count {
            let end = min(sent + limits.submitMax, submissions.count)
            guard node.backplane.submit(Array(submissions[sent..<end])) else { break }
            sent = end
        }
        submissions.removeFirst(sent)
        // The log is behind: the rest waits here and goes with the next round.
        if !submissions.isEmpty { armRetry() }
    }

    func markDirty(_ home: RoomHome) {
        guard !home.isDirty else { return }
        home.isDirty = true
        dirtyHomes.append(home.handle)
    }

    /// Sends out what the round has made, rooms in the order in which they came up.
    func finishHomes() {
        var at = 0
        while at < dirtyHomes.count {
            if let home = homes[dirtyHomes[at]] { finish(home) }
            at += 1
        }
        dirtyHomes.removeAll(keepingCapacity: true)
    }

    /// The round's events to every replica, then the replies that follow them.
    func finish(_ home: RoomHome) {
        home.isDirty = false
        guard !home.round.isEmpty else { return }
        let replies = home.round.replies
        home.round.replies.removeAll(keepingCapacity: true)
        if let batch = takeBatch(home) {
            if let replica = replica(home.key) {
                replica.append(batch)
                markDirty(replica)
            }
            for other in home.subscribers { post(.frames(batch), to: other) }
        }
        for reply in replies { post(.reply(reply), to: Int(reply.origin.reactor)) }
    }

    func takeBatch(_ home: RoomHome) -> FrameBatch? {
        let round = home.round
        guard round.entries > 0 else { return nil }
        home.round = RoundBatch()
        home.round.previousSeq = round.headSeq
        return FrameBatch(
            room: home.key, previousSeq: round.previousSeq, headSeq: round.headSeq, items: round.items,
            moderators: round.moderators, peers: round.peers, redactions: round.redactions,
            receivedNs: round.receivedNs)
    }

    // MARK: Replies

    private func queueReply(
        _ command: RoomCommand, _ home: RoomHome, json: [UInt8], afterSeq: UInt64, status: UInt16 = 200
    ) {
        home.round.replies.append(
            RoomReply(origin: command.origin, json: json, afterSeq: afterSeq, status: status, pauseMs: 0))
        markDirty(home)
    }

    func reply(_ command: RoomCommand, _ json: [UInt8], afterSeq: UInt64 = 0) {
        post(
            .reply(RoomReply(origin: command.origin, json: json, afterSeq: afterSeq, status: 200, pauseMs: 0)),
            to: Int(command.origin.reactor))
    }

    func replyRefused(_ command: RoomCommand, _ rejection: Rejection) {
        let pauseMs = rejection.code == .rateLimited ? UInt32(clamping: rejection.retryAfterMs ?? 0) : 0
        post(
            .reply(
                RoomReply(
                    origin: command.origin, json: ReplyEncoding.refused(command.id.raw, rejection), afterSeq: 0,
                    status: UInt16(rejection.code.httpStatus), pauseMs: pauseMs)),
            to: Int(command.origin.reactor))
    }
}
