// Owns one operating-system thread: its start, its name, its CPU and its end. Never a pool, never a task: a reactor, a
// log writer or a store has one of these for its life.

internal import CLinux
internal import Glibc
internal import Synchronization

/// A named thread, bound to a CPU if wished.
package final class CoreThread: Sendable {
    private let handle: pthread_t
    private let joined = Mutex(false)

    private init(handle: pthread_t) { self.handle = handle }

    deinit {
        // Nobody waits for it any more: the system may clear up after it.
        if !joined.withLock({ $0 }) { pthread_detach(handle) }
    }

    /// Starts a thread that runs `body` once.
    ///
    /// `name` is cut to the kernel's 15 bytes. `cpu` is a number from `availableCPUs()`, nil to let the kernel choose;
    /// binding is a wish, not a promise. Signals blocked in the caller are blocked in the thread. A process that can't
    /// have one more thread when it starts cannot run: that ends it.
    @discardableResult
    package static func start(name: String, cpu: Int? = nil, body: sending @escaping () -> Void) -> CoreThread {
        let start = Unmanaged.passRetained(ThreadStart(name: name, cpu: cpu, body: body))
        var handle = pthread_t()
        let result = pthread_create(&handle, nil, runThread, start.toOpaque())
        precondition(result == 0, "the system refuses a thread: \(errnoText(result)); see `ulimit -u`")
        return CoreThread(handle: handle)
    }

    /// Waits until the body returned. Any thread but the thread itself; a second call returns at once.
    package func join() {
        let mine = joined.withLock { done in
            defer { done = true }
            return !done
        }
        if mine { pthread_join(handle, nil) }
    }
}

/// What a new thread needs to begin; made by the starter, taken by the thread.
private final class ThreadStart {
    let name: String
    let cpu: Int?
    let body: () -> Void

    init(name: String, cpu: Int?, body: @escaping () -> Void) {
        self.name = name
        self.cpu = cpu
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    _ = live_thread_name(shortName(start.name))
    if let cpu = start.cpu { _ = live_thread_pin(Int32(truncatingIfNeeded: cpu)) }
    start.body()
    return nil
}

/// The longest prefix of whole characters within the kernel's 15 bytes.
private func shortName(_ name: String) -> String {
    var short = ""
    for character in name where short.utf8.count + String(character).utf8.count <= 15 { short.append(character) }
    return short
}

/// Numbers of the CPUs that this process may run on (sched_getaffinity), rising; never empty.
package func availableCPUs() -> [Int] {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 1024) { buffer in
        let count = Int(live_cpus(buffer.baseAddress, Int32(buffer.count)))
        guard count > 0 else { return [0] }
        return buffer.prefix(count).map { Int($0) }
    }
}
