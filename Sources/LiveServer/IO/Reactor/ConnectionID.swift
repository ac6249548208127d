// Owns the names of connections and of their ends.

/// Names one connection of one reactor; stale from the return of `ended` on, also where its place is used again.
///
/// The same 64 bits are the token in the kernel's epoll data, so an event for an earlier tenant of a place is dropped.
package struct ConnectionID: Hashable, Sendable, BitwiseCopyable {
    /// The connection's place in the reactor, from 0; places are used again.
    package let index: UInt32
    /// Which tenant of the place; never 0.
    package let generation: UInt32

    /// Puts an id together again, for instance from a message that carried its parts.
    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    @inline(__always)
    init(_ slab: SlabID) { self.init(index: slab.index, generation: slab.generation) }

    @inline(__always)
    init(token: UInt64) {
        self.init(index: UInt32(truncatingIfNeeded: token), generation: UInt32(truncatingIfNeeded: token >> 32))
    }

    @inline(__always)
    var token: UInt64 { UInt64(generation) << 32 | UInt64(index) }

    @inline(__always)
    var slab: SlabID { SlabID(index: index, generation: generation) }
}

/// Why a connection ended.
package enum ConnectionEnd: Sendable, Hashable {
    /// The peer closed its side, and what it had sent was delivered.
    case peerClosed
    /// The peer tore the connection down (RST, or a write after its end).
    case peerReset
    /// The peer took nothing for `drainMs` while we closed, or the kernel gave it up.
    case timedOut
    /// We closed it.
    case closed
    /// The kernel refused something else; `EMSGSIZE` where the driver left a full read buffer untouched, `ENOBUFS`
    /// where the outbox went over its limit.
    case failed(errno: Int32)
}
