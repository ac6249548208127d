// Owns how connections come to be: accepted in portions, or connected. Exhausted descriptors neither spin the loop nor
// leave newcomers hanging.

internal import CLinux
internal import Glibc
package import LiveTLS

/// A listening socket in a reactor; its place in the list is in its epoll token.
struct ListenerState {
    let descriptor: Int32
    /// What it takes speaks TLS.
    let isEncrypted: Bool
    var isWatched: Bool
}

extension Reactor {
    /// Takes a listener over and accepts from it. With `tls`, what it takes speaks TLS, and the driver is told of a
    /// connection once its handshake is done; all encrypted listeners of a reactor share the newest context.
    package func listen(_ listener: consuming Listener, tls: TLSContext? = nil) throws(IOFailure) {
        let descriptor = listener.take()
        if configuration.notSentLowBytes > 0 {
            // Inherited by what is accepted; a Unix socket refuses, and needs none.
            _ = SystemCall.setOption(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, configuration.notSentLowBytes)
        }
        if let tls { useForNewcomers(tls) }
        listeners.append(ListenerState(descriptor: descriptor, isEncrypted: tls != nil, isWatched: false))
        let result = watchListener(listeners.count - 1)
        guard result >= 0 else {
            listeners.removeLast()
            SystemCall.close(descriptor)
            throw IOFailure("epoll_ctl", errno: Int32(-result))
        }
    }

    /// Closes the listeners: nobody new comes, connections stay.
    package func stopListening() {
        for listener in listeners { SystemCall.close(listener.descriptor) }
        listeners.removeAll()
    }

