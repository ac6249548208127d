// Owns looking at the server from outside: whether it answers at all, and what its process uses where that runs on this
// machine. Never loads it.

import Foundation
import Glibc

/// Why a run could not take place.
struct RunProblem: Error, CustomStringConvertible {
    let description: String
}

/// A look at the server before and while it is under load.
enum ServerProbe {
    /// How long the first connection may take, milliseconds.
    private static let patienceMs: Int32 = 5_000

    /// Connects once, and throws a sentence where nobody is there.
    static func check(_ target: Target) throws {
        let isSix = target.address.contains(":")
        let descriptor = socket(isSix ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw RunProblem(description: "no socket: errno \(errno)") }
        defer { close(descriptor) }
        let result = isSix ? connectSix(descriptor, target) : connectFour(descriptor, target)
        var error = result == 0 ? 0 : errno
        if error == EINPROGRESS {
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&watched, 1, patienceMs) > 0 else {
                throw RunProblem(description: "\(target.url) does not answer (waited \(patienceMs / 1_000) s)")
            }
            var length = socklen_t(MemoryLayout<Int32>.size)
            error = 0
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        }
        guard error == 0 else {
            let why = String(cString: strerror(error))
            throw RunProblem(
                description:
                    "no server at \(target.url): \(why). Start one with: liveserver serve --port \(target.port)")
        }
    }

    private static func connectFour(_ descriptor: Int32, _ target: Target) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = target.port.bigEndian
        inet_pton(AF_INET, target.address, &address.sin_addr)
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func connectSix(_ descriptor: Int32, _ target: Target) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = target.port.bigEndian
        inet_pton(AF_INET6, target.address, &address.sin6_addr)
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    // MARK: The process

    /// CPU seconds that a process has used; nil where it cannot be told.
    static func processorS(_ pid: Int32) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory of a process, bytes; nil where it cannot be told.
    static func residentBytes(_ pid: Int32) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
