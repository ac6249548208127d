// Owns what a crash leaves of a journal: cuts at every byte, flipped bits, garbage and stale records. The files are
// damaged by hand; failing system calls are in JournalFaultTests.

import LiveTestSupport
import Testing

@testable import LiveIO

/// What a crash leaves on the disk, against the plain model: a list of rounds and where each ended.
@Suite struct JournalCrashTests {
    private let folder = TemporaryDirectory("crash", inMemory: true)

    private struct Model {
        var rounds: [[Entry]] = []
        var ends: [Int] = []

        /// The records of the rounds that end within the first `count` bytes of the segment.
        func kept(_ count: Int) -> [Entry] {
            zip(rounds, ends).prefix { $0.1 <= count }.flatMap(\.0)
        }
    }

    /// Writes some rounds of one segment; answers them and the segment's bytes.
    private func write(_ options: JournalOptions, rounds: Int = 6) throws -> (Model, [UInt8]) {
        var random = SeededRandom(seed: 11)
        var model = Model()
        var writer = try JournalWriter(directory: folder.path("original"), options: options)
        for _ in 0..<rounds {
            let round = (0..<random.below(3) + 1).map { _ in Entry.random(&random, bytesMax: 30) }
            let end = try writer.commit(round)
            model.rounds.append(round)
            model.ends.append(Int(end.offset))
        }
        return (model, try folder.read("original/" + segmentName(1)))
    }

    /// Puts `bytes` where a crashed node left them, opens the journal, and checks that it holds `expected`, that it can
    /// be written on, and that it then holds that too.
    private func check(
        _ bytes: [UInt8], _ options: JournalOptions, holds expected: [Entry], _ what: String
    ) throws {
        let directory = folder.path("crashed")
        for name in try folder.names() where name == "crashed" {
            for file in try folder.names(in: name) { _ = SystemCall.remove("\(directory)/\(file)") }
        }
        _ = SystemCall.makeDirectory(directory)
        try folder.write("crashed/" + segmentName(1), bytes)
        do {
            var writer = try JournalWriter(directory: directory, options: options)
            let report = writer.recovered
            #expect(report.records == expected.count, "\(what)")
            #expect(try readAll(directory) == expected, "\(what)")
            try writer.commit([Entry(200, [1, 2, 3])])
            try writer.commit([Entry(201, [])])
        }
        let after = expected + [Entry(200, [1, 2, 3]), Entry(201, [])]
        #expect(try readAll(directory) == after, "\(what), written on")
        let writer = try JournalWriter(directory: directory, options: options)
        let report = writer.recovered
        #expect(report.bytesCut == 0 && report.records == after.count, "\(what), opened again")
    }

    @Test(arguments: [JournalOptions.small(), .small(reserve: 1)])
    func `cut at any byte, exactly the committed rounds before it are there`(options: JournalOptions) throws {
        let (model, bytes) = try write(options)
        let used = try #require(model.ends.last)
        for count in 0...used {
            try check(Array(bytes[..<count]), options, holds: model.kept(count), "cut at \(count)")
        }
    }

    @Test(arguments: [JournalOptions.small(), .small(reserve: 1)])
    func `cut at any byte with zeros behind, exactly the committed rounds are there`(options: JournalOptions) throws {
        let (model, bytes) = try write(options)
        let used = try #require(model.ends.last)
        for count in 32...used {
            let torn = Array(bytes[..<count]) + [UInt8](repeating: 0, count: 4_096 - count)
            // A record may end in zeros of its own: then the cut tore nothing.
            let zeros = (count...used).prefix { end in bytes[count..<end].allSatisfy { $0 == 0 } }
            let whole = zeros.last ?? count
            try check(torn, options, holds: model.kept(whole), "zeros from \(count)")
        }
    }

    @Test(arguments: [JournalOptions.small(), .small(reserve: 1)])
    func `any flipped bit of the last round removes that round and no other`(options: JournalOptions) throws {
        let (model, bytes) = try write(options)
        let lastStart = model.ends[model.ends.count - 2]
        let used = try #require(model.ends.last)
        let last = Array(bytes[lastStart..<used])
        try withEveryFlippedBit(of: last) { damaged, index in
            try check(
                Array(bytes[..<lastStart]) + damaged, options, holds: model.kept(lastStart), "bit of \(index) flipped")
        }
    }

