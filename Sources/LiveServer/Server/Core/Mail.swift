// What other threads post to this reactor, carried out on its thread.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore

extension ReactorCore {
    func handle(_ message: CoreMessage) {
        switch message {
        case .sequenced(let outcomes):
            for outcome in outcomes { sequenced(outcome) }
        case .ballots(let outcomes):
            for outcome in outcomes { ballotOutcome(outcome) }
        case .history(let outcome): historyAnswered(outcome)
        case .attach(let request):
            withHome(request.room, message) { attach(request, at: $0) }
        case .attached(let reply): attached(reply)
        case .detach(let room, let endpoint, let participant, let lingers):
            detach(room, endpoint, participant: participant, lingers: lingers)
        case .command(let command):
            withHome(command.room, message) { execute(command, at: $0) }
        case .reply(let reply): deliver(reply)
        case .frames(let batch): receive(batch)
        case .tail(let tail): receive(tail)
        case .ephemeral(let batch):
            guard let replica = replica(batch.room) else { return }
            replica.append(batch)
            markDirty(replica)
        case .ephemeralEnded(let room, let key): replica(room)?.endEphemeral(key: key)
        case .direct(let id, let json):
            guard let session = sessions.find(id) else { return }
            sendJSON(session, json)
        case .close(let id, let code, let reason):
            guard let session = sessions.find(id) else { return }
            closeSession(session, code: code, reason: reason)
        case .unsubscribe(let room, let reactorIndex):
            guard let handle = homeOf[room], let home = homes[handle] else { return }
            home.subscribers.removeAll { $0 == Int(reactorIndex) }
            home.filled.removeAll { $0 == Int(reactorIndex) }
        case .repair(let room, let after, let reactorIndex): repair(room, after: after, for: Int(reactorIndex))
        case .repaired(let room, let batch, let epoch, let head): repaired(room, batch, epoch: epoch, head: head)
        case .participants(let request):
            withHome(request.room, message) { answerRoster(request, at: $0) }
        case .answer(let id, let status, let contentType, let body):
            answer(id, HTTPAnswer(status: Int(status), contentType: contentType, body: body))
        case .classSaved(let outcome):
            switch outcome {
            case .saved(let ticket): classSaved(ticket, ok: true)
            case .unavailable(let ticket): classSaved(ticket, ok: false)
            case .removed: break
            }
        case .tokenJudged(let answer): tokenJudged(answer)
        case .renewStreams(let renewal): renewStreams(renewal)
        case .renewed(let id, let renewal): renewed(id, renewal)
        case .record(let request):
            withHome(request.room, message) { answerRecord(request, at: $0) }
        case .figures(let room, let figures): addFigures(room, figures)
        case .scrape(let scrape):
            counters.connections = connectionsByTransport()
            counters.tailBytes = UInt64(replicas.reduce(0) { $0 + ($1?.tailBytes ?? 0) })
            counters.rooms = UInt64(homes.count)
            counters.deflate = deflate.counts
            counters.sessions = sessionGauges()
            counters.reactor = reactor.takeStatistics()
            scrape.add(index, counters)
        case .admin(let question): answer(question)
        case .switched: switchesChanged()
        case .certificates(let context): reactor.useForNewcomers(context)
        case .drain: drain()
        case .stop: reactor.stop()
        case .shed(let level): shed(level)
        }
    }

    private func historyAnswered(_ outcome: HistoryOutcome) {
        switch outcome {
        case .loaded(let ticket, let loaded):
            guard case .load(let handle)? = tickets.redeem(ticket), let home = homes[handle] else { return }
            restore(home, loaded)
            loadStepDone(home)
        case .unavailable(let ticket):
            let rejection = Rejection(.unavailable, "the room's history cannot be read now", retryAfterMs: 1000)
            switch tickets.redeem(ticket) {
            case .load(let handle)?: if let home = homes[handle] { abandon(home, rejection) }
            case .record(let request, _, _)?: refuse(request.origin, rejection)
            default: break
            }
        case .lineage(let ticket, _): historyCaughtUp(ticket)
        case .projected: break
        }
    }

    // MARK: Replicas

    /// Events from a room's home on another reactor.
    private func receive(_ batch: FrameBatch) {
        guard let replica = replica(batch.room) else { return }
        guard batch.previousSeq == replica.headSeq else {
            if batch.headSeq > replica.headSeq { askForRepair(replica) }
            return
        }
        replica.append(batch)
        skipWhatIsKnown(replica)
        markDirty(replica)
    }

