// Owns how encrypted connections come to be: whose handshake begins in which round, and how it ends. A server's driver
// hears of a connection when its handshake is done; until then it costs a slot, and OpenSSL's state from its turn on.
//
// A handshake costs a hundred times as much as a message. So a connection that speaks is put into a queue, and each
// round begins so many of them; what the rest sent lies in the kernel. Sockets are watched for edges meanwhile, or
// thousands that wait would take up each round's share of events.

internal import CLinux
internal import Glibc
package import LiveTLS

extension Reactor {
    /// From now on newcomers get this context; connections that stand keep theirs.
    package func useForNewcomers(_ context: TLSContext) { shared().server = context }

    /// Such as `TLSv1.3`, its cipher, and whether an earlier session was resumed; nil for a connection that is plain or
    /// over.
    package func tlsFacts(_ id: ConnectionID) -> (version: String, cipher: String, isResumed: Bool)? {
        guard let link = slot(id)?.pointee.tls else { return nil }
        return (link.session.version, link.session.cipher, link.session.isResumed)
    }

    func shared() -> ReactorEncryption {
        if let encryption { return encryption }
        let made = ReactorEncryption()
        encryption = made
        return made
    }

    func makeClientLink(_ tls: TLSClient) throws(IOFailure) -> TLSLink {
        let wire = shared().wire
        do throws(TLSFailure) {
            return TLSLink(
                try TLSSession(client: tls.context, serverName: tls.serverName, wire: wire), isClient: true)
        } catch {
            throw IOFailure("TLS: \(error)", errno: ENOMEM)
        }
    }

    /// A newcomer: it has so long for its handshake.
    func awaitHandshake(_ id: ConnectionID) {
        guard let slot = slot(id) else { return }
        slot.pointee.isTold = false
        startOwnDeadline(id, slot, configuration.handshakeTimeoutMs)
    }

    /// The connection that we made stands: our first flight.
    func greet(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ driver: any ReactorDriver) {
        slot.pointee.phase = .handshaking
        slot.pointee.isBlocked = false
        updateInterest(id, slot)
        guard slot.pointee.phase == .handshaking, let link = slot.pointee.tls else { return }
        settle(link.session.handshake(), id, slot, link, driver)
    }

    /// One event of a connection whose handshake is not over.
    func goOnHandshaking(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ events: UInt32, _ driver: any ReactorDriver
    ) {
        if events & Interest.write != 0 { flush(id, slot, driver) }
        guard slot.pointee.phase == .handshaking, events & (Interest.read | Interest.broken) != 0 else { return }
        if let link = slot.pointee.tls, link.isPastKeyExchange {
            _ = takeFlight(id, slot, link, driver)
        } else if !slot.pointee.isQueued {
            slot.pointee.isQueued = true
            state.pointee.handshakes.append(id)
        }
    }

    /// Gives those their turn that wait longest, as many as a round bears.
    func beginHandshakes(_ driver: any ReactorDriver) {
        var left = configuration.handshakesPerRound
        // Each that waits has one turn a round at most, also where its turns cost nothing.
        var turns = state.pointee.handshakes.count
        let endNs = newcomersEndNs()
        while left > 0 || MonotonicClock.nowNs() < endNs, turns > 0, let id = state.pointee.handshakes.popFirst() {
            turns -= 1
            guard let slot = slot(id), slot.pointee.isQueued else { continue }
            slot.pointee.isQueued = false
            guard slot.pointee.phase == .handshaking, let link = serverLink(id, slot) else { continue }
            if takeFlight(id, slot, link, driver) { left -= 1 }
        }
    }

