// The promise to schools with an identity provider: tokens by its public keys open every transport, a change of keys
// sends nobody away, and a node never asks where it must not.

import Glibc
import LiveKeys
import LiveProtocol
import LiveServer
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct IssuerTests {
    @Test(arguments: [TokenAlgorithm.es256, .rs256, .edDSA], SharedNodes.threadCounts)
    func `an issuer's token opens every transport, and nobody else's does`(
        algorithm: TokenAlgorithm, threads: Int
    ) throws {
        let issuer = try TestIssuer(algorithm)
        let node = try ServerUnderTest(threads: threads, settings: issuer.nodeSettings)
        let room = Classroom(node)
        let token = try issuer.token("ada", room: room.key)
        let ada = try room.enter(token: token)
        try ada.demand("chat_send", ["text": "signed"])
        try ada.chat("signed")
        // The second time it is known by its hash.
        let again = try room.enter(token: token)
        try again.demand("heartbeat", ["seq": 0])
        let stream = try LiveStream(port: node.port, path: room.livePath, token: try issuer.token("s", room: room.key))
        _ = try stream.event("welcome")
        let poll = try LivePoll(port: node.port, path: room.livePath, token: try issuer.token("p", room: room.key))
        #expect(try poll.poll() > 0)
        let body = Command.bytes("chat_send", id: "1", ["text": "by POST"])
        let posted = try room.ask("POST", room.commandPath, token: try issuer.token("q", room: room.key), body: body)
        #expect(posted.status == 200)
        try ada.chat("by POST")
        let roster = try room.ask(
            "GET", "/v1/rooms/\(room.key)/participants", token: try issuer.token("t", .instructor, room: room.key))
        #expect(roster.status == 200)

        let eve = try SigningKey.generate(try #require(algorithm.signature))
        let hmac = try node.token("eve", .instructor, room: room.key)
        for forged in [try issuer.token("eve", room: room.key, by: eve), hmac, "x.y.z"] {
            #expect(try room.ask("GET", room.livePath, token: forged).status == 401)
            do {
                _ = try room.knock(token: forged)
                Issue.record("let in")
            } catch let refused as LiveSocket.Refused {
                #expect(refused.response.status == 401)
            }
        }
        let late = try room.knock(token: try issuer.token("ada", room: room.key, ttlS: -5))
        #expect(try late.waitForClose().code == 4401)
        do {
            _ = try room.knock(token: try issuer.token("ada", room: "test/other/live"))
            Issue.record("let into another room")
        } catch let refused as LiveSocket.Refused {
            #expect(refused.response.status == 403)
        }
    }

    @Test func `guests come in beside an issuer's people, under the node's own name`() throws {
        let issuer = try TestIssuer(.es256)
        let node = try ServerUnderTest(settings: issuer.nodeSettings)
        let made = try HTTPClient(port: node.port).ask("POST", "/v1/classes", body: Command.object(["name": "Maths"]))
        #expect(made.status == 201)
        let record = try made.message()
        let room = Classroom(node, key: try #require(record["room"]?.string))
        let teacher = try room.enter(token: try #require(record["token"]?.string))
        let code = try #require(record["code"]?.string)
        let joined = try HTTPClient(port: node.port).ask(
            "POST", "/v1/join", body: Command.object(["code": .text(code), "name": "Ada"]))
        let guest = try room.enter(token: try #require(try joined.message()["token"]?.string))
        try guest.demand("chat_send", ["text": "hello"])
        try teacher.chat("hello")
        _ = try room.enter(token: try issuer.token("from-school", room: room.key))
    }

    @Test func `a new key is fetched when its first token comes, and the old key's tokens end with it`() throws {
        let issuer = try TestIssuer(.es256)
        let next = try TestIssuer(.es256)
        let node = try ServerUnderTest(settings: issuer.nodeSettings + ["auth.jwks_refetch_s=1"])
        let room = Classroom(node)
        let old = try issuer.token("ada", room: room.key)
        let ada = try room.enter(token: old)
        Deadline(seconds: 1.1).waitOut()
        try issuer.publish([next])
        let fresh = try next.token("ben", room: room.key)
        // Told to come again, not that the token is bad; then let in.
        let first = try room.knock(token: fresh)
        let closing = try first.waitForClose()
        #expect(closing.code == 1013 && closing.reason.contains("retry_after_ms"))
        let deadline = Deadline()
        var status = 503
        while status == 503, !deadline.isOver { status = try room.ask("GET", room.livePath, token: fresh).status }
        #expect(status == 200)
        // Known by its hash a moment ago; its key is gone.
        #expect(try room.ask("GET", room.livePath, token: old).status == 401)
        try ada.demand("chat_send", ["text": "whoever is inside stays to the end of the token"])
    }

    @Test func `keys come from a URL, with a validator, and a node without any says so`() throws {
        let issuer = try TestIssuer(.edDSA)
        let set = issuer.set
        let isAway = Flag()
        let server = KeyServer { head in
            if isAway.isSet { return KeyServer.answer("", status: "503 Away") }
            if head.contains("If-None-Match: \"1\"") { return KeyServer.answer("", status: "304 Not Modified") }
            return KeyServer.answer(set, fields: ["ETag: \"1\"", "Cache-Control: max-age=3600"])
        }
        defer { server.stop() }
        isAway.set(true)
        let url = "auth.jwks_url=http://127.0.0.1:\(server.port)/keys"
        let node = try ServerUnderTest(
            settings: ["auth.algorithm=EdDSA", url, "auth.jwks_private_addresses=127.0.0.1"])
        let room = Classroom(node)
        let token = try issuer.token("ada", room: room.key)
        #expect(try Self.keys(node) == "missing")
        let refused = try room.ask("GET", room.livePath, token: token)
        #expect(refused.status == 503 && refused["Retry-After"] != nil)
        isAway.set(false)
        let deadline = Deadline()
        while try Self.keys(node) != "ok", !deadline.isOver { Deadline(seconds: 0.05).waitOut() }
        _ = try room.enter(token: token)
        isAway.set(true)
        node.child.signal(SIGHUP)
        let failing = Deadline()
        while try Self.keys(node) != "stale", !failing.isOver { Deadline(seconds: 0.05).waitOut() }
        #expect(try HTTPClient(port: node.port).ask("GET", "/readyz").status == 200, "old keys are good keys")
        _ = try room.enter(token: try issuer.token("ben", room: room.key))
        #expect(server.heads.contains { $0.contains("If-None-Match: \"1\"") })
    }

    @Test func `a URL that leads inside is never asked, whatever it is called`() throws {
        let issuer = try TestIssuer(.es256)
        let server = KeyServer { _ in KeyServer.answer("{}") }
        defer { server.stop() }
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            let node = try ServerUnderTest(
                settings: ["auth.algorithm=ES256", "auth.jwks_url=http://\(host):\(server.port)/keys"])
            let room = Classroom(node)
            let token = try issuer.token("ada", room: room.key)
            let deadline = Deadline()
            while !node.standardError.contains("auth.jwks_private_addresses"), !deadline.isOver {
                Deadline(seconds: 0.02).waitOut()
            }
            #expect(node.standardError.contains("auth.jwks_private_addresses"), "\(host): \(node.standardError)")
            #expect(try room.ask("GET", room.livePath, token: token).status == 503)
            #expect(try HTTPClient(port: node.port).ask("GET", "/readyz").status == 503)
        }
        #expect(server.heads.isEmpty)
    }

    @Test func `a token minted on the command line with a private key is good at the node`() throws {
        let folder = TemporaryDirectory("signing")
        let path = folder.path("key.pem")
        let (made, said) = try ServerUnderTest.run(["key", "--algorithm", "ES256", "--out", path])
        #expect(made == .exited(0), "\(said)")
        let settings = ["auth.algorithm=ES256", "auth.signing_key=\(path)"]
        let node = try ServerUnderTest(settings: settings)
        let room = Classroom(node)
        let arguments = ["token", "--sub", "ada", "--role", "student", "--room", room.key]
        let child = try ChildProcess(
            ServerUnderTest.binary, arguments + settings.flatMap { ["--set", $0] },
            environment: ["PATH": "/usr/bin:/bin"], errorPath: folder.path("stderr"))
        let token = try #require(try child.line(Deadline()))
        #expect(try child.wait() == .exited(0))
        _ = try room.enter(token: token)
        let (again, problem) = try ServerUnderTest.run(["key", "--algorithm", "ES256", "--out", path])
        #expect(again == .exited(1) && problem.contains("cannot be made"), "a key is never written over: \(problem)")
        let (wrong, reason) = try ServerUnderTest.run(
            ["token", "--sub", "a", "--role", "student", "--room", "a/b/c", "--set", "auth.algorithm=EdDSA"]
                + ["--set", "auth.signing_key=\(path)"])
        #expect(wrong == .exited(1) && reason.contains("not one for EdDSA"))
    }

    private static func keys(_ node: ServerUnderTest) throws -> String? {
        try HTTPClient(port: node.port).ask("GET", "/readyz").message()["parts"]?["keys"]?.string
    }
}
