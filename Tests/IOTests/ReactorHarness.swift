// Owns what the reactor's tests share: a driver that keeps what it is told, a reactor with a listener turned by hand on
// the test's thread, and a plain blocking peer. Never waits without a bound.

import Glibc
import LiveIO
import LiveTLS

/// Keeps everything that a reactor tells; what it does besides is set by the test.
final class ScriptedDriver: ReactorDriver {
    var accepted: [ConnectionID] = []
    var peers: [PeerAddress] = []
    var connected: [ConnectionID] = []
    var bytes: [ConnectionID: [UInt8]] = [:]
    var ends: [ConnectionID: [ConnectionEnd]] = [:]
    var drained: [ConnectionID] = []
    var deadlines: [ConnectionID] = []
    var timers: [UInt64] = []
    var signals: [Int32] = []
    var mails = 0
    var rounds = 0

    var onAccepted: (ConnectionID) -> Void = { _ in }
    var onConnected: (ConnectionID) -> Void = { _ in }
    /// Answers how many bytes were consumed; nil for the default, which keeps and consumes all.
    var onReceived: ((ConnectionID, UnsafeMutableRawBufferPointer) -> Int)?
    var onDrained: (ConnectionID) -> Void = { _ in }
    var onDeadline: (ConnectionID) -> Void = { _ in }
    var onTimer: (UInt64) -> Void = { _ in }
    var onMail: () -> Void = {}
    var onRoundEnded: () -> Void = {}
    var onEnded: (ConnectionID, ConnectionEnd) -> Void = { _, _ in }

    func accepted(_ id: ConnectionID, from peer: PeerAddress) {
        accepted.append(id)
        peers.append(peer)
        onAccepted(id)
    }

    func connected(_ id: ConnectionID) {
        connected.append(id)
        onConnected(id)
    }

    func received(_ id: ConnectionID, _ shown: UnsafeMutableRawBufferPointer) -> Int {
        if let onReceived { return onReceived(id, shown) }
        bytes[id, default: []] += shown
        return shown.count
    }

    func drained(_ id: ConnectionID) {
        drained.append(id)
        onDrained(id)
    }

    func deadlineReached(_ id: ConnectionID) {
        deadlines.append(id)
        onDeadline(id)
    }

    func timerFired(_ payload: UInt64) {
        timers.append(payload)
        onTimer(payload)
    }

    func mailArrived() {
        mails += 1
        onMail()
    }

    func ended(_ id: ConnectionID, _ end: ConnectionEnd) {
        ends[id, default: []].append(end)
        onEnded(id, end)
    }

    func roundEnded() {
        rounds += 1
        onRoundEnded()
    }

    func signalled(_ signal: Int32) { signals.append(signal) }
}

/// A reactor that listens on a free port of 127.0.0.1, turned by the test.
final class Bench {
    let waker: Waker
    let reactor: Reactor
    let driver = ScriptedDriver()
    let port: UInt16
    /// Peers that joined, kept open.
    private var peers: [RawPeer] = []

    convenience init(_ adjust: (inout ReactorConfiguration) -> Void = { _ in }) throws {
        try self.init(serving: nil, adjust)
    }

    /// With `serving` the listener speaks TLS.
    init(serving tls: TLSContext?, _ adjust: (inout ReactorConfiguration) -> Void = { _ in }) throws {
        var configuration = ReactorConfiguration()
        adjust(&configuration)
        let listener = try Listener.tcp(host: "127.0.0.1", port: 0, reusePort: false)
        port = listener.port
        waker = try Waker()
        reactor = try Reactor(configuration: configuration, waker: waker)
        try reactor.listen(listener, tls: tls)
        reactor.attach(driver)
    }

    var address: SocketAddress {
        get throws {
            guard let address = SocketAddress(host: "127.0.0.1", port: port) else { throw Stuck(what: "address") }
            return address
        }
    }

    /// Turns until the condition holds; fails after a minute of trying.
    func turn(_ what: String, until condition: () -> Bool) throws {
        let end = clockNs() + 60_000_000_000
        while !condition() {
            guard clockNs() < end else { throw Stuck(what: what) }
            reactor.turn(waitMaxMs: 20)
        }
    }

    /// Turns a number of rounds that wait for nothing.
    func turn(rounds: Int) {
        for _ in 0..<rounds { reactor.turn(waitMaxMs: 0) }
    }

    /// A peer whose connection was accepted, and its id.
    func join() throws -> (RawPeer, ConnectionID) {
        let before = driver.accepted.count
        let peer = try RawPeer(port: port)
        peers.append(peer)
        try turn("accept") { driver.accepted.count > before }
        return (peer, driver.accepted[before])
    }
}

/// The real time, also where a plan holds the clock.
func clockNs() -> UInt64 { FaultPlan.without { MonotonicClock.nowNs() } }

/// A condition that a test waited for did not come.
struct Stuck: Error {
    let what: String
}

/// The other end of a connection: a plain socket, reads and writes bounded by a minute.
final class RawPeer {
    private var fd: Int32

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw Stuck(what: "socket") }
        if var receiveBuffer {
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Stuck(what: "connect: errno \(errno)") }
    }

    deinit { close() }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Stuck(what: "write: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads what is there, at most `max`; empty at the peer's end.
    func read(_ max: Int = 65_536) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: max)
        let count = recv(fd, &buffer, max, 0)
        guard count >= 0 else { throw Stuck(what: "read: errno \(errno)") }
        return Array(buffer[..<count])
    }

    /// The same without waiting; nil where nothing is there.
    func readNow(_ max: Int = 65_536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: max)
        let count = recv(fd, &buffer, max, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : Array(buffer[..<count])
    }

    func shutdownWrites() { shutdown(fd, Int32(SHUT_WR)) }

    /// Closes so that the kernel sends RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        if fd >= 0 { Glibc.close(fd) }
        fd = -1
    }
}

extension [UInt8] {
    /// The bytes of a text.
    init(text: String) { self = Array(text.utf8) }
}

extension Reactor {
    /// `trySend` for arrays.
    func trySend(_ id: ConnectionID, _ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes { trySend(id, $0) } }

    /// `send` for arrays.
    func send(_ id: ConnectionID, _ bytes: [UInt8]) { bytes.withUnsafeBytes { send(id, $0) } }

    /// `enqueue` for arrays.
    func enqueue(_ id: ConnectionID, _ bytes: [UInt8]) { bytes.withUnsafeBytes { enqueue(id, $0) } }
}
