// The administration of a running node: a Unix socket in the data folder, `admin.sock`, which only the node's user may
// open. One line of JSON asks, one line answers (AdminRequest); a thread of its own serves one asker after another.
//
// Owns: the socket, its thread. Never: a port, a token: whoever may read the data folder has everything already.
// Limits: `lineBytesMax` a request, `patienceS` for it to arrive and for reactors to answer.

import Glibc
import LiveIO
import LiveProtocol
import Rooms

/// Serves the administration's socket.
final class AdminSocket: Sendable {
    static let fileName = "admin.sock"
    /// Longest request.
    static let lineBytesMax = 8_192
    /// How long a request may take to arrive, an answer to be read, and reactors to say what they know, in seconds.
    static let patienceS = 5

    private let listener: Int32
    private let path: String
    private let thread: CoreThread

    /// Opens the socket in the folder and serves it. Whatever lies at its path is of a node that was killed: the folder
    /// is this one's (its journal is locked).
    init(_ node: ServerNode, dataDirectory: String) throws(StartFailure) {
        let path = dataDirectory + "/" + Self.fileName
        unlink(path)
        let listener = try Self.listen(in: dataDirectory)
        self.listener = listener
        self.path = path
        thread = CoreThread.start(name: "admin") {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    // The listener was shut down: the node ends.
                    return
                }
                Self.serve(client, node)
                close(client)
            }
        }
    }

    /// Ends the thread and removes the socket.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        thread.join()
        close(listener)
        unlink(path)
    }

    // MARK: The socket

    private static func listen(in folder: String) throws(StartFailure) -> Int32 {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw failure(folder) }
        // Nobody else may connect, also between bind and chmod.
        let mask = umask(0o177)
        let bound = UnixAddress.withAddress(of: fileName, in: folder) { bind(listener, $0, $1) }
        umask(mask)
        guard bound == 0, Glibc.listen(listener, 16) == 0 else {
            close(listener)
            throw failure(folder)
        }
        return listener
    }

    private static func failure(_ folder: String) -> StartFailure {
        StartFailure("\(folder)/\(fileName): \(String(cString: strerror(errno)))")
    }

    private static func serve(_ client: Int32, _ node: ServerNode) {
        UnixAddress.setPatience(client, seconds: patienceS)
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: lineBytesMax)
        while !line.contains(0x0A) {
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0, line.count + count <= lineBytesMax else { return }
            line += buffer[..<count]
        }
        let reply = answer(Array(line.prefix { $0 != 0x0A }), node) + [0x0A]
        UnixAddress.sendAll(client, reply)
    }

    // MARK: Requests

    static func answer(_ line: [UInt8], _ node: ServerNode) -> [UInt8] {
        let request: AdminRequest
        do throws(AdminRequest.Malformed) {
            request = try AdminRequest(line)
        } catch {
            return AdminRequest.refusal(error.sentence)
        }
        switch request {
        case .set(let feature, let on, let scope):
            if let reason = node.switches.set(feature, on, for: scope) { return AdminRequest.refusal(reason) }
            for reactor in 0..<node.reactorCount { _ = node.post(.switched, to: reactor) }
            node.log.info("a switch was set")
            return AdminRequest.success { node.switches.append(to: &$0) }
        case .switches: return AdminRequest.success { node.switches.append(to: &$0) }
        case .node: return nodeAnswer(node)
        case .rooms: return rooms(node)
        case .room(let key): return ask(.room(key), key, node)
        case .participants(let key): return ask(.participants(key), key, node)
        case .kick(let key, let participant):
            node.log.info("a participant is sent out by the operator")
            return ask(.kick(key, participant), key, node)
        case .drain:
            // The way of every end: the thread that waits for signals hears of it.
            Glibc.kill(getpid(), SIGTERM)
            return AdminRequest.success()
        }
    }

    private static func nodeAnswer(_ node: ServerNode) -> [UInt8] {
        let facts = node.facts()
        return AdminRequest.success {
            $0.field("version", ServerVersion.text)
            $0.field("started_ms", facts.startedMs)
            $0.field("reactors", node.reactorCount)
            $0.field("connections", node.gauges.connections)
            $0.field("rooms", node.gauges.rooms)
            $0.field("tail_bytes", node.gauges.tailBytes)
            $0.field("resident_bytes", ProcessFacts.residentMemory())
            $0.field("memory", "\(node.gauges.memoryLevel)")
            $0.field("log_failing", facts.logFailing)
        }
    }

    /// Asks the room's home.
    private static func ask(_ kind: AdminQuestion.Kind, _ room: RoomKey, _ node: ServerNode) -> [UInt8] {
        let question = AdminQuestion(kind)
        guard node.post(.admin(question), to: node.home(of: room)) else {
            return AdminRequest.refusal("the node has too much to do, try again")
        }
        return collect(question, 1).first ?? AdminRequest.refusal("the room's reactor did not answer in time")
    }

    /// Asks every reactor and joins what they say.
    private static func rooms(_ node: ServerNode) -> [UInt8] {
        let question = AdminQuestion(.rooms)
        var asked = 0
        for reactor in 0..<node.reactorCount where node.post(.admin(question), to: reactor) { asked += 1 }
        let parts = collect(question, asked)
        guard parts.count == node.reactorCount else { return AdminRequest.refusal("a reactor did not answer in time") }
        let roots = parts.compactMap { try? JSONDocument.parse($0, limits: .document).root }
        return AdminRequest.success { json in
            json.field("count", roots.reduce(0) { $0 + ($1["count"]?.int ?? 0) })
            json.key("rooms")
            json.beginArray()
            for root in roots { for room in root["rooms"]?.array ?? [] { json.value(room) } }
            json.endArray()
        }
    }

    private static func collect(_ question: AdminQuestion, _ count: Int) -> [[UInt8]] {
        let deadlineNs = MonotonicClock.nowNs() + UInt64(patienceS) * 1_000_000_000
        var answers: [[UInt8]] = []
        while answers.count < count, MonotonicClock.nowNs() < deadlineNs {
            var more: [[UInt8]] = []
            _ = question.answers.take(into: &more, deadlineNs: deadlineNs)
            answers += more
        }
        return answers
    }
}
