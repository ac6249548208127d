// Owns the bytes of encrypted connections: one read of encrypted input becomes plain bytes in the read buffer; what the
// driver sends becomes records of at most 16 KiB, one send each. What was encrypted always goes out, and in order: the
// outbox holds what the kernel did not take, so nothing is ever encrypted twice and cursors stay exact.
//
// OpenSSL never calls the driver and the driver is never called between two steps of one session, so one wire and one
// set of buffers serve all connections.

internal import Glibc
internal import LiveTLS

extension Reactor {
    // MARK: In

    /// One read of encrypted bytes.
    func readEncrypted(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ driver: any ReactorDriver
    ) {
        guard let link = slot.pointee.tls else { return }
        // The last was read already; what it came with is served before the end is.
        guard !link.endIsDue else { return }
        let kept = Int(slot.pointee.keptCount)
        let encryption = shared()
        let room = min(
            encryption.input.count, max(configuration.readBufferBytes - kept, ReactorEncryption.inputBytesLeast))
        let base = encryption.input.baseAddress.unsafelyUnwrapped
        let result = SystemCall.receive(slot.pointee.descriptor, base, room)
        guard result > 0 else { return readNothing(id, slot, result) }
        state.pointee.statistics.bytesIn += UInt64(result)
        encryption.wire.show(UnsafeRawBufferPointer(start: base, count: result))
        let (count, reading) = decrypt(slot, link, behind: kept)
        if slot.pointee.isBlocked {
            // Nobody else bounds these: they are not the driver's.
            link.unreadAnswers &+= UInt32(truncatingIfNeeded: encryption.wire.output.count)
            guard link.unreadAnswers <= configuration.unreadAnswersMax else {
                encryption.wire.clearOutput()
                slot.pointee.tls = nil
                return markEnded(id, slot, .failed(errno: ENOBUFS))
            }
        }
        _ = sendOutput(id, slot)
        guard slot.pointee.phase == .open else { return }
        show(count, reading, id, slot, driver)
    }

    /// Decrypts all that the wire shows into the read buffer, behind the place of the kept bytes; answers how many
    /// plain bytes the buffer holds, the kept ones included, and why there are no more.
    func decrypt(
        _ slot: UnsafeMutablePointer<ConnectionSlot>, _ link: TLSLink, behind kept: Int
    ) -> (count: Int, reading: TLSReading) {
        var count = kept
        while true {
            let room = UnsafeMutableRawBufferPointer(rebasing: readBuffer[count...])
            let reading = link.session.read(into: room)
            guard case .bytes(let more) = reading else {
                shared().wire.withdraw()
                return (count, reading)
            }
            count += more
        }
    }

    /// Shows the driver plain bytes, or keeps them while it holds reading back; then what ended them.
    func show(
        _ count: Int, _ reading: TLSReading, _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>,
        _ driver: any ReactorDriver
    ) {
        guard slot.pointee.phase == .open else { return }
        let hasMore = count > Int(slot.pointee.keptCount)
        if hasMore {
            if slot.pointee.isReading {
                deliver(id, slot, count, driver)
            } else {
                keep(slot, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(readBuffer)[..<count]))
            }
        }
        guard slot.pointee.phase == .open else { return }
        switch reading {
        case .bytes, .needsInput: break
        case .closed where hasMore || slot.pointee.keptCount > 0:
            // As with a FIN, which is another read: what came before it is answered first.
            slot.pointee.tls?.endIsDue = true
            state.pointee.resumed.append(id)
        case .closed: sawEnd(id, slot)
        case .failed:
            // The alert is sent; a close_notify must not follow it.
            slot.pointee.tls = nil
            markEnded(id, slot, .failed(errno: EPROTO))
        }
    }

    // MARK: Out

    /// Encrypts and sends record by record, until all is gone or the kernel has no room.
    func trySendEncrypted(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Int {
        guard let link = slot.pointee.tls else { return 0 }
        let encryption = shared()
        let total = first.count + second.count
        var taken = 0
        while taken < total {
            let piece = encryption.piece(first, second, from: taken)
            guard encrypt(id, slot, link, piece) else { return taken }
            taken += piece.count
            guard sendOutput(id, slot) else { break }
        }
        return taken
    }

    /// Encrypts at once, so that all in the outbox is as the kernel is to get it; before the handshake is over the
    /// bytes wait as they are.
    func enqueueEncrypted(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ bytes: UnsafeRawBufferPointer
    ) {
        guard let link = slot.pointee.tls else { return }
        if slot.pointee.phase == .open { return encryptForLater(id, slot, link, bytes) }
        if link.early == nil { link.early = Outbox(bytes) } else { link.early?.append(bytes) }
    }

    /// Encrypts bytes into the outbox.
    func encryptForLater(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ link: TLSLink,
        _ bytes: UnsafeRawBufferPointer
    ) {
        let encryption = shared()
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        var taken = 0
        while taken < bytes.count {
            let piece = encryption.piece(bytes, nothing, from: taken)
            guard encrypt(id, slot, link, piece) else { return }
            taken += piece.count
            keepForLater(id, slot, encryption.wire.output)
            encryption.wire.clearOutput()
        }
    }

    private func encrypt(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ link: TLSLink,
        _ piece: UnsafeRawBufferPointer
    ) -> Bool {
        if link.session.write(piece) { return true }
        shared().wire.clearOutput()
        slot.pointee.tls = nil
        markEnded(id, slot, .failed(errno: EPROTO))
        return false
    }

    /// Sends what a session wrote, behind all that waits; whether the kernel has it all.
    func sendOutput(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> Bool {
        let wire = shared().wire
        let output = wire.output
        guard !output.isEmpty else { return true }
        defer { wire.clearOutput() }
        if slot.pointee.isBlocked {
            keepForLater(id, slot, output)
            return false
        }
        let result = SystemCall.send(slot.pointee.descriptor, output.baseAddress, output.count)
        state.pointee.statistics.sends += 1
        state.pointee.statistics.bytesOut += UInt64(max(0, result))
        if result == output.count { return true }
        state.pointee.statistics.shortSends += 1
        guard result >= 0 || result == -Int(EAGAIN) else {
            slot.pointee.tls = nil
            markEnded(id, slot, Self.end(ofErrno: Int32(-result)))
            return false
        }
        keepForLater(id, slot, UnsafeRawBufferPointer(rebasing: output[max(0, result)...]))
        return false
    }

    // MARK: The end

    /// Puts our close_notify behind all that waits; from now on the connection's output is what the outbox holds.
    func sealEnd(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard let link = slot.pointee.tls else { return }
        link.session.close()
        _ = sendOutput(id, slot)
        slot.pointee.tls = nil
    }

    /// The connection ends at once: our close_notify goes out as far as the kernel takes it now.
    func sayGoodbye(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ end: ConnectionEnd) {
        guard let link = slot.pointee.tls, slot.pointee.phase == .open, !slot.pointee.isBlocked,
            end == .closed || end == .peerClosed
        else { return }
        let wire = shared().wire
        link.session.close()
        let output = wire.output
        if !output.isEmpty { _ = SystemCall.send(slot.pointee.descriptor, output.baseAddress, output.count) }
        wire.clearOutput()
    }
}
