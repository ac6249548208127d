// The promise to people without accounts: a class in one request, in by code or link, the same person after a reload,
// and codes that cannot be tried out.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct GuestTests {
    private let device = "a-secret-of-this-phone-0123456789"

    private func post(_ node: ServerUnderTest, _ path: String, _ members: Members) throws -> HTTPResponse {
        let client = try HTTPClient(port: node.port)
        return try client.ask(
            "POST", path, [("Content-Type", "application/json")], body: Command.object(members))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a teacher makes a class and a student comes in by code`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let made = try post(node, "/v1/classes", ["name": "Physics 9b"])
        #expect(made.status == 201)
        let created = try made.message()
        let code = try #require(created["code"]?.string)
        #expect(code.count == 6)
        let key = try #require(created["room"]?.string)
        #expect(key == "guest/\(code)/live")
        #expect(created["teacher_link"]?.string?.contains("/teach#t=") == true)
        #expect(created["join_link"]?.string?.hasSuffix("/join#c=\(code)") == true)
        #expect(created["qr"]?.string?.hasPrefix("<svg") == true)
        #expect(created["expires_ts"]?.int ?? 0 > 1_700_000_000_000)

        let info = try HTTPClient(port: node.port).ask("GET", "/v1/classes/\(code)")
        #expect(info.status == 200)
        #expect(try info.message()["name"]?.string == "Physics 9b")
        #expect(try info.message()["guests"]?.string == "named")
        #expect(try info.message()["locked"]?.bool == false)

        let joined = try post(
            node, "/v1/join", ["code": .text(code.lowercased()), "name": "Ada", "device": .text(device)])
        #expect(joined.status == 200)
        let student = try joined.message()
        #expect(student["role"]?.string == "student")
        #expect(student["class"]?.string == "Physics 9b")
        #expect(student["device"]?.string == device)
        let room = Classroom(node, key: key)
        let teacher = try LiveSocket(port: node.port, path: room.livePath, token: created["token"]?.string)
        _ = try teacher.event("welcome")
        let ada = try LiveSocket(port: node.port, path: room.livePath, token: student["token"]?.string)
        let welcome = try ada.event("welcome")
        #expect(welcome["participant"]?.string == student["participant"]?.string)
        #expect(welcome["you"]?["name"]?.string == "Ada")
        try teacher.demand("announce", ["text": "Welcome"])
        try ada.event("announcement")
        try ada.demand("chat_send", ["text": "hi"])
        #expect(try teacher.chat("hi")["name"]?.string == "Ada")
    }

    @Test func `the same device is the same participant, another one is not`() throws {
        let node = try ServerUnderTest()
        let code = try #require(try post(node, "/v1/classes", ["name": "C"]).message()["code"]?.string)
        func join(_ device: String) throws -> String {
            let answer = try post(node, "/v1/join", ["code": .text(code), "name": "Ada", "device": .text(device)])
            return try #require(try answer.message()["participant"]?.string)
        }
        let first = try join(device)
        #expect(try join(device) == first)
        #expect(try join(device + "x") != first)
        try node.crashAndRestart()
        #expect(try join(device) == first, "the class and its people survive the node")
        let made = try post(node, "/v1/join", ["code": .text(code), "name": "Ben"]).message()
        let given = try #require(made["device"]?.string)
        #expect((16...128).contains(given.utf8.count), "without a device the server makes one")
        #expect(try join(given) == made["participant"]?.string)
    }

    @Test func `the teacher's link lets in as instructor, a wrong one does not`() throws {
        let node = try ServerUnderTest()
        let created = try post(node, "/v1/classes", ["name": "C"]).message()
        let link = try #require(created["teacher_link"]?.string)
        let secret = String(link[try #require(link.firstRange(of: "#t=")).upperBound...])
        let teacher = try post(node, "/v1/join", ["teacher": .text(secret)])
        #expect(teacher.status == 200)
        #expect(try teacher.message()["role"]?.string == "instructor")
        #expect(try teacher.message()["participant"]?.string == created["participant"]?.string)
        let wrong = try post(node, "/v1/join", ["teacher": .text(String(secret.reversed()))])
        #expect(wrong.status == 404 && wrong.problem == "not_found")
    }

    @Test func `policies: anonymous names nobody, off lets nobody in, a cap is a cap`() throws {
        let node = try ServerUnderTest()
        func make(_ members: Members) throws -> String {
            try #require(try post(node, "/v1/classes", members).message()["code"]?.string)
        }
        let anonymous = try make(["name": "A", "guests": "anonymous"])
        let hidden = try post(
            node, "/v1/join", ["code": .text(anonymous), "name": "Ada Lovelace", "device": .text(device)])
        #expect(hidden.status == 200)
        let key = try #require(try hidden.message()["room"]?.string)
        let socket = try LiveSocket(
            port: node.port, path: "/v1/rooms/\(key)/live", token: try hidden.message()["token"]?.string)
        _ = try socket.event("welcome")
        #expect(!socket.wire.received.holds("Lovelace"))
        let off = try make(["name": "B", "guests": "off"])
        #expect(try post(node, "/v1/join", ["code": .text(off), "name": "Ada", "device": .text(device)]).status == 403)
        let capped = try make(["name": "C", "cap": 1])
        let first: Members = ["code": .text(capped), "name": "Ada", "device": .text(device)]
        #expect(try post(node, "/v1/join", first).status == 200)
        let second = try post(node, "/v1/join", ["code": .text(capped), "name": "Ben", "device": .text(device + "2")])
        #expect((400..<500).contains(second.status))
        #expect(try post(node, "/v1/join", first).status == 200, "who is in comes in again")
        let named = try make(["name": "D"])
        #expect(try post(node, "/v1/join", ["code": .text(named), "device": .text(device)]).status == 400)
        #expect(try post(node, "/v1/join", ["code": .text(named), "name": "Ada", "device": "short"]).status == 400)
        #expect(try post(node, "/v1/classes", ["name": ""]).status == 400)
        #expect(try post(node, "/v1/classes", ["name": "E", "guests": "maybe"]).status == 400)
        #expect(try post(node, "/v1/join", [:]).status == 400)
    }

    @Test func `wrong codes are limited, and a class that sits behind the same address is not locked out`() throws {
        let node = try ServerUnderTest(settings: ["limits.address_failures=5", "limits.address_refill_s=3600"])
        let code = try #require(try post(node, "/v1/classes", ["name": "C"]).message()["code"]?.string)
        let wrong = code == "AAAAAA" ? "BBBBBB" : "AAAAAA"
        var statuses: [Int] = []
        for _ in 0..<8 {
            statuses.append(
                try post(node, "/v1/join", ["code": .text(wrong), "name": "Eve", "device": .text(device)]).status)
        }
        #expect(statuses.first == 404)
        #expect(statuses.last == 429)
        let refused = try HTTPClient(port: node.port).ask("GET", "/v1/classes/\(wrong)")
        #expect(refused.status == 429, "the same limit on every way to try a code")
        #expect(Int(refused["Retry-After"] ?? "") ?? 0 > 0)
        let good = try post(node, "/v1/join", ["code": .text(code), "name": "Ada", "device": .text(device)])
        #expect(good.status == 200, "a code that this address proved to know stays open to it")
    }

    @Test func `the demo class of the embedded default opens with its code and its teacher's word`() throws {
        let node = try ServerUnderTest(developmentKey: true)
        let joined = try post(node, "/v1/join", ["code": "DEMO24", "name": "Ada", "device": .text(device)])
        #expect(joined.status == 200)
        #expect(try joined.message()["room"]?.string == "demo/cs101/live")
        #expect(try post(node, "/v1/join", ["teacher": "demo"]).message()["role"]?.string == "instructor")
        let own = try ServerUnderTest()
        #expect(try post(own, "/v1/join", ["teacher": "demo"]).status == 404, "only with the development key")
    }
}
