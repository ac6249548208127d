// Owns one room of a node as the tests use it: who comes in, by which transport, and commands by POST. Each room has a
// name of its own, so tests share a node and run side by side.

import Foundation
import LiveServer
import Rooms
import Synchronization

/// A room of a node under test.
struct Classroom {
    let node: ServerUnderTest
    /// `i/c/s`
    let key: String

    /// A fresh room of `node`.
    init(_ node: ServerUnderTest, key: String? = nil) {
        self.node = node
        self.key = key ?? "test/\(String(UInt64.random(in: 0 ... .max), radix: 36))/live"
    }

    /// A fresh room of the node that tests without settings of their own share.
    init(threads: Int) throws { self.init(try SharedNodes.node(threads: threads)) }

    var livePath: String { "/v1/rooms/\(key)/live" }
    var commandPath: String { "/v1/rooms/\(key)/commands" }

    func token(_ sub: String, _ role: Role, name: String? = nil, ttlS: Int64 = 3_600) throws -> String {
        try node.token(sub, role, room: key, name: name, ttlS: ttlS)
    }

    // MARK: Coming in

    /// On a WebSocket; returns once `welcome` or `resumed` is there.
    func socket(
        _ sub: String, _ role: Role = .student, name: String? = nil, _ options: AttachOptions = AttachOptions()
    ) throws -> LiveSocket {
        let socket = try knock(sub, role, name: name, options)
        _ = try socket.next("a greeting") { $0.event == "welcome" || $0.event == "resumed" }
        return socket
    }

    /// On a WebSocket, without waiting for a greeting.
    func knock(
        _ sub: String, _ role: Role = .student, name: String? = nil, _ options: AttachOptions = AttachOptions()
    ) throws -> LiveSocket {
        try LiveSocket(port: node.port, path: livePath, token: token(sub, role, name: name), options)
    }

    /// On an event stream; returns once the greeting is there.
    func stream(
        _ sub: String, _ role: Role = .student, name: String? = nil, _ options: AttachOptions = AttachOptions(),
        lastEventID: String? = nil
    ) throws -> LiveStream {
        let stream = try LiveStream(
            port: node.port, path: livePath, token: token(sub, role, name: name), options, lastEventID: lastEventID)
        _ = try stream.next("a greeting") { $0.event == "welcome" || $0.event == "resumed" }
        return stream
    }

    /// On long polls; nothing is asked yet.
    func poll(
        _ sub: String, _ role: Role = .student, name: String? = nil, _ options: AttachOptions = AttachOptions()
    ) throws -> LivePoll {
        try LivePoll(port: node.port, path: livePath, token: token(sub, role, name: name), options)
    }

    /// A student on a WebSocket, with the options of an attach.
    func socket(_ sub: String, _ options: AttachOptions) throws -> LiveSocket { try socket(sub, .student, options) }

    /// A student on an event stream, with the options of an attach.
    func stream(_ sub: String, _ options: AttachOptions) throws -> LiveStream {
        try stream(sub, .student, options)
    }

    /// A student on long polls, with the options of an attach.
    func poll(_ sub: String, _ options: AttachOptions) throws -> LivePoll { try poll(sub, .student, options) }

    // MARK: Commands without a connection

    /// One command by POST.
    @discardableResult
    func post(
        _ op: String, _ members: Members = [:], id: String, by sub: String, _ role: Role = .student,
        fields: [HTTPField] = []
    ) throws -> (status: Int, reply: LiveMessage) {
        let client = try HTTPClient(port: node.port)
        let token = try token(sub, role)
        let response = try client.ask(
            "POST", commandPath,
            [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")] + fields,
            body: Command.bytes(op, id: id, members))
        return (response.status, try response.message())
    }
}

/// One node a number of threads, shared by all tests that need no settings of their own.
enum SharedNodes {
    /// Threads that the suite runs with: one reactor, and two, where rooms live on the other reactor, too.
    static let threadCounts = [1, 2]

    // Filled once under the mutex; the nodes' own state is not touched after their start, only their port and key are
    // read, so any test's thread may use them.
    private struct Shelf: @unchecked Sendable {
        var nodes: [Int: ServerUnderTest] = [:]
    }

    private static let shelf = Mutex(Shelf())

    static func node(threads: Int) throws -> ServerUnderTest {
        let box = try shelf.withLock { shelf throws -> Shelf in
            if shelf.nodes[threads] == nil {
                atexit { SharedNodes.endAll() }
                // A debug build on a loaded machine may take longer than 100 ms for a transaction; what a slow store
                // means is the ballot proof's subject.
                shelf.nodes[threads] = try ServerUnderTest(
                    threads: threads, settings: ["store.answer_timeout_ms=10000"])
            }
            return shelf
        }
        guard let node = box.nodes[threads] else { throw IntegrationFailure("no node with \(threads) threads") }
        return node
    }

    /// At the end of the test process: nodes killed, folders removed.
    private static func endAll() {
        let box = shelf.withLock { shelf in
            defer { shelf.nodes.removeAll() }
            return shelf
        }
        for node in box.nodes.values { try? node.kill() }
    }
}
