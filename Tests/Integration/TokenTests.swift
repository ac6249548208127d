// The promise of the door: who is expired, forged, or for another room does not come in, on any transport, and is told
// so in the way that its client can see.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct TokenTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `an expired token is upgraded and closed with 4401, over HTTP it is 401`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let token = try room.token("ada", .student, ttlS: -10)
        let socket = try LiveSocket(port: room.node.port, path: room.livePath, token: token)
        #expect(try socket.waitForClose().code == 4401)
        #expect(socket.messages.isEmpty)
        let client = try HTTPClient(port: room.node.port)
        for path in [room.livePath, "/v1/rooms/\(room.key)/participants"] {
            let answer = try client.ask("GET", path, [("Authorization", "Bearer \(token)")])
            #expect(answer.status == 401 && answer.problem == "unauthenticated")
        }
        let stream = try client.ask(
            "GET", room.livePath, [("Authorization", "Bearer \(token)"), ("Accept", "text/event-stream")])
        #expect(stream.status == 401)
        let command = try client.ask(
            "POST", room.commandPath, [("Authorization", "Bearer \(token)")],
            body: Command.bytes("chat_send", id: "1", ["text": "x"]))
        #expect(command.status == 401)
    }

    @Test func `a token that expires while its holder is inside closes with 4401`() throws {
        let node = try ServerUnderTest(settings: ["limits.ping_ms=1000", "limits.sse_heartbeat_ms=1000"])
        let room = Classroom(node)
        let socket = try LiveSocket(
            port: node.port, path: room.livePath, token: try room.token("ada", .student, ttlS: 2))
        let stream = try LiveStream(
            port: node.port, path: room.livePath, token: try room.token("ben", .student, ttlS: 2))
        #expect(try socket.waitForClose(within: 15).code == 4401)
        while try stream.readMore(Deadline(seconds: 15), waitingFor: "the stream's end") {}
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `without a token, or with a forged one, the upgrade is answered with 401`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let forged = try room.node.forgedToken("ada", .instructor, room: room.key)
        let good = try room.token("ada", .student)
        // The signature of one token under the payload of another.
        let parts = [forged, good].map { $0.split(separator: ".") }
        let mixed = "\(parts[1][0]).\(parts[0][1]).\(parts[1][2])"
        for token in [nil, forged, mixed, "x.y.z", "nonsense"] as [String?] {
            do {
                _ = try LiveSocket(port: room.node.port, path: room.livePath, token: token)
                Issue.record("let in with \(token ?? "no token")")
            } catch let refused as LiveSocket.Refused {
                #expect(refused.response.status == 401)
                #expect(refused.response.problem == "unauthenticated")
            }
        }
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a token for another room is 403, on every transport`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let other = try Classroom(threads: threads)
        let token = try other.token("ada", .instructor)
        do {
            _ = try LiveSocket(port: room.node.port, path: room.livePath, token: token)
            Issue.record("let into another room")
        } catch let refused as LiveSocket.Refused {
            #expect(refused.response.status == 403)
        }
        let client = try HTTPClient(port: room.node.port)
        let fields: [HTTPField] = [("Authorization", "Bearer \(token)")]
        #expect(try client.ask("GET", room.livePath, fields).status == 403)
        #expect(try client.ask("GET", room.livePath, fields + [("Accept", "text/event-stream")]).status == 403)
        #expect(try client.ask("GET", "/v1/rooms/\(room.key)/participants", fields).status == 403)
        let command = Command.bytes("chat_send", id: "1", ["text": "x"])
        #expect(try client.ask("POST", room.commandPath, fields, body: command).status == 403)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a pattern opens what it covers`(threads: Int) throws {
        let node = try SharedNodes.node(threads: threads)
        let course = "c\(UInt32.random(in: 0 ... .max))"
        let token = try node.token("ada", .student, room: "test/\(course)/*")
        for session in ["one", "two"] {
            let socket = try LiveSocket(port: node.port, path: "/v1/rooms/test/\(course)/\(session)/live", token: token)
            _ = try socket.event("welcome")
        }
        #expect(throws: LiveSocket.Refused.self) {
            try LiveSocket(port: node.port, path: "/v1/rooms/test/\(course)x/one/live", token: token)
        }
    }

    @Test func `the Authorization header opens a WebSocket, too, and live.v1 is only selected where offered`() throws {
        let room = try Classroom(threads: 1)
        let token = try room.token("ada", .student)
        let client = try HTTPClient(port: room.node.port)
        try client.send(
            raw:
                "GET \(room.livePath) HTTP/1.1\r\nHost: \(client.host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                + "Authorization: Bearer \(token)\r\n\r\n")
        let answer = try client.next(Deadline())
        #expect(answer.status == 101)
        #expect(answer["Sec-WebSocket-Protocol"] == nil)
        let old = try HTTPClient(port: room.node.port)
        try old.send(
            raw:
                "GET \(room.livePath) HTTP/1.1\r\nHost: \(client.host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        let refused = try old.answer()
        #expect(refused.status == 426)
        #expect(refused["Sec-WebSocket-Version"] == "13")
    }

    @Test func `forged tokens of one address are limited, good ones from it are not`() throws {
        let node = try ServerUnderTest(settings: ["limits.address_failures=5", "limits.address_refill_s=3600"])
        let room = Classroom(node)
        let forged = try node.forgedToken("eve", .student, room: room.key)
        var statuses: [Int] = []
        for _ in 0..<8 {
            let client = try HTTPClient(port: node.port)
            statuses.append(try client.ask("GET", room.livePath, [("Authorization", "Bearer \(forged)")]).status)
        }
        #expect(statuses.first == 401)
        #expect(statuses.last == 429)
        _ = try room.socket("ada")
    }
}
