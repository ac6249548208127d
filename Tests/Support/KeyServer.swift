// Owns a small HTTP/1.1 server on loopback that plays an issuer of keys: one answer a connection, given by the test.
// Never more than the tests of fetching need; it reads a head and ignores the rest.

import Glibc
import LiveIO
import Synchronization

/// An issuer of keys for tests, on a thread of its own until it goes.
package final class KeyServer: Sendable {
    /// What it was asked, and what it says: whole answers, head included, as bytes of text.
    package typealias Answer = @Sendable (_ head: String) -> String

    private struct State {
        var answer: Answer
        var heads: [String] = []
    }

    private let listener: Int32
    /// The port that it listens on, at every address of 127.0.0.0/8.
    package let port: UInt16
    private let state: Mutex<State>
    private let isOver = Atomic(false)

    /// Listens at once; `answer` is called on the server's thread.
    package init(_ answer: @escaping Answer) {
        state = Mutex(State(answer: answer))
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        precondition(fd >= 0, "a test may open a socket")
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = 0
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (bound, named) = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                (bind(fd, name, length), getsockname(fd, name, &length))
            }
        }
        precondition(bound == 0 && named == 0 && listen(fd, 16) == 0, "a test may listen on a free port")
        listener = fd
        port = UInt16(bigEndian: address.sin_port)
        CoreThread.start(name: "key-server") { [self] in serve() }
    }

    /// Another answer from now on.
    package func say(_ answer: @escaping Answer) { state.withLock { $0.answer = answer } }

    /// The heads of all requests so far.
    package var heads: [String] { state.withLock { $0.heads } }

    /// Ends the thread and closes the port.
    package func stop() {
        isOver.store(true, ordering: .relaxed)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// An answer with a body.
    package static func answer(
        _ body: String, status: String = "200 OK", fields: [String] = []
    ) -> String {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"] + fields
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private func serve() {
        while !isOver.load(ordering: .relaxed) {
            let peer = accept(listener, nil, nil)
            guard peer >= 0 else { break }
            var limit = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            let head = Self.readHead(peer)
            let answer = state.withLock { held in
                held.heads.append(head)
                return held.answer
            }
            let bytes = Array(answer(head).utf8)
            _ = bytes.withUnsafeBytes { send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            close(peer)
        }
        close(listener)
    }

    private static func readHead(_ peer: Int32) -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 65_536, bytes.suffix(4) != [13, 10, 13, 10] {
            let count = recv(peer, &part, part.count, 0)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
