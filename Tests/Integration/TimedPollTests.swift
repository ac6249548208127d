// The promise of time limits: a poll closes by itself at its time, on a node that ran on, that was away, or whose room
// had nobody in it, and counts what came before.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct TimedPollTests {
    private func open(_ teacher: LiveSocket, seconds: Int) throws -> String {
        let opened = try teacher.demand(
            "poll_open",
            ["question": "?", "kind": "single", "options": ["a", "b"], "duration_s": .number(seconds)])
        return try #require(opened["poll"]?.string)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a timed poll closes by itself and shows its count`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let poll = try open(teacher, seconds: 5)
        let started = try ada.event("poll_started")
        let closes = try #require(started["closes_ts"]?.int)
        let opened = try #require(started["ts"]?.int)
        #expect(closes == opened + 5_000)
        try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 0])
        let closed = try ada.event("poll_closed")
        #expect(closed["ts"]?.int ?? 0 >= closes, "not before its time")
        let results = try ada.finalResults(poll)
        #expect(results["counts"]?.array?.compactMap(\.int) == [1, 0])
        #expect(try ada.ask("poll_answer", ["poll": .text(poll), "attempt_id": "2", "choice": 1]).code != nil)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a timed poll closes although the node was down at its time`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let poll = try open(teacher, seconds: 5)
        try ada.event("poll_started")
        try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 1])
        let closing = Deadline(seconds: 5.2)
        try node.kill()
        closing.waitOut()
        try node.start()
        let back = try room.socket("ada", AttachOptions(after: ada))
        try back.event("poll_closed")
        let results = try back.finalResults(poll)
        #expect(results["counts"]?.array?.compactMap(\.int) == [0, 1])
        #expect(try back.ask("poll_answer", ["poll": .text(poll), "attempt_id": "2", "choice": 0]).code != nil)
        _ = try back.heartbeat()
        #expect(back.log.filter { $0.event == "poll_closed" }.count == 1)
    }

    @Test func `a poll without a time limit stays open across a crash`() throws {
        let node = try ServerUnderTest()
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let opened = try teacher.demand(
            "poll_open", ["question": "?", "kind": "quiz", "options": ["a", "b"], "correct": [0]])
        let poll = try #require(opened["poll"]?.string)
        try node.crashAndRestart()
        let ada = try room.socket("ada")
        let state = try #require(ada.messages.first?["state"]?["polls"]?.array?.first)
        #expect(state["open"]?.bool == true)
        #expect(state["correct"] == nil)
        try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 0])
        let back = try room.socket("ms-k", .instructor, AttachOptions(after: teacher))
        try back.demand("poll_close", ["poll": .text(poll)])
        #expect(try ada.finalResults(poll)["counts"]?.array?.compactMap(\.int) == [1, 0])
    }
}
