// Owns one TCP connection to 127.0.0.1, encrypted where its port speaks TLS, and every byte that came over it, kept so
// that tests can search all that a person received. Every wait has a deadline. Never knows a protocol.

import Glibc
import LiveIO
import LiveTLS
import Synchronization

/// Ports of nodes under test that speak TLS: who connects to one encrypts.
enum EncryptedPorts {
    private static let ports = Mutex<Set<UInt16>>([])

    static func note(_ port: UInt16, isEncrypted: Bool) {
        ports.withLock { ports in if isEncrypted { ports.insert(port) } else { ports.remove(port) } }
    }

    static func contains(_ port: UInt16) -> Bool { ports.withLock { $0.contains(port) } }
}

/// A socket with deadlines.
final class WireSocket {
    private var fd: Int32
    private var tls: TLSSession?
    private let area = TLSWire()
    /// Everything received since the connection was made.
    private(set) var received: [UInt8] = []
    private var consumed = 0
    /// The peer's end came, in order or by RST.
    private(set) var isEnded = false
    private(set) var wasReset = false

    /// Connects. `receiveBuffer` bounds the kernel's share of what is not read, for readers that are slow on purpose.
    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw IntegrationFailure("socket: errno \(errno)") }
        if var receiveBuffer {
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var one: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            Glibc.close(fd)
            fd = -1
            throw IntegrationFailure("connect to port \(port): errno \(code)")
        }
        if EncryptedPorts.contains(port) { try handshake() }
    }

    private func handshake() throws {
        let context = try TLSContext.client(verification: .off)
        var session = try TLSSession(client: context, serverName: "127.0.0.1", wire: area)
        let deadline = Deadline()
        var progress = session.handshake()
        while true {
            let flight = Array(area.output)
            area.clearOutput()
            guard try sendRaw(flight, deadline) else { throw IntegrationFailure("the handshake was cut off") }
            if progress == .established { break }
            guard progress == .needsInput, wait(for: Int16(POLLIN), deadline) else {
                throw IntegrationFailure("no TLS handshake: \(progress)")
            }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(fd, &buffer, buffer.count, 0)
            guard count > 0 else { throw IntegrationFailure("the server ended the handshake") }
            progress = buffer[..<count].withUnsafeBytes { bytes in
                area.show(bytes)
                defer { area.withdraw() }
                return session.handshake()
            }
        }
        tls = consume session
    }

    deinit { close() }

    /// Bytes that came and were not consumed yet.
    var unread: ArraySlice<UInt8> { received[consumed...] }

    func consume(_ count: Int) {
        precondition(count <= received.count - consumed, "nothing is consumed that did not come")
        consumed += count
    }

    /// Sends all, waiting for room where the peer does not read; false where the peer is gone.
    @discardableResult
    func send(_ bytes: [UInt8], within deadline: Deadline = Deadline()) throws -> Bool {
        guard tls != nil else { return try sendRaw(bytes, deadline) }
        for start in stride(from: 0, to: bytes.count, by: TLSSession.recordBytesMax) {
            let record = bytes[start..<min(bytes.count, start + TLSSession.recordBytesMax)]
            let isWhole = record.withUnsafeBytes { tls?.write($0) ?? false }
            let encrypted = Array(area.output)
            area.clearOutput()
            guard isWhole, try sendRaw(encrypted, deadline) else { return false }
        }
        return true
    }

    private func sendRaw(_ bytes: [UInt8], _ deadline: Deadline) throws -> Bool {
        var at = 0
        while at < bytes.count {
            let count = bytes[at...].withUnsafeBytes {
                Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                at += count
            } else if errno == EPIPE || errno == ECONNRESET {
                return false
            } else if errno == EAGAIN {
                guard wait(for: Int16(POLLOUT), deadline) else {
                    throw IntegrationFailure("no room to send \(bytes.count - at) bytes")
                }
            } else if errno != EINTR {
                throw IntegrationFailure("send: errno \(errno)")
            }
        }
        return true
    }

    /// Waits for more bytes. False at the peer's end; throws where neither came in time.
    @discardableResult
    func fill(_ deadline: Deadline, waitingFor what: String) throws -> Bool {
        guard !isEnded else { return false }
        while true {
            if readNow() { return true }
            if isEnded { return false }
            guard wait(for: Int16(POLLIN), deadline) else {
                throw IntegrationFailure("in time did not come: \(what)")
            }
        }
    }

    /// Takes what the kernel has, without waiting; false where nothing was there.
    @discardableResult
    func readNow() -> Bool {
        guard !isEnded, fd >= 0 else { return false }
        return withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8) { buffer in
            let count = recv(fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
                if tls != nil { return decrypt(bytes) }
                received.append(contentsOf: bytes)
                return true
            }
            if count == 0 {
                isEnded = true
            } else if errno != EAGAIN, errno != EINTR {
                isEnded = true
                wasReset = true
            }
            return false
        }
    }

    /// Whether plain bytes came of it.
    private func decrypt(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let before = received.count
        area.show(bytes)
        defer { area.withdraw() }
        return withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 8) { room in
            while true {
                switch tls?.read(into: room) {
                case .bytes(let count)?:
                    received.append(
                        contentsOf: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
                case .needsInput?: return received.count > before
                case .closed?, .failed?, nil:
                    isEnded = received.count == before
                    return !isEnded
                }
            }
        }
    }

    /// Waits for the peer's end, reading what comes before it.
    func waitForEnd(_ deadline: Deadline = Deadline()) throws {
        while try fill(deadline, waitingFor: "the server's end of the connection") {}
    }

    /// Says that nothing more will be sent.
    func shutdownWrites() {
        if tls != nil {
            tls?.close()
            _ = try? sendRaw(Array(area.output), Deadline())
            area.clearOutput()
        }
        shutdown(fd, Int32(SHUT_WR))
    }

    /// Ends the connection as a lost network does once it is noticed: RST, without a word of good-bye.
    func cut() {
        guard fd >= 0 else { return }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        if fd >= 0 { Glibc.close(fd) }
        fd = -1
        isEnded = true
    }

    private func wait(for events: Int16, _ deadline: Deadline) -> Bool {
        while true {
            var entry = pollfd(fd: fd, events: events, revents: 0)
            let count = poll(&entry, 1, deadline.remainingMs)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }
}

extension [UInt8] {
    /// The bytes of a text.
    init(text: String) { self = Array(text.utf8) }

    /// Whether `text` occurs: how tests search what somebody received.
    func holds(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first else { return false }
        return withUnsafeBytes { all in
            guard let base = all.baseAddress else { return false }
            var at = 0
            while at + wanted.count <= all.count {
                guard let found = memchr(base + at, Int32(first), all.count - wanted.count - at + 1) else {
                    return false
                }
                let place = UnsafeRawPointer(found) - base
                if memcmp(base + place, wanted, wanted.count) == 0 { return true }
                at = place + 1
            }
            return false
        }
    }
}
