// Owns what must run in a process of its own: limits of the whole process, and its death by a signal.

import Foundation
import Glibc
import LiveTestSupport
import Synchronization
import Testing

@testable import LiveIO

/// What a process that commits until it dies is told.
private struct CommittingLife: Codable {
    let path: String
    let sync: Bool
}

/// What only a whole process can show: its descriptors really used up, and its death.
@Suite(.serialized) struct ProcessTests {
    @Test func `with the process's descriptors really used up newcomers are turned away, and it recovers`() async {
        await #expect(processExitsWith: .success) {
            let bench = try Bench()
            // Connected as far as the kernel goes; nobody accepted them yet.
            let peers = try (0..<3).map { _ in try RawPeer(port: bench.port) }
            // The process may have inherited descriptors of tests that ran beside its parent's.
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { UInt($0) }
            let few = (open.max() ?? 0) + 32
            var limit = rlimit(rlim_cur: few, rlim_max: few)
            let limited = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            try must(limited == 0)
            var fillers: [Int32] = []
            while case let fd = dup(0), fd >= 0 { fillers.append(fd) }
            try must(errno == EMFILE)
            try bench.turn("turned away") { bench.reactor.statistics.refused == 3 }
            try must(bench.driver.accepted.isEmpty)
            for peer in peers { try must(peer.read().isEmpty) }
            // Nothing to do: the loop sleeps.
            let startNs = MonotonicClock.nowNs()
            bench.turn(rounds: 3)
            bench.reactor.turn(waitMaxMs: 100)
            try must(MonotonicClock.nowNs() - startNs >= 90_000_000)
            for _ in 0..<8 { Glibc.close(fillers.removeLast()) }
            let (peer, id) = try bench.join()
            try peer.write([1])
            try bench.turn("service") { bench.driver.bytes[id] == [1] }
        }
    }

    @Test(arguments: [false, true])
    func `a process killed in the middle of its commits loses nothing that it acknowledged`(sync: Bool) async throws {
        let folder = TemporaryDirectory("killed")
        let path = folder.path
        try ExitTestInput.leave(CommittingLife(path: path, sync: sync), for: "commits")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let life = try ExitTestInput.take(CommittingLife.self, for: "commits")
            var options = JournalOptions.small(64 * 1024, reserve: life.sync ? 1 : 0)
            options.freeBytesMin = 0
            var writer = try JournalWriter(directory: "\(life.path)/j", options: options)
            let acknowledged = open("\(life.path)/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            let count = Atomic(0)
            CoreThread.start(name: "killer") {
                while count.load(ordering: .relaxed) < 50 { usleep(100) }
                kill(getpid(), SIGKILL)
            }
            var random = SeededRandom(seed: 21)
            for number in 0..<UInt32.max {
                let payload = withUnsafeBytes(of: number) { Array($0) } + random.bytes(random.below(500))
                try writer.commit([Entry(1, payload), Entry(2, payload)], sync: life.sync)
                var done = number
                write(acknowledged, &done, 4)
                count.add(1, ordering: .relaxed)
            }
        }
        let acknowledged = try folder.read("acknowledged")
        let count = acknowledged.count / 4
        #expect(count >= 50)
        let writer = try JournalWriter(directory: "\(path)/j", options: .small(64 * 1024, reserve: sync ? 1 : 0))
        #expect(writer.recovered.segments >= 1)
        let entries = try readAll("\(path)/j")
        // The round under way may be there too, as a whole.
        #expect(entries.count == 2 * count || entries.count == 2 * count + 2)
        for (place, entry) in entries.enumerated() {
            let number = entry.payload.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
            #expect(number == UInt32(place / 2) && entry.kind == UInt8(1 + place % 2))
        }
    }
}

/// For bodies that run in a process of their own: says which line was not true.
private func must(_ condition: @autoclosure () throws -> Bool, line: Int = #line) throws {
    guard try !condition() else { return }
    throw Stuck(what: "line \(line)")
}
