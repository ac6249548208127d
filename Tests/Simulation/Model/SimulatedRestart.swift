// The deaths of a simulated node and what it does when it comes back: snapshot, then the log's suffix, tails rebuilt
// from what was replayed. A power cut also takes what was not synced, and begins a new epoch.

import RoomHistories
import Rooms

extension SimulatedNode {
    mutating func saveSnapshot() {
        guard snapshots.last?.seq != room.seq else { return }
        snapshots.append((room.seq, room.encodeSnapshot()))
        if snapshots.count > 8 { snapshots.removeFirst() }
    }

    /// The process dies: what it held in memory is gone, the log stays.
    mutating func crash(_ truth: inout GroundTruth, _ random: inout SeededRandom) throws {
        if fault == .losesLastEntry, log.head > 0 { log.cut(to: Int(log.head) - 1) }
        try truth.catchUp(log)
        try restart(&random)
        try checkDigest(truth)
    }

    /// The machine dies: of what was appended since the last sync a part may be gone. Clients learn it by a new epoch.
    mutating func cutPower(_ truth: inout GroundTruth, epoch number: Int, _ random: inout SeededRandom) throws {
        let kept = log.syncedCount + random.below(log.records.count - log.syncedCount + 1)
        log.cut(to: kept)
        snapshots.removeAll { $0.seq > UInt64(kept) }
        if fault != .epochKept {
            for index in lineage.indices { lineage[index].seq = min(lineage[index].seq, UInt64(kept)) }
            lineage.append(Cursor(epoch: log.epoch, seq: UInt64(kept)))
            log.epoch = Self.epoch(number)
        }
        try truth.rebuild(from: log)
        try restart(&random)
        try checkDigest(truth)
    }

    func checkDigest(_ truth: GroundTruth) throws {
        guard room.seq == truth.room.seq, room.digest == truth.room.digest else {
            throw Violation("the node at \(room.seq) differs from a replay of the log at \(truth.room.seq)")
        }
    }

    private mutating func restart(_ random: inout SeededRandom) throws {
        pending = []
        connections = []
        unlogged = []
        tails = [ViewTail(), ViewTail(), ViewTail()]
        room = Room(key: room.key)
        refresh()
        // An older snapshot costs a longer replay and gives a longer tail; none at all costs the whole log.
        if !snapshots.isEmpty, !random.chance(10) {
            room = try Room(snapshot: snapshots[random.below(snapshots.count)].bytes)
        }
        for index in tails.indices { tails[index].floor = room.seq }
        guard fault != .skipsLogSuffix else { return }
        while room.seq < log.head {
            let (_, entry) = try log.entry(room.seq + 1)
            if case .accepted(let event) = room.apply(entry) {
                append(SequencedEvent(seq: entry.seq, ts: entry.ts, event: event))
            }
        }
    }
}
