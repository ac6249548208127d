// Owns what readiness means: reading into the one buffer, keeping what the driver left, noticing ends, finishing a
// connect. One read a readiness: level-triggered epoll tells again where more waits.

internal import CLinux
internal import Glibc

extension Reactor {
    /// Lets bytes of a connection reach the driver, or holds them back in the kernel (back pressure).
    ///
    /// Switched on, kept bytes that the driver left are shown again, in this round or the next.
    package func setReading(_ id: ConnectionID, _ on: Bool) {
        guard let slot = slot(id), slot.pointee.isDriven, slot.pointee.isReading != on else { return }
        slot.pointee.isReading = on
        updateInterest(id, slot)
        guard on, slot.pointee.keptCount > 0 || slot.pointee.tls?.endIsDue == true else { return }
        // Whoever reads again may have an answer, which leaves at the end of this round and before the end is told.
        slot.pointee.tls?.servedInRound = state.pointee.statistics.rounds
        state.pointee.resumed.append(id)
    }

    /// One event of a connection.
    func handle(_ id: ConnectionID, _ events: UInt32, _ driver: any ReactorDriver) {
        // Stale: an earlier tenant of the place, or one whose end is decided.
        guard let slot = slot(id), slot.pointee.phase != .ended else { return }
        if slot.pointee.phase == .connecting {
            finishConnect(id, slot, driver)
            return
        }
        if slot.pointee.phase == .handshaking {
            goOnHandshaking(id, slot, events, driver)
            return
        }
        if events & Interest.write != 0 { flush(id, slot, driver) }
        guard slot.pointee.phase != .ended else { return }
        if slot.pointee.interest & Interest.read != 0 {
            if events & (Interest.read | Interest.broken) != 0 { read(id, slot, driver) }
        } else if events & Interest.broken != 0 {
            // Nobody reads, and the kernel would tell the same again and again.
            let error = SystemCall.pendingError(slot.pointee.descriptor)
            markEnded(id, slot, error == 0 ? .peerClosed : Self.end(ofErrno: Int32(abs(error))))
        }
    }

    private func finishConnect(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ driver: any ReactorDriver
    ) {
        let error = SystemCall.pendingError(slot.pointee.descriptor)
        guard error == 0 else {
            let number = Int32(abs(error))
            markEnded(id, slot, number == ETIMEDOUT ? .timedOut : .failed(errno: number))
            return
        }
        if slot.pointee.tls != nil { return greet(id, slot, driver) }
        slot.pointee.phase = .open
        slot.pointee.isBlocked = slot.pointee.outbox != nil
        updateInterest(id, slot)
        driver.connected(id)
    }

    func read(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ driver: any ReactorDriver
    ) {
        let kept = Int(slot.pointee.keptCount)
        // A full buffer was left by a driver that held reading back: it is shown again before more is read.
        guard kept < configuration.readBufferBytes else { return }
        if slot.pointee.tls != nil { return readEncrypted(id, slot, driver) }
        let base = readBuffer.baseAddress.unsafelyUnwrapped
        let result = SystemCall.receive(slot.pointee.descriptor, base + kept, configuration.readBufferBytes - kept)
        if result > 0 {
            state.pointee.statistics.bytesIn += UInt64(result)
            guard slot.pointee.phase == .open else { return }
            deliver(id, slot, kept + result, driver)
        } else {
            readNothing(id, slot, result)
        }
    }

    /// A read that brought no bytes: the peer's end, nothing there, or an error.
    func readNothing(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ result: Int) {
        if result == 0 {
            sawEnd(id, slot)
        } else if result != -Int(EAGAIN) {
            let isOurs = slot.pointee.phase == .lingering
            markEnded(id, slot, isOurs ? slot.pointee.end.full : Self.end(ofErrno: Int32(-result)))
        }
    }

    /// Shows `count` bytes, the kept ones first, and keeps what the driver leaves.
    func deliver(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ count: Int, _ driver: any ReactorDriver
    ) {
        let base = readBuffer.baseAddress.unsafelyUnwrapped
        if let kept = slot.pointee.kept { memcpy(base, kept, Int(slot.pointee.keptCount)) }
        let consumed = driver.received(id, UnsafeMutableRawBufferPointer(start: base, count: count))
        precondition(consumed >= 0 && consumed <= count, "the driver consumed \(consumed) of \(count) bytes")
        guard slot.pointee.phase == .open else { return }
        if consumed == 0, count >= configuration.readBufferBytes, slot.pointee.isReading {
            markEnded(id, slot, .failed(errno: EMSGSIZE))
            return
        }
        keep(slot, UnsafeRawBufferPointer(start: base + consumed, count: count - consumed))
    }

