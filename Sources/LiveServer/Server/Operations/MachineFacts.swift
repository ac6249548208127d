// Owns the measurements behind `liveserver doctor`: limits of the process, the kernel's listen queue, the data folder,
// the disk, the port, the clock and the libraries. Judges nothing. Whatever it writes it removes.

import CLinux
import COpenSSL
import CSQLite
import CZlib
import Glibc
import LiveIO

/// What this machine and process offer.
struct MachineFacts {
    /// Milliseconds since 1970 of 2025-01-01: an earlier clock is not set.
    static let plausibleWallMs: Int64 = 1_735_689_600_000
    /// Syncs of which the median is told.
    private static let syncs = 5
    private static let syncBytes = 4_096

    var descriptorCeiling: UInt64
    var listenQueue: Int?
    /// Why the data folder can't be written; nil if it can.
    var folderFailure: String?
    var freeBytes: UInt64?
    var syncNs: UInt64?
    /// Why the port can't be bound; nil if it can.
    var bindFailure: String?
    var wallMs: Int64
    /// Nil where the kernel doesn't say.
    var clockSynchronized: Bool?
    var processors: Int
    var libraries: [String]

    /// Measures all of it; blocks on the disk for some milliseconds.
    static func measure(_ configuration: ServerConfiguration) -> MachineFacts {
        let folder = nearestFolder(configuration.dataDir)
        let disk = measureDisk(folder)
        return MachineFacts(
            descriptorCeiling: descriptorCeiling(), listenQueue: listenQueue(), folderFailure: disk.failure,
            freeBytes: freeBytes(folder), syncNs: disk.syncNs, bindFailure: bindFailure(configuration.listen),
            wallMs: WallClock.nowMs(), clockSynchronized: clockSynchronized(), processors: availableCPUs().count,
            libraries: libraries())
    }

    private static func descriptorCeiling() -> UInt64 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return UInt64(limit.rlim_max)
    }

    private static func listenQueue() -> Int? {
        guard let file = fopen("/proc/sys/net/core/somaxconn", "re") else { return nil }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 32)
        guard fgets(&text, Int32(text.count), file) != nil else { return nil }
        return Int(strtol(text, nil, 10))
    }

    /// The folder itself, or the nearest one above it that exists: the node makes the rest.
    static func nearestFolder(_ path: String) -> String {
        var path = path
        for _ in 0..<64 where access(path, F_OK) != 0 {
            guard let slash = path.dropLast().lastIndex(of: "/") else { return "." }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return path
    }

    private static func freeBytes(_ folder: String) -> UInt64? {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { return nil }
        return UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
    }

    /// Writes and syncs a small file some times and removes it.
    private static func measureDisk(_ folder: String) -> (failure: String?, syncNs: UInt64?) {
        let path = "\(folder)/.doctor-\(getpid())"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return (errnoText(errno), nil) }
        defer {
            close(descriptor)
            unlink(path)
        }
        let block = [UInt8](repeating: 0, count: syncBytes)
        var times: [UInt64] = []
        for _ in 0..<syncs {
            guard write(descriptor, block, block.count) == block.count else { return (errnoText(errno), nil) }
            let start = MonotonicClock.nowNs()
            guard fdatasync(descriptor) == 0 else { return (errnoText(errno), nil) }
            times.append(MonotonicClock.nowNs() - start)
        }
        return (nil, times.sorted()[syncs / 2])
    }

    /// Binds the port as the node would, but alone: SO_REUSEPORT would let it share the port with a node that runs.
    private static func bindFailure(_ listen: ListenSettings) -> String? {
        do {
            let listener = try Listener.tcp(host: listen.host, port: UInt16(clamping: listen.port), reusePort: false)
            _ = consume listener
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func clockSynchronized() -> Bool? {
        let answer = live_clock_in_step()
        return answer < 0 ? nil : answer == 1
    }

    private static func libraries() -> [String] {
        [
            String(cString: OpenSSL_version(OPENSSL_VERSION)),
            "zlib \(String(cString: zlibVersion()))",
            "SQLite \(String(cString: sqlite3_libversion()))",
        ]
    }
}
