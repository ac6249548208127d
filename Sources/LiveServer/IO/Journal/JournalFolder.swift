// Owns the names and the life of files in a journal's folder: lock, segments, reserve. Never looks into a record.

internal import Glibc

/// A journal's folder, opened, and locked where it is to be written.
struct JournalFolder: ~Copyable {
    let path: String
    private let folder: OwnedFD
    private let lock: OwnedFD

    private static let suffix = ".journal"
    private static let temporaryName = "next.tmp"

    /// Makes the folder where it is missing and takes its lock.
    init(path: String) throws(JournalFailure) {
        let made = SystemCall.makeDirectory(path)
        guard made >= 0 || made == -Int(EEXIST) else { throw JournalFailure("make the journal's folder", made) }
        let opened = SystemCall.open(path, O_RDONLY | O_DIRECTORY)
        guard opened >= 0 else { throw JournalFailure("open the journal's folder", opened) }
        let folder = OwnedFD(Int32(opened))
        let lockFile = SystemCall.open("\(path)/LOCK", O_RDWR | O_CREAT)
        guard lockFile >= 0 else { throw JournalFailure("open the journal's lock", lockFile) }
        let lock = OwnedFD(Int32(lockFile))
        let locked = SystemCall.lock(lock.raw)
        if locked == -Int(EWOULDBLOCK) { throw .locked }
        guard locked >= 0 else { throw JournalFailure("lock the journal", locked) }
        self.path = path
        self.folder = folder
        self.lock = lock
        _ = SystemCall.remove("\(path)/\(Self.temporaryName)")
    }

    // Said aloud, because closing alone leaves the lock to a child process that is just being started.
    deinit { _ = SystemCall.unlock(lock.raw) }

    /// The path of a segment.
    static func segmentPath(_ folder: String, _ id: UInt64) -> String {
        let digits = String(id)
        return "\(folder)/\(String(repeating: "0", count: 20 - digits.utf8.count))\(digits)\(suffix)"
    }

    /// Ids of the segments in a folder, rising.
    static func segments(in folder: String) throws(JournalFailure) -> [UInt64] {
        let names: [String]
        switch SystemCall.names(in: folder) {
        case .success(let found): names = found
        case .failure(let failure) where failure.errno == ENOENT: return []
        case .failure(let failure): throw .io(failure)
        }
        let ids = names.compactMap { name -> UInt64? in
            guard name.hasSuffix(suffix), name.utf8.count == 20 + suffix.utf8.count else { return nil }
            return UInt64(name.dropLast(suffix.count))
        }
        return ids.sorted()
    }

    /// Bytes free on the folder's file system.
    func freeBytes() throws(JournalFailure) -> Int {
        let free = SystemCall.freeBytes(folder.raw)
        guard free >= 0 else { throw JournalFailure("fstatvfs", free) }
        return free
    }

    /// Makes a segment and shows it when its head is on the disk; takes a reserve where one is left.
    func makeSegment(_ id: UInt64, previousEnd: UInt64, options: JournalOptions) throws(JournalFailure) -> OwnedFD {
        let temporary = "\(path)/\(Self.temporaryName)"
        let preallocate = options.reserveSegments > 0
        let file = try openTemporary(temporary, options)
        do throws(JournalFailure) {
            if preallocate { try Self.allocate(file.raw, options.segmentBytes) }
            try Self.write(file.raw, JournalFormat.segmentHead(id: id, previousEnd: previousEnd), at: 0)
            try Self.checkedSync(file.raw)
            let renamed = SystemCall.rename(temporary, to: Self.segmentPath(path, id))
            guard renamed >= 0 else { throw JournalFailure("rename a segment", renamed) }
            do throws(JournalFailure) {
                try Self.checkedSync(folder.raw)
            } catch {
                // Not known to be there after a power cut: as if it had not been made.
                _ = SystemCall.rename(Self.segmentPath(path, id), to: temporary)
                throw error
            }
        } catch {
            // A preallocated file is kept for the next attempt: the disk may have no room for another.
            if !preallocate { _ = SystemCall.remove(temporary) }
            throw error
        }
        return file
    }