    /// The tail of a room's home, for somebody here who comes back from before the log here begins.
    private func receive(_ tail: RoomTail) {
        let replica = replica(tail.room) ?? openReplica(tail.room, epoch: tail.epoch, baseSeq: tail.headSeq)
        // What came behind it cannot be here yet, unless this is another log than it is for.
        guard replica.epoch == tail.epoch, replica.headSeq <= tail.headSeq else { return }
        replica.fill(tail, in: sessions)
        skipWhatIsKnown(replica)
        markDirty(replica)
        wakeWaitingReplies(replica)
    }

    /// Sessions that were greeted with more than the log here had: what came with their greeting does not come again.
    private func skipWhatIsKnown(_ replica: RoomReplica) {
        guard !replica.ahead.isEmpty else { return }
        for (id, seq) in replica.ahead {
            guard let session = sessions.find(id), session.pointee.room == replica.slot,
                let index = replica.index(after: seq, in: LogClass(session.pointee.view))
            else { continue }
            session.pointee.cursor = max(session.pointee.cursor, index)
        }
        replica.ahead.removeAll { $0.seq <= replica.headSeq }
    }

    /// A full mailbox lost a batch: the same repair as for a lost message between nodes. Question and answer may be
    /// lost the same way, so it is asked again after a while.
    private func askForRepair(_ replica: RoomReplica) {
        if let askedMs = replica.repairAskedMs, reactor.nowMs &- askedMs < limits.repairRetryMs { return }
        replica.repairAskedMs = reactor.nowMs
        counters.repairs += 1
        post(
            .repair(room: replica.key, after: replica.headSeq, reactor: UInt8(index)), to: node.home(of: replica.key))
    }

    /// For `tidyRooms`: a repair whose question or answer was lost, in a room where nothing more happens.
    func repairAgain(_ replica: RoomReplica) {
        if replica.repairAskedMs != nil { askForRepair(replica) }
    }

    private func repair(_ room: RoomKey, after: UInt64, for reactorIndex: Int) {
        guard let handle = homeOf[room], let home = homes[handle], let replica = replica(room) else { return }
        finish(home)
        let batch = replica.batch(after: after)
        // Its log begins anew then.
        if batch == nil { home.filled.removeAll { $0 == reactorIndex } }
        post(.repaired(room: room, batch, epoch: home.epoch, head: replica.headSeq), to: reactorIndex)
    }

    private func repaired(_ room: RoomKey, _ batch: FrameBatch?, epoch: String, head: UInt64) {
        guard let replica = replica(room), replica.repairAskedMs != nil else { return }
        if let batch {
            // An answer to a question that was asked twice.
            guard batch.previousSeq == replica.headSeq else { return }
            replica.repairAskedMs = nil
            replica.append(batch)
            skipWhatIsKnown(replica)
            markDirty(replica)
            return wakeWaitingReplies(replica)
        }
        // The home's tail does not reach back: everybody here starts from a snapshot, and the log here from the head.
        for list in replica.members {
            for encoding in list {
                for index in encoding {
                    closeSession(sessions.at(index), code: CloseCode.tryAgain, reason: CloseReason.retry(afterMs: 500))
                }
            }
        }
        closeReplica(replica)
        _ = openReplica(room, epoch: epoch, baseSeq: head)
    }

    /// Replies that waited for events that are here now.
    private func wakeWaitingReplies(_ replica: RoomReplica) {
        for list in replica.members {
            for encoding in [MemberEncoding.webSocket, .deflatedSocket] {
                for index in list[encoding.rawValue] where sessions.at(index).pointee.replies != nil {
                    markDirty(sessions.at(index))
                }
            }
        }
    }

    // MARK: Figures

    func connectionsByTransport() -> TransportCounts {
        var counts = TransportCounts()
        for replica in replicas {
            guard let replica else { continue }
            for list in replica.members {
                counts.webSocket += UInt64(list[MemberEncoding.webSocket.rawValue].count)
                counts.deflated += UInt64(list[MemberEncoding.deflatedSocket.rawValue].count)
                counts.eventStream += UInt64(list[MemberEncoding.eventStream.rawValue].count)
                counts.longPoll += UInt64(list[MemberEncoding.longPoll.rawValue].count)
            }
        }
        counts.webSocket += counts.deflated
        let rooms = counts.webSocket + counts.eventStream + counts.longPoll
        counts.http = UInt64(reactor.connectionCount) - min(rooms, UInt64(reactor.connectionCount))
        return counts
    }
}
