// The promise that a node killed with -9 loses nothing it acknowledged, gives nothing twice, and ends gently when asked
// to: the same log, the same cursors, after each start.

import Glibc
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct CrashTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `after kill -9 and restart clients resume exactly on every transport`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let ben = try room.stream("ben")
        let cid = try room.poll("cid")
        try cid.poll()
        for number in 0..<5 { try teacher.demand("chat_send", ["text": .text("n\(number)")]) }
        for reader in [ada, ben, cid] as [LiveReader] { try reader.chat("n4") }
        for number in 5..<10 { try teacher.demand("chat_send", ["text": .text("n\(number)")]) }
        try node.crashAndRestart()

        let again = try room.socket("ms-k", .instructor, AttachOptions(after: teacher))
        #expect(again.messages.first?.event == "resumed")
        try again.demand("chat_send", ["text": "after"])
        let readers: [(LiveReader, LiveReader)] = [
            (ada, try room.socket("ada", AttachOptions(after: ada))),
            (ben, try room.stream("ben", AttachOptions(after: ben))),
            (cid, try room.poll("cid", AttachOptions(after: cid))),
        ]
        for (before, back) in readers {
            try back.chat("after")
            // What the dead node had still sent may have been received before: it then counts as seen.
            #expect(before.chat + back.chat == (0..<10).map { "n\($0)" } + ["after"])
            #expect(back.epoch == before.epoch, "a killed process goes on in its epoch")
        }
    }

    @Test func `killed at random moments under load, nothing acknowledged is lost or doubled`() throws {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        let node = try ServerUnderTest(settings: [
            "limits.moderator_rate=100000", "limits.moderator_burst=100000", "limits.frame_rate=500000",
        ])
        let room = Classroom(node)
        var teacher = try room.socket("ms-k", .instructor)
        var got: [String] = []
        var number = 0
        var unanswered: [(id: String, text: String)] = []
        for _ in 0..<4 {
            for _ in 0..<(20 + random.below(100)) {
                unanswered.append(("n\(number)", "n\(number)"))
                try teacher.send("chat_send", ["text": .text("n\(number)")], id: "n\(number)")
                number += 1
                if random.chance(1, in: 4) { try teacher.takeWhatIsThere() }
            }
            try node.kill()
            // What was under way in the kernel still counts as received.
            _ = try? teacher.waitForClose()
            got += teacher.chat
            let answered = Set(teacher.messages.filter(\.isOK).compactMap(\.re))
            unanswered.removeAll { answered.contains($0.id) }
            try node.start()
            teacher = try room.socket("ms-k", .instructor, AttachOptions(after: teacher))
            #expect(teacher.messages.first?.event == "resumed", "seed \(random.seed)")
            // Outcome unknown: sent again under the same id, in order.
            for (id, text) in unanswered { try teacher.demand("chat_send", ["text": .text(text)], id: id) }
            unanswered.removeAll()
        }
        _ = try teacher.heartbeat()
        got += teacher.chat
        #expect(got.count == Set(got).count, "twice, seed \(random.seed)")
        #expect(got == (0..<number).map { "n\($0)" }, "seed \(random.seed)")
    }

    @Test func `a snapshot after a crash is the one before it`() throws {
        let node = try ServerUnderTest(settings: ["store.snapshot_events=16"])
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada", name: "Ada")
        for number in 0..<30 { try teacher.demand("chat_send", ["text": .text("n\(number)")]) }
        try ada.demand("question_ask", ["text": "why?"])
        try ada.demand("hand_raise")
        let poll = try teacher.demand(
            "poll_open", ["question": "?", "kind": "single", "options": ["a", "b"]])["poll"]?.string
        try ada.demand("poll_answer", ["poll": .text(try #require(poll)), "attempt_id": "1", "choice": 1])
        try teacher.demand("mute", ["participant": "eve"])
        try teacher.demand("chat_mode", ["mode": "slow", "slow_s": 7])
        let before = try #require(try room.socket("other", .instructor).messages.first)
        try node.crashAndRestart()
        let after = try #require(try room.socket("other", .instructor).messages.first)
        #expect(after.seq == before.seq)
        #expect(try LiveMessage(try #require(after["state"])).text == LiveMessage(try #require(before["state"])).text)
        let back = try room.socket("ada", AttachOptions(device: "new"))
        let you = try #require(back.messages.first?["you"])
        #expect(you["hand"]?.bool == true)
        #expect(you["ballots"]?.array?.first?["choice"]?.int == 1)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `SIGTERM tells everybody when to come back, and a restart loses nothing`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let ben = try room.stream("ben")
        let sent = try teacher.demand("chat_send", ["text": "last words"])
        try ada.chat("last words")
        let watch = Stopwatch()
        node.child.signal(SIGTERM)
        for socket in [teacher, ada] {
            let closing = try socket.waitForClose()
            #expect(closing.code == 1001)
            let wait = try LiveMessage(closing.reason)["reconnect_after_ms"]?.int
            #expect(wait ?? 0 > 0)
        }
        try ben.chat("last words")
        while try ben.readMore(Deadline(), waitingFor: "the stream's end") {}
        #expect(try node.child.wait() == .exited(0))
        #expect(watch.seconds < 15)
        try node.start()
        let back = try room.socket("ada", AttachOptions(after: ada))
        #expect(back.messages.first?.event == "resumed")
        #expect(back.messages.first?.seq ?? 0 >= sent.seq ?? .max)
        _ = try back.heartbeat()
        #expect(back.chat.isEmpty, "nothing twice")
        try back.demand("chat_send", ["text": "new"])
    }
}
