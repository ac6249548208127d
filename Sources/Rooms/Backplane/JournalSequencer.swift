// Sequencing on one node: a log thread writes what all rooms of all reactors have submitted with one
// write(2) a round, and only then do the homes hear of it.
//
// Owns: the event journal's writer, the log's clock. Never: decides or applies anything, waits for
// SQLite. A power cut may take what was written less than `fsyncEveryMs` ago (ballots have their own
// journal and do not wait for this one); a killed process loses nothing that was written.

package import LiveIO
import Rooms
import Synchronization

/// The embedded default's backplane: the node's journal is the log.
package final class JournalSequencer: Backplane {
    /// Journal record kind of a room's log entry (`LogEntryCodec` bytes).
    package static let entryKind: UInt8 = 1
    /// Journal record kind of the canary that is written while the journal fails, to find out when it no longer does.
    /// Readers pass it over.
    package static let canaryKind: UInt8 = 2
    /// How often the canary is tried, in milliseconds: readiness comes back that soon after the disk does, also on a
    /// node where nobody says anything.
    package static let canaryEveryMs: UInt64 = 1_000

    /// What the log thread counts.
    struct Statistics: Sendable {
        var entries: UInt64 = 0
        var commits: UInt64 = 0
        var failures: UInt64 = 0
        var failing = false
    }

    /// Where the journal ended when it was opened, a torn tail cut off: what history has to have read before it
    /// answers for the past.
    package let openedAt: JournalPosition

    private let queue: Inbox<Submission>
    private let thread: CoreThread
    private let shared: Shared

    /// State that other threads read.
    private final class Shared: Sendable {
        let statistics = Mutex(Statistics())
        let projected = Mutex(JournalPosition.beginning)
    }

    /// Opens the journal in `directory`, recovers a torn tail, and starts the log thread.
    /// - Parameters:
    ///   - clock: dates the entries; read on the log thread.
    ///   - queueMax: submissions that may wait; beyond, `submit` refuses.
    ///   - deliver: called on the log thread, once a round and home.
    ///   - committed: called on the log thread after each round with the end of the journal.
    package init(
        directory: String, options: JournalOptions, clock: NodeClock, fsyncEveryMs: UInt32, queueMax: Int,
        deliver: @escaping @Sendable (_ home: Int, _ outcomes: [Sequenced]) -> Void,
        committed: @escaping @Sendable (JournalPosition) -> Void
    ) throws(JournalFailure) {
        let writer = try JournalWriter(directory: directory, options: options)
        openedAt = writer.end
        let queue = Inbox<Submission>(capacity: queueMax)
        let shared = Shared()
        self.queue = queue
        self.shared = shared
        let box = WriterBox(writer)
        thread = CoreThread.start(name: "log") {
            var log = LogRound(
                writer: box.take(), clock: clock, fsyncEveryMs: fsyncEveryMs, deliver: deliver, committed: committed)
            var batch: [Submission] = []
            while queue.take(into: &batch, deadlineNs: log.wakeNs) {
                log.write(&batch)
                batch.removeAll(keepingCapacity: true)
                log.release(before: shared.projected.withLock { $0 })
                let round = log.statistics
                shared.statistics.withLock { $0 = round }
            }
            log.finish()
            let last = log.statistics
            shared.statistics.withLock { $0 = last }
        }
    }

    /// See `Backplane.submit`.
    package func submit(_ round: [Submission]) -> Bool { queue.post(contentsOf: round) }

    /// See `Backplane.stop`.
    package func stop() {
        queue.close()
        thread.join()
    }

    /// See `Backplane.health`.
    package var health: BackplaneHealth {
        let now = shared.statistics.withLock { $0 }
        return BackplaneHealth(
            entries: now.entries, rounds: now.commits, failures: now.failures, failing: now.failing,
            depth: queue.count)
    }

    /// Everything before this position stands in the history: its segments may go. Any thread; done by the log thread.
    package func projected(upTo position: JournalPosition) {
        shared.projected.withLock { $0 = max($0, position) }
    }
}

/// Carries the writer from the thread that opened it to the one that uses it.
private final class WriterBox: @unchecked Sendable {
    // Unchecked because a noncopyable value can't be captured by a sendable closure: `init` fills it on
    // one thread, `take` empties it once on the other, after the thread was started.
    private var writer: JournalWriter?

    init(_ writer: consuming JournalWriter) { self.writer = consume writer }

    func take() -> JournalWriter {
        guard let taken = writer.take() else { preconditionFailure("the log thread takes its writer once") }
        return taken
    }
}
