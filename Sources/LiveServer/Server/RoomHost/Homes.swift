// Rooms come and go at their home: opened on the first message for them, read from history, unloaded
// when nobody has been there for a while. Nothing that a room held is lost by either.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore

extension ReactorCore {
    /// More than a log can write between two syncs.
    static let seqsSkippedByEpoch: UInt64 = 1 << 20

    /// Runs `body` with the room at its home here; opens it first, and lets the message wait while its
    /// past is being read.
    func withHome(_ key: RoomKey, _ message: @autoclosure () -> CoreMessage, _ body: (RoomHome) -> Void) {
        let home = homeOf[key].flatMap { homes[$0] } ?? openHome(key)
        guard let home else {
            counters.reject(.overloaded)
            return refuse(
                message(), Rejection(.overloaded, "this node holds as many rooms as it may", retryAfterMs: 5000))
        }
        home.lastUsedMs = reactor.nowMs
        guard home.waiting == nil else {
            if home.waiting?.count ?? 0 < limits.waitingMax {
                home.waiting?.append(message())
            } else {
                refuse(message(), Rejection(.overloaded, "the room is still being read", retryAfterMs: 1000))
            }
            return
        }
        body(home)
    }

    private func openHome(_ key: RoomKey) -> RoomHome? {
        guard node.gauges.memoryLevel < .refusesJoins, node.gauges.enterRoom(max: limits.roomsMax) else { return nil }
        let handle = nextHomeHandle
        nextHomeHandle += 1
        let home = RoomHome(key: key, handle: handle, epoch: node.epoch)
        homes[handle] = home
        homeOf[key] = handle
        home.loadsUnderWay = 1
        let ticket = tickets.issue(.load(room: handle), reactor: index)
        if !node.history.load(
            room: key, tailEntries: min(limits.tailEvents, HistoryLimits.tailEntriesMin), ticket: ticket)
        {
            _ = tickets.redeem(ticket)
            abandon(home, Rejection(.unavailable, "the room's history cannot be read now", retryAfterMs: 1000))
            return nil
        }
        counters.roomsOpened += 1
        return home
    }

    /// The past of a room has arrived: rebuild state and tail by applying its entries again.
    func restore(_ home: RoomHome, _ loaded: LoadedRoom) {
        do throws(RoomDecodeError) {
            if let snapshot = loaded.snapshot { home.room = try Room(snapshot: snapshot) }
        } catch {
            node.log.error("room snapshot cannot be read; rebuilding from its log", reason: "\(error)")
            home.room = Room(key: home.key)
        }
        let replica = openReplica(home.key, epoch: home.epoch, baseSeq: home.room.seq)
        home.round.previousSeq = home.room.seq
        for stored in loaded.entries {
            guard let decoded = decodeEntry(stored.bytes) else { continue }
            guard decoded.seq > home.room.seq else { continue }
            let verdict = home.room.apply(decoded)
            if case .accepted(let event) = verdict {
                encode(SequencedEvent(seq: decoded.seq, ts: home.room.ts, event: event), into: &home.round)
            }
            home.round.entries += 1
            home.round.headSeq = decoded.seq
        }
        if let kept = loaded.figures.flatMap({ SessionFigures(kept: $0) }) { home.figures.merge(kept) }
        for old in loaded.lineage where old.epoch != home.epoch {
            home.lineage.append(RoomCursor(epoch: old.epoch, seq: old.lastSeq))
        }
        home.nextSeq = home.room.seq + 1
        if let last = loaded.lineage.last, last.epoch != home.epoch {
            // What a power cut took had been shown under its seqs, and polls are named by theirs: no new event gets one
            // that an old epoch may have given out.
            home.nextSeq += ReactorCore.seqsSkippedByEpoch
        }
        home.lastSnapshotSeq = loaded.snapshotSeq
        if let batch = takeBatch(home) { replica.append(batch) }
        replica.receivedNs = 0
        askForBallots(home)
    }

