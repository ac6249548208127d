// Coming back to another reactor than the room's home after much was missed: all of it comes, once and in order, and no
// connection holds a copy.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct FarResumeTests {
    private static let text = String(repeating: "x", count: 1_500)

    private func world(_ change: (inout ServerConfiguration) -> Void = { _ in }) throws -> CoreWorld {
        try CoreWorld(reactors: 2) {
            $0.limits.moderatorBurst = 10_000
            $0.limits.frameRate = 100_000
            change(&$0)
        }
    }

    /// Messages `first…last`, all accepted.
    private func say(_ numbers: ClosedRange<Int>, _ teacher: CorePeer, _ world: CoreWorld) throws {
        teacher.forget()
        for number in numbers {
            teacher.command(#"{"op":"chat_send","id":"c\#(number)","text":"n\#(number).\#(Self.text)"}"#)
        }
        try world.until("they are accepted") { teacher.text.ranges(of: "\"ok\":true").count == numbers.count }
    }

    /// The numbers of the messages that somebody got, in order.
    private func numbers(_ text: String) -> [Int] {
        text.ranges(of: "\"text\":\"n").compactMap { range in
            Int(text[range.upperBound...].prefix { $0.isNumber })
        }
    }

    @Test func `much that was missed is served from the log there, once and in order, to old and new readers`() throws {
        let world = try world()
        let room = try world.room(at: 1)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        try say(1...200, teacher, world)
        // Whose reactor's log begins behind what others lack.
        let ada = try world.member("ada", of: room, at: 0)
        let replica = try #require(world.cores[0].replica(room))
        try say(201...210, teacher, world)
        try world.until("ada has them") { ada.has("n210.x") }
        #expect(replica.baseSeq == 200)
        for name in ["ben", "eve"] {
            let back = try world.peer(at: 0)
            back.upgrade(room, try world.token(name), query: "?cursor=epoch1234567.20")
            try world.until("\(name) has all") { back.has("n210.x") }
            #expect(back.has("\"ev\":\"resumed\"") && numbers(back.text) == Array(21...210))
            #expect(replica.baseSeq == 0 && world.home(room)?.filled == [0])
        }
        let stream = try world.peer(at: 0)
        stream.get(
            "/v1/rooms/\(room.raw)/live?cursor=epoch1234567.100",
            ["Authorization: Bearer \(try world.token("sse"))", "Accept: text/event-stream"])
        try world.until("the stream has all") { stream.has("n210.x") }
        #expect(numbers(stream.text) == Array(101...210))
        let moderator = try world.peer(at: 0)
        moderator.upgrade(room, try world.token("helper", .assistant), query: "?cursor=epoch1234567.0")
        try world.until("the moderator has all") { moderator.has("n210.x") }
        #expect(numbers(moderator.text) == Array(1...210))
        try say(211...220, teacher, world)
        for reader in [ada, stream, moderator] { try world.until("what follows") { reader.has("n220.x") } }
        // Her welcome held the last fifty of the two hundred.
        #expect(Array(numbers(ada.text).suffix(20)) == Array(201...220))
        #expect(numbers(ada.text).count == 70)
        #expect(world.cores.allSatisfy { $0.replica(room)?.ahead.isEmpty == true })
    }

    @Test func `who comes back and does not read holds no copy of what was missed`() throws {
        let world = try world()
        let room = try world.room(at: 1)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        for portion in 0..<10 { try say((portion * 200 + 1)...(portion * 200 + 200), teacher, world) }
        let core = world.cores[0]
        var peers: [CorePeer] = []
        for number in 0..<4 {
            let peer = try CorePeer(port: world.ports[0], receiveBytes: 4_096)
            peer.upgrade(room, try world.token("p\(number)"), query: "?cursor=epoch1234567.0")
            peers.append(peer)
        }
        try world.until("they are in") { core.connectionsByTransport().webSocket == 4 }
        for _ in 0..<20 { world.turn() }
        for index in 0..<UInt32(4) {
            let session = core.sessions.at(index)
            let held = core.reactor.outboxBytes(session.pointee.id) + (session.pointee.replies?.bytes.count ?? 0)
            #expect(held <= core.limits.gatherBytes + 16_384, "\(held) of three million bytes")
        }
    }

    @Test func `a poll for much that was missed is answered in portions that leave nothing out`() throws {
        let world = try world { $0.limits.gatherBytes = 16_384 }
        let room = try world.room(at: 1)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        try say(1...60, teacher, world)
        let field = "Authorization: Bearer \(try world.token("ada"))"
        var cursor = "epoch1234567.5"
        var seen: [Int] = []
        while seen.last != 60, seen.count < 60 {
            let poll = try world.peer(at: 0)
            poll.get("/v1/rooms/\(room.raw)/live?cursor=\(cursor)", [field])
            try world.until("an answer") { poll.has("\"events\"") && poll.has("]}") }
            let text = poll.text
            #expect(text.utf8.count < 2 * 16_384 + 4_096)
            seen += numbers(text)
            let start = try #require(text.firstRange(of: "\"cursor\":\"")).upperBound
            cursor = String(text[start...].prefix { $0 != "\"" })
        }
        #expect(seen == Array(6...60))
    }

    @Test func `a full mailbox costs a snapshot, not what was missed without a word`() throws {
        let world = try CoreWorld(reactors: 2, mailboxCapacity: 256) {
            $0.limits.moderatorBurst = 10_000
            $0.limits.frameRate = 100_000
        }
        let room = try world.room(at: 1)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        for portion in 0..<5 { try say((portion * 40 + 1)...(portion * 40 + 40), teacher, world) }
        let back = try world.peer(at: 0)
        back.upgrade(room, try world.token("back"), query: "?cursor=epoch1234567.3")
        let core = world.cores[0]
        let limitNs = MonotonicClock.nowNs() + 30_000_000_000
        while core.joinsInProgress == 0, MonotonicClock.nowNs() < limitNs { core.reactor.turn(waitMaxMs: 1) }
        while world.mailboxes[0].post(.unsubscribe(room: room, reactor: 9)) {}
        world.cores[1].reactor.turn(waitMaxMs: 1)
        try world.until("it is greeted") { back.has("\"seq\":200") }
        #expect(back.has("\"reset\":true") && !back.has("resumed"))
        #expect(world.home(room)?.filled == [])
    }
}
