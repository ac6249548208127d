// The promise that WebSocket, event stream and long poll move one cursor over one log: whoever changes between them in
// mid-session misses nothing and gets nothing twice.

import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct TransportTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `an event stream greets, numbers its events and keeps proxies from holding them back`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.stream("ada")
        #expect(ada.response["Content-Type"]?.hasPrefix("text/event-stream") == true)
        #expect(ada.response["Cache-Control"] == "no-store, no-transform")
        #expect(ada.response["X-Accel-Buffering"] == "no")
        #expect(ada.messages.first?.event == "welcome")
        #expect(ada.retryMs != nil)
        let teacher = try room.socket("ms-k", .instructor)
        let sent = try teacher.demand("chat_send", ["text": "hi"])
        try ada.chat("hi")
        let place = try #require(ada.messages.firstIndex { $0.event == "chat_message" })
        #expect(ada.ids[place] == "\(ada.epoch).\(sent.seq ?? 0)")
        #expect(ada.ids[0] == "\(ada.epoch).\(ada.messages[0].seq ?? 99)")
    }

    @Test func `an event stream that is quiet carries a comment within the configured time`() throws {
        let node = try ServerUnderTest(settings: ["limits.sse_heartbeat_ms=1000"])
        let ada = try Classroom(node).stream("ada")
        try ada.waitForComment(within: 8)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a first long poll answers at once with welcome, the next waits for an event of the log`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.poll("ada")
        #expect(try ada.poll() == 1)
        #expect(ada.messages.first?.event == "welcome")
        #expect(ada.response["Cache-Control"] == "no-store, no-transform")
        let teacher = try room.socket("ms-k", .instructor)
        // Coming in is presence, which is ephemeral and ends no wait; the message does.
        try teacher.demand("chat_send", ["text": "hi"])
        try ada.chat("hi")
        #expect(ada.log.count == 1)
        ada.waitS = 1
        let watch = Stopwatch()
        try ada.poll()
        #expect(ada.log.count == 1, "nothing new in the log: the answer came once the wait was over")
        #expect(watch.seconds > 0.9)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a request behind a waiting long poll is answered after it`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let client = try HTTPClient(port: room.node.port)
        let token: [HTTPField] = [("Authorization", "Bearer \(try room.token("ada", .student))")]
        let first = try client.ask("GET", room.livePath, token)
        let cursor = try #require(try first.message()["cursor"]?.string)
        try client.send("GET", room.livePath + "?cursor=\(cursor)&wait=20", token)
        try client.send("GET", "/healthz")
        try teacher.demand("chat_send", ["text": "wake up"])
        let second = try client.answer()
        #expect(try second.message()["events"]?.array?.first?["text"]?.string == "wake up")
        #expect(try client.answer().text.contains("ok"))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `all three transports bring the same events in the same order`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let onSocket = try room.socket("socket")
        let onStream = try room.stream("stream")
        let onPoll = try room.poll("poll")
        try onPoll.poll()
        let teacher = try room.socket("ms-k", .instructor)
        for number in 0..<40 { try teacher.send("chat_send", ["text": .text("n\(number)")]) }
        for reader in [onSocket, onStream, onPoll] as [LiveReader] {
            try reader.chat("n39")
            #expect(reader.chat == (0..<40).map { "n\($0)" })
        }
        #expect(onSocket.log.map(\.text) == onStream.log.map(\.text), "the same bytes")
        #expect(onSocket.log.compactMap(\.seq) == onPoll.log.compactMap(\.seq))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a student who goes from socket to stream to poll and back misses nothing`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        var number = 0
        func say(_ count: Int) throws {
            for _ in 0..<count {
                try teacher.demand("chat_send", ["text": .text("n\(number)")])
                number += 1
            }
        }
        var got: [String] = []
        var seqs: [UInt64] = []
        func keep(_ reader: LiveReader) {
            got += reader.chat
            seqs += reader.log.compactMap(\.seq)
        }

        let socket = try room.socket("ada", AttachOptions(device: "laptop"))
        try say(3)
        try socket.chat("n2")
        socket.wire.cut()
        keep(socket)
        try say(3)

        let stream = try room.stream("ada", AttachOptions(after: socket, device: "laptop"))
        #expect(stream.messages.first?.event == "resumed")
        try say(2)
        try stream.chat("n7")
        stream.wire.cut()
        keep(stream)
        try say(4)

        let poll = try room.poll("ada", AttachOptions(after: stream, device: "laptop"))
        try poll.chat("n11")
        try say(2)
        try poll.chat("n13")
        keep(poll)
        try say(1)

        let back = try room.socket("ada", AttachOptions(after: poll, device: "laptop"))
        #expect(back.messages.first?.event == "resumed")
        try say(1)
        try back.chat("n15")
        _ = try back.heartbeat()
        keep(back)
        #expect(got == (0..<16).map { "n\($0)" })
        #expect(seqs == seqs.sorted() && Set(seqs).count == seqs.count)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `an event stream resumes from Last-Event-ID alone, as EventSource sends it`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let first = try room.stream("ada")
        try teacher.demand("chat_send", ["text": "one"])
        try first.chat("one")
        let last = try #require(first.ids.last)
        first.wire.cut()
        try teacher.demand("chat_send", ["text": "two"])
        let second = try room.stream("ada", lastEventID: last)
        #expect(second.messages.first?.event == "resumed")
        try second.chat("two")
        #expect(second.chat == ["two"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `random changes of transport under a running chat lose and double nothing`(threads: Int) throws {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        var reader: LiveReader = try room.socket("ada", AttachOptions(device: "d"))
        var got: [String] = []
        var number = 0
        for _ in 0..<30 {
            for _ in 0..<random.below(4) {
                try teacher.send("chat_send", ["text": .text("n\(number)")])
                number += 1
            }
            // Some of it is read, some may still be under way when the network goes.
            if random.chance(1, in: 2), let socket = reader as? LiveSocket { try socket.takeWhatIsThere() }
            got += reader.chat
            let options = AttachOptions(after: reader, device: "d")
            (reader as? LiveSocket)?.wire.cut()
            (reader as? LiveStream)?.wire.cut()
            switch random.below(3) {
            case 0: reader = try room.socket("ada", options)
            case 1: reader = try room.stream("ada", options)
            default:
                let poll = try room.poll("ada", options)
                poll.waitS = 0
                try poll.poll()
                reader = poll
            }
        }
        try teacher.demand("chat_send", ["text": "end"])
        try reader.chat("end")
        got += reader.chat
        #expect(got == (0..<number).map { "n\($0)" } + ["end"], "seed \(random.seed)")
    }
}
