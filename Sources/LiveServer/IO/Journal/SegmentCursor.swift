// Owns reading one segment record by record, for recovery and for readers. Never writes, never leaves its segment.
// Limits: a window of 256 KiB, or of one record where that is larger.

internal import Glibc

/// A place in one open segment, with a window of its bytes in memory.
struct SegmentCursor: ~Copyable {
    private let file: OwnedFD
    let segment: UInt64
    /// Where the predecessor ends, as this segment's head says.
    let previousEnd: UInt64
    /// The place of the next record.
    private(set) var offset: UInt64
    private var window: UnsafeMutableRawBufferPointer
    private var windowStart: UInt64 = 0
    private var windowCount = 0
    /// The round of the last record and whether it was closed; nil before the first.
    private var lastRound: (number: UInt32, isClosed: Bool)?

    static let windowBytes = 256 * 1024

    /// What the next step found.
    enum Step {
        case record(JournalRecord, closesRound: Bool)
        /// No record stands here (yet).
        case nothing
    }

    /// What opening found.
    enum Opened: ~Copyable {
        case cursor(SegmentCursor)
        /// No such file.
        case missing
        /// A file without the head of this segment.
        case badHead
    }

    /// What a segment's head says.
    enum Head {
        case previousEnd(UInt64)
        case missing
        case badHead
    }

    /// Opens a segment at `offset`, or at its first record.
    static func open(
        _ path: String, segment: UInt64, offset: UInt64 = UInt64(JournalFormat.segmentHeadBytes)
    ) throws(JournalFailure) -> Opened {
        let result = SystemCall.open(path, O_RDONLY)
        if result == -Int(ENOENT) { return .missing }
        guard result >= 0 else { throw JournalFailure("open a segment", result) }
        let file = OwnedFD(Int32(result))
        guard let previousEnd = try readHead(file.raw, segment) else { return .badHead }
        return .cursor(SegmentCursor(file: file, segment: segment, previousEnd: previousEnd, offset: offset))
    }

    /// Reads no more than a segment's head.
    static func head(_ path: String, segment: UInt64) throws(JournalFailure) -> Head {
        let result = SystemCall.open(path, O_RDONLY)
        if result == -Int(ENOENT) { return .missing }
        guard result >= 0 else { throw JournalFailure("open a segment", result) }
        let file = OwnedFD(Int32(result))
        guard let previousEnd = try readHead(file.raw, segment) else { return .badHead }
        return .previousEnd(previousEnd)
    }

    private static func readHead(_ file: Int32, _ segment: UInt64) throws(JournalFailure) -> UInt64? {
        var head = [UInt8](repeating: 0, count: JournalFormat.segmentHeadBytes)
        let count = SystemCall.read(file, &head, head.count, at: 0)
        guard count >= 0 else { throw JournalFailure("read a segment", count) }
        return head.withUnsafeBytes {
            JournalFormat.previousEnd(ofSegmentHead: UnsafeRawBufferPointer(rebasing: $0[..<count]), id: segment)
        }
    }

    private init(file: consuming OwnedFD, segment: UInt64, previousEnd: UInt64, offset: UInt64) {
        self.file = file
        self.segment = segment
        self.previousEnd = previousEnd
        self.offset = max(offset, UInt64(JournalFormat.segmentHeadBytes))
        window = .allocate(byteCount: Self.windowBytes, alignment: 64)
    }

    deinit { window.deallocate() }

    var position: JournalPosition { JournalPosition(segment: segment, offset: offset) }

    /// Whether the window still holds bytes of the next place: another step may need no system call.
    var hasWindow: Bool { offset < windowStart + UInt64(windowCount) && offset >= windowStart }

    /// The record at the place, which moves behind it; nothing at or beyond `bound` is looked at, nor kept in memory,
    /// because what is not committed yet may be taken back.
    ///
    /// Bytes in memory are believed only where they are a record: otherwise they are read again, for a segment grows.
    mutating func next(before bound: UInt64 = .max) throws(JournalFailure) -> Step {
        if hasWindow, let step = stepInWindow() { return step }
        try fill(JournalFormat.recordHeadBytes, before: bound)
        if case .incomplete(let needed) = found() {
            guard needed > windowCount, try fill(needed, before: bound) else { return .nothing }
        }
        return stepInWindow() ?? .nothing
    }

    private func found() -> JournalFormat.Found {
        guard hasWindow else { return .incomplete(bytes: JournalFormat.recordHeadBytes) }
        let start = Int(offset - windowStart)
        return JournalFormat.find(UnsafeRawBufferPointer(rebasing: window[start..<windowCount]), at: position)
    }

    private mutating func stepInWindow() -> Step? {
        guard case .record(let kind, let payloadCount, let round, let closesRound) = found() else { return nil }
        if let lastRound {
            // A lower round is what a failed attempt left at this place.
            guard lastRound.isClosed ? round > lastRound.number : round == lastRound.number else { return nil }
        }
        let payloadStart = Int(offset - windowStart) + JournalFormat.recordHeadBytes
        let start = position
        offset += UInt64(JournalFormat.recordHeadBytes + payloadCount)
        lastRound = (round, closesRound)
        let record = JournalRecord(
            kind: kind, payload: UnsafeRawBufferPointer(rebasing: window[payloadStart..<payloadStart + payloadCount]),
            position: start, end: position)
        return .record(record, closesRound: closesRound)
    }

    /// Reads from the place on, at least `needed` bytes where the file has them before `bound`; false where not.
    @discardableResult
    private mutating func fill(_ needed: Int, before bound: UInt64) throws(JournalFailure) -> Bool {
        windowStart = offset
        windowCount = 0
        guard offset < bound, UInt64(needed) <= bound - offset else { return false }
        if needed > window.count {
            let size = SystemCall.size(file.raw)
            guard size >= 0 else { throw JournalFailure("fstat", size) }
            // A length that the file does not have is damage, no reason to take memory.
            guard UInt64(size) >= offset + UInt64(needed) else { return false }
            window.deallocate()
            window = .allocate(byteCount: needed, alignment: 64)
        }
        let base = window.baseAddress.unsafelyUnwrapped
        let most = Int(min(UInt64(window.count), bound - offset))
        while windowCount < needed {
            let count = SystemCall.read(file.raw, base + windowCount, most - windowCount, at: Int(offset) + windowCount)
            guard count >= 0 else { throw JournalFailure("read a segment", count) }
            if count == 0 { return false }
            windowCount += count
        }
        return true
    }

    /// The round that the last record bore; 0 before the first.
    var lastRoundNumber: UInt32 { lastRound?.number ?? 0 }
}
