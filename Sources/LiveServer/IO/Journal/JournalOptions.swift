// Owns a journal's limits, its failures and what recovery reports.

internal import Glibc

/// Limits of one journal; the defaults are those of the event journal.
package struct JournalOptions: Sendable {
    /// Bytes after which a new segment begins: what `removeSegments` frees at once.
    package var segmentBytes = 64 * 1024 * 1024
    /// The longest payload of a record, in bytes; longer is the caller's mistake.
    package var recordBytesMax = 1024 * 1024
    /// Further segments allocated in advance, and the current one with them; 0 for none. For what must be taken on a
    /// full disk.
    package var reserveSegments = 0
    /// Bytes that stay free on the disk: below, `commit` refuses. 0 not to look.
    package var freeBytesMin = 1024 * 1024 * 1024

    /// The event journal's limits.
    package init() {}

    /// For ballots: taken also on a full disk, as long as the reserve lasts.
    package static func preallocated(reserveSegments: Int, segmentBytes: Int = 16 * 1024 * 1024) -> JournalOptions {
        var options = JournalOptions()
        options.reserveSegments = reserveSegments
        options.segmentBytes = segmentBytes
        options.freeBytesMin = 0
        return options
    }
}

/// What can go wrong with a journal.
package enum JournalFailure: Error, Sendable, Equatable {
    /// Another process, or another writer of this one, has the folder.
    case locked
    /// The disk has less than `freeBytesMin`, or none at all. Nothing of the round counts; try again later.
    case diskFull
    /// The kernel refused something. Nothing of the round counts; the writer may be used again.
    case io(IOFailure)
    /// A record or head that was committed is damaged.
    case corrupt(JournalPosition)
    /// The position lies in a segment that was removed.
    case removed(JournalPosition)

    init(_ operation: String, _ result: Int) {
        let error = Int32(-result)
        self = error == ENOSPC || error == EDQUOT ? .diskFull : .io(IOFailure(operation, errno: error))
    }
}

/// What opening a journal found.
package struct RecoveryReport: Sendable, Equatable {
    /// Segments in the folder.
    package var segments = 0
    /// Records kept in the last segment, the only one that can be torn.
    package var records = 0
    /// Bytes behind the last committed round that were cut, trailing zeros not counted.
    package var bytesCut = 0

    /// Nothing found.
    package init() {}
}
