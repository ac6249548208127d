// Owns whose turn it is: those who are in before those who come. Newcomers wait in an epoll of their own, the lobby,
// which the main one watches; each round serves a few of them, after all others. Ten thousand at one instant are then
// as far away from those inside as the first few are.

internal import CLinux
internal import Glibc

extension Reactor {
    /// Opens the lobby where newcomers are to be served in portions. The caller closes it.
    static func openLobby(
        _ configuration: ReactorConfiguration, within epoll: borrowing OwnedFD
    ) throws(IOFailure) -> Int32? {
        guard configuration.newcomersPerRound > 0 else { return nil }
        let lobby = OwnedFD(try checked("epoll_create1", SystemCall.epollCreate()))
        let added = SystemCall.epollControl(
            epoll.raw, EPOLL_CTL_ADD, lobby.raw, events: Interest.read, token: Token.lobby)
        _ = try checked("epoll_ctl", added)
        return lobby.take()
    }

    /// The connection is one of those inside from now on: its events come before those of newcomers.
    ///
    /// For the driver to say once it knows the peer; without a lobby, and said again, it does nothing.
    package func admit(_ id: ConnectionID) {
        guard let slot = slot(id), slot.pointee.isNewcomer, slot.pointee.phase != .ended else { return }
        let descriptor = slot.pointee.descriptor
        let left = SystemCall.epollControl(watcher(of: slot), EPOLL_CTL_DEL, descriptor, events: 0, token: 0)
        slot.pointee.isNewcomer = false
        let entered =
            left < 0
            ? left
            : SystemCall.epollControl(
                epoll.raw, EPOLL_CTL_ADD, descriptor, events: slot.pointee.interest, token: id.token)
        if entered < 0 { markEnded(id, slot, .failed(errno: Int32(-entered))) }
    }

    /// The epoll in which a connection is watched.
    func watcher(of slot: UnsafeMutablePointer<ConnectionSlot>) -> Int32 {
        slot.pointee.isNewcomer ? lobby ?? epoll.raw : epoll.raw
    }

    /// Serves the first few of those who wait in the lobby; the kernel keeps their order. The others' events have been
    /// dealt with: their place in memory is used again.
    func serveNewcomers(_ driver: any ReactorDriver) {
        guard let lobby else { return }
        let portion = min(configuration.newcomersPerRound, configuration.eventsMax)
        let endNs = newcomersEndNs()
        var ready = portion
        repeat {
            ready = SystemCall.epollWait(lobby, events, Int32(portion), timeoutMs: 0)
            for index in 0..<max(0, ready) { handle(events[index], driver) }
        } while ready == portion && MonotonicClock.nowNs() < endNs
    }

    /// Until when newcomers may have more than their portion, monotonic: an eighth of the last round's time. Where
    /// those inside keep rounds long there are few of them, and a portion a round would be next to nothing.
    func newcomersEndNs() -> UInt64 { MonotonicClock.nowNs() &+ state.pointee.statistics.lastRoundNs / 8 }
}
