// Owns the durable history of one room, as a value: entries by epoch and seq, and from which epoch each goes on. It may
// be away; what is written then waits at its node.

import Rooms
import RoomsBackplane

/// What a database holds of one room.
struct SimulatedStore {
    /// The epoch of a room that nobody has seeded yet.
    static let genesis = "000000000000"

    private var entries: [String: [UInt64: RoomMessage]] = [:]
    private var lineage: [String: RoomLineage] = [:]
    private var latest = genesis
    /// Up to where an epoch was found without a gap.
    private var contiguous: [String: UInt64] = [:]

    /// Notes that `epoch` goes on from another.
    mutating func enter(_ epoch: String, from previous: RoomLineage) {
        // One that goes on from itself is somebody's mistake, and seen elsewhere.
        if previous.epoch != epoch { lineage[epoch] = previous }
        latest = max(latest, epoch)
    }

    /// Keeps an entry; false where it has another under the same epoch and seq.
    mutating func write(_ message: RoomMessage) -> Bool {
        if let known = entries[message.epoch]?[message.seq] { return known == message }
        entries[message.epoch, default: [:]][message.seq] = message
        return true
    }

    /// The log of an epoch from its first entry on, as far as it has no gap.
    func log(of epoch: String) -> [RoomMessage] {
        var log: [RoomMessage] = []
        if let previous = lineage[epoch] {
            log = Array(self.log(of: previous.epoch).prefix(Int(previous.base)))
            guard log.count == Int(previous.base) else { return log }
        }
        while let next = entries[epoch]?[UInt64(log.count) + 1] { log.append(next) }
        return log
    }

    /// How long that log is.
    mutating func count(of epoch: String) -> UInt64 {
        var count = contiguous[epoch] ?? 0
        if let previous = lineage[epoch], count <= previous.base {
            count = min(self.count(of: previous.epoch), previous.base)
            guard count == previous.base else { return count }
        }
        while entries[epoch]?[count + 1] != nil { count += 1 }
        contiguous[epoch] = count
        return count
    }

    /// The log of the latest epoch.
    var log: (epoch: String, messages: [RoomMessage]) { (latest, log(of: latest)) }
}
