// A bounded queue into a thread that may wait: the log, the store, the log lines. Reactors never wait
// on it, they push and go on; the owning thread takes everything that has gathered in one swap.
//
// Owns: the waiting items and the condition its one consumer sleeps on. Never blocks a producer for
// longer than the swap of an array. Limit: `capacity` items, beyond which `push` refuses.

import Glibc

/// A many-producer, one-consumer queue whose consumer blocks while it is empty.
package final class WorkQueue<Item: Sendable>: @unchecked Sendable {
    // Unchecked because the pthread primitives are pointers: every access to `items`, `closed` and
    // `refused` happens between lock and unlock of `mutex`, from any thread.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var items: [Item] = []
    private var closed = false
    private var refused: UInt64 = 0
    private let capacity: Int

    /// - Parameter capacity: items that may wait at once; `push` refuses the next.
    package init(capacity: Int) {
        precondition(capacity > 0, "a queue that holds nothing can serve nobody")
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Adds one item and wakes the consumer. Any thread. False when full or closed: the caller decides
    /// what a refusal means for its kind of item.
    package func push(_ item: Item) -> Bool {
        pthread_mutex_lock(mutex)
        guard items.count < capacity, !closed else {
            refused += 1
            pthread_mutex_unlock(mutex)
            return false
        }
        items.append(item)
        let wasEmpty = items.count == 1
        pthread_mutex_unlock(mutex)
        if wasEmpty { pthread_cond_signal(condition) }
        return true
    }

    /// Adds all items at once, in order, with one wake; none where they do not all fit. Any thread.
    package func push(contentsOf batch: [Item]) -> Bool {
        pthread_mutex_lock(mutex)
        guard items.count + batch.count <= capacity, !closed else {
            refused += UInt64(batch.count)
            pthread_mutex_unlock(mutex)
            return false
        }
        let wasEmpty = items.isEmpty
        items.append(contentsOf: batch)
        pthread_mutex_unlock(mutex)
        if wasEmpty { pthread_cond_signal(condition) }
        return true
    }

    /// Moves everything that waits into `batch` (emptied first). The consumer's thread only.
    /// - Parameter timeoutMs: how long to sleep while there is nothing; nil sleeps until an item or `close`.
    /// - Returns: false once the queue is closed and empty.
    package func take(into batch: inout [Item], timeoutMs: UInt32?) -> Bool {
        batch.removeAll(keepingCapacity: true)
        var deadline = timespec()
        if let timeoutMs {
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let ns = deadline.tv_nsec + Int(timeoutMs % 1000) * 1_000_000
            deadline.tv_sec += Int(timeoutMs / 1000) + ns / 1_000_000_000
            deadline.tv_nsec = ns % 1_000_000_000
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while items.isEmpty && !closed {
            if timeoutMs == nil {
                pthread_cond_wait(condition, mutex)
            } else if pthread_cond_timedwait(condition, mutex, &deadline) != 0 {
                break
            }
        }
        swap(&items, &batch)
        return !(batch.isEmpty && closed)
    }

    /// Refuses further items and lets the consumer leave when what waits is done. Any thread.
    package func close() {
        pthread_mutex_lock(mutex)
        closed = true
        pthread_mutex_unlock(mutex)
        pthread_cond_broadcast(condition)
    }

    /// Items waiting now, for metrics. Any thread.
    package var depth: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return items.count
    }

    /// Items refused since the start, for metrics. Any thread.
    package var refusals: UInt64 {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return refused
    }
}
