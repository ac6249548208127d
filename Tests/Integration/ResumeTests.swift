// The promise of resuming: exactly the events after the cursor, once and in order, to the person whose token it is; a
// snapshot marked as reset where that cannot be.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct ResumeTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `a client that was cut off gets exactly what it missed`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        try teacher.demand("chat_send", ["text": "before"])
        try ada.chat("before")
        ada.wire.cut()
        for number in 0..<10 { try teacher.demand("chat_send", ["text": .text("missed \(number)")]) }
        let back = try room.socket("ada", AttachOptions(after: ada))
        let resumed = try #require(back.messages.first)
        #expect(resumed.event == "resumed")
        #expect(resumed["from"]?.int.map(UInt64.init) == ada.seq)
        #expect(resumed.seq == teacher.seq)
        #expect(resumed["resume"]?.string?.isEmpty == false)
        #expect(resumed["you"]?["participant"]?.string == "ada")
        #expect(resumed["presence"]?["count"]?.int ?? 0 >= 2)
        try back.chat("missed 9")
        try teacher.demand("chat_send", ["text": "after"])
        try back.chat("after")
        #expect(back.chat == (0..<10).map { "missed \($0)" } + ["after"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a resume at the head brings resumed and nothing else`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let sent = try ada.demand("chat_send", ["text": "mine"])
        try ada.chat("mine")
        ada.wire.cut()
        let back = try room.socket("ada", AttachOptions(after: ada))
        #expect(back.messages.first?.event == "resumed")
        #expect(back.messages.first?["from"]?.int.map(UInt64.init) == sent.seq)
        _ = try back.heartbeat()
        #expect(back.log.isEmpty)
    }

    @Test(
        arguments: SharedNodes.threadCounts,
        ["zzzzzzzz.4", "aaaaaaaaaaaa.0", "nonsense", "zzzzzzzz.18446744073709551615"])
    func `a cursor that no log knows gets a snapshot marked as reset`(threads: Int, cursor: String) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        try ada.demand("chat_send", ["text": "kept"])
        let options = AttachOptions(cursor: cursor.contains(".") ? cursor : nil, resume: ada.resume)
        let back =
            cursor.contains(".")
            ? try room.socket("ada", options)
            : try LiveSocket(
                port: room.node.port, path: room.livePath + "?cursor=\(cursor)&resume=\(ada.resume)",
                token: room.token("ada", .student))
        let welcome = try back.find("a welcome") { $0.event == "welcome" }.message
        #expect(welcome["reset"]?.bool == true)
        #expect(welcome["state"]?["chat"]?.array?.first?["text"]?.string == "kept")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a cursor beyond the head is no cursor of this log`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let ahead = Cursor(epoch: ada.epoch, seq: ada.seq + 1_000)
        let back = try room.socket("ada", AttachOptions(cursor: ahead.description, resume: ada.resume))
        #expect(back.messages.first?["reset"]?.bool == true)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `another person's resume token is worth nothing`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        try teacher.demand("chat_send", ["text": "hi"])
        try ada.chat("hi")
        let thief = try room.socket(
            "eve", AttachOptions(cursor: Cursor(epoch: ada.epoch, seq: 0).description, resume: ada.resume))
        let greeting = try #require(thief.messages.first)
        #expect(greeting.event == "welcome")
        #expect(greeting["reset"]?.bool == true)
        #expect(greeting["participant"]?.string == "eve", "the token proves nothing about who asks")
        let bent = try room.socket(
            "ada", AttachOptions(cursor: ada.cursor.description, resume: String(ada.resume.dropLast(2)) + "AA"))
        #expect(bent.messages.first?["reset"]?.bool == true)
        let other = try Classroom(threads: threads).socket(
            "ada", AttachOptions(cursor: ada.cursor.description, resume: ada.resume))
        #expect(other.messages.first?["reset"]?.bool == true, "a token of one room in another")
    }

    @Test func `a cursor that fell off the tail is reset, and what follows comes once`() throws {
        let node = try ServerUnderTest(settings: [
            "limits.tail_events=16", "limits.moderator_rate=100000", "limits.moderator_burst=100000",
        ])
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        ada.wire.cut()
        for number in 0..<100 { try teacher.demand("chat_send", ["text": .text("n\(number)")]) }
        let back = try room.socket("ada", AttachOptions(after: ada))
        let welcome = try #require(back.messages.first)
        #expect(welcome.event == "welcome")
        #expect(welcome["reset"]?.bool == true)
        #expect(welcome["state"]?["chat"]?.array?.count == 50)
        try teacher.demand("chat_send", ["text": "next"])
        try back.chat("next")
        #expect(back.chat == ["next"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `many come back at once, each from another place, and each gets its own rest`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        var readers: [LiveSocket] = []
        for number in 0..<12 {
            readers.append(try room.socket("s\(number)"))
            try teacher.demand("chat_send", ["text": .text("n\(number)")])
            for reader in readers where !reader.wire.isEnded { try reader.chat("n\(number)") }
            // Every second message one reader less: each is left at a place of its own.
            if number.isMultiple(of: 2) { readers[number / 2].wire.cut() }
        }
        for (index, reader) in readers.enumerated() {
            let back = try room.socket("s\(index)", AttachOptions(after: reader))
            #expect(back.messages.first?.event == "resumed")
            if reader.chat.last != "n11" { try back.chat("n11") }
            _ = try back.heartbeat()
            #expect(reader.chat + back.chat == (index..<12).map { "n\($0)" })
        }
    }
}
