// Which messages were deleted lately, and at which place of the log: a reactor that missed the batch in which that was
// told gets it with the repair, so that no replica keeps the text of a deleted message.
//
// Owns: pairs of places. Never: text. Limit: `keptMax` deletions a room and replica; who missed more begins anew.

/// The latest deletions of one room.
struct RedactionMemory {
    /// Deletions kept; sixteen bytes each. A repair spans seconds.
    static let keptMax = 1_024

    private var latest: [(at: UInt64, message: UInt64)] = []
    /// Deletions up to this place are no longer known.
    private var forgottenUpTo: UInt64 = 0

    /// The message at `message` was deleted in the batch that ended at `head`.
    mutating func note(_ message: UInt64, at head: UInt64) {
        latest.append((head, message))
        guard latest.count > Self.keptMax else { return }
        // In halves, so that the array is not moved for each.
        forgottenUpTo = latest[Self.keptMax / 2 - 1].at
        latest.removeFirst(Self.keptMax / 2)
    }

    /// Messages deleted after `seq`, in order; nil where some of them may be forgotten.
    func since(_ seq: UInt64) -> [UInt64]? {
        seq < forgottenUpTo ? nil : latest.filter { $0.at > seq }.map(\.message)
    }
}
