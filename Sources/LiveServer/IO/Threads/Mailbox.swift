// Owns the messages on their way from any thread to one reactor. Never blocks longer than a swap of two arrays, never
// grows past its capacity: what a full mailbox means is decided by whoever posts.

internal import Synchronization

/// A bounded queue from many threads to one, emptied as a whole.
///
/// The queue is an array that `drain` exchanges with the reader's empty one, so both keep their memory. Order is that
/// of posting.
package final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var waiting: [Message] = []
        var refused: UInt64 = 0
    }

    private let waker: Waker
    private let capacity: Int
    private let state = Mutex(State())

    /// A mailbox that wakes `waker`'s reactor; `capacity` is the most messages that wait, at least 1.
    package init(waker: Waker, capacity: Int) {
        precondition(capacity > 0, "a mailbox without room would refuse everything")
        self.waker = waker
        self.capacity = capacity
    }

    /// Adds a message; any thread. False, and counted, where the mailbox is full: the message is dropped.
    package func post(_ message: consuming Message) -> Bool {
        let message = message
        let (taken, first) = state.withLock { state in
            guard state.waiting.count < capacity else {
                state.refused += 1
                return (false, false)
            }
            state.waiting.append(message)
            return (true, state.waiting.count == 1)
        }
        if first { waker.wake() }
        return taken
    }

    /// Moves all that waits into `messages`, which must be empty: it becomes the next array to fill.
    package func drain(into messages: inout [Message]) {
        precondition(messages.isEmpty, "what was drained before is not handled yet")
        state.withLock { swap(&$0.waiting, &messages) }
    }

    /// Messages refused since the beginning; any thread.
    package var refusedCount: UInt64 { state.withLock { $0.refused } }

    /// Messages waiting now; any thread.
    package var count: Int { state.withLock { $0.waiting.count } }
}
