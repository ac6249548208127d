// Owns: the desk's own journal: records written while the store is away, read back when it is there again.
// Never: says that a record is durable before it was synced; forgets one before the store has confirmed it.
// Limits: those of JournalOptions; a full disk refuses, which the caller turns into `unavailable`.

internal import LiveIO

/// The ballot journal, with the place up to which it is drained. Belongs to the desk's thread.
struct BallotJournal: ~Copyable {
    private let directory: String
    private var writer: JournalWriter
    private var reader: JournalReader?
    /// The store has confirmed everything before this place.
    private(set) var drainedTo: JournalPosition
    /// Where the batch that was read last ends.
    private(set) var loadedTo: JournalPosition
    private var buffer: [UInt8] = []

    private init(directory: String, writer: consuming JournalWriter, drainedTo: JournalPosition) {
        self.directory = directory
        self.writer = writer
        self.drainedTo = drainedTo
        loadedTo = drainedTo
    }

    /// Opens and recovers the journal, and shows every record after `drainedTo` to `found`, oldest first.
    ///
    /// - Parameter drainedTo: what the store says; nil where it says nothing, or cannot be asked. A place that this
    ///   journal does not have belongs to an older one: then everything is shown, which does no harm.
    static func open(
        directory: String, options: JournalOptions, drainedTo: JournalPosition?, found: (BallotRecord) -> Void
    ) throws(StoreFailure) -> BallotJournal {
        do throws(JournalFailure) {
            let writer = try JournalWriter(directory: directory, options: options)
            var start = drainedTo ?? .beginning
            if start > writer.end { start = .beginning }
            do throws(JournalFailure) {
                try scan(directory, from: start, following: writer.tail, found)
            } catch .removed {
                start = .beginning
                try scan(directory, from: start, following: writer.tail, found)
            }
            return BallotJournal(directory: directory, writer: writer, drainedTo: start)
        } catch {
            throw .journal("\(error)")
        }
    }

    private static func scan(
        _ directory: String, from: JournalPosition, following: JournalTail, _ found: (BallotRecord) -> Void
    ) throws(JournalFailure) {
        var reader = try JournalReader(directory: directory, from: from, following: following)
        while let record = try reader.next() { found(try Self.decode(record)) }
    }

    /// Writes and syncs all of `records` or none.
    mutating func write(_ records: [BallotRecord]) -> Bool {
        for record in records {
            let kind = BallotRecordCodec.encode(record, into: &buffer)
            buffer.withUnsafeBytes { writer.append(kind: kind.rawValue, $0) }
        }
        do throws(JournalFailure) {
            try writer.commit(sync: true)
            return true
        } catch {
            return false
        }
    }

    /// Reads the next undrained records, oldest first, at most `countMax`; nil where they cannot be read now.
    mutating func load(_ countMax: Int) -> [BallotRecord]? {
        do throws(JournalFailure) {
            if reader == nil {
                reader = try JournalReader(
                    directory: directory, from: drainedTo.segment == 0 ? nil : drainedTo, following: writer.tail)
                loadedTo = drainedTo
            }
            var records: [BallotRecord] = []
            while records.count < countMax, let record = try reader?.next() {
                records.append(try Self.decode(record))
                loadedTo = record.end
            }
            return records
        } catch {
            reader = nil
            return nil
        }
    }

    /// Bytes that are no record, of a newer program for example, are damage: nothing acknowledged is passed over.
    private static func decode(_ record: JournalRecord) throws(JournalFailure) -> BallotRecord {
        do throws(BallotRecordFault) {
            return try BallotRecordCodec.decode(kind: record.kind, record.payload)
        } catch {
            throw .corrupt(record.position)
        }
    }

    /// The store has confirmed the batch that was read last.
    mutating func confirmLoaded() { drainedTo = loadedTo }

    /// Removes what is drained. A failure leaves segments behind, which the next call takes.
    mutating func removeDrained() { try? writer.removeSegments(before: drainedTo) }
}
