// The promise of presence: people, not connections; told within 1.2 s; names up to a hundred people, then counts.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct PresenceTests {
    /// The contract's time for a clean leave.
    private static let cleanLeaveS = 1.2

    private static func joined(_ event: LiveMessage, _ sub: String) -> Bool {
        event["joined"]?.array?.contains { $0["participant"]?.string == sub } == true
    }

    private static func left(_ event: LiveMessage, _ sub: String) -> Bool {
        event["left"]?.array?.contains { $0.string == sub } == true
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `joining and leaving are told within 1.2 seconds`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        // A machine under load may delay one event; the promise is the server's, so one try in time proves it.
        var best = Double.infinity
        for attempt in 0..<4 where best > Self.cleanLeaveS {
            let sub = "ada\(attempt)"
            let ada = try room.socket(sub, name: "Ada")
            let joined = try teacher.event("presence") { Self.joined($0, sub) }
            #expect(joined.seq == nil, "presence is ephemeral")
            #expect(joined["count"]?.int == 2)
            let person = joined["joined"]?.array?.first { $0["participant"]?.string == sub }
            #expect(person?["name"]?.string == "Ada")
            #expect(person?["role"]?.string == "student")
            let watch = Stopwatch()
            try ada.leave()
            let left = try teacher.event("presence") { Self.left($0, sub) }
            best = min(best, watch.seconds)
            #expect(left["count"]?.int == 1)
        }
        #expect(best <= Self.cleanLeaveS)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `one person on several connections is one person, on whatever transport`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let first = try room.socket("ada", AttachOptions(device: "phone"))
        _ = try teacher.event("presence") { Self.joined($0, "ada") }
        let second = try room.stream("ada", AttachOptions(device: "laptop"))
        let third = try room.socket("ben")
        #expect(third.messages.first?["presence"]?["count"]?.int == 3)
        _ = try teacher.event("presence") { Self.joined($0, "ben") }
        try first.leave()
        try third.leave()
        let gone = try teacher.event("presence") { Self.left($0, "ben") }
        #expect(!Self.left(gone, "ada"), "the laptop is still there")
        #expect(gone["count"]?.int == 2)
        second.wire.close()
        _ = try teacher.event("presence") { Self.left($0, "ada") }
        #expect(!teacher.messages.contains { $0["count"]?.int == 4 })
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `someone on long polls stays present between two of them`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let poll = try room.poll("ada")
        poll.waitS = 0
        try poll.poll()
        _ = try teacher.event("presence") { Self.joined($0, "ada") }
        let ben = try room.socket("ben")
        _ = try teacher.event("presence") { Self.joined($0, "ben") }
        try poll.poll()
        try ben.leave()
        let gone = try teacher.event("presence") { Self.left($0, "ben") }
        #expect(gone["count"]?.int == 2)
        #expect(!teacher.messages.contains { Self.left($0, "ada") })
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `someone on long polls is told who is here, not how many`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let poll = try room.poll("ada")
        poll.waitS = 0
        try poll.poll()
        let ben = try room.socket("ben")
        _ = try teacher.event("presence") { Self.joined($0, "ben") }
        try poll.poll()
        let here = try #require(poll.messages.last { $0.event == "presence" })
        #expect(here["count"]?.int == 3)
        let people = Set(here["people"]?.array?.compactMap { $0["participant"]?.string } ?? [])
        #expect(people == ["ms-k", "ada", "ben"])
        #expect(here["joined"] == nil && here["left"] == nil)
        withExtendedLifetime(ben) {}
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `above a hundred people members get counts alone, moderators names and pages`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada-first")
        var crowd: [LiveSocket] = []
        for number in 0..<110 { crowd.append(try room.socket("p\(number)")) }
        let last = try room.socket("the-last-one", name: "Unmistakable Name")
        let told = try ada.event("presence") { $0["count"]?.int == 113 }
        #expect(told["joined"]?.count ?? 0 == 0)
        _ = try teacher.event("presence") { Self.joined($0, "the-last-one") }
        #expect(!ada.wire.received.holds("Unmistakable Name"))
        #expect(last.messages.first?["presence"]?["people"] == nil)

        let client = try HTTPClient(port: room.node.port)
        let token = try room.token("ms-k", .instructor)
        var names: [String] = []
        var after: String?
        for _ in 0..<10 {
            let query = "?limit=50" + (after.map { "&after=\($0)" } ?? "")
            let page = try client.ask(
                "GET", "/v1/rooms/\(room.key)/participants" + query, [("Authorization", "Bearer \(token)")])
            #expect(page.status == 200)
            let body = try page.message()
            #expect(body["count"]?.int == 113)
            names += body["participants"]?.array?.compactMap { $0["participant"]?.string } ?? []
            after = body["next"]?.string
            if after == nil { break }
        }
        #expect(names.count == 113 && Set(names).count == 113)
        let denied = try client.ask(
            "GET", "/v1/rooms/\(room.key)/participants",
            [("Authorization", "Bearer \(try room.token("ada", .student))")])
        #expect(denied.status == 403)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `the same device replaces itself and a fourth device the oldest`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let first = try room.socket("ada", AttachOptions(device: "one"))
        let again = try room.socket("ada", AttachOptions(device: "one"))
        #expect(try first.waitForClose().code == 4409)
        let second = try room.socket("ada", AttachOptions(device: "two"))
        let third = try room.socket("ada", AttachOptions(device: "three"))
        let fourth = try room.socket("ada", AttachOptions(device: "four"))
        #expect(try again.waitForClose().code == 4409, "the oldest gives way")
        #expect(fourth.messages.first?["presence"]?["count"]?.int == 1)
        for socket in [second, third, fourth] { _ = try socket.heartbeat() }
        try second.demand("chat_send", ["text": "all here"])
        for socket in [second, third, fourth] { try socket.chat("all here") }
    }

    @Test func `a silent peer is taken for dead and its person leaves`() throws {
        let node = try ServerUnderTest(settings: ["limits.ping_ms=1000", "limits.silent_ms=2000"])
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        // Reads nothing and answers no ping: as a phone in a lift. Kept open to the end of the test.
        let ghost = try room.socket("ghost")
        _ = try teacher.event("presence", within: 15) { Self.left($0, "ghost") }
        withExtendedLifetime(ghost) {}
    }
}
