// Owns a real redis-server of a test's own: on a Unix socket in a temporary folder, without persistence, as
// architecture and Config ask for. Ended with the test.

import Foundation
import Glibc
import LiveTestSupport

/// A running redis-server.
final class RedisServer {
    let folder: TemporaryDirectory
    let socketPath: String
    private var process = Process()

    /// Starts one; `arguments` are added to its command line.
    init(_ arguments: [String] = []) throws {
        folder = TemporaryDirectory()
        socketPath = folder.path + "/redis.sock"
        try start(arguments)
    }

    deinit { kill() }

    func start(_ arguments: [String] = []) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "redis-server", "--port", "0", "--unixsocket", socketPath, "--save", "", "--appendonly", "no", "--dir",
                folder.path, "--maxmemory-policy", "noeviction",
            ] + arguments
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
        process.standardError = FileHandle(forWritingAtPath: "/dev/null")
        try process.run()
        for _ in 0..<6_000 {
            if let probe = try? UnixPeer(path: socketPath) {
                probe.close()
                return
            }
            usleep(10_000)
        }
        throw RedisProbeFailure(what: "redis-server does not listen on \(socketPath)")
    }

    /// As a crash does.
    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        unlink(socketPath)
    }
}

/// Something that a test waited for did not come.
struct RedisProbeFailure: Error {
    let what: String
}

/// A blocking Unix socket, reads bounded by half a minute.
final class UnixPeer {
    private var fd: Int32

    init(path: String) throws {
        fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard fd >= 0, path.utf8.count < room else { throw RedisProbeFailure(what: "socket \(path)") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close()
            throw RedisProbeFailure(what: "connect \(path): errno \(errno)")
        }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw RedisProbeFailure(what: "write: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// What is there, waiting for the first byte; empty at the end.
    func read() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(fd, &buffer, buffer.count, 0)
        guard count >= 0 || errno == ECONNRESET else { throw RedisProbeFailure(what: "read: errno \(errno)") }
        return Array(buffer[..<max(0, count)])
    }

    /// The same without waiting; nil where nothing is there.
    func readNow() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN { return nil }
        return Array(buffer[..<max(0, count)])
    }

    func close() {
        if fd >= 0 { Glibc.close(fd) }
        fd = -1
    }
}
