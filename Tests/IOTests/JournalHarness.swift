// Owns what the journal's tests share: records as values, writing rounds, reading all, and folders copied as a crash
// would leave them.

import LiveIO
import LiveTestSupport
import Testing

/// A record as a value.
struct Entry: Equatable, CustomStringConvertible {
    var kind: UInt8
    var payload: [UInt8]

    init(_ kind: UInt8, _ payload: [UInt8]) {
        self.kind = kind
        self.payload = payload
    }

    init(_ record: JournalRecord) {
        self.init(record.kind, Array(record.payload))
    }

    var description: String { "(\(kind), \(payload.count) bytes)" }

    static func random(_ random: inout SeededRandom, bytesMax: Int) -> Entry {
        Entry(UInt8(random.below(256)), random.bytes(random.below(bytesMax + 1)))
    }
}

extension JournalOptions: CustomTestStringConvertible {
    public var testDescription: String { "reserve \(reserveSegments)" }

    /// Small segments, no look at the disk's free space.
    static func small(_ segmentBytes: Int = 4_096, reserve: Int = 0) -> JournalOptions {
        var options = JournalOptions()
        options.segmentBytes = segmentBytes
        options.freeBytesMin = 0
        options.reserveSegments = reserve
        return options
    }
}

extension JournalWriter {
    mutating func append(_ entry: Entry) {
        entry.payload.withUnsafeBytes { append(kind: entry.kind, $0) }
    }

    /// Appends and commits one round.
    @discardableResult
    mutating func commit(_ entries: [Entry], sync: Bool = false) throws(JournalFailure) -> JournalPosition {
        for entry in entries { append(entry) }
        return try commit(sync: sync)
    }
}

extension JournalReader {
    /// All records up to the end.
    mutating func all() throws(JournalFailure) -> [Entry] {
        var entries: [Entry] = []
        while let record = try next() { entries.append(Entry(record)) }
        return entries
    }
}

/// All records of a journal that nobody writes.
func readAll(_ directory: String, from: JournalPosition? = nil) throws(JournalFailure) -> [Entry] {
    var reader = try JournalReader(directory: directory, from: from)
    return try reader.all()
}

/// Name of a segment's file.
func segmentName(_ id: Int) -> String {
    let digits = String(id)
    return String(repeating: "0", count: 20 - digits.count) + digits + ".journal"
}
