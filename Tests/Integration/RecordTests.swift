// The promise of the record: after a class, its moderators have its log, its polls with their results and its five
// figures, in pages, and after a crash too; what was deleted is not in it, and nobody else gets it.

import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct RecordTests {
    private func record(
        _ room: Classroom, by sub: String = "ms-k", _ role: Role = .instructor, query: String = ""
    ) throws -> HTTPResponse {
        let client = try HTTPClient(port: room.node.port)
        return try client.ask(
            "GET", "/v1/rooms/\(room.key)/record\(query)", [("Authorization", "Bearer \(try room.token(sub, role))")])
    }

    private func events(_ record: LiveMessage) -> [JSONValue] { record["events"]?.array ?? [] }

    /// Waits until the figures that reactors hand over every few seconds say what is expected.
    private func figures(
        _ room: Classroom, _ what: String, where fits: (JSONValue) -> Bool
    ) throws -> JSONValue {
        let deadline = Deadline(seconds: 30)
        while true {
            let message = try record(room).message()
            if let figures = message["figures"], fits(figures) { return figures }
            guard !deadline.isOver else { throw IntegrationFailure("\(what): \(message)") }
            Deadline(seconds: 0.1).waitOut()
        }
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a record holds what happened, in order, and each poll with its results`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada", name: "Ada")
        try ada.demand("chat_send", ["text": "hello"])
        let opened = try teacher.demand(
            "poll_open", ["question": "2+2?", "kind": "quiz", "options": ["3", "4"], "correct": [1]])
        let poll = try #require(opened["poll"]?.string)
        try ada.demand("poll_answer", ["poll": .text(poll), "attempt_id": "1", "choice": 1])
        try teacher.demand("poll_close", ["poll": .text(poll)])
        _ = try teacher.finalResults(poll)
        try ada.demand("question_ask", ["text": "why?", "anonymous": true])
        let answer = try record(room)
        #expect(answer.status == 200)
        #expect(answer["Cache-Control"]?.contains("no-store") == true, "names are in it")
        let message = try answer.message()
        let names = events(message).compactMap { $0["ev"]?.string }
        #expect(
            names == ["chat_message", "poll_started", "poll_closed", "poll_results", "question_asked"]
                || names.filter { $0 != "poll_results" }
                    == ["chat_message", "poll_started", "poll_closed", "question_asked"]
        )
        let seqs = events(message).compactMap { $0["seq"]?.int }
        #expect(seqs == seqs.sorted() && Set(seqs).count == seqs.count)
        #expect(message["head"]?.int == seqs.last)
        #expect(message["next"] == nil)
        let kept = try #require(message["polls"]?.array?.first)
        #expect(kept["poll"]?.string == poll && kept["final"]?.bool == true)
        #expect(kept["counts"]?.array?.compactMap(\.int) == [0, 1])
        #expect(kept["correct"]?.array?.compactMap(\.int) == [1])
        #expect(kept["closed_ts"]?.int != nil)
        #expect(events(message).last?["from"]?.string == "ada", "moderators know who asks")
    }

    @Test func `pages joined are the whole record, none twice and none missing`() throws {
        let room = try Classroom(threads: 2)
        let teacher = try room.socket("ms-k", .instructor)
        for number in 0..<23 { try teacher.demand("chat_send", ["text": .text("m\(number)")]) }
        let whole = events(try record(room).message()).compactMap { $0["text"]?.string }
        #expect(whole == (0..<23).map { "m\($0)" })
        var joined: [String] = []
        var after = "0"
        var pages = 0
        while true {
            let page = try record(room, query: "?after=\(after)&limit=5").message()
            pages += 1
            joined += events(page).compactMap { $0["text"]?.string }
            guard let next = page["next"]?.int else { break }
            after = "\(next)"
        }
        #expect(joined == whole && pages == 5)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a deleted text is in no record, before and after a crash`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        let sent = try ada.demand("chat_send", ["text": "my-secret-words"])
        try teacher.demand("chat_send", ["text": "fence"])
        #expect(try record(room).text.contains("my-secret-words"))
        try teacher.demand("chat_delete", ["message": .text(try #require(sent["message"]?.string))])
        for _ in 0..<2 {
            let answer = try record(room)
            #expect(!answer.text.contains("my-secret-words"))
            let first = events(try answer.message()).first
            #expect(first?["deleted"]?.bool == true && first?["text"]?.string == "")
            try node.crashAndRestart()
        }
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `the five figures count connects, returns, reports and the peak`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada", AttachOptions(device: "laptop"))
        let ben = try room.stream("ben")
        let cid = try room.poll("cid")
        cid.waitS = 0
        for _ in 0..<3 { try cid.poll() }
        try ada.demand("chat_send", ["text": "hello"])
        try ben.chat("hello")
        ada.wire.cut()
        let back = try room.socket("ada", AttachOptions(after: ada, device: "laptop"))
        try teacher.demand(
            "heartbeat", ["seq": 1, "lag_ms": 7, "transport": "websocket", "failed_connects": 0])
        try back.demand(
            "heartbeat", ["seq": 1, "lag_ms": 40, "transport": "websocket", "failed_connects": 2, "position_sec": 9])
        _ = try room.post(
            "heartbeat",
            ["seq": 1, "lag_ms": 9, "transport": "sse", "failed_connects": 0, "video_error": "MEDIA_ERR_NETWORK"],
            id: "h1", by: "ben")
        _ = try room.post("heartbeat", ["seq": 1, "transport": "longpoll"], id: "h2", by: "cid")
        let figures = try figures(room, "four heartbeats") { $0["heartbeats"]?.int == 4 }
        #expect(figures["connects"]?.int == 5, "the polls of one stay are one")
        #expect(figures["reconnects"]?.int == 1)
        #expect(figures["failed_connects"]?.int == 2)
        #expect(figures["failed_connect_rate"]?.double == 0.285714)
        #expect(figures["video_error_rate"]?.double == 0.5)
        #expect(figures["peak_participants"]?.int == 4)
        #expect((40...45).contains(figures["delivery_p95_ms"]?.int ?? 0))
        #expect(figures["heartbeats_by_transport"]?["sse"]?.int == 1)
    }

    @Test func `figures survive an end and a kill of the node`() throws {
        let node = try ServerUnderTest(threads: 2)
        let room = Classroom(node)
        let ada = try room.socket("ada")
        let ben = try room.socket("ben")
        try ada.demand("heartbeat", ["seq": 1, "lag_ms": 20, "transport": "websocket", "failed_connects": 3])
        _ = try figures(room, "a heartbeat") { $0["heartbeats"]?.int == 1 }
        node.child.signal(15)
        try node.child.wait()
        try node.start()
        let kept = try #require(try record(room).message()["figures"])
        #expect(kept["peak_participants"]?.int == 2 && kept["failed_connects"]?.int == 3)
        #expect(kept["connects"]?.int == 2 && kept["delivery_p95_ms"]?.int == 21)
        // A change is kept within seconds after a start; then a kill takes nothing.
        let back = try room.socket("ada", AttachOptions(after: ada))
        let deadline = Deadline(seconds: 40)
        while try !node.folder.read("data/history.db-wal").holds("\"connects\":3") {
            guard !deadline.isOver else { throw IntegrationFailure("the figures were not kept") }
            Deadline(seconds: 0.2).waitOut()
        }
        try node.crashAndRestart()
        let after = try #require(try record(room).message()["figures"])
        #expect(after["connects"]?.int == 3 && after["reconnects"]?.int == 1)
        withExtendedLifetime((ben, back)) {}
    }

    @Test func `nobody but moderators gets a record, and wrong questions are told so`() throws {
        let room = try Classroom(threads: 1)
        for role in [Role.observer, .student] {
            let answer = try record(room, by: "ada", role)
            #expect(answer.status == 403 && answer.problem == "forbidden")
        }
        for role in [Role.assistant, .instructor, .service] {
            #expect(try record(room, by: "mod", role).status == 200)
        }
        let client = try HTTPClient(port: room.node.port)
        #expect(try client.ask("GET", "/v1/rooms/\(room.key)/record").status == 401)
        let other = try Classroom(room.node, key: "test/other/live").token("ms-k", .instructor)
        let elsewhere = try client.ask(
            "GET", "/v1/rooms/\(room.key)/record", [("Authorization", "Bearer \(other)")])
        #expect(elsewhere.status == 403)
        for query in ["?limit=0", "?limit=5001", "?limit=x", "?after=-1", "?after=x"] {
            #expect(try record(room, query: query).status == 400, "\(query)")
        }
        #expect(try record(room, query: "?limit=5000&after=9223372036854775807").status == 200)
    }
}