    /// The file that is to become a segment: left by an attempt that failed, a reserve, or a new one.
    private func openTemporary(_ temporary: String, _ options: JournalOptions) throws(JournalFailure) -> OwnedFD {
        if options.reserveSegments > 0 {
            let left = SystemCall.open(temporary, O_RDWR)
            if left >= 0 { return OwnedFD(Int32(left)) }
            takeReserve(temporary, options)
        }
        let opened = SystemCall.open(temporary, O_RDWR | O_CREAT)
        guard opened >= 0 else { throw JournalFailure("make a segment", opened) }
        return OwnedFD(Int32(opened))
    }

    private static func checkedSync(_ file: Int32) throws(JournalFailure) {
        let synced = SystemCall.sync(file)
        guard synced >= 0 else { throw JournalFailure("fsync", synced) }
    }

    /// Opens the last segment for writing.
    func openSegment(_ id: UInt64) throws(JournalFailure) -> OwnedFD {
        let opened = SystemCall.open(Self.segmentPath(path, id), O_RDWR)
        guard opened >= 0 else { throw JournalFailure("open a segment", opened) }
        return OwnedFD(Int32(opened))
    }

    func removeSegment(_ id: UInt64) throws(JournalFailure) {
        let removed = SystemCall.remove(Self.segmentPath(path, id))
        guard removed >= 0 || removed == -Int(ENOENT) else { throw JournalFailure("remove a segment", removed) }
    }

    // MARK: Reserve

    private func reservePath(_ number: Int) -> String { "\(path)/reserve-\(number).spare" }

    /// Makes up what is missing of the reserve; answers how many there are. A disk too full for it is no failure: what
    /// is there still counts.
    func fillReserve(_ options: JournalOptions) -> Int {
        var count = 0
        for number in 0..<options.reserveSegments {
            let opened = SystemCall.open(reservePath(number), O_RDWR | O_CREAT)
            guard opened >= 0 else { continue }
            let file = OwnedFD(Int32(opened))
            do throws(JournalFailure) {
                if SystemCall.size(file.raw) < options.segmentBytes {
                    try Self.allocate(file.raw, options.segmentBytes)
                    _ = SystemCall.sync(file.raw)
                }
                count += 1
            } catch {
                _ = SystemCall.remove(reservePath(number))
            }
        }
        return count
    }

    private func takeReserve(_ temporary: String, _ options: JournalOptions) {
        for number in (0..<options.reserveSegments).reversed()
        where SystemCall.rename(reservePath(number), to: temporary) >= 0 { return }
    }

    // MARK: Bytes

    /// Gives a file `count` bytes of room that read as zeros; writes them where the file system cannot reserve.
    static func allocate(_ file: Int32, _ count: Int) throws(JournalFailure) {
        let result = SystemCall.allocate(file, count)
        if result >= 0 { return }
        guard result == -Int(EOPNOTSUPP) || result == -Int(ENOSYS) else {
            throw JournalFailure("allocate a segment", result)
        }
        let size = SystemCall.size(file)
        guard size >= 0 else { throw JournalFailure("fstat", size) }
        try writeZeros(file, from: size, to: count)
    }

    /// Writes zeros over `[start, end)`.
    static func writeZeros(_ file: Int32, from start: Int, to end: Int) throws(JournalFailure) {
        let zeros = [UInt8](repeating: 0, count: min(256 * 1024, max(0, end - start)))
        var offset = start
        while offset < end {
            let count = SystemCall.write(file, zeros, min(zeros.count, end - offset), at: offset)
            guard count > 0 else { throw JournalFailure("write zeros", count == 0 ? -Int(EIO) : count) }
            offset += count
        }
    }

    static func write(_ file: Int32, _ bytes: [UInt8], at offset: Int) throws(JournalFailure) {
        let result = bytes.withUnsafeBytes { writeAll(file, $0, at: offset) }
        guard result >= 0 else { throw JournalFailure("write", result) }
    }

    /// Writes all bytes: one call, and more only where the kernel took a part. A part that nothing follows is an error.
    static func writeAll(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var done = 0
        while done < bytes.count {
            let count = SystemCall.write(file, base + done, bytes.count - done, at: offset + done)
            if count < 0 { return count }
            if count == 0 { return -Int(EIO) }
            done += count
        }
        return done
    }
}
