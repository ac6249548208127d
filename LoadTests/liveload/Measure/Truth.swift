// Owns what must have arrived, put together from what all writers were told: each accepted message of each stream and
// its place in the room's log. Pure; any process works out from it what its own readers lack.

/// One stream as its writer knows it.
struct StreamRecord: Codable, Sendable, Equatable {
    /// An outcome that is no place in the log.
    static let refused: Int64 = 0
    static let unknown: Int64 = -1

    var room: Int
    var stream: Int
    /// For each message its seq; `refused`, or `unknown` where no reply came.
    var seqs: [Int64] = []
}

/// The accepted messages of all streams.
struct Truth: Sendable {
    private struct Key: Hashable {
        let room: Int
        let stream: Int
    }

    private var accepted: [Key: [Int64]] = [:]

    init(_ records: [StreamRecord]) {
        for record in records {
            accepted[Key(room: record.room, stream: record.stream), default: []] += record.seqs.filter { $0 > 0 }
        }
        for key in accepted.keys { accepted[key]?.sort() }
    }

    /// How many messages of a stream a reader must have that joined at `after` and read up to `upTo` (both seqs; the
    /// first is not in it, the second is).
    func expected(room: Int, stream: Int, after: UInt64, upTo: UInt64) -> UInt64 {
        guard let seqs = accepted[Key(room: room, stream: stream)] else { return 0 }
        let last = Self.count(seqs, upTo: upTo)
        let first = Self.count(seqs, upTo: after)
        return UInt64(max(0, last - first))
    }

    /// How many of the rising `seqs` are at most `bound`.
    private static func count(_ seqs: [Int64], upTo bound: UInt64) -> Int {
        var low = 0
        var high = seqs.count
        while low < high {
            let middle = (low + high) / 2
            if UInt64(seqs[middle]) <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A stretch of the log that one reader read without a new snapshot.
struct Reading: Sendable {
    let room: Int
    /// The seq of the snapshot that it began with.
    let afterSeq: UInt64
    /// The last seq read; `.max` for one who is still there and must get all.
    let upToSeq: UInt64
    let cursors: [StreamCursor]

    /// What this reader should have, and what of it is missing.
    func missing(_ truth: Truth) -> (expected: UInt64, lost: UInt64) {
        var expected: UInt64 = 0
        var lost: UInt64 = 0
        for (stream, cursor) in cursors.enumerated() {
            let due = truth.expected(room: room, stream: stream, after: afterSeq, upTo: upToSeq)
            expected += due
            lost += due - min(due, UInt64(cursor.distinct))
        }
        return (expected, lost)
    }
}
