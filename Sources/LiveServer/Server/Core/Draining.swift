// A node that is asked to end: nobody new comes in, those inside are sent away in an order of chance and at a steady
// pace, each with a time to come back; what was acknowledged is on the disk before the process ends.
//
// Owns: the order and the pace of one reactor's farewell. Never: closes a store, ends the process. Limits:
// `limits.drain_ms` for the farewell, `drainLingerMs` for the last answers and closes.

import LiveIO
import LiveProtocol
import Rooms

/// Who is still to be sent away, and how many at a time.
struct Farewell {
    /// Time between two portions, in milliseconds.
    static let stepMs = 20
    /// The slowest pace, connections a portion and reactor: a thousand a second, so that a small node ends at once.
    static let portionMin = 20

    private var leaving: [ConnectionID]
    /// The node has been told that nobody is left here.
    var isToldOver = false
    private let portion: Int

    /// All of `members`, over at most `spreadMs`.
    init(_ members: [ConnectionID], spreadMs: Int) {
        leaving = members.shuffled()
        let steps = max(1, spreadMs / Self.stepMs)
        portion = max(Self.portionMin, (members.count + steps - 1) / steps)
    }

    var isOver: Bool { leaving.isEmpty }

    /// Milliseconds until the last portion goes.
    var remainingMs: Int { (leaving.count + portion - 1) / portion * Self.stepMs }

    /// The next portion.
    mutating func next() -> [ConnectionID] {
        let taken = leaving.suffix(portion)
        leaving.removeLast(taken.count)
        return Array(taken)
    }
}

extension ReactorCore {
    /// Begins to send everybody away. The listeners stay, so that `/readyz` says 503 and newcomers are told when to
    /// come again.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        handOverFigures()
        for home in homes.values {
            saveSnapshot(home)
            saveFigures(home, isLast: true)
        }
        var members: [ConnectionID] = []
        for replica in replicas {
            guard let replica else { continue }
            for list in replica.members {
                for encoding in list { members += encoding.map { sessions.at($0).pointee.id } }
            }
        }
        farewell = Farewell(members, spreadMs: limits.drainSpreadMs)
        drainStep()
    }

    /// One portion; behind the last one the reactor waits a moment for what is still under way.
    func drainStep() {
        guard var farewell else { return }
        let portion = farewell.next()
        let leftMs = UInt32(farewell.remainingMs)
        for id in portion {
            if let session = sessions.find(id) { sendAway(session, leftMs: leftMs) }
        }
        if farewell.isOver, !farewell.isToldOver {
            farewell.isToldOver = true
            node.gauges.farewellIsOver()
        }
        self.farewell = farewell
        // Rooms here may have their people at other reactors: their last commands are answered, too.
        if farewell.isOver, node.gauges.farewells <= 0 {
            stopsAtMs = stopsAtMs ?? reactor.nowMs + UInt64(limits.drainLingerMs)
            if isAllSaid { return reactor.stop() }
        }
        _ = reactor.schedule(inMs: UInt32(Farewell.stepMs), payload: CoreTimer.drainStep.payload)
    }

    /// Whether nobody waits for anything any more, or has waited long enough.
    private var isAllSaid: Bool {
        if let stopsAtMs, reactor.nowMs >= stopsAtMs { return true }
        return reactor.connectionCount == 0 && owedMail.isEmpty && submissions.isEmpty && !tickets.awaitsDesk
            && homes.values.allSatisfy { $0.pendingCount == 0 }
    }

    /// Ends one connection in its own way, with a time to come back behind the end of the farewell: before that there
    /// is nobody to come back to, unless another node takes the place.
    private func sendAway(_ session: UnsafeMutablePointer<Session>, leftMs: UInt32) {
        let spreadMs = min(UInt32(limits.drainSpreadMs), limits.reconnectSpreadMs)
        let waitMs = 200 + leftMs + UInt32.random(in: 0..<spreadMs)
        switch session.pointee.kind {
        case .longPoll: longPollDeadline(session)
        case .eventStream:
            ServerSentEvent.appendRetry(waitMs, to: &replyBuffer(session).bytes)
            closeSession(session, code: CloseCode.goingAway, reason: CloseReason.reconnect(afterMs: waitMs))
        default: closeSession(session, code: CloseCode.goingAway, reason: CloseReason.reconnect(afterMs: waitMs))
        }
    }
}
