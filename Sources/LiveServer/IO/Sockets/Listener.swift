// Owns one listening socket. Never accepts: that is the reactor's. TCP_NODELAY is set here, because accepted sockets
// inherit it and then need no call of their own.

internal import CLinux
internal import Glibc

/// A bound, listening, non-blocking socket.
package struct Listener: ~Copyable, Sendable {
    let descriptor: OwnedFD
    /// The port that it is bound to, also where the kernel chose it; 0 for a Unix socket.
    package let port: UInt16

    /// Connections that may wait to be accepted; the kernel cuts it to `net.core.somaxconn`.
    package static let backlogMax: Int32 = 65_535

    /// Listens at an IPv4 or IPv6 literal; port 0 lets the kernel choose.
    ///
    /// With `reusePort` several listeners share one port and the kernel spreads connections among them: one a reactor.
    package static func tcp(
        host: String, port: UInt16, reusePort: Bool, backlog: Int32 = Listener.backlogMax
    ) throws(IOFailure) -> Listener {
        guard let address = SocketAddress(host: host, port: port) else {
            throw IOFailure("the listening address is not an IPv4 or IPv6 literal", errno: EINVAL)
        }
        return try Listener(at: address, reusePort: reusePort, backlog: backlog)
    }

    /// Listens at the path of a Unix socket, which must not exist yet.
    package static func unix(path: String, backlog: Int32 = Listener.backlogMax) throws(IOFailure) -> Listener {
        guard let address = SocketAddress(unixPath: path) else {
            throw IOFailure("the path does not fit a Unix socket", errno: ENAMETOOLONG)
        }
        return try Listener(at: address, reusePort: false, backlog: backlog)
    }

    private init(at address: SocketAddress, reusePort: Bool, backlog: Int32) throws(IOFailure) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let fd = OwnedFD(try Self.checked("socket", SystemCall.socket(address.family, kind)))
        if address.family != AF_UNIX {
            _ = try Self.checked("SO_REUSEADDR", SystemCall.setOption(fd.raw, SOL_SOCKET, SO_REUSEADDR, 1))
            if reusePort {
                _ = try Self.checked("SO_REUSEPORT", SystemCall.setOption(fd.raw, SOL_SOCKET, SO_REUSEPORT, 1))
            }
            _ = try Self.checked("TCP_NODELAY", SystemCall.setOption(fd.raw, Int32(IPPROTO_TCP), TCP_NODELAY, 1))
        }
        _ = try Self.checked("bind", address.withPointer { SystemCall.bind(fd.raw, $0, $1) })
        _ = try Self.checked("listen", SystemCall.listen(fd.raw, backlog))
        var bound = sockaddr_storage()
        _ = try Self.checked("getsockname", SystemCall.localName(fd.raw, &bound))
        port = SocketAddress.port(of: bound)
        descriptor = fd
    }

    private static func checked(_ operation: String, _ result: Int) throws(IOFailure) -> Int32 {
        guard result >= 0 else { throw IOFailure(operation, errno: Int32(-result)) }
        return Int32(truncatingIfNeeded: result)
    }

    /// Gives the descriptor away.
    consuming func take() -> Int32 { descriptor.take() }
}
