// Owns: the messages on their way to one thread that may sleep until one comes: the log, a desk, a database worker.
// Never: blocks who posts, grows past its bound, or loses the order of one poster. Reactors have a Mailbox instead,
// which wakes an epoll loop.

internal import CLinux
internal import Glibc

/// A bounded queue from many threads to one that waits for it with a time limit.
///
/// A pthread mutex and condition, since the wait needs a monotonic deadline.
///
/// Unchecked, because `waiting` and `isClosed` are touched only between lock and unlock of `mutex`, by any thread;
/// the two pointers are set in init, freed in deinit and never change between.
package final class Inbox<Message: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let capacity: Int
    private var waiting: [Message] = []
    private var isClosed = false

    /// An inbox that holds at most `capacity` messages.
    package init(capacity: Int) {
        precondition(capacity > 0, "an inbox without room would refuse everything")
        self.capacity = capacity
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let madeMutex = pthread_mutex_init(mutex, nil)
        let madeCondition = pthread_cond_init(arrival, &attributes)
        pthread_condattr_destroy(&attributes)
        precondition(madeMutex == 0 && madeCondition == 0, "the system has no memory for a lock")
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        mutex.deallocate()
    }

    /// Adds a message; any thread. False where the inbox is full or closed.
    package func post(_ message: Message) -> Bool {
        pthread_mutex_lock(mutex)
        let isTaken = !isClosed && waiting.count < capacity
        if isTaken { waiting.append(message) }
        pthread_mutex_unlock(mutex)
        if isTaken { pthread_cond_signal(arrival) }
        return isTaken
    }

    /// Adds all messages at once, in order, with one wake; any thread. False where they do not all fit: none is taken.
    package func post(contentsOf batch: [Message]) -> Bool {
        pthread_mutex_lock(mutex)
        let isTaken = !isClosed && waiting.count + batch.count <= capacity
        if isTaken { waiting.append(contentsOf: batch) }
        pthread_mutex_unlock(mutex)
        if isTaken { pthread_cond_signal(arrival) }
        return isTaken
    }

    /// Adds a message whatever the bound or the closing: for answers, of which there are never more than questions.
    package func answer(_ message: Message) {
        pthread_mutex_lock(mutex)
        waiting.append(message)
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(arrival)
    }

    /// Refuses further posts; what waits stays. Any thread.
    package func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(arrival)
    }

    /// How many messages wait; any thread.
    package var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return waiting.count
    }

    /// Waits for messages and moves all of them into `messages`, which must be empty. The reader's thread only.
    ///
    /// - Parameter deadlineNs: when to return without any, on CLOCK_MONOTONIC; nil waits for ever.
    /// - Returns: false when the inbox is closed and empty.
    package func take(into messages: inout [Message], deadlineNs: UInt64?) -> Bool {
        precondition(messages.isEmpty, "what was taken before is not handled yet")
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waiting.isEmpty && !isClosed {
            guard let deadlineNs else {
                pthread_cond_wait(arrival, mutex)
                continue
            }
            var until = timespec(
                tv_sec: Int(deadlineNs / 1_000_000_000), tv_nsec: Int(deadlineNs % 1_000_000_000))
            if pthread_cond_timedwait(arrival, mutex, &until) == ETIMEDOUT { break }
        }
        swap(&waiting, &messages)
        return !(isClosed && messages.isEmpty)
    }
}
