// Owns deadlines of connections and timers of the driver. Both count from the round's clock, rounded up to a
// millisecond: never early, late by no more than a round. Wall-clock jumps don't touch them.

internal import Glibc

extension Reactor {
    /// Sets the connection's one deadline, in place of any before; `deadlineReached` tells. O(1).
    package func setDeadline(_ id: ConnectionID, inMs: UInt32) {
        guard let slot = slot(id), slot.pointee.isDriven else { return }
        startTimer(id, slot, inMs)
    }

    /// Takes the deadline back.
    package func clearDeadline(_ id: ConnectionID) {
        guard let slot = slot(id), slot.pointee.isDriven else { return }
        clearTimer(slot)
    }

    /// Sets a timer of the driver's own; `timerFired` tells. At least 1 ms, so that a round always ends.
    package func schedule(inMs: UInt32, payload: UInt64) -> TimerHandle {
        let dueMs = state.pointee.timerBaseMs + UInt64(max(1, inMs))
        return state.pointee.timers.set(dueMs: dueMs, payload: payload)
    }

    /// Takes a timer back; false where it fired or was cancelled.
    @discardableResult
    package func cancel(_ handle: TimerHandle) -> Bool { state.pointee.timers.cancel(handle) }

    /// The deadline of a handshake, or of a closing connection in the place of the driver's.
    func startOwnDeadline(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ inMs: UInt32) {
        startTimer(id, slot, inMs)
    }

    private func startTimer(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ inMs: UInt32) {
        let dueMs = state.pointee.timerBaseMs + UInt64(max(1, inMs))
        if let timer = slot.pointee.timer, state.pointee.deadlines.move(timer, dueMs: dueMs) { return }
        slot.pointee.timer = state.pointee.deadlines.set(dueMs: dueMs, payload: id.token)
    }

    func clearTimer(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        if let timer = slot.pointee.timer { state.pointee.deadlines.cancel(timer) }
        slot.pointee.timer = nil
    }

    /// Tells what is due.
    func fireTimers(_ driver: any ReactorDriver) {
        let nowMs = nowMs
        while let token = state.pointee.deadlines.nextExpired(nowMs: nowMs) {
            if token >> 32 == 0 {
                resumeAccepting(Int(token - Token.firstListener))
            } else {
                reachDeadline(ConnectionID(token: token), driver)
            }
        }
        while let payload = state.pointee.timers.nextExpired(nowMs: nowMs) { driver.timerFired(payload) }
    }

    private func reachDeadline(_ id: ConnectionID, _ driver: any ReactorDriver) {
        guard let slot = slot(id) else { return }
        slot.pointee.timer = nil
        switch slot.pointee.phase {
        case .connecting, .open: driver.deadlineReached(id)
        case .handshaking:
            if slot.pointee.isTold { driver.deadlineReached(id) } else { giveUpHandshake(id, slot, .timedOut) }
        case .draining:
            // Not set anew with each byte that is taken: a peer that takes one at a time would never be done with.
            guard slot.pointee.drain.goesOn(looksMax: configuration.drainLooksMax) else {
                return markEnded(id, slot, .timedOut)
            }
            startOwnDeadline(id, slot, configuration.drainMs)
        case .lingering: markEnded(id, slot, slot.pointee.end.full)
        case .ended: break
        }
    }
}
