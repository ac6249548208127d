// Sequencing without a journal, for measurements and throw-away rooms: an acknowledgement survives nothing. The same
// seam, the same order, no disk.

package import LiveIO
import Rooms
import Synchronization

/// A backplane that only stamps.
package final class MemorySequencer: Backplane {
    private struct State {
        var lastTs: Int64 = 0
        var entries: UInt64 = 0
        var rounds: UInt64 = 0
    }

    private let state = Mutex(State())
    private let clock: NodeClock
    private let deliver: @Sendable (Int, [Sequenced]) -> Bool

    /// - Parameter clock: dates the entries.
    /// - Parameter deliver: called on the submitting reactor's thread; it posts to that reactor's own mailbox and says
    ///   false, without waiting, where that is full: only the thread that asks could make room in it.
    package init(clock: NodeClock, deliver: @escaping @Sendable (_ home: Int, _ outcomes: [Sequenced]) -> Bool) {
        self.clock = clock
        self.deliver = deliver
    }

    /// See `Backplane.submit`.
    package func submit(_ round: [Submission]) -> Bool {
        guard let home = round.first?.home else { return true }
        let ts = state.withLock {
            $0.lastTs = max($0.lastTs, clock.nowMs())
            return $0.lastTs
        }
        guard deliver(home, round.map { Sequenced(room: $0.room, seq: $0.seq, ts: ts, failed: false) }) else {
            return false
        }
        state.withLock {
            $0.entries += UInt64(round.count)
            $0.rounds += 1
        }
        return true
    }

    /// See `Backplane.health`.
    package var health: BackplaneHealth {
        let now = state.withLock { $0 }
        return BackplaneHealth(entries: now.entries, rounds: now.rounds, failures: 0, failing: false, depth: 0)
    }

    /// See `Backplane.stop`.
    package func stop() {}
}
