// Owns the end of a journal: what is appended in a round goes out as one write, and counts as a whole or not at all.
// One thread. Never reads but to recover, never deletes but what it is told to.

internal import Glibc

/// Writes a journal (format and promises: Docs/decisions/journal-format.md).
package struct JournalWriter: ~Copyable {
    let folder: JournalFolder
    let options: JournalOptions
    var file: OwnedFD
    var segment: UInt64
    /// Where the next round goes.
    var offset: UInt64
    /// Number of the last attempt to commit within this segment.
    var round: UInt32
    /// Bytes were committed that no fdatasync covers yet.
    private var isUnsynced = false
    /// The current segment may hold bytes that do not count, or its disk state is unknown: begin another.
    private var mustRoll = false
    private var isRefusing = false
    private var bytesUntilSpaceCheck = 0
    private var buffer: UnsafeMutableRawBufferPointer
    private var bufferCount = 0
    /// What opening found and cut.
    package let recovered: RecoveryReport
    /// The committed end, for readers on other threads.
    package let tail: JournalTail
    /// Segments allocated in advance and not used.
    package private(set) var reserveCount: Int

    /// The round buffer's first size, and what it falls back to after a larger round.
    private static let bufferBytes = 64 * 1024
    /// How far to write before the free space is looked up again.
    private static let spaceCheckBytes = 1024 * 1024

    /// Opens or makes the journal in `directory` (whose parent exists), takes its lock and recovers it.
    ///
    /// A torn end is cut; `recovered` says how much. Fails with `.locked` where another writer has it, `.corrupt` where
    /// committed data is damaged in a way that no crash explains.
    package init(directory: String, options: JournalOptions = JournalOptions()) throws(JournalFailure) {
        precondition(options.segmentBytes >= 4_096, "a segment under 4 KiB would be all head")
        precondition(
            options.recordBytesMax <= JournalFormat.payloadBytesCeiling, "records are at most 64 MiB long")
        let folder = try JournalFolder(path: directory)
        let found = try JournalRecovery.recover(folder, options)
        segment = found.segment
        offset = found.offset
        round = found.round
        recovered = found.report
        file = found.takeFile()
        reserveCount = folder.fillReserve(options)
        tail = JournalTail(JournalPosition(segment: segment, offset: offset))
        self.folder = folder
        self.options = options
        buffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
    }

    deinit { buffer.deallocate() }

    /// After the last committed record.
    package var end: JournalPosition { JournalPosition(segment: segment, offset: offset) }

    /// Bytes appended since the last commit, heads included.
    package var pendingBytes: Int { bufferCount }

    /// Adds a record to the round; no system call. `payload` is copied; over `recordBytesMax` is the caller's mistake.
    package mutating func append(kind: UInt8, _ payload: UnsafeRawBufferPointer) {
        precondition(payload.count <= options.recordBytesMax, "a record of \(payload.count) bytes is too long")
        let count = JournalFormat.recordHeadBytes + payload.count
        if bufferCount + count > buffer.count { growBuffer(bufferCount + count) }
        let head = buffer.baseAddress.unsafelyUnwrapped + bufferCount
        JournalFormat.beginRecord(head, kind: kind, payloadCount: payload.count)
        if let source = payload.baseAddress {
            memcpy(head + JournalFormat.recordHeadBytes, source, payload.count)
        }
        bufferCount += count
    }

    /// Forgets what was appended since the last commit.
    package mutating func discardRound() { emptyBuffer() }

    /// Writes the round with one write, and syncs it if wished; answers the new end.
    ///
    /// On failure nothing of the round counts, it is forgotten, and the writer may be used again. An empty round only
    /// syncs.
    @discardableResult
    package mutating func commit(sync: Bool) throws(JournalFailure) -> JournalPosition {
        guard bufferCount > 0 else {
            if sync { try self.sync() }
            return end
        }
        let count = bufferCount
        defer { emptyBuffer() }
        try checkSpace(count)
        if mustRoll || (offset > UInt64(JournalFormat.segmentHeadBytes) && Int(offset) + count > options.segmentBytes) {
            try roll()
        }
        round += 1
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        JournalFormat.seal(bytes, round: round, at: end)
        let written = JournalFolder.writeAll(file.raw, UnsafeRawBufferPointer(bytes), at: Int(offset))
        guard written >= 0 else {
            takeBack(count)
            throw JournalFailure("write the journal", written)
        }
        if sync {
            let synced = SystemCall.dataSync(file.raw)
            guard synced >= 0 else {
                takeBack(count)
                // The kernel may have dropped dirty pages and forgotten: this file is not to be relied on any more.
                mustRoll = true
                throw JournalFailure("fdatasync the journal", synced)
            }
        }
        isUnsynced = !sync
        offset += UInt64(count)
        tail.publish(end)
        return end
    }

    /// Makes all that is committed survive a power cut.
    package mutating func sync() throws(JournalFailure) {
        guard isUnsynced else { return }
        let synced = SystemCall.dataSync(file.raw)
        guard synced >= 0 else {
            mustRoll = true
            throw JournalFailure("fdatasync the journal", synced)
        }
        isUnsynced = false
    }

    /// Removes the segments that end before `position`'s; never the current one.
    package mutating func removeSegments(before position: JournalPosition) throws(JournalFailure) {
        for id in try JournalFolder.segments(in: folder.path) where id < min(position.segment, segment) {
            try folder.removeSegment(id)
        }
        reserveCount = folder.fillReserve(options)
    }

    // MARK: Space and segments

    private mutating func checkSpace(_ count: Int) throws(JournalFailure) {
        guard options.freeBytesMin > 0 else { return }
        bytesUntilSpaceCheck -= count
        guard isRefusing || bytesUntilSpaceCheck < 0 else { return }
        isRefusing = try folder.freeBytes() < options.freeBytesMin
        if isRefusing { throw .diskFull }
        bytesUntilSpaceCheck = Self.spaceCheckBytes
    }

    /// Begins the next segment. Where that fails nothing more goes into this one: its end may stand in a head already.
    private mutating func roll() throws(JournalFailure) {
        mustRoll = true
        // Only the last segment may be torn: this one is whole before the next begins.
        let synced = SystemCall.dataSync(file.raw)
        guard synced >= 0 else { throw JournalFailure("fdatasync the journal", synced) }
        file = try folder.makeSegment(segment + 1, previousEnd: offset, options: options)
        segment += 1
        offset = UInt64(JournalFormat.segmentHeadBytes)
        round = 0
        mustRoll = false
        isUnsynced = false
        reserveCount = folder.fillReserve(options)
    }

    /// Undoes a write that failed in part or as a whole; where that fails too, the segment is fenced off.
    private mutating func takeBack(_ count: Int) {
        if options.reserveSegments > 0 {
            let end = min(Int(offset) + count, max(SystemCall.size(file.raw), 0))
            do throws(JournalFailure) {
                try JournalFolder.writeZeros(file.raw, from: Int(offset), to: end)
            } catch {
                mustRoll = true
            }
        } else if SystemCall.truncate(file.raw, to: Int(offset)) < 0 {
            mustRoll = true
        }
    }

    // MARK: The round's buffer

    private mutating func growBuffer(_ needed: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, buffer.count * 2), alignment: 64)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<bufferCount]))
        buffer.deallocate()
        buffer = larger
    }

    private mutating func emptyBuffer() {
        bufferCount = 0
        // One large round must not hold its memory for ever.
        guard buffer.count > 16 * Self.bufferBytes else { return }
        buffer.deallocate()
        buffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
    }
}
