// Owns the eventfd through which other threads wake a reactor. Never carries data: that is the mailboxes' work. Many
// wakes before the reactor comes round cost one write.

internal import CLinux
internal import Glibc
internal import Synchronization

/// Wakes one reactor from any thread; coalesced.
///
/// The reactor watches the descriptor edge-triggered, so nobody reads it: each write is a new edge, and a wake costs
/// one system call in all.
package final class Waker: Sendable {
    private let descriptor: OwnedFD
    private let pending = Atomic<Bool>(false)

    /// Makes the eventfd; fails where descriptors are used up.
    package init() throws(IOFailure) {
        let result = SystemCall.eventDescriptor()
        guard result >= 0 else { throw IOFailure("eventfd", errno: Int32(-result)) }
        descriptor = OwnedFD(Int32(result))
    }

    /// Makes the reactor come round; any thread, never waits.
    package func wake() {
        // The exchange, not a mere load, so that what this thread wrote before is seen by whoever takes the wake.
        if pending.exchange(true, ordering: .acquiringAndReleasing) { return }
        signal()
    }

    /// Whether a wake came since the last call; the reactor's thread only.
    func takePending() -> Bool {
        guard pending.load(ordering: .relaxed) else { return false }
        return pending.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// The descriptor to watch for edges.
    var raw: Int32 { descriptor.raw }

    private func signal() {
        var one: UInt64 = 1
        for _ in 0..<Self.attemptsMax {
            let result = SystemCall.write(descriptor.raw, &one, MemoryLayout<UInt64>.size)
            if result >= 0 { return }
            if result == -Int(EAGAIN) {
                // The counter is full after 2^64 - 2 wakes: empty it, then the write is an edge again.
                var count: UInt64 = 0
                _ = SystemCall.read(descriptor.raw, &count, MemoryLayout<UInt64>.size)
            }
        }
        pending.store(false, ordering: .releasing)
    }

    /// Writes tried before a wake is given up and the next one tries again.
    private static let attemptsMax = 4
}
