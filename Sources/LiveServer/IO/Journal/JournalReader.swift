// Owns reading a journal in order, from a position on, also while it is written. Never writes, takes no lock. Any
// thread, one at a time.

internal import Glibc

/// Reads records one after the other, across segments; at the end it waits for no one and can be asked again.
package struct JournalReader: ~Copyable {
    // Never changed: Swift 6.2 lets the initialiser call no mutating method where one of these is a `let`.
    private var directory: String
    private var following: JournalTail?
    private var cursor: SegmentCursor?
    /// Where the current segment ends, once its successor says so.
    private var segmentEnd: UInt64?
    /// Where the next record is read.
    package private(set) var position: JournalPosition
    /// Do not read at or beyond this position; nil for no bound of the caller's own.
    package var limit: JournalPosition?

    /// Begins at `from`, which a record or a writer gave, or at the oldest record that is kept.
    ///
    /// With `following` nothing is shown before its commit answered, and a record that is missing before the tail is an
    /// error. Without, what stands whole on the disk is shown: for a journal that nobody writes.
    package init(
        directory: String, from: JournalPosition? = nil, following: JournalTail? = nil
    ) throws(JournalFailure) {
        self.directory = directory
        self.following = following
        position = from ?? .beginning
        if position.segment > 0 {
            try openSegment()
            if cursor == nil { try throwIfRemoved() }
        }
    }

    /// The next record, lent until the next call; nil at the committed end, where later calls go on.
    ///
    /// Fails with `.corrupt` where committed data is damaged, `.removed` where its segment is gone.
    package mutating func next() throws(JournalFailure) -> JournalRecord? {
        let bound = self.bound
        while bound.map({ position < $0 }) ?? true {
            if cursor == nil {
                // Opening moves the position behind the segment's head: the bound may be there already.
                guard try openFirst() else { return nil }
                continue
            }
            if segmentEnd == nil, mustKnowEnd(bound) { try lookForSuccessor() }
            if let segmentEnd, position.offset >= segmentEnd {
                try moveOn()
                continue
            }
            if let record = try read(before: bound) { return record }
            // Nothing here: the segment's end, the journal's, or damage.
            if segmentEnd == nil { try lookForSuccessor() }
            guard segmentEnd != nil || bound != nil else { return nil }
            if let segmentEnd, position.offset >= segmentEnd { continue }
            // Either it was written between the two looks, or it is not what was committed.
            guard let record = try read(before: bound) else { throw .corrupt(position) }
            return record
        }
        return nil
    }

    /// Before bytes are read, it must be known whether the segment ends among them.
    private mutating func mustKnowEnd(_ bound: JournalPosition?) -> Bool {
        guard let bound else { return !(cursor?.hasWindow ?? false) }
        return bound.segment > position.segment
    }

    private mutating func read(before bound: JournalPosition?) throws(JournalFailure) -> JournalRecord? {
        let inSegment = bound.flatMap { $0.segment == position.segment ? $0.offset : nil }
        let end = min(segmentEnd ?? .max, inSegment ?? .max)
        guard case .record(let record, _)? = try cursor?.next(before: end) else { return nil }
        position = record.end
        return record
    }

    private var bound: JournalPosition? {
        guard let tail = following?.end else { return limit }
        return limit.map { min($0, tail) } ?? tail
    }

    // MARK: Segments

    /// Opens the segment of the position; the oldest where the position is the beginning. False where there is none.
    private mutating func openFirst() throws(JournalFailure) -> Bool {
        if position.segment == 0 {
            guard let oldest = try JournalFolder.segments(in: directory).first else { return false }
            position = JournalPosition(segment: oldest, offset: 0)
        }
        try openSegment()
        if cursor == nil { try throwIfRemoved() }
        return cursor != nil
    }

    private mutating func openSegment() throws(JournalFailure) {
        let path = JournalFolder.segmentPath(directory, position.segment)
        switch try SegmentCursor.open(path, segment: position.segment, offset: position.offset) {
        case .cursor(let opened):
            position = opened.position
            cursor = consume opened
            segmentEnd = nil
        case .missing:
            cursor = nil
        case .badHead:
            throw .corrupt(JournalPosition(segment: position.segment, offset: 0))
        }
    }

    private func throwIfRemoved() throws(JournalFailure) {
        if let oldest = try JournalFolder.segments(in: directory).first, oldest > position.segment {
            throw .removed(position)
        }
    }

    /// Learns from the next segment's head where this one ends.
    private mutating func lookForSuccessor() throws(JournalFailure) {
        let id = position.segment + 1
        switch try SegmentCursor.head(JournalFolder.segmentPath(directory, id), segment: id) {
        case .previousEnd(let end): segmentEnd = end
        case .missing: break
        case .badHead: throw .corrupt(JournalPosition(segment: id, offset: 0))
        }
    }

    private mutating func moveOn() throws(JournalFailure) {
        position = JournalPosition(segment: position.segment + 1, offset: 0)
        cursor = nil
        try openSegment()
        if cursor == nil { try throwIfRemoved() }
    }
}
