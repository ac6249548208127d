// What one round of the log thread is: stamp, one write, sync when it is due, tell the homes; and what happens while
// the journal fails: nothing is shown, and a canary finds out when it is well again.
//
// Owns: the writer, the log's clock, what is not synced yet. Never: decides or applies anything, sleeps.
// One thread at a time; reads the clocks itself.

import LiveIO
import Rooms

/// What one round of the log thread does, and what it remembers between rounds.
struct LogRound: ~Copyable {
    private var writer: JournalWriter
    /// The last stamp. A room whose entries are younger (its log is older than this machine's date) keeps its own.
    private var lastTs: Int64 = 0
    private let clock: NodeClock
    private let fsyncEveryMs: UInt32
    private let deliver: @Sendable (Int, [Sequenced]) -> Void
    private let committed: @Sendable (JournalPosition) -> Void
    private(set) var statistics = JournalSequencer.Statistics()
    private var unsyncedSinceMs: UInt64?
    /// When the canary goes out, while the journal fails.
    private var canaryAtMs: UInt64?
    private var releasedSegment: UInt64 = 0

    init(
        writer: consuming JournalWriter, clock: NodeClock, fsyncEveryMs: UInt32,
        deliver: @escaping @Sendable (Int, [Sequenced]) -> Void,
        committed: @escaping @Sendable (JournalPosition) -> Void
    ) {
        self.writer = writer
        self.clock = clock
        self.fsyncEveryMs = fsyncEveryMs
        self.deliver = deliver
        self.committed = committed
    }

    /// Until when the thread may sleep: then what is written must be on the disk, or a failing journal is tried again.
    var wakeNs: UInt64? { (canaryAtMs ?? unsyncedSinceMs.map { $0 + UInt64(fsyncEveryMs) }).map { $0 * 1_000_000 } }

    mutating func write(_ batch: inout [Submission]) {
        let nowMs = MonotonicClock.nowNs() / 1_000_000
        let due = unsyncedSinceMs.map { nowMs >= $0 + UInt64(fsyncEveryMs) } ?? false
        if batch.isEmpty {
            if let canaryAtMs {
                if nowMs >= canaryAtMs { tryCanary(nowMs) }
            } else if due {
                sync(nowMs)
            }
            return
        }
        lastTs = max(lastTs, clock.nowMs())
        for i in batch.indices {
            let ts = lastTs.littleEndian
            batch[i].bytes.withUnsafeMutableBytes {
                $0.storeBytes(of: ts, toByteOffset: LogEntryCodec.tsOffset, as: Int64.self)
                writer.append(kind: JournalSequencer.entryKind, UnsafeRawBufferPointer($0))
            }
        }
        var failed = false
        do throws(JournalFailure) {
            let end = try writer.commit(sync: due)
            statistics.entries += UInt64(batch.count)
            unsyncedSinceMs = due ? nil : (unsyncedSinceMs ?? nowMs)
            committed(end)
        } catch {
            statistics.failures += 1
            failed = true
        }
        statistics.commits += 1
        note(failed: failed, nowMs)
        tellHomes(batch, failed: failed)
    }

    private func tellHomes(_ batch: [Submission], failed: Bool) {
        // Homes are few: one pass a home keeps each room's order without a dictionary.
        var remaining = batch.count
        var home = 0
        while remaining > 0 {
            var outcomes: [Sequenced] = []
            for submission in batch where submission.home == home {
                outcomes.append(
                    Sequenced(room: submission.room, seq: submission.seq, ts: failed ? 0 : lastTs, failed: failed))
            }
            if !outcomes.isEmpty {
                remaining -= outcomes.count
                deliver(home, outcomes)
            }
            home += 1
        }
    }

    private mutating func sync(_ nowMs: UInt64) {
        do throws(JournalFailure) {
            _ = try writer.commit(sync: true)
            unsyncedSinceMs = nil
        } catch {
            statistics.failures += 1
            note(failed: true, nowMs)
        }
    }

    /// A failing journal is tried again by itself once a second: nobody may be there whose command would do it.
    private mutating func note(failed: Bool, _ nowMs: UInt64) {
        statistics.failing = failed
        canaryAtMs = failed ? nowMs + JournalSequencer.canaryEveryMs : nil
    }

    /// Writes and syncs one record that means nothing. Where that succeeds, so will the next round.
    private mutating func tryCanary(_ nowMs: UInt64) {
        do throws(JournalFailure) {
            writer.append(kind: JournalSequencer.canaryKind, UnsafeRawBufferPointer(start: nil, count: 0))
            let end = try writer.commit(sync: true)
            unsyncedSinceMs = nil
            note(failed: false, nowMs)
            committed(end)
        } catch {
            statistics.failures += 1
            note(failed: true, nowMs)
        }
    }

    /// Removes whole segments that history has taken over; the one being written stays.
    mutating func release(before position: JournalPosition) {
        guard position.segment > releasedSegment else { return }
        releasedSegment = position.segment
        do throws(JournalFailure) {
            try writer.removeSegments(before: position)
        } catch {
            // They stay on the disk; the next position tries again.
            statistics.failures += 1
        }
    }

    mutating func finish() {
        if unsyncedSinceMs != nil { sync(MonotonicClock.nowNs() / 1_000_000) }
    }
}
