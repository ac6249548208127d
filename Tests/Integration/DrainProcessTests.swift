// The promise of SIGTERM: with two thousand people and a poll under way everybody is told when to come back, whatever
// was acknowledged is there afterwards, the process ends with 0 within its time, and a second signal ends it at once.

import Glibc
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.serialized, .timeLimit(.minutes(20)))
struct DrainProcessTests {
    @Test func `two thousand connections and a live poll are sent away gently, and nothing acknowledged is lost`()
        throws
    {
        let node = try ServerUnderTest(
            threads: 2, settings: ["store.answer_timeout_ms=10000", "limits.drain_ms=4000"])
        let room = Classroom(node)
        let teacher = try room.socket("teacher", .instructor)
        let people = try (0..<1_998).map { try room.knock("p\($0)") }
        let poll =
            try teacher.demand(
                "poll_open", ["question": "?", "kind": "single", "options": ["a", "b"]])["poll"]?.string ?? ""
        let voters = people.prefix(200)
        for (number, voter) in voters.enumerated() {
            try voter.send(
                "poll_answer", ["poll": .text(poll), "attempt_id": .text("a\(number)"), "choice": .number(number % 2)],
                id: "v\(number)")
        }
        // Some receipts are there, others are under way when the signal comes.
        for number in 0..<100 { _ = try people[number].find("a receipt") { $0.re == "v\(number)" } }
        let watch = Stopwatch()
        node.child.signal(SIGTERM)
        var receipts = 0
        var waits: [Int] = []
        for (number, person) in people.enumerated() {
            let closing = try person.waitForClose()
            #expect(closing.code == 1001, "\(number): \(closing)")
            let reason = try LiveMessage(closing.reason)
            waits.append(Int(reason["reconnect_after_ms"]?.int ?? -1))
            if person.messages.contains(where: { $0.re == "v\(number)" && $0.isOK }) { receipts += 1 }
        }
        #expect(try node.child.wait() == .exited(0))
        #expect(watch.seconds < 15, "4 s to leave, a second to see people off, and a loaded machine")
        #expect(waits.allSatisfy { (200...8_000).contains($0) } && Set(waits).count > 100, "spread")
        #expect(receipts >= 100)
        try node.start()
        let back = try room.socket("teacher", .instructor)
        let closed = try back.demand("poll_close", ["poll": .text(poll)])
        #expect(closed.isOK)
        let results = try back.finalResults(poll)
        let total = Int(results["total"]?.int ?? -1)
        #expect(total >= receipts && total <= voters.count, "\(total) ballots, \(receipts) receipts")
    }

    @Test func `a second signal ends a drain at once`() throws {
        let node = try ServerUnderTest(settings: ["limits.drain_ms=600000"])
        let room = Classroom(node)
        let ada = try room.socket("ada")
        try ada.demand("chat_send", ["text": "kept"])
        // Enough people for a drain that takes longer than the test would wait.
        let people = try (0..<60).map { try room.knock("p\($0)", .student, AttachOptions(receiveBuffer: 4_096)) }
        let watch = Stopwatch()
        node.child.signal(SIGTERM)
        // Nobody answers the close: the node waits a moment for them, and says meanwhile that it is not ready.
        var status = 200
        while status == 200 { status = try HTTPClient(port: node.port).ask("GET", "/readyz").status }
        #expect(status == 503)
        node.child.signal(SIGTERM)
        #expect(try node.child.wait() == .exited(0))
        #expect(watch.seconds < 10)
        try node.start()
        #expect(try room.socket("ada").messages[0].text.contains("kept"))
        for person in people { person.wire.close() }
    }
}