    private func decodeEntry(_ bytes: [UInt8]) -> LogEntry? {
        do {
            return try bytes.withUnsafeBytes { try LogEntryCodec.decode($0).entry }
        } catch {
            counters.undecodableEntries += 1
            node.log.error("a log entry cannot be read", reason: "\(error)")
            return nil
        }
    }

    /// One of the answers that a room waited for is here.
    func loadStepDone(_ home: RoomHome) {
        home.loadsUnderWay -= 1
        guard home.loadsUnderWay == 0, let waiting = home.waiting else { return }
        home.waiting = nil
        home.lastUsedMs = reactor.nowMs
        armDeadlines(home)
        for message in waiting { handle(message) }
    }

    /// The past cannot be read: everybody who waited is told, the next message tries again.
    func abandon(_ home: RoomHome, _ rejection: Rejection) {
        let waiting = home.waiting ?? []
        node.gauges.leaveRoom()
        homes[home.handle] = nil
        homeOf[home.key] = nil
        for message in waiting { refuse(message, rejection) }
    }

    /// Answers a message that cannot be carried out.
    func refuse(_ message: CoreMessage, _ rejection: Rejection) {
        switch message {
        case .attach(let request):
            let reply = AttachReply(
                endpoint: request.endpoint, room: request.room, participant: request.actor.participant,
                view: request.view, verdict: .refused(rejection, removed: false))
            post(.attached(reply), to: Int(request.endpoint.reactor))
        case .command(let command): replyRefused(command, rejection)
        case .participants(let request): refuse(request.origin, rejection)
        case .record(let request): refuse(request.origin, rejection)
        default: break
        }
    }

    /// Answers a request over HTTP that cannot be carried out.
    func refuse(_ origin: Endpoint, _ rejection: Rejection) {
        post(
            .answer(
                origin.connection, status: UInt16(rejection.code.httpStatus), contentType: "application/problem+json",
                body: Problem.body(rejection)),
            to: Int(origin.reactor))
    }

    // MARK: Unloading

    /// Every few seconds: lets people go whose pause is over, drops rooms and replicas that nobody uses.
    func tidyRooms() {
        let nowMs = reactor.nowMs
        handOverFigures()
        for home in homes.values where home.waiting == nil {
            saveFigures(home)
            if home.presence.isLingering {
                home.presence.expire(nowMs: nowMs)
                presenceChanged(home)
            }
            let idle = nowMs &- home.lastUsedMs >= UInt64(limits.idleRoomUnloadMs)
            if idle, home.presence.count == 0, home.pendingCount == 0, home.round.isEmpty, home.subscribers.isEmpty,
                home.room.deadlines.isEmpty, home.debts.isEmpty, replica(home.key)?.memberCount ?? 0 == 0
            {
                unload(home)
            }
        }
        for replica in replicas {
            if let replica { repairAgain(replica) }
            guard let replica, let since = replica.emptySinceMs, homeOf[replica.key] == nil else { continue }
            if nowMs &- since >= UInt64(limits.idleRoomUnloadMs) {
                closeReplica(replica)
                post(.unsubscribe(room: replica.key, reactor: UInt8(index)), to: node.home(of: replica.key))
            }
        }
    }

    private func unload(_ home: RoomHome) {
        saveSnapshot(home)
        saveFigures(home, isLast: true)
        node.gauges.leaveRoom()
        homes[home.handle] = nil
        homeOf[home.key] = nil
        if let replica = replica(home.key) { closeReplica(replica) }
        counters.roomsUnloaded += 1
    }

    func saveSnapshot(_ home: RoomHome) {
        guard home.room.seq > home.lastSnapshotSeq else { return }
        home.lastSnapshotSeq = home.room.seq
        // A refusal costs a longer replay at the next load, nothing else.
        _ = node.history.saveSnapshot(
            room: home.key, seq: home.room.seq, epoch: home.epoch, bytes: home.room.encodeSnapshot())
    }
}
