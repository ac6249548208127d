// Owns what goes out: at once as far as the kernel takes it, and the outbox for what must go before anything else. The
// way of a delivery (`trySend`) allocates nothing, counts no references and calls nothing but the kernel.

internal import Glibc

extension Reactor {
    /// Sends what the kernel takes now and answers how many bytes that was; never keeps any.
    ///
    /// 0 where the connection is blocked, closing or over. Where it answers less than all, the connection is blocked
    /// from then on and `drained` follows; a hard error ends it at the end of the round.
    ///
    /// With TLS it counts what was encrypted: a record is sent or, as far as the kernel has no room, goes before
    /// anything else. So it may answer all and the connection be blocked.
    package func trySend(_ id: ConnectionID, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let slot = slot(id), slot.pointee.phase == .open, !slot.pointee.isBlocked, bytes.count > 0 else {
            return 0
        }
        if slot.pointee.tls != nil { return trySendEncrypted(id, slot, bytes) }
        let result = SystemCall.send(slot.pointee.descriptor, bytes.baseAddress, bytes.count)
        return account(id, slot, result, of: bytes.count)
    }

    /// The same for two buffers in one system call, for instance a frame's head and its payload.
    package func trySend(
        _ id: ConnectionID, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) -> Int {
        let count = first.count + second.count
        guard let slot = slot(id), slot.pointee.phase == .open, !slot.pointee.isBlocked, count > 0 else { return 0 }
        if slot.pointee.tls != nil { return trySendEncrypted(id, slot, first, second) }
        let result = SystemCall.send(slot.pointee.descriptor, first, second)
        return account(id, slot, result, of: count)
    }

    @inline(__always)
    private func account(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ result: Int, of count: Int
    ) -> Int {
        state.pointee.statistics.sends += 1
        if result == count {
            state.pointee.statistics.bytesOut += UInt64(result)
            return result
        }
        return accountShort(id, slot, result)
    }

    @inline(never)
    private func accountShort(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ result: Int
    ) -> Int {
        state.pointee.statistics.shortSends += 1
        guard result >= 0 || result == -Int(EAGAIN) else {
            markEnded(id, slot, Self.end(ofErrno: Int32(-result)))
            return 0
        }
        slot.pointee.isBlocked = true
        updateInterest(id, slot)
        state.pointee.statistics.bytesOut += UInt64(max(0, result))
        return max(0, result)
    }

    /// Keeps a copy of bytes that must go out before anything else, for instance the rest of a frame that was cut.
    ///
    /// It goes out when the kernel has room, `drained` follows. Ignored where the connection is closing or over. Over
    /// `outboxBytesMax` the connection ends with `.failed(ENOBUFS)`.
    package func enqueue(_ id: ConnectionID, _ bytes: UnsafeRawBufferPointer) {
        guard let slot = slot(id), slot.pointee.isDriven, !bytes.isEmpty else { return }
        guard outboxBytes(id) + bytes.count <= configuration.outboxBytesMax else {
            markEnded(id, slot, .failed(errno: ENOBUFS))
            return
        }
        if slot.pointee.tls != nil { return enqueueEncrypted(id, slot, bytes) }
        keepForLater(id, slot, bytes)
    }

    /// Puts bytes as the kernel is to get them behind all that waits.
    func keepForLater(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ bytes: UnsafeRawBufferPointer
    ) {
        if slot.pointee.outbox == nil {
            slot.pointee.outbox = Outbox(bytes)
        } else {
            slot.pointee.outbox?.append(bytes)
        }
        slot.pointee.isBlocked = true
        updateInterest(id, slot)
    }

    /// Sends what the kernel takes now and keeps the rest: `trySend`, then `enqueue`. For replies and heads.
    package func send(_ id: ConnectionID, _ bytes: UnsafeRawBufferPointer) {
        let sent = trySend(id, bytes)
        if sent < bytes.count { enqueue(id, UnsafeRawBufferPointer(rebasing: bytes[sent...])) }
    }

    /// Whether nothing can be sent now: the outbox holds bytes, the kernel had no room, or it is not connected yet.
    /// False for a connection that is over.
    package func isBlocked(_ id: ConnectionID) -> Bool {
        slot(id).map { $0.pointee.isBlocked || $0.pointee.phase == .handshaking } ?? false
    }

    /// Bytes in the outbox.
    package func outboxBytes(_ id: ConnectionID) -> Int {
        slot(id).map { ($0.pointee.outbox?.count ?? 0) + ($0.pointee.tls?.early?.count ?? 0) } ?? 0
    }

    /// The kernel has room again.
    func flush(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ driver: any ReactorDriver) {
        if let outbox = slot.pointee.outbox {
            let waiting = outbox.waiting
            let result = SystemCall.send(slot.pointee.descriptor, waiting.baseAddress, waiting.count)
            state.pointee.statistics.sends += 1
            guard result > 0 else {
                if result < 0, result != -Int(EAGAIN) { markEnded(id, slot, Self.end(ofErrno: Int32(-result))) }
                return
            }
            state.pointee.statistics.bytesOut += UInt64(result)
            if slot.pointee.phase == .draining { slot.pointee.drain.noteTaken() }
            if result < waiting.count {
                state.pointee.statistics.shortSends += 1
                slot.pointee.outbox?.removeFirst(result)
                return
            }
            outbox.free()
            slot.pointee.outbox = nil
        }
        guard slot.pointee.isBlocked else { return }
        slot.pointee.isBlocked = false
        if slot.pointee.phase == .draining {
            finishDraining(id, slot)
        } else {
            updateInterest(id, slot)
            if slot.pointee.phase == .open { driver.drained(id) }
        }
    }
}