    /// Begins a connection; `connected` or `ended` tells the outcome. Until then it counts as blocked.
    ///
    /// `source` is the local address to come from, of the same family; its port 0 leaves the choice to the kernel, at
    /// connect, so that each pair of addresses has all ports for itself (ip(7), IP_BIND_ADDRESS_NO_PORT).
    /// With `tls` it stands once the handshake is done.
    /// After `stop` it fails with `ECANCELED`: nobody would be told how it ended.
    package func connect(
        to address: SocketAddress, from source: SocketAddress? = nil, tls: TLSClient? = nil
    ) throws(IOFailure) -> ConnectionID {
        guard !isStopping else { throw IOFailure("connect while stopping", errno: ECANCELED) }
        let link = try tls.map { tls throws(IOFailure) in try makeClientLink(tls) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let fd = OwnedFD(try checked("socket", SystemCall.socket(address.family, kind)))
        if address.family != AF_UNIX {
            _ = SystemCall.setOption(fd.raw, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            if configuration.notSentLowBytes > 0 {
                _ = SystemCall.setOption(fd.raw, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, configuration.notSentLowBytes)
            }
        }
        if let source {
            _ = SystemCall.setOption(fd.raw, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
            _ = try checked("bind", source.withPointer { SystemCall.bind(fd.raw, $0, $1) })
        }
        let result = address.withPointer { SystemCall.connect(fd.raw, $0, $1) }
        guard result >= 0 || result == -Int(EINPROGRESS) else {
            throw IOFailure("connect", errno: Int32(-result))
        }
        let id = try adopt(fd, phase: .connecting, interest: Interest.write)
        if let link { slot(id)?.pointee.tls = link }
        state.pointee.statistics.connects += 1
        return id
    }

    /// Gives a socket a slot and watches it.
    private func adopt(
        _ fd: consuming OwnedFD, phase: ConnectionPhase, interest: UInt32
    ) throws(IOFailure) -> ConnectionID {
        var slot = ConnectionSlot(descriptor: fd.raw, phase: phase)
        slot.interest = interest
        slot.isBlocked = phase == .connecting
        slot.isNewcomer = lobby != nil && phase != .connecting
        let watcher = slot.isNewcomer ? lobby ?? epoll.raw : epoll.raw
        let id = ConnectionID(state.pointee.slab.insert(slot))
        let result = SystemCall.epollControl(watcher, EPOLL_CTL_ADD, fd.raw, events: interest, token: id.token)
        guard result >= 0 else {
            state.pointee.slab.remove(id.slab)
            throw IOFailure("epoll_ctl", errno: Int32(-result))
        }
        _ = fd.take()
        return id
    }

    // MARK: Accepting

    func acceptFrom(_ place: Int, _ driver: any ReactorDriver) {
        for _ in 0..<configuration.acceptBudget {
            // The driver may have stopped listening while it was told.
            guard place < listeners.count else { return }
            var address = sockaddr_storage()
            var length: UInt32 = 0
            let result = SystemCall.accept(listeners[place].descriptor, &address, &length)
            if result >= 0 {
                take(OwnedFD(Int32(result)), PeerAddress(address), listeners[place].isEncrypted, driver)
            } else if !goesOn(afterAcceptError: Int32(-result), place) {
                return
            }
        }
    }

    private func take(
        _ fd: consuming OwnedFD, _ peer: PeerAddress, _ isEncrypted: Bool, _ driver: any ReactorDriver
    ) {
        guard connectionCount < configuration.connectionsMax, configuration.places?.take() ?? true else {
            state.pointee.statistics.refused += 1
            return
        }
        do throws(IOFailure) {
            if isEncrypted {
                awaitHandshake(try adopt(fd, phase: .handshaking, interest: Interest.read | Interest.edge))
                state.pointee.statistics.accepted += 1
                return
            }
            let id = try adopt(fd, phase: .open, interest: Interest.read)
            state.pointee.statistics.accepted += 1
            driver.accepted(id, from: peer)
        } catch {
            configuration.places?.giveBack()
            noteAcceptFailure(error.errno)
        }
    }

    /// Whether to accept on after an error.
    private func goesOn(afterAcceptError error: Int32, _ place: Int) -> Bool {
        if error == EAGAIN { return false }
        noteAcceptFailure(error)
        switch error {
        case EMFILE, ENFILE:
            switch turnOneAway(place) {
            case .turnedAway: return true
            case .nobodyWaits: return false
            case .stuck:
                pauseAccepting(place)
                return false
            }
        case ENOBUFS, ENOMEM, EBADF, EINVAL, ENOTSOCK:
            pauseAccepting(place)
            return false
        default:
            // The newcomer's own trouble (ECONNABORTED, EPROTO, EPERM, …; accept(2)): the next one may be well.
            return true
        }
    }

    private enum Turning { case turnedAway, nobodyWaits, stuck }

    /// Uses the reserve to take the first in the queue and close it, so that it is not left hanging.
    private func turnOneAway(_ place: Int) -> Turning {
        guard reserve != nil else {
            reserve = Self.openReserve()
            return .stuck
        }
        reserve = nil
        var address = sockaddr_storage()
        var length: UInt32 = 0
        let result = SystemCall.accept(listeners[place].descriptor, &address, &length)
        if result >= 0 {
            SystemCall.close(Int32(result))
            state.pointee.statistics.refused += 1
        }
        reserve = Self.openReserve()
        if reserve == nil { return .stuck }
        if result >= 0 { return .turnedAway }
        // Without a free descriptor the kernel says so before it looks whether anybody waits.
        return result == -Int(EAGAIN) ? .nobodyWaits : .stuck
    }

    static func openReserve() -> OwnedFD? {
        let result = SystemCall.open("/dev/null", O_RDONLY)
        return result >= 0 ? OwnedFD(Int32(result)) : nil
    }

    private func noteAcceptFailure(_ error: Int32) {
        state.pointee.statistics.acceptFailures[error, default: 0] += 1
    }

    /// Level-triggered, a full queue would wake the loop without end: look away for a while.
    private func pauseAccepting(_ place: Int) {
        guard listeners[place].isWatched else { return }
        let result = SystemCall.epollControl(
            epoll.raw, EPOLL_CTL_DEL, listeners[place].descriptor, events: 0, token: 0)
        guard result >= 0 else { return }
        listeners[place].isWatched = false
        let dueMs = state.pointee.timerBaseMs + UInt64(configuration.acceptPauseMs)
        _ = state.pointee.deadlines.set(dueMs: dueMs, payload: Token.firstListener + UInt64(place))
    }

    /// The pause is over; where the kernel still has no memory, wait once more.
    func resumeAccepting(_ place: Int) {
        guard place < listeners.count, !listeners[place].isWatched else { return }
        if watchListener(place) < 0 {
            let dueMs = state.pointee.timerBaseMs + UInt64(configuration.acceptPauseMs)
            _ = state.pointee.deadlines.set(dueMs: dueMs, payload: Token.firstListener + UInt64(place))
        }
    }

    private func watchListener(_ place: Int) -> Int {
        let result = SystemCall.epollControl(
            epoll.raw, EPOLL_CTL_ADD, listeners[place].descriptor, events: EPOLLIN.rawValue,
            token: Token.firstListener + UInt64(place))
        listeners[place].isWatched = result >= 0
        return result
    }
}
