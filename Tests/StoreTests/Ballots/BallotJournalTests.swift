// Owns: the ballot journal and the bytes of its records: cuts at every byte, every kind of damage to a record.

import Foundation
import LiveIO
import LiveTestSupport
import Rooms
import Testing

@testable import RoomsStore

@Suite(.timeLimit(.minutes(2)))
struct BallotJournalTests {
    let directory = TemporaryDirectory("journal")
    let options = JournalOptions.preallocated(reserveSegments: 1, segmentBytes: 8_192)

    static let records: [BallotRecord] = (0..<12).map { number in
        switch number % 4 {
        case 0: .open(LedgerContract.key, number == 0 ? LedgerContract.single : LedgerContract.changeable, atMs: 5)
        case 1: .close(LedgerContract.key, closedMs: Int64(number), atMs: 1_000_000_000_000)
        default: .ballot(ballot("voter\(number)", "a \"\\~\(number)", 1 << UInt64(number)), acceptedMs: Int64(number))
        }
    }

    private func reopen(_ folder: String, from: JournalPosition? = nil) throws -> [BallotRecord] {
        var found: [BallotRecord] = []
        _ = try BallotJournal.open(directory: folder, options: options, drainedTo: from) { found.append($0) }
        return found
    }

    @Test func `every record comes back as it went in`() throws {
        var records = Self.records
        let longest = sample(String(repeating: "p", count: 64), ParticipantID.init)
        let room = sample(
            [String](repeating: String(repeating: "r", count: 64), count: 3).joined(separator: "/"), RoomKey.init)
        let key = PollKey(room: room, poll: PollID(seq: .max))
        records.append(
            .ballot(
                sample(String(repeating: "~", count: 64)) {
                    Ballot(room: room, poll: key.poll, participant: longest, attempt: $0, choices: .max)
                }, acceptedMs: .max))
        records.append(
            .open(key, PollRules(options: 64, multiple: true, allowChange: true, closesTs: .min), atMs: .min))
        var buffer: [UInt8] = []
        for record in records {
            let kind = BallotRecordCodec.encode(record, into: &buffer)
            let back = try buffer.withUnsafeBytes { bytes in try BallotRecordCodec.decode(kind: kind.rawValue, bytes) }
            #expect(back == record)
        }
    }

    @Test func `no damaged record is read beyond its end or taken for another kind`() throws {
        var buffer: [UInt8] = []
        for record in Self.records {
            let kind = BallotRecordCodec.encode(record, into: &buffer)
            for count in 0..<buffer.count {
                #expect(throws: BallotRecordFault.self) {
                    try buffer[..<count].withUnsafeBytes { try BallotRecordCodec.decode(kind: kind.rawValue, $0) }
                }
            }
            #expect(throws: BallotRecordFault.malformed) {
                try (buffer + [0]).withUnsafeBytes { try BallotRecordCodec.decode(kind: kind.rawValue, $0) }
            }
            #expect(throws: BallotRecordFault.kind(9)) {
                try buffer.withUnsafeBytes { try BallotRecordCodec.decode(kind: 9, $0) }
            }
            buffer[0] = 2
            #expect(throws: BallotRecordFault.version(2)) {
                try buffer.withUnsafeBytes { try BallotRecordCodec.decode(kind: kind.rawValue, $0) }
            }
            // A deadline without the flag that says so would be a second form of a record without one.
            if case .open = record, buffer[18] & 4 == 4 {
                buffer[0] = 1
                buffer[18] &= 3
                #expect(throws: BallotRecordFault.malformed) {
                    try buffer.withUnsafeBytes { try BallotRecordCodec.decode(kind: kind.rawValue, $0) }
                }
            }
            // Any byte changed: it is refused or another well-formed record, never a crash.
            _ = BallotRecordCodec.encode(record, into: &buffer)
            for place in buffer.indices {
                var damaged = buffer
                damaged[place] ^= 0xFF
                _ = try? damaged.withUnsafeBytes { try BallotRecordCodec.decode(kind: kind.rawValue, $0) }
            }
        }
    }

    @Test func `cut anywhere, the journal keeps what was committed before`() throws {
        let folder = directory.path("whole")
        var journal = try BallotJournal.open(directory: folder, options: options, drainedTo: nil) { _ in }
        var ends: [Int] = []
        for record in Self.records {
            let isWritten = journal.write([record])
            #expect(isWritten)
            let loaded = journal.load(100)
            #expect(loaded == [record])
            ends.append(Int(journal.loadedTo.offset))
        }
        let name = try #require(try directory.names(in: "whole").first { $0.hasSuffix(".journal") })
        let whole = try directory.read("whole/\(name)")
        let last = try #require(ends.last)
        // Around every end, all through the last record, and at random (LiveIO's own tests cut at every byte).
        var random = SeededRandom(seed: 7)
        var cuts = Set(ends.flatMap { [$0 - 1, $0, $0 + 1] } + Array(ends[ends.count - 2]...last))
        for _ in 0..<30 { cuts.insert(random.below(last)) }
        for cut in cuts.sorted() {
            let folder = directory.path("cut\(cut)")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            // Preallocated bytes behind the cut are zeros, as after a crash in the middle of the write.
            var bytes = Array(whole[..<cut])
            bytes += [UInt8](repeating: 0, count: whole.count - cut)
            try directory.write("cut\(cut)/\(name)", bytes)
            // A cut within the segment's own head is no crash of a write; it may be refused.
            guard let found = try? reopen(folder) else {
                #expect(cut < 32, "cut at \(cut)")
                continue
            }
            #expect(found == Array(Self.records.prefix(ends.count { $0 <= cut })), "cut at \(cut)")
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    @Test func `what is drained is not shown again, and its segments go`() throws {
        let folder = directory.path("drained")
        var journal = try BallotJournal.open(directory: folder, options: options, drainedTo: nil) { _ in }
        for number in 0..<400 {
            let isWritten = journal.write([.ballot(ballot("voter\(number)", "a", 1), acceptedMs: Int64(number))])
            #expect(isWritten)
        }
        var loaded = 0
        while let records = journal.load(30), !records.isEmpty {
            if loaded >= 300 { break }
            loaded += records.count
            journal.confirmLoaded()
        }
        let segments = try directory.names(in: "drained").count { $0.hasSuffix(".journal") }
        journal.removeDrained()
        #expect(try directory.names(in: "drained").count { $0.hasSuffix(".journal") } < segments)
        let place = journal.drainedTo
        _ = consume journal
        let rest = try reopen(folder, from: place)
        #expect(rest.count == 400 - loaded)
        #expect(rest.first?.stampMs == Int64(loaded))
        // A place that this journal does not have belongs to an older one, a removed one to a restored store.
        #expect(try reopen(folder, from: JournalPosition(segment: 99, offset: 0)).last?.stampMs == 399)
        #expect(try reopen(folder, from: JournalPosition(segment: 1, offset: 32)).last?.stampMs == 399)
    }

    @Test func `a record of a newer program refuses the start instead of being lost`() throws {
        let folder = directory.path("newer")
        do {
            var writer = try JournalWriter(directory: folder, options: options)
            [UInt8]([2, 0, 0]).withUnsafeBytes { writer.append(kind: 1, $0) }
            try writer.commit(sync: true)
        }
        #expect(throws: StoreFailure.self) { try reopen(folder) }
    }
}