    func keep(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ rest: UnsafeRawBufferPointer) {
        if rest.count != Int(slot.pointee.keptCount) {
            free(slot.pointee.kept)
            slot.pointee.kept = rest.isEmpty ? nil : malloc(rest.count)
            slot.pointee.keptCount = UInt32(rest.count)
        }
        guard let source = rest.baseAddress, !rest.isEmpty else { return }
        guard let kept = slot.pointee.kept else { preconditionFailure("no memory for \(rest.count) bytes of input") }
        memcpy(kept, source, rest.count)
    }

    /// The peer sends no more.
    func sawEnd(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        slot.pointee.sawEnd = true
        switch slot.pointee.phase {
        case .open where slot.pointee.outbox == nil:
            markEnded(id, slot, .peerClosed)
        case .open:
            // It may still read (half-closed): what must go out goes out first.
            if slot.pointee.tls != nil { sealEnd(id, slot) }
            guard slot.pointee.phase == .open else { return }
            slot.pointee.phase = .draining
            slot.pointee.end = CompactEnd(.peerClosed)
            startOwnDeadline(id, slot, configuration.drainMs)
            updateInterest(id, slot)
        case .draining:
            updateInterest(id, slot)
        case .lingering:
            markEnded(id, slot, slot.pointee.end.full)
        case .connecting, .handshaking, .ended:
            break
        }
    }

    /// Shows kept bytes again to those whose reading was switched on.
    func redeliverKept(_ driver: any ReactorDriver) {
        guard !state.pointee.resumed.isEmpty else { return }
        var resumed: [ConnectionID] = []
        swap(&resumed, &state.pointee.resumed)
        for id in resumed {
            guard let slot = slot(id), slot.pointee.phase == .open, slot.pointee.isReading else { continue }
            let kept = Int(slot.pointee.keptCount)
            if kept > 0 { deliver(id, slot, kept, driver) }
            guard slot.pointee.phase == .open, let link = slot.pointee.tls, link.endIsDue else { continue }
            let round = state.pointee.statistics.rounds
            if Int(slot.pointee.keptCount) < kept { link.servedInRound = round }
            guard slot.pointee.isReading else { continue }
            if link.servedInRound == round {
                // It may have an answer, which leaves at the end of this round.
                state.pointee.resumed.append(id)
            } else {
                sawEnd(id, slot)
            }
        }
    }

    // MARK: Slots

    @inline(__always)
    func slot(_ id: ConnectionID) -> UnsafeMutablePointer<ConnectionSlot>? {
        state.pointee.slab.pointer(to: id.slab)
    }

    /// Tells epoll what the slot's state calls for, where that changed.
    func updateInterest(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        var wanted: UInt32 = 0
        switch slot.pointee.phase {
        case .connecting: wanted = Interest.write
        case .handshaking:
            wanted = Interest.read | (slot.pointee.isBlocked ? Interest.write : 0)
            // Edges only: those who wait for their turn must not fill each round's share of events.
            if slot.pointee.tls?.isPastKeyExchange != true { wanted |= Interest.edge }
        case .open, .draining, .lingering:
            if slot.pointee.isReading, !slot.pointee.sawEnd { wanted |= Interest.read }
            if slot.pointee.isBlocked { wanted |= Interest.write }
        case .ended: break
        }
        guard wanted != slot.pointee.interest else { return }
        let result = SystemCall.epollControl(
            watcher(of: slot), EPOLL_CTL_MOD, slot.pointee.descriptor, events: wanted, token: id.token)
        slot.pointee.interest = wanted
        if result < 0, slot.pointee.phase != .ended { markEnded(id, slot, .failed(errno: Int32(-result))) }
    }

    static func end(ofErrno error: Int32) -> ConnectionEnd {
        switch error {
        case ECONNRESET, EPIPE: .peerReset
        case ETIMEDOUT: .timedOut
        default: .failed(errno: error)
        }
    }
}
