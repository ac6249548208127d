// Owns: the history as the server sees it: told what the journal has committed, asked for rooms.
// Never: blocks a caller; is the truth: what is here was in the journal first, and can be projected from it again.
// Limits: see HistoryLimits.

package import LiveIO
package import Rooms
internal import Synchronization

/// Keeps the log of every room in `history.db`, filled from the event journal by a thread of its own.
///
/// While the file is locked, full or gone the journal holds everything and loads are answered `unavailable`.
package final class HistoryStore: Sendable {
    private let inbox: Inbox<HistoryProjector.Message>
    private let committed: HistoryCommitted
    private let thread: CoreThread

    /// Opens the history and starts its thread.
    ///
    /// A history that is ahead of the journal (a power cut took what the journal had not synced) goes on reading at
    /// `journalEnd`; what it has seen beyond is kept until a new epoch replaces it.
    ///
    /// - Parameters:
    ///   - dataDirectory: folder of `history.db`; made where it is missing.
    ///   - journalDirectory: folder of the event journal, which a writer has opened and recovered.
    ///   - journalEnd: that writer's end, before anything is appended.
    ///   - deliver: called on the history's thread; it must not block.
    /// - Throws: `.newerSchema`, `.damaged`, or `.journal` where the folder cannot be made.
    package init(
        dataDirectory: String, journalDirectory: String, journalEnd: JournalPosition,
        deliver: @escaping @Sendable (HistoryOutcome) -> Void
    ) throws(StoreFailure) {
        try makeDirectory(dataDirectory)
        let path = "\(dataDirectory)/history.db"
        do throws(StoreFailure) {
            try HistoryProjector.prepare(path: path, journalEnd: journalEnd)
        } catch {
            guard error.isPassing else { throw error }
        }
        let inbox = Inbox<HistoryProjector.Message>(capacity: HistoryLimits.queueMax)
        let committed = HistoryCommitted(journalEnd)
        self.inbox = inbox
        self.committed = committed
        let body: @Sendable () -> Void = {
            HistoryProjector(
                path: path, journalDirectory: journalDirectory, journalEnd: journalEnd, committed: committed,
                deliver: deliver
            ).run(inbox)
        }
        thread = CoreThread.start(name: "history", body: body)
    }

    /// The journal has committed up to `end`. Any thread; costs a lock, and a wake-up at most each
    /// `HistoryLimits.projectEveryMs`.
    package func committed(upTo end: JournalPosition) {
        if committed.raise(to: end) { inbox.answer(.committed) }
    }

    /// Asks for a room; the answer contains every entry committed before the call. Any thread.
    ///
    /// - Parameter tailEntries: entries wanted behind the snapshot at least, 0 to `HistoryLimits.tailEntriesMin`.
    ///
    /// - Returns: false where too much waits already, or after `stop`.
    package func load(
        room: RoomKey, tailEntries: Int = HistoryLimits.tailEntriesMin, ticket: UInt64
    ) -> Bool { inbox.post(.load(room, tailEntries: tailEntries, ticket)) }

    /// Asks for a room's epochs. Any thread; false as in `load`.
    package func epochs(room: RoomKey, ticket: UInt64) -> Bool { inbox.post(.epochs(room, ticket)) }

    /// Keeps a snapshot of the room as of `seq`, unless a newer one is kept or a message in it was deleted since. Any
    /// thread; nobody hears of it, and a snapshot that is lost costs a longer replay. False as in `load`.
    package func saveSnapshot(room: RoomKey, seq: UInt64, epoch: String, bytes: [UInt8]) -> Bool {
        inbox.post(.snapshot(HistorySnapshot(room: room, seq: seq, epoch: epoch, bytes: bytes)))
    }

    /// Keeps the figures of a room's session in place of those before; `load` gives them back. Any thread; nobody hears
    /// of it, and what a failing file loses is brought by the next call. False as in `load`.
    package func saveFigures(room: RoomKey, bytes: [UInt8]) -> Bool { inbox.post(.figures(room, bytes)) }

    /// Puts other bytes in an entry's place. Deletions of chat messages need no call: the projector redacts them when
    /// it meets their entries. Any thread; false as in `load`.
    package func redact(room: RoomKey, seq: UInt64, replacement: [UInt8]) -> Bool {
        inbox.post(.redact(room, seq, replacement))
    }

    /// The history's figures; any thread.
    package var statistics: HistoryStatistics { committed.statistics }

    /// Projects what is committed, answers what waits, and ends the thread. Any thread but the history's own.
    package func stop() {
        inbox.close()
        thread.join()
    }
}

/// How far the journal is committed, between its writer's thread and the history's; and the figures the other way.
final class HistoryCommitted: Sendable {
    private struct State {
        var end: JournalPosition
        var isAnnounced = false
        var statistics = HistoryStatistics()
    }

    private let state: Mutex<State>

    init(_ end: JournalPosition) { state = Mutex(State(end: end)) }

    /// Remembers the end; true when the history's thread has to be woken.
    func raise(to end: JournalPosition) -> Bool {
        state.withLock { state in
            guard end > state.end else { return false }
            state.end = end
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
    }

    /// The end as of now; later ones are announced again.
    func take() -> JournalPosition {
        state.withLock { state in
            state.isAnnounced = false
            return state.end
        }
    }

    var statistics: HistoryStatistics { state.withLock { $0.statistics } }

    func update(_ change: (inout HistoryStatistics) -> Void) { state.withLock { change(&$0.statistics) } }
}
