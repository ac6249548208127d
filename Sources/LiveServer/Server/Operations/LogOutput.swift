// Owns the way of finished log lines to a descriptor: a bounded buffer, a thread of its own that writes it out, a count
// of what found no room. A caller copies its line under a lock held for nanoseconds and goes on; it never waits for
// standard error. At most 1 MiB waits.

import CLinux
import Glibc
import LiveIO
import Synchronization

/// Takes log lines from any thread and writes them in order.
package final class LogOutput: Sendable {
    /// Bytes that may wait for a slow standard error; thousands of lines.
    package static let bytesMax = 1 << 20
    /// How long the end of the process waits for the last lines, milliseconds.
    private static let lastWordsMs: Int32 = 1_000

    private struct State {
        var waiting: [UInt8] = []
        var dropped: UInt64 = 0
        var isEnding = false
    }

    private static let droppedTotal = Atomic<UInt64>(0)

    private let state = Mutex(State())
    private let descriptor: Int32
    private let bytesMax: Int
    /// Written when the buffer was empty; the writer sleeps in its read.
    private let news: OwnedFD
    /// Written once, when the writer is through.
    private let ended: OwnedFD
    /// Makes the line that tells of dropped ones.
    private let droppedLine: @Sendable (UInt64) -> [UInt8]

    /// Starts the writing thread. `descriptor` stays the caller's: 2 in a node, a pipe in tests.
    package init(
        descriptor: Int32 = STDERR_FILENO, bytesMax: Int = LogOutput.bytesMax,
        droppedLine: @escaping @Sendable (UInt64) -> [UInt8]
    ) {
        self.descriptor = descriptor
        self.bytesMax = bytesMax
        self.droppedLine = droppedLine
        news = Self.event()
        ended = Self.event()
        CoreThread.start(name: "log-lines") { self.writeUntilEnd() }
    }

    /// Lines dropped since the process began, by all outputs.
    package static var droppedEver: UInt64 { droppedTotal.load(ordering: .relaxed) }

    /// Takes one line, newline included, or drops and counts it. Any thread; never waits.
    package func write(_ line: [UInt8]) {
        let wake = state.withLock { state in
            guard !state.isEnding, state.waiting.count + line.count <= bytesMax else {
                state.dropped += 1
                Self.droppedTotal.add(1, ordering: .relaxed)
                return false
            }
            state.waiting.append(contentsOf: line)
            return state.waiting.count == line.count
        }
        if wake { Self.signal(news) }
    }

    /// Writes what waits and ends the thread; gives up after a second where nobody reads. Later lines are dropped.
    package func stop() {
        state.withLock { $0.isEnding = true }
        Self.signal(news)
        var watched = pollfd(fd: ended.raw, events: Int16(POLLIN), revents: 0)
        while poll(&watched, 1, Self.lastWordsMs) < 0 && errno == EINTR {}
    }

    private func writeUntilEnd() {
        // A reader that went away must not end the process.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        var batch: [UInt8] = []
        while true {
            Self.sleep(until: news)
            batch.removeAll(keepingCapacity: true)
            let (dropped, isEnding) = state.withLock { state in
                swap(&state.waiting, &batch)
                defer { state.dropped = 0 }
                return (state.dropped, state.isEnding)
            }
            if dropped > 0 { batch += droppedLine(dropped) }
            writeAll(batch)
            if isEnding { break }
        }
        Self.signal(ended)
    }

    /// Writes whole, waiting as long as it takes; what the descriptor refuses for good is given up.
    private func writeAll(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { return }
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&watched, 1, -1)
        }
    }

    private static func event() -> OwnedFD {
        let raw = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(raw >= 0, "no descriptor for the log's thread: \(errnoText(errno)); see `ulimit -n`")
        return OwnedFD(raw)
    }

    private static func signal(_ event: borrowing OwnedFD) {
        var one: UInt64 = 1
        while Glibc.write(event.raw, &one, MemoryLayout<UInt64>.size) < 0 && errno == EINTR {}
    }

    private static func sleep(until event: borrowing OwnedFD) {
        var count: UInt64 = 0
        while read(event.raw, &count, MemoryLayout<UInt64>.size) < 0 && errno == EINTR {}
    }
}
