// Owns: the history against the log it projects, over random logs, restarts, kills and lost ends.

import Foundation
import Glibc
import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

@Suite(.timeLimit(.minutes(3)), .serialized)
struct HistoryCrashTests {
    let directory = TemporaryDirectory("histcrash")

    /// What the history must give back: entries by seq, as the newest epoch left them, deletions applied.
    struct Expected {
        var entries: [RoomKey: [(LogEntry, epoch: String)]] = [:]

        mutating func append(_ entry: LogEntry, _ epoch: String, _ room: RoomKey) {
            entries[room, default: []].removeAll { $0.0.seq >= entry.seq }
            entries[room, default: []].append((entry, epoch: epoch))
            guard case .chatDelete(let message) = entry.proposal.command, entry.proposal.actor.role.isModerator,
                let place = entries[room]?.firstIndex(where: { $0.0.seq == message.seq }),
                let original = entries[room]?[place], let redacted = original.0.redacted
            else { return }
            entries[room]?[place] = (redacted, epoch: original.epoch)
        }
    }

    @Test(arguments: SeededRandom.seeds(6))
    func `the projection equals the log, whatever is restarted when`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let probe = try HistoryProbe(directory, segmentBytes: 8_192)
        defer { probe.store.stop() }
        let rooms = (0..<3).map { sample("i/c/r\($0)", RoomKey.init) }
        var expected = Expected()
        var heads: [RoomKey: UInt64] = [:]
        var epochs: [RoomKey: Int] = [:]
        for _ in 0..<40 {
            for _ in 0...random.below(5) {
                let room = random.pick(rooms)
                if random.chance(1, in: 25), let head = heads[room], head > 3 {
                    // A new epoch begins somewhere at or below the head of the old one.
                    epochs[room, default: 0] += 1
                    heads[room] = head - UInt64(random.below(3))
                }
                let epoch = "epoch00\(epochs[room] ?? 0)"
                let seq = (heads[room] ?? 0) + 1
                heads[room] = seq
                let fresh = Self.entry(seq, &random)
                expected.append(fresh, epoch, room)
                try probe.commit([(fresh, epoch)], room: room)
            }
            switch random.below(8) {
            case 0: try probe.reopen()
            case 1:
                let room = random.pick(rooms)
                if let head = heads[room] {
                    _ = probe.store.saveSnapshot(room: room, seq: head, epoch: "epoch000", bytes: [UInt8(head & 255)])
                }
            default: break
            }
            let room = random.pick(rooms)
            try Self.expect(probe.load(room, tailEntries: HistoryLimits.tailEntriesMin), room, expected, "seed \(seed)")
        }
        try probe.reopen()
        for room in rooms {
            let loaded = probe.load(room, tailEntries: HistoryLimits.tailEntriesMin)
            try Self.expect(loaded, room, expected, "seed \(seed), at the end")
        }
    }

    private static func entry(_ seq: UInt64, _ random: inout SeededRandom) -> LogEntry {
        guard seq > 1, random.chance(1, in: 4) else {
            return chat(seq, "text \(random.below(1_000))", ts: Int64(seq))
        }
        let target = MessageID(seq: 1 + UInt64(random.below(Int(seq) - 1)))
        let role: Role = random.chance(3, in: 4) ? .instructor : .student
        return RoomsStoreTests.entry(seq, .chatDelete(target), role: role)
    }

    private static func expect(
        _ loaded: LoadedRoom?, _ room: RoomKey, _ expected: Expected, _ where: String
    ) throws {
        let loaded = try #require(loaded, "\(`where`)")
        let entries = expected.entries[room] ?? []
        #expect(loaded.entries.map(\.seq) == entries.map(\.0.seq), "\(`where`)")
        #expect(loaded.entries.map(\.epoch) == entries.map(\.epoch), "\(`where`)")
        #expect(loaded.entries.map(\.bytes) == entries.map { bytes($0.0, $0.epoch, room: room) }, "\(`where`)")
        if let head = entries.last?.0.seq { #expect(loaded.snapshotSeq <= head, "\(`where`)") }
        #expect(loaded.lineage.last?.epoch == entries.last?.epoch, "\(`where`)")
        for span in loaded.lineage {
            let kept = entries.filter { $0.epoch == span.epoch }.map(\.0.seq)
            #expect(kept.allSatisfy { $0 <= span.lastSeq }, "\(`where`)")
            if let last = kept.last { #expect(span.lastSeq == last, "\(`where`)") }
        }
    }

    @Test(arguments: [3, 20, 60, 150])
    func `killed while it projects, it goes on where its cursor stands`(loads: Int) async throws {
        let path = directory.path("data")
        try ExitTestInput.leave(HistoryLife(path: path, loads: loads), for: "history")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            try ExitTestInput.take(HistoryLife.self, for: "history").live()
        }
        // What was committed is in the journal; the count of loads says how much at least was projected.
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        let loaded = try #require(probe.load())
        #expect(loaded.entries.count >= loads)
        let expected = (1...UInt64(loaded.entries.count)).map { bytes(chat($0, "text \($0)"), "epocha01") }
        #expect(loaded.entries.map(\.bytes) == expected)
        var journal = 0
        var reader = try JournalReader(directory: "\(path)/journal")
        while try reader.next() != nil { journal += 1 }
        #expect(journal == loaded.entries.count)
    }
}

/// A process that writes and projects until it dies.
struct HistoryLife: Codable {
    let path: String
    let loads: Int

    func live() throws -> Never {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var options = JournalOptions()
        options.freeBytesMin = 0
        var writer = try JournalWriter(directory: "\(path)/journal", options: options)
        let log = HistoryLog()
        let store = try HistoryStore(
            dataDirectory: path, journalDirectory: "\(path)/journal", journalEnd: writer.end
        ) { log.append($0) }
        for seq in 1...10_000 {
            let payload = bytes(chat(UInt64(seq), "text \(seq)"), "epocha01")
            payload.withUnsafeBytes { writer.append(kind: 1, $0) }
            store.committed(upTo: try writer.commit(sync: false))
            if seq <= loads {
                _ = store.load(room: HistoryProbe.room, ticket: UInt64(seq))
                let answer: Bool? = log.wait { outcomes in
                    outcomes.contains { if case .loaded(UInt64(seq), _) = $0 { true } else { false } } ? true : nil
                }
                precondition(answer != nil, "the history does not answer")
            }
            if seq == loads + 5 { kill(getpid(), SIGKILL) }
        }
        exit(1)
    }
}
