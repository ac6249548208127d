// Owns the promises of a journal's reader: tailing, limits, resuming, damage. One test reads on a thread of its own.

import LiveTestSupport
import Synchronization
import Testing

@testable import LiveIO

@Suite struct JournalReaderTests {
    private let folder = TemporaryDirectory("reader")

    @Test func `a reader follows a live journal and shows each record once its commit answered`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        var reader = try JournalReader(directory: folder.path("j"), following: writer.tail)
        var expected: [Entry] = []
        var seen: [Entry] = []
        for number in 0..<60 {
            #expect(try reader.next() == nil)
            let entry = Entry(UInt8(number), SeededSequence.bytes(number * 40))
            writer.append(entry)
            #expect(try reader.next() == nil)
            try writer.commit(sync: false)
            expected.append(entry)
            seen += try reader.all()
            #expect(seen == expected)
            let (position, end) = (reader.position, writer.end)
            #expect(position == end)
        }
    }

    @Test func `from the position or the end of any record the reader goes on there`() throws {
        let directory = folder.path("j")
        var writer = try JournalWriter(directory: directory, options: .small())
        for number in 0..<40 { try writer.commit([Entry(UInt8(number), SeededSequence.bytes(300))]) }
        var reader = try JournalReader(directory: directory)
        var number: UInt8 = 0
        while let record = try reader.next() {
            #expect(record.kind == number)
            let (start, end) = (record.position, record.end)
            #expect(try readAll(directory, from: start).map(\.kind) == Array(number..<40))
            #expect(try readAll(directory, from: end).map(\.kind) == Array(number + 1..<41).dropLast())
            number += 1
        }
        #expect(number == 40)
    }

    @Test func `a reader does not pass its limit, whatever is committed`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        var ends: [JournalPosition] = []
        for number in 0..<20 { ends.append(try writer.commit([Entry(UInt8(number), SeededSequence.bytes(600))])) }
        var reader = try JournalReader(directory: folder.path("j"), following: writer.tail)
        for (number, end) in ends.enumerated() {
            reader.limit = end
            let seen = try reader.all()
            #expect(seen.map(\.kind) == [UInt8(number)])
            let position = reader.position
            #expect(position == end)
        }
    }

    @Test func `a reader may be there before the journal`() throws {
        var reader = try JournalReader(directory: folder.path("later"))
        #expect(try reader.next() == nil)
        var writer = try JournalWriter(directory: folder.path("later"), options: .small())
        #expect(try reader.next() == nil)
        try writer.commit([Entry(5, [5])])
        #expect(try reader.all() == [Entry(5, [5])])
    }

    @Test func `a record larger than the reader's window is read whole`() throws {
        var options = JournalOptions.small(1 << 20)
        options.recordBytesMax = 4 << 20
        var writer = try JournalWriter(directory: folder.path("j"), options: options)
        let entries = [Entry(1, [1]), Entry(2, SeededSequence.bytes(3_000_000)), Entry(3, [3])]
        for entry in entries { try writer.commit([entry]) }
        #expect(try readAll(folder.path("j")) == entries)
    }

    @Test func `damage in a segment that has a successor is an error with its position`() throws {
        let directory = folder.path("j")
        var writer = try JournalWriter(directory: directory, options: .small())
        var starts: [JournalPosition] = []
        for number in 0..<9 {
            starts.append(writer.end)
            try writer.commit([Entry(UInt8(number), SeededSequence.bytes(1_500))])
        }
        let damagedAt = starts[3]
        var bytes = try folder.read("j/" + segmentName(Int(damagedAt.segment)))
        bytes[Int(damagedAt.offset) + 700] ^= 1
        try folder.write("j/" + segmentName(Int(damagedAt.segment)), bytes)
        for tail in [nil, writer.tail] {
            var reader = try JournalReader(directory: directory, following: tail)
            var seen = 0
            let failure = capture { () throws(JournalFailure) in while try reader.next() != nil { seen += 1 } }
            #expect(seen == 3)
            #expect(failure == .corrupt(damagedAt))
        }
    }

    @Test func `damage before the committed end of the last segment is an error for who follows`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        try writer.commit([Entry(1, [1])])
        let damagedAt = writer.end
        try writer.commit([Entry(2, SeededSequence.bytes(100))])
        var bytes = try folder.read("j/" + segmentName(1))
        bytes[bytes.count - 1] ^= 0x80
        try folder.write("j/" + segmentName(1), bytes)
        var reader = try JournalReader(directory: folder.path("j"), following: writer.tail)
        #expect(try reader.next()?.kind == 1)
        #expect(capture { () throws(JournalFailure) in _ = try reader.next() } == .corrupt(damagedAt))
    }

    @Test func `what was on the disk when a round was taken back is never shown`() throws {
        // The reader fills its window while an uncommitted round lies in the file; the round is then taken back and
        // another stands in its place.
        for reserve in [0, 1] {
            let directory = folder.path("taken-back-\(reserve)")
            var writer = try JournalWriter(directory: directory, options: .small(reserve: reserve))
            var reader = try JournalReader(directory: directory, following: writer.tail)
            try writer.commit([Entry(1, [1])])
            let unsynced = FaultPlan(at: 1, kinds: [.dataSync])
            let stays = FaultPlan(at: 1, times: .max, kinds: [.dataSync, .truncate])
            let plan = reserve == 0 ? stays : unsynced
            let failure = plan.during {
                capture { () throws(JournalFailure) in try writer.commit([Entry(2, [2]), Entry(3, [3])], sync: true) }
            }
            #expect(failure != nil)
            #expect(try reader.all() == [Entry(1, [1])])
            try writer.commit([Entry(4, [4])], sync: true)
            #expect(try reader.all() == [Entry(4, [4])])
        }
    }

    @Test func `what a reader saw in the file before its commit answered, it does not believe later`() throws {
        let directory = folder.path("j")
        var writer = try JournalWriter(directory: directory, options: .small())
        var reader = try JournalReader(directory: directory, following: writer.tail)
        try writer.commit([Entry(1, [1])])
        let committed = try folder.read("j/" + segmentName(1))
        // A round on its way, which is then taken back.
        var underWay = [UInt8](repeating: 0, count: 16) + [9, 9, 9]
        underWay.withUnsafeMutableBytes { record in
            guard let base = record.baseAddress else { return }
            JournalFormat.beginRecord(base, kind: 66, payloadCount: 3)
            JournalFormat.seal(record, round: 2, at: writer.end)
        }
        try folder.write("j/" + segmentName(1), inPlace: committed + underWay)
        #expect(try reader.all() == [Entry(1, [1])])
        try folder.write("j/" + segmentName(1), inPlace: committed)
        try writer.commit([Entry(2, [2, 2, 2])])
        #expect(try reader.all() == [Entry(2, [2, 2, 2])])
    }

    @Test func `a reader on another thread sees every record once and in order while the writer runs`() throws {
        let rounds = 3_000
        var writer = try JournalWriter(directory: folder.path("j"), options: .small(64 * 1024))
        let directory = folder.path("j")
        let tail = writer.tail
        let seen = Mutex<Result<[Int], JournalFailure>>(.success([]))
        let thread = CoreThread.start(name: "reader") {
            do throws(JournalFailure) {
                var reader = try JournalReader(directory: directory, following: tail)
                var numbers: [Int] = []
                let endNs = MonotonicClock.nowNs() + 60_000_000_000
                while numbers.count < rounds, MonotonicClock.nowNs() < endNs {
                    let bound = tail.end
                    while let record = try reader.next() {
                        numbers.append(Int(record.payload.loadUnaligned(as: UInt32.self)))
                    }
                    precondition(reader.position >= bound, "the reader stops short of what was committed")
                }
                seen.withLock { $0 = .success(numbers) }
            } catch {
                seen.withLock { $0 = .failure(error) }
            }
        }
        var random = SeededRandom(seed: 5)
        for number in 0..<rounds {
            let payload = withUnsafeBytes(of: UInt32(number)) { Array($0) } + random.bytes(random.below(300))
            try writer.commit([Entry(1, payload)])
        }
        thread.join()
        #expect(try seen.withLock { try $0.get() } == Array(0..<rounds))
    }
}
