// The promise that a room is more than memory: it leaves when nobody is there and returns with state, log and cursors;
// what was deleted stays deleted in all of them; and people who come and go all the time notice nothing.

import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct RoomLifeTests {
    private func waitForUnload(_ node: ServerUnderTest) throws {
        let client = try HTTPClient(port: node.port)
        let deadline = Deadline(seconds: 60)
        while true {
            let metrics = try client.ask("GET", "/metrics").text
            let lines = metrics.split(separator: "\n").filter { $0.contains("unloaded") && !$0.hasPrefix("#") }
            if lines.contains(where: { !$0.hasSuffix(" 0") }) { return }
            guard !deadline.isOver else { throw IntegrationFailure("no room was unloaded: \(lines)") }
            Deadline(seconds: 0.05).waitOut()
        }
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a room that nobody visits leaves memory and returns with all it held`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads, settings: ["limits.idle_room_unload_s=1"])
        let room = Classroom(node)
        // On two reactors some of these are not at the room's home.
        let others = try (0..<4).map { try room.socket("other-\($0)") }
        let ada = try room.socket("ada", name: "Ada")
        let ben = try room.socket("ben")
        ben.wire.cut()
        try ada.demand("chat_send", ["text": "remember me"])
        let question = try ada.demand("question_ask", ["text": "still there?"], id: "the-question")
        try ada.leave()
        for socket in others { try socket.leave() }
        try waitForUnload(node)

        let back = try room.socket("ada", AttachOptions(after: ada))
        #expect(back.messages.first?.event == "resumed", "its log returns, too")
        let late = try room.socket("ben", AttachOptions(after: ben))
        #expect(late.messages.first?.event == "resumed", "and reaches back behind the snapshot")
        try late.chat("remember me")
        try late.event("question_asked")
        let newcomer = try room.socket("cid")
        let state = try #require(newcomer.messages.first?["state"])
        #expect(state["chat"]?.array?.first?["text"]?.string == "remember me")
        #expect(state["questions"]?.array?.first?["id"]?.string == question["question"]?.string)
        let (_, same) = try room.post("question_ask", ["text": "still there?"], id: "the-question", by: "ada")
        #expect(same.seq == question.seq, "the table of outcomes returns as well")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a deleted text reaches nobody any more, by resume, restart or snapshot`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        ada.wire.cut()
        let sent = try teacher.demand("chat_send", ["text": "my-secret-words"])
        try teacher.demand("chat_send", ["text": "between"])
        try teacher.demand("chat_delete", ["message": .text(try #require(sent["message"]?.string))])
        try teacher.demand("chat_send", ["text": "fence"])
        func look(_ when: Comment) throws {
            let resumed = try room.socket("ada", AttachOptions(after: ada, device: "a"))
            #expect(resumed.messages.first?.event == "resumed")
            try resumed.chat("fence")
            let stream = try room.stream("ada", AttachOptions(after: ada, device: "b"))
            try stream.chat("fence")
            let fresh = try room.socket("new")
            for wire in [resumed.wire, stream.wire, fresh.wire] {
                #expect(!wire.received.holds("my-secret-words"), when)
            }
        }
        try look("in the running node")
        try node.crashAndRestart()
        try look("after a crash")
        try node.crashAndRestart()
        try look("after another, when history had taken it")
    }

    /// One person of the churn: what was received over all connections, since the first welcome.
    private struct Guest {
        let sub: String
        let room: Int
        var reader: LiveReader
        var got: [String] = []
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `people who come and go between rooms that come and go miss nothing`(threads: Int) throws {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        let node = try ServerUnderTest(
            threads: threads,
            settings: ["limits.idle_room_unload_s=1", "limits.student_rate=100000", "limits.student_burst=100000"])
        let rooms = (0..<4).map { _ in Classroom(node) }
        var said = [Int](repeating: 0, count: rooms.count)
        var guests: [Guest] = []
        for number in 0..<16 {
            let room = number % rooms.count
            let reader = try rooms[room].socket("g\(number)", AttachOptions(device: "d"))
            guests.append(Guest(sub: "g\(number)", room: room, reader: reader))
        }
        func leave(_ guest: Int) throws {
            if let socket = guests[guest].reader as? LiveSocket {
                try socket.takeWhatIsThere()
                socket.wire.cut()
            }
            (guests[guest].reader as? LiveStream)?.wire.cut()
        }
        func comeBack(_ guest: Int) throws {
            let old = guests[guest].reader
            guests[guest].got += old.chat
            let options = AttachOptions(after: old, device: "d")
            let room = rooms[guests[guest].room]
            let sub = guests[guest].sub
            if random.chance(1, in: 2) {
                guests[guest].reader = try room.socket(sub, options)
            } else {
                guests[guest].reader = try room.stream(sub, options)
            }
            #expect(
                guests[guest].reader.messages.first?.event == "resumed", "\(sub), seed \(random.seed)")
        }
        let watch = Stopwatch()
        // A room at a time is busy while the others are left alone for long enough to be unloaded.
        var away = Set<Int>()
        while watch.seconds < 16 {
            let busy = Int(watch.seconds / 4) % rooms.count
            for guest in guests.indices where guests[guest].room != busy && !away.contains(guest) {
                try leave(guest)
                away.insert(guest)
            }
            for guest in guests.indices where guests[guest].room == busy {
                if away.remove(guest) != nil {
                    try comeBack(guest)
                } else if random.chance(1, in: 4) {
                    try leave(guest)
                    away.insert(guest)
                }
            }
            for _ in 0..<random.below(4) {
                let (status, _) = try rooms[busy].post(
                    "chat_send", ["text": .text("n\(said[busy])")], id: "n\(said[busy])", by: "speaker")
                #expect(status == 200)
                said[busy] += 1
            }
        }
        for guest in guests.indices {
            if away.contains(guest) { try comeBack(guest) }
            let room = guests[guest].room
            let (_, _) = try rooms[room].post(
                "chat_send", ["text": .text("end \(guest)")], id: "e\(guest)", by: "speaker")
            try guests[guest].reader.chat("end \(guest)")
            let all = (guests[guest].got + guests[guest].reader.chat).filter { $0.hasPrefix("n") }
            #expect(all == (0..<said[room]).map { "n\($0)" }, "\(guests[guest].sub), seed \(random.seed)")
        }
    }
}
