// Owns what happens to a journal's last segment on opening: find the committed end, cut what is behind. Never touches a
// segment that has a successor, never repairs what no crash explains.

internal import Glibc

/// Where a journal goes on after it was opened.
struct RecoveredJournal: ~Copyable {
    let file: OwnedFD
    let segment: UInt64
    let offset: UInt64
    let round: UInt32
    let report: RecoveryReport

    /// Hands the last segment over.
    consuming func takeFile() -> OwnedFD { file }
}

/// The steps of recovery.
enum JournalRecovery {
    /// Finds the committed end, makes it the end of the file, and syncs.
    static func recover(
        _ folder: borrowing JournalFolder, _ options: JournalOptions
    ) throws(JournalFailure) -> RecoveredJournal {
        let ids = try JournalFolder.segments(in: folder.path)
        guard let last = ids.last, let first = ids.first else {
            return try begin(folder, options, segment: 1, previousEnd: 0)
        }
        for (place, id) in ids.enumerated() where id != first + UInt64(place) {
            throw .corrupt(JournalPosition(segment: first + UInt64(place), offset: 0))
        }
        let path = JournalFolder.segmentPath(folder.path, last)
        switch try SegmentCursor.open(path, segment: last) {
        case .missing:
            throw .corrupt(JournalPosition(segment: last, offset: 0))
        case .badHead:
            return try remake(folder, options, last, hasPredecessor: ids.count > 1)
        case .cursor(let cursor):
            return try recover(folder, options, cursor, segments: ids.count)
        }
    }

    private static func recover(
        _ folder: borrowing JournalFolder, _ options: JournalOptions, _ cursor: consuming SegmentCursor, segments: Int
    ) throws(JournalFailure) -> RecoveredJournal {
        var report = RecoveryReport()
        report.segments = segments
        var end = cursor.offset
        var round: UInt32 = 0
        var open = 0
        while case .record(_, let closesRound) = try cursor.next() {
            open += 1
            guard closesRound else { continue }
            report.records += open
            open = 0
            end = cursor.offset
            round = cursor.lastRoundNumber
        }
        let segment = cursor.segment
        let file = try folder.openSegment(segment)
        report.bytesCut = try cut(file.raw, at: Int(end), options)
        return RecoveredJournal(file: file, segment: segment, offset: end, round: round, report: report)
    }

    /// Makes `end` the end; answers how many bytes up to the last that is not zero lay behind it.
    private static func cut(_ file: Int32, at end: Int, _ options: JournalOptions) throws(JournalFailure) -> Int {
        let used = try usedEnd(file, from: end)
        if options.reserveSegments > 0 {
            try JournalFolder.writeZeros(file, from: end, to: used)
            try JournalFolder.allocate(file, options.segmentBytes)
        } else {
            let result = SystemCall.truncate(file, to: end)
            guard result >= 0 else { throw JournalFailure("truncate a segment", result) }
        }
        // What survived a kill may still be in memory only: after recovery it counts, so it must be on the disk.
        let synced = SystemCall.dataSync(file)
        guard synced >= 0 else { throw JournalFailure("fdatasync the journal", synced) }
        return max(0, used - end)
    }

    /// Behind the last byte from `start` on that is not zero; `start` where there is none.
    private static func usedEnd(_ file: Int32, from start: Int) throws(JournalFailure) -> Int {
        var block = [UInt8](repeating: 0, count: SegmentCursor.windowBytes)
        var offset = start
        var used = start
        while true {
            let count = SystemCall.read(file, &block, block.count, at: offset)
            guard count >= 0 else { throw JournalFailure("read a segment", count) }
            if count == 0 { return used }
            if let last = block[..<count].lastIndex(where: { $0 != 0 }) { used = offset + last + 1 }
            offset += count
        }
    }

    // MARK: Beginnings

    private static func begin(
        _ folder: borrowing JournalFolder, _ options: JournalOptions, segment: UInt64, previousEnd: UInt64
    ) throws(JournalFailure) -> RecoveredJournal {
        let file = try folder.makeSegment(segment, previousEnd: previousEnd, options: options)
        var report = RecoveryReport()
        report.segments = 1
        return RecoveredJournal(
            file: file, segment: segment, offset: UInt64(JournalFormat.segmentHeadBytes), round: 0, report: report)
    }

    /// A last segment with a bad head: one whose making was torn holds nothing, anything else is damage.
    private static func remake(
        _ folder: borrowing JournalFolder, _ options: JournalOptions, _ id: UInt64, hasPredecessor: Bool
    ) throws(JournalFailure) -> RecoveredJournal {
        let file = try folder.openSegment(id)
        let head = JournalFormat.segmentHeadBytes
        guard try usedEnd(file.raw, from: head) == head else {
            throw .corrupt(JournalPosition(segment: id, offset: 0))
        }
        try folder.removeSegment(id)
        return hasPredecessor
            ? try recover(folder, options) : try begin(folder, options, segment: id, previousEnd: 0)
    }
}
