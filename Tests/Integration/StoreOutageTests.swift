// The promise while the database is away: the class goes on, ballots are taken with a receipt that says what it
// survives, results say that they are not final, and everything is put right and told once it is back.

import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct StoreOutageTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `while the store is locked votes are kept on the node, and counted when it is back`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let ben = try room.stream("ben")
        let opened = try teacher.demand(
            "poll_open", ["question": "?", "kind": "single", "options": ["a", "b"]])
        let poll = try #require(opened["poll"]?.string)
        let lock = try StoreLock(path: node.folder.path("data/live.db"))

        let receipt = try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 1])
        #expect(receipt["durable"]?.string == "node")
        let same = try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 1])
        #expect(same["duplicate"]?.bool == true)
        #expect(same["durable"]?.string == "node")
        for reader in [teacher, ada, ben] as [LiveReader] {
            #expect(try reader.event("degraded")["degraded"]?.bool == true)
        }
        let (_, posted) = try room.post(
            "poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 0], id: "v", by: "cid")
        #expect(posted["durable"]?.string == "node")
        try teacher.demand("chat_send", ["text": "the class goes on"])
        try ben.chat("the class goes on")
        try teacher.demand("poll_close", ["poll": .text(poll)])
        let early = try teacher.event("poll_results")
        #expect(early["final"]?.bool == false)
        #expect(early["pending"]?.array?.isEmpty == false)
        #expect(early["revision"]?.int == 1)
        let ready = try HTTPClient(port: node.port).ask("GET", "/readyz")
        #expect(ready.status == 200, "it serves on: \(ready.text)")

        lock.release()
        let stored = try ada.event("ballot_stored")
        #expect(stored["attempt_id"]?.string == "1")
        #expect(stored["poll"]?.string == poll)
        let results = try teacher.finalResults(poll)
        #expect(results["counts"]?.array?.compactMap(\.int) == [1, 1])
        #expect(results["total"]?.int == 2)
        #expect(results["revision"]?.int ?? 0 > 1)
        for reader in [teacher, ada, ben] as [LiveReader] {
            try reader.event("degraded") { $0["degraded"]?.bool == false }
        }
        #expect(
            try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 1])["durable"]?.string
                == "store")
    }

    @Test func `an old attempt sent again while the store is locked changes nothing of what one is shown`() throws {
        let node = try ServerUnderTest()
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let opened = try teacher.demand(
            "poll_open",
            ["question": "?", "kind": "single", "options": ["a", "b", "c", "d"], "allow_change": .flag(true)])
        let poll = try #require(opened["poll"]?.string)
        func answer(_ attempt: String, _ choice: Int) throws -> String? {
            try ada.demand(
                "poll_answer", ["poll": .text(poll), "attempt_id": .text(attempt), "choice": .number(choice)])[
                    "durable"]?.string
        }
        #expect(try answer("first", 3) == "store")
        #expect(try answer("second", 1) == "store")
        let lock = try StoreLock(path: node.folder.path("data/live.db"))
        // The journal knows nothing of the store: to it this is a new answer.
        #expect(try answer("first", 3) == "node")
        lock.release()
        #expect(try ada.event("ballot_stored")["attempt_id"]?.string == "first")
        // What counts is read again behind the news.
        let deadline = Deadline()
        var shown: Int64?
        repeat {
            let welcome = try #require(try room.socket("ada").messages.first)
            shown = welcome["you"]?["ballots"]?.array?.first?["choice"]?.int
        } while shown != 1 && !deadline.isOver
        #expect(shown == 1)
        try teacher.demand("poll_close", ["poll": .text(poll)])
        #expect(try teacher.finalResults(poll)["counts"]?.array?.compactMap(\.int) == [0, 1, 0, 0])
    }

    @Test func `while the store is locked what it holds is answered as before, and a second answer is refused`() throws
    {
        let node = try ServerUnderTest()
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let phone = try room.socket("ada", AttachOptions(device: "phone"))
        let laptop = try room.socket("ada", AttachOptions(device: "laptop"))
        let opened = try teacher.demand(
            "poll_open", ["question": "?", "kind": "single", "options": ["a", "b"]])
        let poll = try #require(opened["poll"]?.string)
        func answer(_ socket: LiveSocket, _ attempt: String, _ choice: Int) throws -> LiveMessage {
            try socket.ask(
                "poll_answer", ["poll": .text(poll), "attempt_id": .text(attempt), "choice": .number(choice)])
        }
        let first = try answer(phone, "1", 0)
        #expect(first["durable"]?.string == "store")
        let lock = try StoreLock(path: node.folder.path("data/live.db"))
        #expect(try answer(laptop, "2", 1).code == "already_answered")
        for choice in [0, 1] {
            let again = try answer(phone, "1", choice)
            #expect(again["durable"]?.string == "store" && again["duplicate"]?.bool == true)
            #expect(again["choice"]?.int == 0 && again["accepted_ms"]?.int == first["accepted_ms"]?.int)
        }
        try teacher.demand("poll_close", ["poll": .text(poll)])
        let late = try answer(phone, "1", 0)
        #expect(late["durable"]?.string == "store" && late["duplicate"]?.bool == true, "not told that it is closed")
        lock.release()
        #expect(try teacher.finalResults(poll)["counts"]?.array?.compactMap(\.int) == [1, 0])
    }

    @Test func `a node killed while the store is locked keeps what it receipted`() throws {
        let node = try ServerUnderTest()
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let opened = try teacher.demand(
            "poll_open", ["question": "?", "kind": "single", "options": ["a", "b"]])
        let poll = try #require(opened["poll"]?.string)
        let lock = try StoreLock(path: node.folder.path("data/live.db"))
        let receipt = try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 1])
        #expect(receipt["durable"]?.string == "node")
        try node.kill()
        lock.release()
        try node.start()
        let back = try room.socket("ms-k", .instructor, AttachOptions(after: teacher))
        try back.demand("poll_close", ["poll": .text(poll)])
        let results = try back.finalResults(poll)
        #expect(results["counts"]?.array?.compactMap(\.int) == [0, 1])
    }
}
