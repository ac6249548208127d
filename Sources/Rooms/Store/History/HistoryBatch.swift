// Owns: what the projector read from the journal for one transaction, decoded and copied.
// Never: more than HistoryLimits' records and bytes, one record excepted.

internal import LiveIO
internal import Rooms

/// Entries of the journal on their way into the history.
struct HistoryBatch {
    /// One entry, with the message that it proposes to delete.
    struct Entry {
        let header: LogEntryHeader
        let payload: [UInt8]
        let deletes: UInt64?
    }

    /// Kind of the journal's records that hold LogEntryCodec's bytes.
    static let entryKind: UInt8 = 1

    /// The entries in the journal's order.
    private(set) var entries: [Entry] = []
    /// Records read, those that are no entry included.
    private(set) var recordCount = 0
    /// Records that claim to be an entry and are none of this program's version.
    private(set) var undecodable = 0
    /// Where the last record ends.
    private(set) var end: JournalPosition
    private var byteCount = 0

    /// An empty batch that begins at a place in the journal.
    init(at start: JournalPosition) { end = start }

    /// True when no further record should be taken in.
    var isFull: Bool {
        recordCount >= HistoryLimits.transactionRecordsMax || byteCount >= HistoryLimits.transactionBytesMax
    }

    /// Takes one record of the journal in.
    mutating func take(_ record: JournalRecord) {
        recordCount += 1
        byteCount += record.payload.count
        end = record.end
        guard record.kind == Self.entryKind else { return }
        do throws(RoomDecodeError) {
            let header = try LogEntryCodec.peekHeader(record.payload)
            let deletes = try Self.deletedMessage(record.payload)
            entries.append(Entry(header: header, payload: [UInt8](record.payload), deletes: deletes))
        } catch {
            undecodable += 1
        }
    }

    /// The message that an entry proposes to delete; whether the room took the proposal is the DeletionJudge's to say.
    private static func deletedMessage(_ payload: UnsafeRawBufferPointer) throws(RoomDecodeError) -> UInt64? {
        let entry = try LogEntryCodec.decode(payload).entry
        guard case .chatDelete(let message) = entry.proposal.command, entry.proposal.actor.role.isModerator else {
            return nil
        }
        return message.seq
    }
}
