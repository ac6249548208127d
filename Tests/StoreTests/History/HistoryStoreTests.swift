// Owns: the promises of the history store over a real journal and a real file.

import Foundation
import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

private let epoch = "epocha01"
private let later = "epochb02"

@Suite(.timeLimit(.minutes(2)))
struct HistoryStoreTests {
    let directory = TemporaryDirectory("history")

    @Test func `a load brings every committed entry, byte for byte, of that room only`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        let other = sample("i/c/other", RoomKey.init)
        #expect(
            probe.load()
                == LoadedRoom(
                    room: HistoryProbe.room, snapshot: nil, snapshotSeq: 0, snapshotEpoch: nil, entries: [],
                    lineage: []))
        try probe.commit([(chat(1, "one"), epoch), (chat(2, "two"), epoch)])
        try probe.commit([(chat(1, "elsewhere"), epoch)], room: other)
        try probe.commit([(chat(3, "three"), epoch)])
        let loaded = probe.load()
        #expect(loaded?.entries.map(\.seq) == [1, 2, 3])
        #expect(
            loaded?.entries.map(\.bytes) == [chat(1, "one"), chat(2, "two"), chat(3, "three")].map { bytes($0, epoch) })
        #expect(loaded?.lineage == [EpochSpan(epoch: epoch, firstSeq: 1, lastSeq: 3)])
        #expect(probe.load(other)?.entries.map(\.bytes) == [bytes(chat(1, "elsewhere"), epoch, room: other)])
    }

    @Test func `figures are kept in place of those before, for each room, and come back with a load`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        let other = sample("i/c/other", RoomKey.init)
        #expect(probe.load()?.figures == nil)
        #expect(probe.store.saveFigures(room: HistoryProbe.room, bytes: [1]))
        #expect(probe.store.saveFigures(room: other, bytes: [2]))
        #expect(probe.store.saveFigures(room: HistoryProbe.room, bytes: [3, 4]))
        #expect(probe.load()?.figures == [3, 4])
        #expect(probe.load()?.entries == [], "a room may have figures before it has a log")
        try probe.commit([(chat(1, "one"), epoch)])
        try probe.reopen()
        #expect(probe.load()?.figures == [3, 4])
        #expect(probe.load(other)?.figures == [2])
    }

    @Test func `a reader walks the whole log in portions, one room at a time`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        let other = sample("i/c/other", RoomKey.init)
        let count = UInt64(HistoryLimits.readEntriesMax) * 2 + 5
        for start in stride(from: 1, through: count, by: 500) {
            try probe.commit((start..<min(start + 500, count + 1)).map { (chat($0, "t\($0)"), epoch) })
        }
        try probe.commit([(chat(1, "elsewhere"), epoch)], room: other)
        _ = probe.load()
        let reader = HistoryReader(dataDirectory: directory.path("data"))
        var seqs: [UInt64] = []
        var portions = 0
        while case let entries = try reader.entries(of: HistoryProbe.room, after: seqs.last ?? 0), !entries.isEmpty {
            seqs += entries.map(\.seq)
            portions += 1
        }
        #expect(seqs == Array(1...count) && portions == 3)
        let elsewhere = [bytes(chat(1, "elsewhere"), epoch, room: other)]
        #expect(try reader.entries(of: other, after: 0).map(\.bytes) == elsewhere)
        #expect(try reader.entries(of: sample("i/c/unknown", RoomKey.init), after: 0) == [])
        let nowhere = HistoryReader(dataDirectory: directory.path("nothing"))
        #expect(throws: StoreFailure.self) { try nowhere.entries(of: other, after: 0) }
    }

    @Test func `only what was announced as committed is read`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        try probe.commit([(chat(1, "one"), epoch)])
        try probe.commit([(chat(2, "two"), epoch)], announce: false)
        #expect(probe.load()?.entries.map(\.seq) == [1])
        probe.store.committed(upTo: probe.writer.end)
        #expect(probe.load()?.entries.map(\.seq) == [1, 2])
    }

    @Test func `records of other kinds and entries of a newer program are passed over and counted`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        try probe.commit(raw: [1, 2, 3], kind: 9)
        try probe.commit(raw: [0xFF, 0, 0, 0], kind: 1)
        try probe.commit([(chat(1, "one"), epoch)])
        #expect(probe.load()?.entries.map(\.seq) == [1])
        #expect(probe.store.statistics.undecodable == 1)
    }

    @Test func `a load starts from a snapshot that lies before the tail, and brings all after it`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        let count: UInt64 = 600
        try probe.commit((1...count).map { (chat($0, "m\($0)"), epoch) })
        for seq in stride(from: UInt64(100), through: 600, by: 100) {
            #expect(
                probe.store.saveSnapshot(room: HistoryProbe.room, seq: seq, epoch: epoch, bytes: [UInt8(seq / 100)]))
        }
        for (tail, snapshot) in [(0, 6), (1, 5), (100, 5), (101, 4), (450, 1), (501, 0), (4096, 0)] as [(Int, UInt64)] {
            let loaded = try #require(probe.load(tailEntries: tail))
            #expect(loaded.snapshotSeq == snapshot * 100)
            #expect(loaded.snapshot == (snapshot == 0 ? nil : [UInt8(snapshot)]))
            let first = snapshot * 100 + 1
            #expect(loaded.entries.map(\.seq) == (first...max(count, first)).filter { $0 <= count })
        }
    }

    @Test func `snapshots that no load needs any more are dropped`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        let tail = UInt64(HistoryLimits.tailEntriesMin)
        let count = tail * 2 + 200
        try probe.commit((1...count).map { (chat($0, ""), epoch) })
        for seq in [10, 150, tail + 100, count] {
            #expect(probe.store.saveSnapshot(room: HistoryProbe.room, seq: seq, epoch: epoch, bytes: [1]))
        }
        // The newest one that leaves a whole tail behind it stays, and all above.
        #expect(probe.load(tailEntries: Int(tail))?.snapshotSeq == tail + 100)
        #expect(probe.load(tailEntries: Int(count - 100))?.snapshotSeq == 0)
        #expect(probe.load()?.snapshotSeq == count)
    }

    @Test func `a deleted message is redacted in the history and in no snapshot`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        // In the middle of a long text, so that what is written in its place does not cover it by chance.
        let secret = String(repeating: "x", count: 900) + "a secret that must go" + String(repeating: "y", count: 900)
        try probe.commit([(chat(1, "hello"), epoch), (chat(2, secret), epoch)])
        let snapshot = [UInt8]("…\(secret)…".utf8)
        #expect(probe.store.saveSnapshot(room: HistoryProbe.room, seq: 2, epoch: epoch, bytes: snapshot))
        #expect(probe.load()?.snapshotSeq == 2)
        // A student's attempt to delete is in the log, and is not to be followed.
        try probe.commit([(entry(3, .chatDelete(MessageID(seq: 1))), epoch)])
        try probe.commit([(entry(4, .chatDelete(MessageID(seq: 2)), role: .assistant), epoch)])
        let loaded = try #require(probe.load())
        #expect(loaded.snapshot == nil)
        #expect(loaded.entries.map(\.seq) == [1, 2, 3, 4])
        #expect(loaded.entries[0].bytes == bytes(chat(1, "hello"), epoch))
        #expect(loaded.entries[1].bytes == bytes(try #require(chat(2, secret).redacted), epoch))
        // A snapshot from before the deletion that comes late is not kept either; one from after it is.
        #expect(probe.store.saveSnapshot(room: HistoryProbe.room, seq: 3, epoch: epoch, bytes: snapshot))
        #expect(probe.load()?.snapshot == nil)
        #expect(probe.store.saveSnapshot(room: HistoryProbe.room, seq: 4, epoch: epoch, bytes: [1]))
        #expect(probe.load()?.snapshot == [1])
        probe.store.stop()
        for name in ["history.db", "history.db-wal"]
        where FileManager.default.fileExists(atPath: directory.path("data/\(name)")) {
            let file = try directory.read("data/\(name)")
            #expect(file.firstRange(of: Array("a secret that must go".utf8)) == nil, "\(name) still has the text")
        }
    }

    @Test func `only a deletion that the room took redacts the history`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        try probe.commit([
            (chat(1, "stays, the class was over"), epoch), (chat(2, "goes"), epoch),
            (entry(3, .chatDelete(MessageID(seq: 2)), role: .assistant), epoch),
            (entry(4, .roomEnd, role: .instructor), epoch),
            (entry(5, .chatDelete(MessageID(seq: 1)), role: .assistant), epoch),
        ])
        let loaded = try #require(probe.load())
        #expect(loaded.entries[0].bytes == bytes(chat(1, "stays, the class was over"), epoch))
        #expect(loaded.entries[1].bytes == bytes(try #require(chat(2, "goes").redacted), epoch))
        // The same from a snapshot that holds the end of the class, in another process.
        var room = Room(key: HistoryProbe.room)
        for stored in loaded.entries {
            _ = room.apply(try stored.bytes.withUnsafeBytes { try LogEntryCodec.decode($0).entry })
        }
        #expect(room.ended)
        #expect(probe.store.saveSnapshot(room: HistoryProbe.room, seq: 5, epoch: epoch, bytes: room.encodeSnapshot()))
        #expect(probe.load()?.snapshotSeq == 5)
        try probe.reopen()
        try probe.commit([(entry(6, .chatDelete(MessageID(seq: 1)), role: .assistant), epoch)])
        _ = probe.load()
        #expect(probe.load(tailEntries: 100)?.entries.first?.bytes == loaded.entries[0].bytes)
    }

    @Test func `an entry is replaced on request, and stays so when the journal is projected again`() throws {
        let probe = try HistoryProbe(directory)
        try probe.commit([(chat(1, "one"), epoch), (chat(2, "two"), epoch)])
        #expect(probe.store.redact(room: HistoryProbe.room, seq: 1, replacement: bytes(chat(1, ""), epoch)))
        #expect(probe.load()?.entries.first?.bytes == bytes(chat(1, ""), epoch))
        probe.store.stop()
        let file = try ForeignConnection(directory.path("data/history.db"))
        try file.execute("UPDATE cursor SET segment = 0, position = 0")
        file.close()
        try probe.reopen()
        defer { probe.store.stop() }
        #expect(probe.load()?.entries.map(\.bytes) == [bytes(chat(1, ""), epoch), bytes(chat(2, "two"), epoch)])
    }

    @Test func `a new epoch replaces what the old one had beyond its kept head`() throws {
        let probe = try HistoryProbe(directory)
        defer { probe.store.stop() }
        try probe.commit((1...5).map { (chat($0, "old \($0)"), epoch) })
        #expect(probe.store.saveSnapshot(room: HistoryProbe.room, seq: 5, epoch: epoch, bytes: [5]))
        #expect(probe.load()?.snapshotSeq == 5)
        try probe.commit([(chat(4, "new 4"), later), (chat(5, "new 5"), later)])
        let loaded = try #require(probe.load())
        #expect(loaded.snapshot == nil)
        #expect(loaded.entries.map(\.epoch) == [epoch, epoch, epoch, later, later])
        #expect(loaded.entries[3].bytes == bytes(chat(4, "new 4"), later))
        let lineage = [
            EpochSpan(epoch: epoch, firstSeq: 1, lastSeq: 3), EpochSpan(epoch: later, firstSeq: 4, lastSeq: 5),
        ]
        #expect(loaded.lineage == lineage)
        #expect(probe.store.epochs(room: HistoryProbe.room, ticket: 900))
        let answer: [EpochSpan]? = probe.log.wait { outcomes in
            for case .lineage(900, let spans) in outcomes { return spans }
            return nil
        }
        #expect(answer == lineage)
    }

    @Test func `segments are reported as safe once they are behind, and their entries stay`() throws {
        let probe = try HistoryProbe(directory, segmentBytes: 4_096)
        for seq in 1...60 { try probe.commit([(chat(UInt64(seq), String(repeating: "y", count: 400)), epoch)]) }
        let safe: JournalPosition? = probe.log.wait { outcomes in
            for case .projected(let upTo) in outcomes.reversed() where upTo.segment > 3 { return upTo }
            return nil
        }
        try probe.removeSegments(before: try #require(safe))
        #expect(probe.load()?.entries.count == 60)
        try probe.reopen()
        try probe.commit([(chat(61, "after"), epoch)])
        #expect(probe.load()?.entries.count == 61)
        probe.store.stop()
        #expect(probe.store.statistics.gaps == 0)
    }

    @Test func `a locked history answers unavailable and catches up by itself when it is free`() throws {
        let probe = try HistoryProbe(directory, segmentBytes: 4_096)
        defer { probe.store.stop() }
        try probe.commit([(chat(1, "one"), epoch)])
        #expect(probe.load() != nil)
        let lock = try ForeignLock(directory.path("data/history.db"))
        for seq in 2...40 { try probe.commit([(chat(UInt64(seq), String(repeating: "z", count: 400)), epoch)]) }
        #expect(probe.load() == nil)
        #expect(probe.store.statistics.lastFailure != nil)
        let end = probe.writer.end
        try lock.release()
        // Nobody asks and nobody pokes.
        let caughtUp: Bool? = probe.log.wait { outcomes in
            outcomes.contains(.projected(upTo: end)) ? true : nil
        }
        #expect(caughtUp == true)
        #expect(probe.load()?.entries.map(\.seq) == Array(1...40))
    }

    @Test func `a history ahead of a journal that lost its end follows the journal again`() throws {
        let probe = try HistoryProbe(directory)
        try probe.commit([(chat(1, "one"), epoch)])
        let kept = probe.writer.end
        try probe.commit([(chat(2, "lost by the journal"), epoch), (chat(3, "lost too"), epoch)])
        #expect(probe.load()?.entries.count == 3)
        probe.store.stop()
        // A power cut takes the unsynced end of the journal; the next process begins a new epoch after its head.
        let second = TemporaryDirectory("history")
        try FileManager.default.createDirectory(atPath: second.path("data"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: directory.path("data/history.db"), toPath: second.path("data/history.db"))
        try FileManager.default.copyItem(
            atPath: directory.path("data/journal"), toPath: second.path("data/journal"))
        let segment = try #require(try second.names(in: "data/journal").first { $0.hasSuffix(".journal") })
        let handle = try #require(FileHandle(forWritingAtPath: second.path("data/journal/\(segment)")))
        try handle.truncate(atOffset: kept.offset)
        try handle.close()
        let after = try HistoryProbe(second)
        defer { after.store.stop() }
        #expect(after.writer.end == kept)
        #expect(after.load()?.entries.count == 3)
        try after.commit([(chat(4, "new"), later)])
        #expect(after.load()?.entries.map(\.epoch) == [epoch, epoch, epoch, later])
    }

    @Test func `a file of a newer program refuses the start`() throws {
        let probe = try HistoryProbe(directory)
        probe.store.stop()
        let file = try ForeignConnection(directory.path("data/history.db"))
        try file.execute("PRAGMA user_version = 99")
        file.close()
        #expect(throws: StoreFailure.newerSchema(file: "history.db", found: 99, known: 2)) { try probe.reopen() }
    }
}
