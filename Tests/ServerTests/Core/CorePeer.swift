// Owns the other end of a connection in the tests of the server's heart: a socket that never waits. What the server
// sends is JSON in unmasked frames, so it is looked for as text. Never judges framing.

import Glibc
import LiveTestSupport
import Rooms

/// A client that reads only when it is asked to.
final class CorePeer {
    private var fd: Int32
    private var received: [UInt8] = []
    private(set) var isOver = false

    init(port: UInt16, receiveBytes: Int32 = 0) throws {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard fd >= 0 else { throw Overdue(what: "socket: errno \(errno)") }
        if receiveBytes > 0 {
            var bytes = receiveBytes
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Overdue(what: "connect: errno \(errno)") }
    }

    deinit { close() }

    func close() {
        if fd >= 0 { Glibc.close(fd) }
        fd = -1
    }

    /// Says that nothing more comes, and goes on reading.
    func shutdownWrites() { shutdown(fd, Int32(SHUT_WR)) }

    func send(_ bytes: [UInt8]) {
        let sent = bytes.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        precondition(sent == bytes.count, "a test's message fits into the socket's buffer")
    }

    /// A request without body.
    func get(_ target: String, _ fields: [String] = []) { request("GET", target, fields, body: nil) }

    func request(_ method: String, _ target: String, _ fields: [String] = [], body: String?) {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for field in fields { text += field + "\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        send(Array((text + "\r\n" + (body ?? "")).utf8))
    }

    func upgrade(_ room: RoomKey, _ token: String, query: String = "") {
        get(
            "/v1/rooms/\(room.raw)/live\(query)",
            [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: live.v1, bearer.\(token)",
            ])
    }

    /// A command, in a frame masked with zeros.
    func command(_ json: String) {
        let payload = Array(json.utf8)
        precondition(payload.count < 65_536, "commands are short")
        let head: [UInt8] =
            payload.count < 126
            ? [0x81, 0x80 | UInt8(payload.count)]
            : [0x81, 0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        send(head + [0, 0, 0, 0] + payload)
    }

    /// Reads all that is there and shows everything since the last `forget`.
    var text: String {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isOver, fd >= 0 {
            let count = recv(fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count == 0 { isOver = true }
            guard count > 0 else { break }
            received += buffer[..<count]
        }
        return String(decoding: received, as: UTF8.self)
    }

    func has(_ part: String) -> Bool { text.contains(part) }

    /// Where a part begins, for questions of order.
    func place(_ part: String) -> String.Index? { text.firstRange(of: part)?.lowerBound }

    func forget() {
        _ = text
        received = []
    }
}
