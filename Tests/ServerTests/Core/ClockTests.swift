// A machine's clock that is set while people are there: rates and deadlines run on, tokens follow the date, and the
// time within a room never falls.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct ClockTests {
    private static let hourMs: Int64 = 3_600_000

    @Test(arguments: [-hourMs, hourMs])
    func `a poll of ten seconds ends after ten seconds, however the date jumps`(jumpMs: Int64) throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let open =
            #"{"op":"poll_open","id":"p","question":"?","kind":"single","options":["a","b"],"duration_s":10}"#
        teacher.command(open)
        try world.until("it is open") { teacher.has("poll_started") }
        let plan = FaultPlan(at: 0)
        plan.wallAheadMs = jumpMs
        plan.monotonicAheadNs = 5_000_000_000
        try plan.during {
            for _ in 0..<20 { world.turn() }
            #expect(world.home(room)?.room.openPolls.count == 1, "half of its time is over")
            plan.monotonicAheadNs = 10_500_000_000
            try world.until("its time is over") { world.home(room)?.room.openPolls.isEmpty == true }
        }
    }

    @Test func `a vote in a timed poll counts though an earlier process was an hour ahead`() throws {
        let world = try CoreWorld()
        // As the desk does when its store holds ballots of that time.
        world.log.clock.raise(to: WallClock.nowMs() + Self.hourMs)
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        teacher.command(
            #"{"op":"poll_open","id":"p","question":"?","kind":"single","options":["a","b"],"duration_s":10}"#)
        try world.until("it is open") { teacher.has("poll_started") }
        let poll = try #require(world.home(room)?.room.openPolls.first).id.text
        let ada = try world.member("ada", of: room)
        ada.command(#"{"op":"poll_answer","id":"a","poll":"\#(poll)","attempt_id":"1","choice":1}"#)
        try world.until("a receipt") { ada.has("\"re\":\"a\"") }
        #expect(ada.has("\"re\":\"a\",\"ok\":true"))
        #expect(world.home(room)?.room.openPolls.count == 1)
    }

    @Test(arguments: [-hourMs, hourMs])
    func `allowances do not follow the date`(jumpMs: Int64) throws {
        let world = try CoreWorld {
            $0.limits.studentRate = 1
            $0.limits.studentBurst = 2
        }
        let ada = try world.member("ada", of: try world.room())
        let plan = FaultPlan(at: 0)
        plan.frozenMonotonicNs = world.cores[0].reactor.nowNs + 1_000_000
        plan.wallAheadMs = 0
        func send(_ id: String) throws {
            ada.command(#"{"op":"hand_raise","id":"\#(id)"}"#)
            for _ in 0..<2_000 where !ada.has("\"re\":\"\(id)\"") { world.turn() }
        }
        try plan.during {
            try send("a")
            try send("b")
            plan.wallAheadMs = jumpMs
            try send("c")
        }
        #expect(ada.has("\"re\":\"c\",\"ok\":false") && ada.has("rate_limited"))
    }

    @Test func `tokens end by the date, and a date that was wrong is right again when it is set back`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let token = try world.token("ada")
        let plan = FaultPlan(at: 0)
        plan.wallAheadMs = 2 * Self.hourMs
        try plan.during {
            let late = try world.peer()
            late.upgrade(room, token)
            try world.until("the token has expired") { late.has("the token has expired") }
        }
        let peer = try world.peer()
        peer.upgrade(room, token)
        try world.until("it is good") { peer.has("welcome") }
    }

    @Test func `the time of events never falls within a room`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        teacher.command(#"{"op":"chat_send","id":"c1","text":"one"}"#)
        try world.until("the first") { teacher.has("\"re\":\"c1\",\"ok\":true") }
        let before = try #require(world.home(room)?.room.ts)
        let plan = FaultPlan(at: 0)
        plan.wallAheadMs = -Self.hourMs
        try plan.during {
            teacher.command(#"{"op":"chat_send","id":"c2","text":"two"}"#)
            try world.until("the second") { teacher.has("\"re\":\"c2\",\"ok\":true") }
        }
        #expect(try #require(world.home(room)?.room.ts) >= before)
        #expect(teacher.text.ranges(of: "\"ts\":").count >= 2)
    }
}
