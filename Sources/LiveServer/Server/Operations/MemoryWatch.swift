// Owns the watch over the process's memory: a thread that measures a few times a second, says at which level the node
// is, and tells the reactors what to shed. Never sheds anything itself, never waits for a reactor.

import CLinux
import Glibc
import LiveIO

/// Measures resident memory against its ceiling.
final class MemoryWatch: Sendable {
    /// Time between two measurements, in milliseconds: a node that takes in 10,000 people a second grows by some 10 MB
    /// meanwhile, far less than the tenth of the ceiling that is kept free.
    static let everyMs: UInt64 = 250
    /// Time between two requests to give freed memory back to the system, in milliseconds.
    static let trimEveryMs: UInt64 = 2_000

    private let ending = Inbox<Void>(capacity: 1)
    private let thread: CoreThread

    /// Starts the watch; without a ceiling it only waits for its end.
    init(_ node: ServerNode, ceilingBytes: Int) {
        let ending = ending
        thread = CoreThread.start(name: "memory") {
            var pressure = MemoryPressure(ceilingBytes: ceilingBytes)
            var trimmedMs: UInt64 = 0
            var nothing: [Void] = []
            while ending.take(into: &nothing, deadlineNs: MonotonicClock.nowNs() + Self.everyMs * 1_000_000) {
                let resident = ProcessFacts.residentMemory()
                // Without a descriptor to look with, what was known goes on to hold.
                guard resident > 0 else { continue }
                let before = pressure.level
                let level = pressure.step(residentBytes: Int(clamping: resident))
                node.gauges.memoryLevel = level
                if level != before { Self.tell(node.log, before, level) }
                guard level > .well else { continue }
                if level >= .shortensTails {
                    for reactor in 0..<node.reactorCount { _ = node.post(.shed(level), to: reactor) }
                }
                // At the first level too: what those who left have freed would otherwise stay with the allocator, and
                // the node would turn everybody away for ever.
                let nowMs = MonotonicClock.nowNs() / 1_000_000
                if nowMs >= trimmedMs + Self.trimEveryMs {
                    trimmedMs = nowMs
                    live_give_back_memory()
                }
            }
        }
    }

    func stop() {
        ending.close()
        thread.join()
    }

    private static func tell(_ log: ServerLog, _ before: MemoryLevel, _ level: MemoryLevel) {
        if level > before {
            log.warning("memory is short", reason: "\(level)")
        } else {
            log.info("memory is less short", reason: "\(level)")
        }
    }

    /// The ceiling in bytes: as configured, or four fifths of what the machine or its control group has.
    static func ceiling(_ configured: Int) -> Int {
        if configured > 0 { return configured }
        return Int(clamping: ProcessFacts.memoryLimit() / 5 * 4)
    }
}
