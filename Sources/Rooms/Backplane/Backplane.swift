// The seam between a room's home and whatever puts its events in order: the node's own journal when
// embedded, Redis in a cluster. The promise is the same for both (architecture, sections 2 and 3):
// nobody sees an event before the log has it, and no (epoch, seq) ever names two.

/// One proposed event on its way into the log.
package struct Submission: Sendable {
    /// The entry as `LogEntryCodec` encoded it, its `ts` still zero: the log stamps it in place.
    package var bytes: [UInt8]
    /// The position that the home asks for. Rises within a room.
    package var seq: UInt64
    /// Index of the reactor that hears when the entry is in the log.
    package var home: Int
    /// The home's own handle of the room, given back unchanged.
    package var room: UInt32

    /// A submission of one entry.
    package init(bytes: [UInt8], seq: UInt64, home: Int, room: UInt32) {
        self.bytes = bytes
        self.seq = seq
        self.home = home
        self.room = room
    }
}

/// What became of a submission. Outcomes of one room arrive in the order of its submissions.
package struct Sequenced: Sendable {
    /// The home's handle of the room.
    package var room: UInt32
    /// The seq that was asked for.
    package var seq: UInt64
    /// Milliseconds of the log's clock, never falling within a room. Zero when `failed`.
    package var ts: Int64
    /// The log could not take it (disk full, I/O error): nobody may see it, the seq is not used again.
    package var failed: Bool

    /// What the log says of one submission.
    package init(room: UInt32, seq: UInt64, ts: Int64, failed: Bool) {
        self.room = room
        self.seq = seq
        self.ts = ts
        self.failed = failed
    }
}

/// Puts submissions in order, durably, and tells their homes.
package protocol Backplane: AnyObject, Sendable {
    /// Hands over what a reactor's round has proposed, in order: what arrives together is written together. Any
    /// reactor's thread; never blocks. False: the bounded queue has no room for all of it, nothing was taken.
    func submit(_ round: [Submission]) -> Bool

    /// How the log does, for readiness and metrics. Any thread.
    var health: BackplaneHealth { get }

    /// Takes no more submissions, finishes what waits, ends its threads.
    func stop()
}

/// How a log does.
package struct BackplaneHealth: Sendable {
    /// Entries written since the start.
    package var entries: UInt64
    /// Rounds that carried them: entries divided by rounds is what batching gains.
    package var rounds: UInt64
    /// Rounds that failed; none of their entries was shown to anybody.
    package var failures: UInt64
    /// True after a failed round until one succeeds.
    package var failing: Bool
    /// Submissions that wait now.
    package var depth: Int

    /// One look at a log.
    package init(entries: UInt64, rounds: UInt64, failures: UInt64, failing: Bool, depth: Int) {
        self.entries = entries
        self.rounds = rounds
        self.failures = failures
        self.failing = failing
        self.depth = depth
    }
}
