// Owns the promises of a journal's writer on a healthy disk, and the bytes of the format.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct JournalWriterTests {
    private let folder = TemporaryDirectory("journal")

    @Test func `what was committed is read back in order, after reopening too`() throws {
        let directory = folder.path("j")
        let entries = [Entry(1, [UInt8](text: "first")), Entry(2, []), Entry(255, SeededSequence.bytes(9_000))]
        var end = JournalPosition.beginning
        do {
            var writer = try JournalWriter(directory: directory, options: .small(1 << 20))
            let start = writer.end
            #expect(start == JournalPosition(segment: 1, offset: 32))
            let first = try writer.commit(Array(entries[..<2]))
            end = try writer.commit(Array(entries[2...]), sync: true)
            #expect(start < first && first < end)
            let writerEnd = writer.end
            #expect(writerEnd == end && writer.tail.end == end)
        }
        #expect(try readAll(directory) == entries)
        let writer = try JournalWriter(directory: directory, options: .small(1 << 20))
        let (reopened, report) = (writer.end, writer.recovered)
        #expect(reopened == end)
        #expect(report.records == 3 && report.bytesCut == 0 && report.segments == 1)
    }

    @Test func `the bytes on the disk are those that the format's description names`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        try writer.commit([Entry(7, [0xAA, 0xBB]), Entry(9, [])])
        let bytes = try folder.read("j/" + segmentName(1))
        let head: [UInt8] = [UInt8](text: "LIVEJRN1") + [1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 12)
        #expect(Array(bytes[..<28]) == head)
        // CRC, length, round 1, kind, flags (bit 7; bit 0 on the round's last), zeros, payload.
        #expect(Array(bytes[36..<50]) == [2, 0, 0, 0, 1, 0, 0, 0, 7, 0x80, 0, 0, 0xAA, 0xBB])
        #expect(Array(bytes[54..<66]) == [0, 0, 0, 0, 1, 0, 0, 0, 9, 0x81, 0, 0])
        #expect(bytes.count == 66)
        #expect(Array(bytes[28..<32]) == littleEndian(bitwiseCRC(head)))
        let place = littleEndian64(1) + littleEndian64(32)
        #expect(Array(bytes[32..<36]) == littleEndian(bitwiseCRC(place + bytes[36..<50])))
    }

    @Test func `a round is one write, and a sync one fdatasync`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small(1 << 20))
        let plan = FaultPlan(at: 0)
        try plan.during {
            for number in 0..<100 { writer.append(Entry(1, SeededSequence.bytes(number))) }
            #expect(plan.calls == 0, "appending makes no system call")
            try writer.commit(sync: false)
        }
        #expect(plan.calls == 1)
        let second = FaultPlan(at: 0)
        try second.during { try writer.commit([Entry(1, [1])], sync: true) }
        #expect(second.calls == 2)
        let third = FaultPlan(at: 0)
        try third.during {
            try writer.commit(sync: true)
            try writer.sync()
        }
        #expect(third.calls == 0, "nothing is unsynced")
    }

    @Test func `segments roll, and reading crosses them`() throws {
        var random = SeededRandom(seed: 3)
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        var entries: [Entry] = []
        var positions: [JournalPosition] = []
        for _ in 0..<100 {
            let round = (0..<random.below(4) + 1).map { _ in Entry.random(&random, bytesMax: 400) }
            positions.append(try writer.commit(round))
            entries += round
        }
        #expect(positions == positions.sorted() && Set(positions).count == positions.count)
        #expect(try readAll(folder.path("j")) == entries)
        #expect(try folder.names(in: "j").filter { $0.hasSuffix(".journal") }.count > 10)
        for name in try folder.names(in: "j") where name.hasSuffix(".journal") {
            #expect(try folder.read("j/" + name).count <= 4_096)
        }
    }

    @Test func `a round larger than a segment gets one of its own`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        let entries = (0..<20).map { Entry(UInt8($0), SeededSequence.bytes(1_000)) }
        try writer.commit([Entry(1, [1])])
        try writer.commit(entries)
        try writer.commit([Entry(2, [2])])
        #expect(try readAll(folder.path("j")) == [Entry(1, [1])] + entries + [Entry(2, [2])])
        #expect(writer.end.segment == 3)
    }

    @Test func `two writers never share a folder, and the lock goes with its holder`() throws {
        let directory = folder.path("j")
        do {
            let writer = try JournalWriter(directory: directory, options: .small())
            let failure = #expect(throws: JournalFailure.self) {
                _ = try JournalWriter(directory: directory, options: .small())
            }
            #expect(failure == .locked)
            #expect(writer.recovered.segments == 1)
        }
        let again = try JournalWriter(directory: directory, options: .small())
        #expect(again.recovered.segments == 1)
    }

    @Test func `old segments are removed, the current one never`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        for number in 0..<30 { try writer.commit([Entry(UInt8(number), SeededSequence.bytes(1_000))]) }
        let end = writer.end
        let middle = JournalPosition(segment: end.segment / 2, offset: 500)
        try writer.removeSegments(before: middle)
        let kept = try folder.names(in: "j").filter { $0.hasSuffix(".journal") }
        #expect(kept.first == segmentName(Int(middle.segment)))
        #expect(try readAll(folder.path("j")).last?.kind == 29)
        let failure = #expect(throws: JournalFailure.self) {
            _ = try JournalReader(directory: folder.path("j"), from: JournalPosition(segment: 1, offset: 32))
        }
        #expect(failure == .removed(JournalPosition(segment: 1, offset: 32)))
        try writer.removeSegments(before: JournalPosition(segment: 1_000_000, offset: 0))
        #expect(try folder.names(in: "j").filter { $0.hasSuffix(".journal") } == [segmentName(Int(end.segment))])
        try writer.commit([Entry(77, [])])
        #expect(try readAll(folder.path("j")).last == Entry(77, []))
    }

    @Test func `below the free space that must stay, commit refuses and nothing of the round counts`() throws {
        var options = JournalOptions.small()
        options.freeBytesMin = .max
        var writer = try JournalWriter(directory: folder.path("j"), options: options)
        writer.append(Entry(1, [1]))
        #expect(capture { () throws(JournalFailure) in try writer.commit(sync: false) } == .diskFull)
        #expect(writer.pendingBytes == 0)
        #expect(writer.end == JournalPosition(segment: 1, offset: 32))
        #expect(try readAll(folder.path("j")).isEmpty)
    }

    @Test func `a discarded round leaves nothing, and an empty one is no round`() throws {
        var writer = try JournalWriter(directory: folder.path("j"), options: .small())
        writer.append(Entry(1, [1]))
        #expect(writer.pendingBytes == 17)
        writer.discardRound()
        let start = writer.end
        let committed = try writer.commit(sync: true)
        #expect(committed == start)
        try writer.commit([Entry(2, [2])])
        #expect(try readAll(folder.path("j")) == [Entry(2, [2])])
    }

    @Test func `a preallocated journal has its room before it needs it, and makes it up again`() throws {
        let options = JournalOptions.small(8_192, reserve: 2)
        var entries: [Entry] = []
        do {
            var writer = try JournalWriter(directory: folder.path("j"), options: options)
            #expect(writer.reserveCount == 2)
            #expect(try folder.read("j/" + segmentName(1)).count == 8_192)
            #expect(try folder.read("j/reserve-0.spare") == [UInt8](repeating: 0, count: 8_192))
            for number in 0..<40 {
                let entry = Entry(UInt8(number), SeededSequence.bytes(900))
                try writer.commit([entry], sync: true)
                entries.append(entry)
            }
            #expect(writer.reserveCount == 2)
            #expect(writer.end.segment >= 4)
        }
        #expect(try readAll(folder.path("j")) == entries)
        var writer = try JournalWriter(directory: folder.path("j"), options: options)
        #expect(writer.recovered.bytesCut == 0)
        try writer.commit([Entry(99, [])])
        #expect(try readAll(folder.path("j")) == entries + [Entry(99, [])])
    }

    @Test func `where the file system cannot allocate, zeros are written in its place`() throws {
        let plan = FaultPlan(.fail(EOPNOTSUPP), at: 1, times: .max, kinds: [.allocate])
        let options = JournalOptions.small(8_192, reserve: 1)
        var entries: [Entry] = []
        try plan.during {
            var writer = try JournalWriter(directory: folder.path("j"), options: options)
            #expect(writer.reserveCount == 1)
            for number in 0..<30 {
                entries.append(Entry(UInt8(number), SeededSequence.bytes(700)))
                try writer.commit([entries[number]])
            }
        }
        #expect(plan.struck >= 4)
        #expect(try readAll(folder.path("j")) == entries)
        #expect(try folder.read("j/reserve-0.spare") == [UInt8](repeating: 0, count: 8_192))
    }

    @Test func `a position survives its encoding, and encoded positions sort as positions do`() {
        var random = SeededRandom(seed: 9)
        var positions: [JournalPosition] = [.beginning]
        for _ in 0..<200 {
            let segment = random.next() >> UInt64(random.below(64))
            positions.append(JournalPosition(segment: segment, offset: random.next() >> UInt64(random.below(64))))
        }
        for position in positions {
            #expect(JournalPosition(encoded: position.encoded) == position)
            #expect(position.encoded.count == JournalPosition.encodedBytes)
        }
        let byBytes = positions.sorted { $0.encoded.lexicographicallyPrecedes($1.encoded) }
        #expect(byBytes == positions.sorted())
        #expect(JournalPosition(encoded: [1, 2, 3]) == nil)
    }
}

/// The failure that a body throws; nil for none. For bodies that change a noncopyable writer.
func capture<Result: ~Copyable>(_ body: () throws(JournalFailure) -> Result) -> JournalFailure? {
    do throws(JournalFailure) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// CRC-32 as its definition has it, one bit after the other: independent of zlib.
func bitwiseCRC(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = ~0
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}

func littleEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }

func littleEndian64(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
