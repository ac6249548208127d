// Owns addresses of sockets: whom to listen at or connect to, and who came. Never resolves names (DNS waits), never
// prints by itself: addresses of people are not logged by default.

internal import CLinux
internal import Glibc

/// Where to listen or connect: an IPv4 or IPv6 literal with a port, or the path of a Unix socket.
package struct SocketAddress: Sendable {
    var storage = sockaddr_storage()
    let length: UInt32

    /// Reads a literal such as `127.0.0.1`, `::1` or `[::1]`; nil for anything else, host names included.
    package init?(host: String, port: UInt16) {
        let literal = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if inet_pton(AF_INET, literal, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            length = UInt32(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: four, as: sockaddr_in.self) }
        } else if inet_pton(AF_INET6, literal, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            length = UInt32(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: six, as: sockaddr_in6.self) }
        } else {
            return nil
        }
    }

    /// The path of a Unix socket; nil where it is empty or longer than the kernel's 107 bytes.
    package init?(unixPath: String) {
        let path = Array(unixPath.utf8)
        var unix = sockaddr_un()
        guard !path.isEmpty, path.count < MemoryLayout.size(ofValue: unix.sun_path) else { return nil }
        unix.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &unix.sun_path) { $0.copyBytes(from: path) }
        length = UInt32(MemoryLayout<sockaddr_un>.size)
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: unix, as: sockaddr_un.self) }
    }

    var family: Int32 { Int32(storage.ss_family) }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, UInt32) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// The port of an Internet address; 0 for Unix sockets.
    static func port(of storage: sockaddr_storage) -> UInt16 {
        withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET: UInt16(bigEndian: bytes.load(as: sockaddr_in.self).sin_port)
            case AF_INET6: UInt16(bigEndian: bytes.load(as: sockaddr_in6.self).sin6_port)
            default: 0
            }
        }
    }
}

/// Who is at the other end of a connection; 20 bytes. Text is made on demand.
package struct PeerAddress: Sendable, Hashable {
    private enum Family: UInt8 { case unix, four, six }

    private let high: UInt64
    private let low: UInt64
    /// The peer's port; 0 for Unix sockets.
    package let port: UInt16
    private let family: Family

    init(_ storage: sockaddr_storage) {
        port = SocketAddress.port(of: storage)
        switch Int32(storage.ss_family) {
        case AF_INET:
            family = .four
            high = 0
            low = withUnsafeBytes(of: storage) {
                UInt64(UInt32(bigEndian: $0.load(as: sockaddr_in.self).sin_addr.s_addr))
            }
        case AF_INET6:
            family = .six
            let words = withUnsafeBytes(of: storage) { bytes in
                withUnsafeBytes(of: bytes.load(as: sockaddr_in6.self).sin6_addr) {
                    ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                }
            }
            high = UInt64(bigEndian: words.0)
            low = UInt64(bigEndian: words.1)
        default:
            family = .unix
            high = 0
            low = 0
        }
    }

    /// The IPv4 address, also where it came mapped into IPv6 (RFC 4291 §2.5.5.2); nil for others.
    private var four: UInt32? {
        switch family {
        case .unix: nil
        case .four: UInt32(truncatingIfNeeded: low)
        case .six: high == 0 && low >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: low) : nil
        }
    }

    /// Whether the peer is on this machine: 127.0.0.0/8, ::1 or a Unix socket.
    package var isLoopback: Bool {
        if let four { return four >> 24 == 127 }
        return family == .unix || (high == 0 && low == 1)
    }

    /// The address in network order: 4 bytes (also where it came mapped into IPv6), 16, or none for Unix sockets.
    package var bytes: [UInt8] {
        if let four { return (0..<4).map { UInt8(truncatingIfNeeded: four >> (24 - 8 * UInt32($0))) } }
        guard family == .six else { return [] }
        return [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
    }

    /// The address without port, in canonical form (RFC 5952); "unix" for Unix sockets. Personal data: do not log.
    package var text: String {
        if let four {
            return "\(four >> 24).\(four >> 16 & 255).\(four >> 8 & 255).\(four & 255)"
        }
        guard family == .six else { return "unix" }
        var words = (high.bigEndian, low.bigEndian)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let base = buffer.baseAddress,
                inet_ntop(AF_INET6, &words, base, socklen_t(buffer.count)) != nil
            else { return "" }
            return String(cString: base)
        }
    }

    /// What limits per address count by: the IPv4 address, or the /64 of an IPv6 one.
    package var limitKey: UInt64 {
        if let four { return UInt64(four) }
        return family == .six ? high : .max
    }
}
