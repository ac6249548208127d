// Owns the seam between the kernel's side of a connection and whoever gives it a meaning. Never knows a protocol.

/// What a reactor tells, always on the reactor's thread, in the order of the round: mail, sockets, timers, round's end,
/// ended connections.
///
/// Every method of `Reactor` may be called from each of these.
package protocol ReactorDriver: AnyObject {
    /// A listener took a connection; bytes follow with `received`.
    func accepted(_ id: ConnectionID, from peer: PeerAddress)

    /// A connection made with `connect` stands.
    func connected(_ id: ConnectionID)

    /// Bytes arrived. They lie in the reactor's one read buffer (64 KiB unless configured), valid until return, and may
    /// be changed in place.
    ///
    /// Returns how many were consumed, from the front. The rest is kept and stands in front of the next read; it is
    /// shown again when more arrives, or after `setReading(id, true)`. A driver that leaves a full buffer untouched
    /// loses the connection: `.failed(EMSGSIZE)`.
    func received(_ id: ConnectionID, _ bytes: UnsafeMutableRawBufferPointer) -> Int

    /// A connection that was blocked can be written to again: its outbox is empty and the kernel has room.
    func drained(_ id: ConnectionID)

    /// The time of `setDeadline` is over; the deadline is cleared.
    func deadlineReached(_ id: ConnectionID)

    /// A timer of `schedule` is due.
    func timerFired(_ payload: UInt64)

    /// Another thread woke the reactor: drain the mailboxes.
    func mailArrived()

    /// A connection is over: exactly once for each accepted or connecting one, after the round's end. The id is good
    /// until this returns, then its descriptor is closed. A further round follows at once, to flush what this made.
    func ended(_ id: ConnectionID, _ end: ConnectionEnd)

    /// All of the round is done but the ends: the point to flush.
    func roundEnded()

    /// A signal of `watch` arrived.
    func signalled(_ signal: Int32)
}

extension ReactorDriver {
    /// Drivers that never connect need not say so.
    package func connected(_ id: ConnectionID) {}

    /// Drivers that watch no signals need not say so.
    package func signalled(_ signal: Int32) {}
}
