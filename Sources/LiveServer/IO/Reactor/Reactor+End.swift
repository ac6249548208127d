// Owns how connections end: at once, or after the outbox and the peer's FIN; and the last step of a round, where ends
// are told, descriptors closed and slots freed. An end is decided once and told once.

internal import Glibc

extension Reactor {
    /// Closes a connection. From now on nothing of it reaches the driver but `ended(.closed)`.
    ///
    /// With `afterDrain` the outbox goes out first, then our FIN, and what the peer still sends is discarded until its
    /// FIN or `lingerMs` (RFC 9112 §9.6): an immediate close with unread input would reset the connection and may take
    /// the last answer with it. Without, it is over at the end of the round.
    package func close(_ id: ConnectionID, afterDrain: Bool) {
        guard let slot = slot(id), slot.pointee.phase != .ended else { return }
        guard afterDrain, slot.pointee.phase != .connecting, slot.pointee.phase != .handshaking else {
            markEnded(id, slot, .closed)
            return
        }
        guard slot.pointee.phase == .open else { return }
        drain(id, slot, then: .closed)
    }

    /// Begins to close: what waits goes out, then our end, then the peer's is awaited.
    func drain(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, then end: ConnectionEnd) {
        if slot.pointee.tls != nil { sealEnd(id, slot) }
        guard slot.pointee.phase != .ended else { return }
        slot.pointee.phase = .draining
        slot.pointee.end = CompactEnd(end)
        slot.pointee.isReading = true
        free(slot.pointee.kept)
        slot.pointee.kept = nil
        slot.pointee.keptCount = 0
        if slot.pointee.outbox == nil {
            slot.pointee.isBlocked = false
            finishDraining(id, slot)
        } else {
            startOwnDeadline(id, slot, configuration.drainMs)
            updateInterest(id, slot)
        }
    }

    /// The outbox is out: say so to the peer and wait for its end.
    func finishDraining(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        let result = SystemCall.shutdownWrites(slot.pointee.descriptor)
        guard result >= 0, !slot.pointee.sawEnd else {
            markEnded(id, slot, slot.pointee.end.full)
            return
        }
        slot.pointee.phase = .lingering
        startOwnDeadline(id, slot, configuration.lingerMs)
        updateInterest(id, slot)
    }

    /// Decides the end; it is told in the last step of a round.
    func markEnded(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ end: ConnectionEnd) {
        guard slot.pointee.phase != .ended else { return }
        if slot.pointee.tls != nil { sayGoodbye(slot, end) }
        slot.pointee.phase = .ended
        slot.pointee.end = CompactEnd(end)
        slot.pointee.isBlocked = false
        clearTimer(slot)
        slot.pointee.freeBuffers()
        state.pointee.ended.append(id)
    }

    /// Tells ends, closes descriptors, frees slots. What the driver closes meanwhile is told as well.
    func finishEnded(_ driver: any ReactorDriver) {
        state.pointee.needsRound = !state.pointee.ended.isEmpty
        while !state.pointee.ended.isEmpty {
            var ended: [ConnectionID] = []
            swap(&ended, &state.pointee.ended)
            for id in ended {
                guard let slot = slot(id) else { continue }
                if slot.pointee.isTold { driver.ended(id, slot.pointee.end.full) }
                SystemCall.close(slot.pointee.descriptor)
                state.pointee.slab.remove(id.slab)
                configuration.places?.giveBack()
                state.pointee.statistics.closed += 1
            }
        }
    }

    /// The reactor stops: every connection is closed and told.
    func endAll() {
        guard let driver else { return }
        for index in 0..<state.pointee.slab.indexEnd {
            guard let id = state.pointee.slab.id(at: index), let slot = state.pointee.slab.pointer(to: id) else {
                continue
            }
            markEnded(ConnectionID(id), slot, .closed)
        }
        finishEnded(driver)
    }
}
