// Owns: a gate that a test shuts in the way of another thread.

import Foundation

/// Whoever passes waits while it is shut; any thread.
///
/// Unchecked, because `isShut` and `waiting` are touched under `condition`'s lock only.
final class Gate: @unchecked Sendable {
    private let condition = NSCondition()
    private var isShut = false
    private var waiting = 0

    func pass() {
        condition.lock()
        waiting += 1
        condition.broadcast()
        while isShut { condition.wait() }
        waiting -= 1
        condition.unlock()
    }

    func shut() { condition.withLock { isShut = true } }

    func open() {
        condition.lock()
        isShut = false
        condition.broadcast()
        condition.unlock()
    }

    /// Waits until somebody stands at the gate; false after `seconds`.
    func awaitVisitor(_ seconds: Double = 20) -> Bool {
        let limit = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while waiting == 0 {
            if !condition.wait(until: limit) { return waiting > 0 }
        }
        return true
    }
}
