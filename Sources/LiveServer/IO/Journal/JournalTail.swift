// Owns the one number that a journal's writer and its readers share: how far is committed.

internal import Synchronization

/// The committed end of a journal, from its writer to readers on other threads.
package final class JournalTail: Sendable {
    private let state: Mutex<JournalPosition>

    init(_ end: JournalPosition) { state = Mutex(end) }

    /// After the last committed record; any thread.
    package var end: JournalPosition { state.withLock { $0 } }

    func publish(_ end: JournalPosition) { state.withLock { $0 = end } }
}