    @Test(arguments: SeededRandom.seeds(40))
    func `garbage behind the end is cut, whatever it is`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (model, bytes) = try write(.small())
        let used = try #require(model.ends.last)
        let committed = Array(bytes[..<used])
        var garbage = random.bytes(random.below(600))
        if random.chance(1, in: 2) {
            // Whole records of this journal, but of another place: what a block's earlier life may leave.
            let start = ([32] + model.ends)[random.below(model.ends.count)]
            garbage = Array(bytes[start..<used]) + garbage
        }
        try check(committed + garbage, .small(), holds: model.kept(used), "garbage of \(garbage.count) bytes")
        try check(committed + garbage, .small(reserve: 1), holds: model.kept(used), "garbage, preallocated")
    }

    @Test func `records of the same place but of another segment do not count`() throws {
        var second: [UInt8] = []
        do {
            var writer = try JournalWriter(directory: folder.path("two"), options: .small())
            try writer.commit([Entry(1, SeededSequence.bytes(4_040))])
            try writer.commit([Entry(2, [UInt8](text: "of segment two"))])
            second = try folder.read("two/" + segmentName(2))
        }
        let (_, bytes) = try write(.small(), rounds: 1)
        try check(Array(bytes[..<32] + second[32...]), .small(), holds: [], "another segment's records")
    }

    @Test func `records of an earlier attempt behind the end do not count, however perfect`() throws {
        let (model, segment) = try write(.small(), rounds: 2)
        let used = try #require(model.ends.last)
        let bytes = Array(segment[..<used])
        // What an attempt numbered `round` would have left behind the end.
        let stale = { (round: UInt32) -> [UInt8] in
            var record = [UInt8](repeating: 0, count: 16) + [9, 9, 9]
            record.withUnsafeMutableBytes { record in
                guard let base = record.baseAddress else { return }
                JournalFormat.beginRecord(base, kind: 66, payloadCount: 3)
                JournalFormat.seal(record, round: round, at: JournalPosition(segment: 1, offset: UInt64(used)))
            }
            return record
        }
        for round in [UInt32(0), 1, 2] {
            try check(bytes + stale(round), .small(), holds: model.kept(used), "left by attempt \(round)")
        }
        try check(bytes + stale(3), .small(), holds: model.kept(used) + [Entry(66, [9, 9, 9])], "a round")
    }

    @Test func `a torn making of the next segment loses nothing`() throws {
        var entries: [Entry] = []
        let directory = folder.path("j")
        do {
            var writer = try JournalWriter(directory: directory, options: .small())
            for number in 0..<6 {
                let entry = Entry(UInt8(number), SeededSequence.bytes(1_500))
                try writer.commit([entry])
                entries.append(entry)
            }
            #expect(writer.end.segment == 3)
        }
        for left in [[], [UInt8](text: "LIVE"), [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 4_096)] {
            try folder.write("j/" + segmentName(4), left)
            try folder.write("j/next.tmp", [1, 2, 3])
            var writer = try JournalWriter(directory: directory, options: .small())
            let entry = Entry(UInt8(entries.count), [])
            try writer.commit([entry])
            entries.append(entry)
            #expect(try readAll(directory) == entries)
            #expect(try !folder.names(in: "j").contains("next.tmp"))
        }
    }

    @Test func `damage that no crash explains is refused, not repaired`() throws {
        let directory = folder.path("j")
        do {
            var writer = try JournalWriter(directory: directory, options: .small())
            for number in 0..<6 { try writer.commit([Entry(UInt8(number), SeededSequence.bytes(1_500))]) }
        }
        let last = try folder.read("j/" + segmentName(3))
        try folder.write("j/" + segmentName(3), [0] + last.dropFirst())
        let badHead = capture { () throws(JournalFailure) in
            try JournalWriter(directory: directory, options: .small())
        }
        #expect(badHead == .corrupt(JournalPosition(segment: 3, offset: 0)))
        #expect(try folder.read("j/" + segmentName(3)) == [0] + last.dropFirst(), "the evidence is left alone")
        try folder.write("j/" + segmentName(3), last)
        _ = SystemCall.remove("\(directory)/\(segmentName(2))")
        let gap = capture { () throws(JournalFailure) in try JournalWriter(directory: directory, options: .small()) }
        #expect(gap == .corrupt(JournalPosition(segment: 2, offset: 0)))
    }

    @Test func `a round that fsync refused does not come back in the place of a later one`() throws {
        // The first round's second record is left behind the second round's only record, at a perfect place.
        for options in [JournalOptions.small(), .small(reserve: 1)] {
            let directory = folder.path("fenced-\(options.reserveSegments)")
            var writer = try JournalWriter(directory: directory, options: options)
            try writer.commit([Entry(1, [1])])
            let (first, second) = (Entry(2, [2, 2]), Entry(3, [3, 3, 3]))
            let plan = FaultPlan(at: 1, times: .max, kinds: [.dataSync, .truncate])
            let zeros = FaultPlan(at: 2, times: .max, kinds: [.positionedWrite, .dataSync])
            let failure = (options.reserveSegments > 0 ? zeros : plan).during {
                capture { () throws(JournalFailure) in try writer.commit([first, second], sync: true) }
            }
            #expect(failure == .io(IOFailure("fdatasync the journal", errno: 5)))
            try writer.commit([first], sync: true)
            #expect(try readAll(directory) == [Entry(1, [1]), first])
            #expect(writer.end.segment == 2, "the old segment is fenced off")
        }
    }
}
