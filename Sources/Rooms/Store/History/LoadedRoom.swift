// Owns: what the history gives back, and its bounds.
// Never: an opinion on what an entry means; entries are bytes of LogEntryCodec.

package import LiveIO
package import Rooms

/// The bounds of the history store.
package enum HistoryLimits {
    /// Entries that a load brings at least, if there are so many: the tail from which clients resume. They follow a
    /// snapshot, since only replay turns entries into events.
    package static let tailEntriesMin = 4_096
    /// Entries that are replayed from the very beginning where no snapshot is old enough.
    package static let replayEntriesMax: Int64 = 65_536
    /// Records projected in one transaction: some ten milliseconds, so that a load waits no longer.
    package static let transactionRecordsMax = 2_048
    /// Bytes projected in one transaction.
    package static let transactionBytesMax = 4 * 1_024 * 1_024
    /// How long committed entries may wait to be projected together, in ms: the journal has them, nobody waits. Keeps
    /// the pages of many rooms written once for many entries.
    package static let projectEveryMs: UInt64 = 500
    /// Requests that may wait at the history, and replacements while its file cannot be written. Beyond it a call says
    /// false; a replacement that was taken already is dropped and counted.
    package static let queueMax = 16_384
    /// Snapshots that wait for a store that does not answer; beyond it the oldest are dropped, which costs a longer
    /// replay.
    package static let snapshotsWaitingMax = 256
    /// How long one statement waits for another connection's lock, in ms.
    package static let busyTimeoutMs: Int32 = 250
    /// First and last pause before a store that failed is tried again, in ms.
    package static let retryMsMin: UInt64 = 50
    package static let retryMsMax: UInt64 = 2_000
    /// Entries and bytes of one portion for records and replays: little memory, some milliseconds.
    package static let readEntriesMax = 1_024
    package static let readBytesMax = 1 << 20
    /// Ids of rooms and epochs remembered between transactions.
    package static let roomsCachedMax = 16_384
}

/// One entry of a room's log.
package struct HistoryEntry: Hashable, Sendable {
    /// The epoch in which it was written.
    package let epoch: String
    /// Its place in the log.
    package let seq: UInt64
    /// LogEntryCodec's bytes; of a deleted message, those of its redacted form.
    package let bytes: [UInt8]

    /// All members.
    package init(epoch: String, seq: UInt64, bytes: [UInt8]) {
        self.epoch = epoch
        self.seq = seq
        self.bytes = bytes
    }
}

/// What the log still holds of one epoch.
package struct EpochSpan: Hashable, Sendable {
    /// The epoch.
    package let epoch: String
    /// The first entry that the history saw of it.
    package let firstSeq: UInt64
    /// The last entry kept: a cursor of this epoch resumes exactly up to here, and is reset beyond.
    package let lastSeq: UInt64

    /// All members.
    package init(epoch: String, firstSeq: UInt64, lastSeq: UInt64) {
        self.epoch = epoch
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
    }
}

/// A room as the history has it: all that is needed to bring it back into memory.
package struct LoadedRoom: Hashable, Sendable {
    /// The room.
    package let room: RoomKey
    /// A snapshot from before the tail, nil where the whole log is in `entries`.
    package let snapshot: [UInt8]?
    /// The entry after which it was taken, 0 without one.
    package let snapshotSeq: UInt64
    /// The epoch of the snapshot, nil without one.
    package let snapshotEpoch: String?
    /// Every entry after the snapshot; rising by seq.
    package let entries: [HistoryEntry]
    /// The epochs of the room, oldest first.
    package let lineage: [EpochSpan]
    /// The figures of its session as `saveFigures` gave them, nil without.
    package let figures: [UInt8]?

    /// All members.
    package init(
        room: RoomKey, snapshot: [UInt8]?, snapshotSeq: UInt64, snapshotEpoch: String?, entries: [HistoryEntry],
        lineage: [EpochSpan], figures: [UInt8]? = nil
    ) {
        self.room = room
        self.snapshot = snapshot
        self.snapshotSeq = snapshotSeq
        self.snapshotEpoch = snapshotEpoch
        self.entries = entries
        self.lineage = lineage
        self.figures = figures
    }
}

/// What the history tells its caller, on the history's thread.
package enum HistoryOutcome: Hashable, Sendable {
    /// The room, complete up to what was committed when the load was asked for; an unknown room is empty.
    case loaded(ticket: UInt64, LoadedRoom)
    /// The store does not answer; ask again later.
    case unavailable(ticket: UInt64)
    /// The epochs of a room, oldest first.
    case lineage(ticket: UInt64, [EpochSpan])
    /// Every entry before this place is in the synced database: journal segments that end before it may be removed.
    case projected(upTo: JournalPosition)
}

/// The history's figures.
package struct HistoryStatistics: Hashable, Sendable {
    /// Entries projected since the start.
    package var projected = 0
    /// Transactions committed since the start.
    package var commits = 0
    /// Times that the store failed.
    package var failures = 0
    /// Journal records that are no log entry of this program's version; they were passed over.
    package var undecodable = 0
    /// Replacements dropped because too many waited for a file that could not be written.
    package var redactionsLost = 0
    /// Times that the journal no longer reached back to the cursor: entries are missing in the history.
    package var gaps = 0
    /// Where the projection stands.
    package var cursor = JournalPosition.beginning
    /// The last failure, nil while all is well.
    package var lastFailure: String?

    /// All zero.
    package init() {}
}
