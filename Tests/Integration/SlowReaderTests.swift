// The promise that one reader never slows another: who stops reading is caught up, reset or closed with 4408, in
// bounded memory, while the others get every message in time. And the limits on who sends too much.

import Foundation
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct SlowReaderTests {
    /// For a sender who brings readers behind sooner than any role may.
    private static let fast = [
        "limits.moderator_rate=1000000", "limits.moderator_burst=1000000", "limits.frame_rate=500000",
    ]

    @Test(arguments: SharedNodes.threadCounts)
    func `who stops reading for ten thousand messages slows nobody and is reset or closed`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads, settings: Self.fast + ["limits.tail_events=512"])
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let good = try room.socket("good")
        let slow = try room.socket("slow", AttachOptions(receiveBuffer: 4_096))
        let stuck = try room.stream("stuck", AttachOptions(receiveBuffer: 4_096))
        let beforeKiB = try node.residentKiB()
        let filler = String(repeating: "x", count: 500)
        let total = 10_000
        var slowest = 0.0
        for batch in 0..<(total / 100) {
            let watch = Stopwatch()
            for number in 0..<100 {
                try teacher.send("chat_send", ["text": .text("\(batch * 100 + number) \(filler)")])
            }
            try good.chat("\(batch * 100 + 99) \(filler)")
            slowest = max(slowest, watch.seconds)
            try teacher.takeWhatIsThere()
        }
        #expect(good.chat.count == total)
        // A hundred messages took at worst this long with two readers that take nothing.
        #expect(slowest < 5)
        let grownKiB = try node.residentKiB() - beforeKiB
        #expect(grownKiB < 64 * 1_024, "10,000 messages of 500 bytes with a tail of 512: \(grownKiB) KiB more")

        // The slow ones read again: what they get is whole, in order, and then a reset or the end.
        for reader in [slow, stuck] as [LiveReader] {
            var ended = false
            while !reader.messages.contains(where: { $0["reset"]?.bool == true }), !ended {
                ended = try !reader.readMore(Deadline(), waitingFor: "a reset or the end")
            }
            let numbers = reader.chat.compactMap { Int($0.prefix { $0.isNumber }) }
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
            #expect(reader.chat.count < total)
            if ended, let socket = reader as? LiveSocket { #expect(socket.closing?.code == 4408) }
        }
    }

    @Test(arguments: [nil, "permessage-deflate"])
    func `a reader who falls behind again at once is closed with 4408`(extensions: String?) throws {
        let node = try ServerUnderTest(
            settings: Self.fast + ["limits.tail_events=64", "limits.reset_interval_ms=600000"])
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        // The only one here whose frames are compressed, where they are.
        let slow = try room.socket("slow", AttachOptions(receiveBuffer: 4_096, extensions: extensions))
        var random = SeededRandom(seed: 7)
        // Hardly shrinks: compressed or not it fills the reader's buffers.
        let filler = String(decoding: (0..<1_500).map { _ in UInt8(48 + random.next() % 64) }, as: UTF8.self)
            .replacingOccurrences(of: "\\", with: "/")
        let deadline = Deadline(seconds: 300)
        var sent = 0
        // Falls behind, reads until it was reset, and falls behind again: the second time within the interval.
        while slow.closing == nil, !deadline.isOver {
            // In portions that the sender itself keeps up with.
            for _ in 0..<50 {
                for _ in 0..<30 {
                    try teacher.send("chat_send", ["text": .text("\(sent) \(filler)")])
                    sent += 1
                }
                try teacher.demand("chat_send", ["text": "kept up"])
            }
            try slow.takeWhatIsThere()
        }
        #expect(slow.closing?.code == 4408)
        #expect(slow.messages.filter { $0["reset"]?.bool == true }.count <= 1)
        // The room goes on for the others.
        try teacher.demand("chat_send", ["text": "still here"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a student may send 20 at once and 5 a second, then is told when to go on`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        for number in 0..<40 { try ada.send("chat_send", ["text": .text("n\(number)")], id: "n\(number)") }
        let replies = try ada.replies(40)
        let accepted = replies.filter(\.isOK)
        // The burst, and what the seconds of a slow machine added.
        #expect((20...30).contains(accepted.count))
        let refused = try #require(replies.first { !$0.isOK })
        #expect(refused.code == "rate_limited")
        let waitMs = refused["error"]?["retry_after_ms"]?.int ?? 0
        #expect(waitMs > 0 && waitMs <= 1_000)
        #expect(ada.chat == accepted.compactMap(\.re), "refused ones have no effect")
        // Heartbeats and reading are not counted.
        _ = try ada.heartbeat()
        // In time it goes on: each try waits as it was told.
        let deadline = Deadline(seconds: 30)
        while try !ada.ask("chat_send", ["text": "again"], id: "again").isOK {
            guard !deadline.isOver else { throw IntegrationFailure("never allowed again") }
        }
        try ada.chat("again")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a moderator may send more, and one person's rate is not another's`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let ben = try room.socket("ben")
        let teacher = try room.socket("ms-k", .assistant)
        for number in 0..<60 { try ada.send("hand_raise", id: "n\(number)") }
        for number in 0..<100 { try teacher.send("chat_send", ["text": .text("t\(number)")], id: "t\(number)") }
        try ben.demand("chat_send", ["text": "mine"])
        #expect(try teacher.replies(100).allSatisfy(\.isOK))
        try ben.chat("mine")
    }

    @Test func `who goes on regardless is not read for a while, and others are`() throws {
        let node = try ServerUnderTest()
        let room = Classroom(node)
        let eve = try room.socket("eve")
        let ada = try room.socket("ada")
        for number in 0..<80 { try eve.send("chat_send", ["text": "spam"], id: "n\(number)") }
        try ada.demand("chat_send", ["text": "heard"])
        try ada.chat("heard")
        // All are answered in the end, a part of them accepted at five a second.
        let replies = try eve.replies(80, within: 60)
        #expect(Set(replies.compactMap(\.re)).count == 80)
        #expect(replies.filter(\.isOK).count < 60)
    }
}
