// Owns: a desk on a disk that fills up. The disk is a small tmpfs, which only root can mount.

import Foundation
import Glibc
import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

/// A file system of a few megabytes of a test's own, unmounted when it goes.
final class SmallDisk {
    let path: String

    /// Mounts it; nil where that is not allowed.
    init?(_ path: String, megabytes: Int) {
        self.path = path
        guard geteuid() == 0,
            (try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)) != nil,
            Self.run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path])
        else { return nil }
    }

    deinit { _ = Self.run("/bin/umount", ["-l", path]) }

    /// Takes every free byte.
    func fill() {
        let file = open("\(path)/filler", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(file) }
        var size = 65_536
        let block = [UInt8](repeating: 0xAA, count: size)
        while size > 0 {
            if write(file, block, size) < size { size /= 2 }
        }
    }

    /// Gives them back.
    func relieve() { unlink("\(path)/filler") }

    private static func run(_ program: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// Whether this machine lets the tests mount; asked once.
    static let isAllowed: Bool = {
        let directory = TemporaryDirectory("probe")
        return SmallDisk(directory.path("disk"), megabytes: 1) != nil
    }()
}

@Suite(.timeLimit(.minutes(2)))
struct BallotFullDiskTests {
    let directory = TemporaryDirectory("full")

    @Test(.enabled(if: SmallDisk.isAllowed, "mounting a tmpfs needs root and CAP_SYS_ADMIN"))
    func `on a full disk the reserve takes ballots, then nobody is told that his ballot is safe`() throws {
        let disk = try #require(SmallDisk(directory.path("disk"), megabytes: 4))
        let probe = try DeskProbe(path: "\(disk.path)/data", transactionMs: 10_000)
        defer { probe.desk.stop() }
        _ = probe.open()
        #expect(probe.submit(ballot("first", "a", 1))?.durable == .store)
        disk.fill()
        var tickets: [UInt64: Int] = [:]
        var refused: [Int] = []
        var receipts: [Durability: Int] = [:]
        for first in stride(from: 0, to: 6_000, by: 100) where refused.isEmpty {
            for voter in first..<first + 100 {
                tickets[probe.send { $0.submit(ballot("voter\(voter)", "a", 1), ticket: $1) }] = voter
            }
            let answers: [BallotOutcome]? = probe.log.wait { outcomes in
                let mine = outcomes.filter { $0.ticket.map { tickets[$0] != nil } ?? false }
                return mine.count == tickets.count ? mine : nil
            }
            refused = (answers ?? []).filter { $0.rejection == .unavailable }.compactMap(\.ticket).compactMap {
                tickets[$0]
            }
            receipts = Dictionary(grouping: (answers ?? []).compactMap(\.durable), by: { $0 }).mapValues(\.count)
        }
        let kept = receipts.values.reduce(0, +)
        #expect((receipts[.node] ?? 0) > 100, "the reserve took some: \(receipts)")
        #expect(!refused.isEmpty, "the reserve has an end")
        #expect(kept + refused.count == tickets.count)
        disk.relieve()
        let tally = probe.settledTally()
        #expect(tally?.counts == [kept + 1, 0, 0])
        // Who was refused sends again and is counted once.
        for voter in refused { #expect(probe.submit(ballot("voter\(voter)", "a", 1))?.durable != nil) }
        #expect(probe.settledTally()?.counts == [tickets.count + 1, 0, 0])
        #expect(probe.submit(ballot("last", "a", 1))?.durable == .store)
    }
}
