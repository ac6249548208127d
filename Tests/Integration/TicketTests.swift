// The promise of tickets: what a token allows, in an address, once; and of a ban: nothing of the banned person's opens
// the room again, whatever it was made from.

import LiveProtocol
import LiveServer
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct TicketTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `a ticket attaches on each transport, once`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let token = try room.token("ada", .student, name: "Ada")
        let forSocket = "?ticket=" + (try room.ticket(token))
        let socket = try LiveSocket(port: room.node.port, path: room.livePath + forSocket, token: nil)
        #expect(try socket.event("welcome")["you"]?["name"]?.string == "Ada")
        try socket.demand("chat_send", ["text": "by ticket"])
        let forStream = "?ticket=" + (try room.ticket(token, room: room.key))
        let stream = try LiveStream(port: room.node.port, path: room.livePath + forStream, token: nil)
        _ = try stream.event("welcome")
        let forPoll = "?ticket=" + (try room.ticket(token))
        #expect(try room.ask("GET", room.livePath + forPoll, token: nil).status == 200)
        for used in [forSocket, forStream, forPoll] {
            let again = try room.ask("GET", room.livePath + used, token: nil)
            #expect(again.status == 401 && again.problem == "unauthenticated")
            do {
                _ = try LiveSocket(port: room.node.port, path: room.livePath + used, token: nil)
                Issue.record("a ticket was used twice")
            } catch let refused as LiveSocket.Refused {
                #expect(refused.response.status == 401)
            }
        }
    }

    @Test func `two who use one ticket at once: one comes in`() throws {
        let room = try Classroom(threads: 2)
        let token = try room.token("ada", .student)
        for _ in 0..<10 {
            let path = room.livePath + "?ticket=" + (try room.ticket(token))
            let clients = try (0..<4).map { _ in try HTTPClient(port: room.node.port) }
            for client in clients { try client.send("GET", path) }
            let statuses = try clients.map { try $0.answer().status }.sorted()
            #expect(statuses == [200, 401, 401, 401])
        }
    }

    @Test func `a ticket opens what its token opens, or the one room that was named`() throws {
        let node = try SharedNodes.node(threads: 1)
        let room = Classroom(node)
        let other = Classroom(node)
        let token = try node.token("ada", .student, room: "test/*/live")
        let wide = try room.ticket(token)
        #expect(try room.ask("GET", other.livePath + "?ticket=\(wide)", token: nil).status == 200)
        let narrow = try room.ticket(token, room: room.key)
        #expect(try room.ask("GET", other.livePath + "?ticket=\(narrow)", token: nil).status == 403)
        let elsewhere = try room.ask(
            "POST", "/v1/tickets", token: try room.token("ada", .student),
            body: Command.object(["room": .text(other.key)]))
        #expect(elsewhere.status == 403)
        for body in ["[]", "{\"room\":7}", "{\"room\":\"a/b\"}", "{"] {
            #expect(try room.ask("POST", "/v1/tickets", token: token, body: Array(body.utf8)).status == 400)
        }
        #expect(try room.ask("POST", "/v1/tickets", token: nil, body: []).status == 401)
        #expect(try room.ask("GET", "/v1/tickets", token: token).status == 405)
        #expect(try room.ask("GET", room.livePath + "?ticket=nonsense", token: nil).status == 401)
        // A ticket is no token: it attaches and does nothing else.
        let ticket = try room.ticket(token)
        #expect(try room.ask("POST", "/v1/tickets", token: ticket, body: []).status == 401)
        #expect(try room.ask("POST", room.commandPath + "?ticket=\(ticket)", token: nil, body: []).status == 401)
    }

    @Test func `no token and no ticket ever stands in the log`() throws {
        let node = try ServerUnderTest(settings: ["log.level=trace", "log.names=true"])
        let room = Classroom(node)
        let token = try room.token("ada", .student)
        let ticket = try room.ticket(token)
        let socket = try LiveSocket(port: node.port, path: room.livePath + "?ticket=\(ticket)", token: nil)
        _ = try socket.event("welcome")
        try socket.demand("auth", ["token": .text(token)])
        _ = try room.ask("GET", room.livePath + "?ticket=\(ticket)", token: nil)
        _ = try room.ask("GET", room.livePath, token: token + "x")
        node.child.signal(15)
        try node.child.wait()
        let said = node.standardError
        #expect(said.contains("draining"))
        for secret in [token, ticket] + token.split(separator: ".").map(String.init) { #expect(!said.contains(secret)) }
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a ban ends every connection at once, and nothing of the person's opens the room again`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let token = try room.token("eve", .assistant)
        let ticket = try room.ticket(token)
        let socket = try room.knock(token: token)
        _ = try socket.event("welcome")
        let stream = try LiveStream(port: room.node.port, path: room.livePath, token: token)
        _ = try stream.event("welcome")
        let poller = try HTTPClient(port: room.node.port)
        let cursor = socket.cursor
        try poller.send("GET", room.livePath + "?cursor=\(cursor)&wait=20", [Classroom.bearer(token)])
        _ = try teacher.event("presence")
        try teacher.demand("ban", ["participant": "eve"])
        #expect(try socket.waitForClose().code == 4403)
        #expect(try stream.event("closed")["code"]?.int == 4403)
        #expect(try poller.answer().status == 403)

        let resume = AttachOptions(cursor: cursor.description, resume: socket.resume)
        #expect(try room.knock(token: token, resume).waitForClose().code == 4403)
        #expect(try room.knock(token: try room.token("eve", .instructor)).waitForClose().code == 4403, "a new token")
        #expect(try room.ask("GET", room.livePath + "?ticket=\(ticket)", token: nil).status == 403)
        let later = try room.ticket(token)
        #expect(try room.ask("GET", room.livePath + "?ticket=\(later)", token: nil).status == 403)
        let tries: [(String, Members)] = [
            ("chat_send", ["text": "x"]), ("unmute", ["participant": "eve"]), ("ban", ["participant": "ms-k"]),
            ("poll_answer", ["poll": "p1", "attempt_id": "a", "choice": 0]), ("auth", ["token": .text(token)]),
        ]
        for (op, members) in tries {
            let posted = try room.ask("POST", room.commandPath, token: token, body: Command.bytes(op, id: op, members))
            #expect(posted.status == 403, "\(op): \(posted.status) \(posted.text)")
        }
        for path in ["participants", "record"] {
            #expect(try room.ask("GET", "/v1/rooms/\(room.key)/\(path)", token: token).status == 403, "\(path)")
        }
        // Another room is not concerned.
        let other = try Classroom(threads: threads)
        _ = try other.socket("eve")
    }

    @Test func `a removed person may come back with what they have`() throws {
        let room = try Classroom(threads: 1)
        let teacher = try room.socket("ms-k", .instructor)
        let token = try room.token("eve", .student)
        let ticket = try room.ticket(token)
        let socket = try room.knock(token: token)
        _ = try socket.event("welcome")
        try teacher.demand("remove", ["participant": "eve"])
        #expect(try socket.waitForClose().code == 4403)
        #expect(try room.ask("GET", room.livePath + "?ticket=\(ticket)", token: nil).status == 200)
    }
}