    private func serverLink(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> TLSLink? {
        if let link = slot.pointee.tls { return link }
        guard let encryption, let context = encryption.server else { return nil }
        do throws(TLSFailure) {
            let link = TLSLink(try TLSSession(server: context, wire: encryption.wire), isClient: false)
            context.tickets?.advance(nowMs: nowMs)
            slot.pointee.tls = link
            return link
        } catch {
            giveUpHandshake(id, slot, .failed(errno: ENOMEM))
            return nil
        }
    }

    /// Reads what the peer sent and goes on; whether that took the costly part of a server's handshake.
    private func takeFlight(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ link: TLSLink, _ driver: any ReactorDriver
    ) -> Bool {
        let input = shared().input
        let result = SystemCall.receive(slot.pointee.descriptor, input.baseAddress.unsafelyUnwrapped, input.count)
        guard result > 0 else {
            if result != -Int(EAGAIN) {
                giveUpHandshake(id, slot, result == 0 ? .peerClosed : Self.end(ofErrno: Int32(-result)))
            }
            return false
        }
        state.pointee.statistics.bytesIn += UInt64(result)
        let wire = shared().wire
        wire.show(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(input)[..<result]))
        let progress = link.session.handshake()
        let isCostly = !link.isPastKeyExchange && !wire.output.isEmpty
        if isCostly { link.isPastKeyExchange = link.session.isPastKeyExchange }
        settle(progress, id, slot, link, driver)
        guard slot.pointee.phase == .handshaking else { return isCostly }
        // Whose turn is not over is watched for edges: the kernel has to tell again of what it still has.
        if link.isPastKeyExchange { updateInterest(id, slot) } else { watchAgain(id, slot) }
        return isCostly
    }

    private func watchAgain(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        let result = SystemCall.epollControl(
            watcher(of: slot), EPOLL_CTL_MOD, slot.pointee.descriptor, events: slot.pointee.interest, token: id.token)
        if result < 0 { giveUpHandshake(id, slot, .failed(errno: Int32(-result))) }
    }

    private func settle(
        _ progress: TLSProgress, _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ link: TLSLink,
        _ driver: any ReactorDriver
    ) {
        switch progress {
        case .established: finishHandshake(id, slot, link, driver)
        case .needsInput:
            _ = sendOutput(id, slot)
            shared().wire.withdraw()
        case .failed(let fault): refuse(id, slot, fault)
        }
    }

    /// Tells the driver, and shows it what came with the end of the handshake.
    private func finishHandshake(
        _ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ link: TLSLink, _ driver: any ReactorDriver
    ) {
        if link.session.isResumed {
            state.pointee.statistics.handshakesResumed += 1
        } else {
            state.pointee.statistics.handshakes += 1
        }
        slot.pointee.phase = .open
        _ = sendOutput(id, slot)
        if slot.pointee.phase == .open, let early = link.early {
            encryptForLater(id, slot, link, early.waiting)
            early.free()
            link.early = nil
        }
        let (count, reading) = decrypt(slot, link, behind: 0)
        _ = sendOutput(id, slot)
        guard slot.pointee.phase == .open else { return }
        if slot.pointee.isTold {
            updateInterest(id, slot)
            driver.connected(id)
        } else {
            guard let peer = peer(of: slot) else {
                markEnded(id, slot, .peerReset)
                return
            }
            clearTimer(slot)
            slot.pointee.isTold = true
            updateInterest(id, slot)
            driver.accepted(id, from: peer)
        }
        show(count, reading, id, slot, driver)
    }

    private func peer(of slot: UnsafeMutablePointer<ConnectionSlot>) -> PeerAddress? {
        var address = sockaddr_storage()
        guard SystemCall.peerName(slot.pointee.descriptor, &address) >= 0 else { return nil }
        return PeerAddress(address)
    }

    /// The handshake cannot be: the alert goes out, or a word in the clear for who speaks plain HTTP.
    private func refuse(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ fault: TLSFault) {
        let wire = shared().wire
        wire.withdraw()
        state.pointee.statistics.handshakesFailed += 1
        if fault == .plainHTTP, !configuration.plainHTTPAnswer.isEmpty {
            wire.clearOutput()
            configuration.plainHTTPAnswer.withUnsafeBytes { keepForLater(id, slot, $0) }
        } else {
            _ = sendOutput(id, slot)
        }
        guard slot.pointee.phase == .handshaking else { return }
        slot.pointee.tls = nil
        if slot.pointee.isTold {
            markEnded(id, slot, .failed(errno: EPROTO))
        } else {
            // An immediate close with unread input would reset the connection and take the answer with it.
            drain(id, slot, then: .failed(errno: EPROTO))
        }
    }

    /// Ends a connection whose handshake is not over.
    func giveUpHandshake(_ id: ConnectionID, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ end: ConnectionEnd) {
        state.pointee.statistics.handshakesFailed += 1
        markEnded(id, slot, end)
    }
}
