// Sequencing without a journal, for measurements and throw-away rooms: an acknowledgement survives nothing. The same
// seam, the same order, no disk.

import LiveIO
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
    private let deliver: @Sendable (Int, [Sequenced]) -> Void

    /// - Parameter deliver: called on the submitting reactor's thread; it posts to that reactor's mailbox.
    package init(deliver: @escaping @Sendable (_ home: Int, _ outcomes: [Sequenced]) -> Void) {
        self.deliver = deliver
    }

    /// See `Backplane.submit`.
    package func submit(_ round: [Submission]) -> Bool {
        guard let home = round.first?.home else { return true }
        let ts = state.withLock {
            $0.lastTs = max($0.lastTs, WallClock.nowMs())
            $0.entries += UInt64(round.count)
            $0.rounds += 1
            return $0.lastTs
        }
        deliver(home, round.map { Sequenced(room: $0.room, seq: $0.seq, ts: ts, failed: false) })
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
