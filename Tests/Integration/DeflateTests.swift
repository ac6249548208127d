// The promise of permessage-deflate in rooms: who takes it and who does not read the same log; frames are compressed
// once for all; nothing with a token is compressed; what clients compress is inflated within limits.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct DeflateTests {
    private static let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    /// Long enough to be compressed.
    private static let text = String(repeating: "What is the derivative of x squared? ", count: 12)

    @Test func `rooms agree to what all can share, and to nothing less`() throws {
        let room = try Classroom(threads: 1)
        func agreed(_ offer: String?) throws -> String? {
            try room.socket("p\(Int.random(in: 0 ... .max))", AttachOptions(extensions: offer)).extensions
        }
        #expect(try agreed("permessage-deflate; client_max_window_bits") == Self.agreed)
        #expect(try agreed("permessage-deflate; server_max_window_bits=10") == nil)
        #expect(try agreed("permessage-deflate; server_max_window_bits=10, permessage-deflate") == Self.agreed)
        #expect(try agreed("permessage-deflate; unknown=1") == nil)
        #expect(try agreed(nil) == nil)
        #expect(throws: LiveSocket.Refused.self) { _ = try agreed("permessage-deflate; ;") }
    }

    @Test func `switched off, nobody is offered any`() throws {
        let room = Classroom(try ServerUnderTest(settings: ["websocket.deflate=false"]))
        let ada = try room.socket("ada", .deflate)
        #expect(ada.extensions == nil)
        try ada.demand("chat_send", ["text": .text(Self.text)])
        try ada.chat(Self.text)
        #expect(!ada.compressed.contains(true))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `members with and without deflate read the same events, long ones compressed`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor, .deflate)
        let plain = try room.socket("plain")
        let packed = try (0..<3).map { try room.socket("packed\($0)", .deflate) }
        let stream = try room.stream("stream")
        for number in 0..<20 {
            let text = number % 2 == 0 ? "\(number) \(Self.text)" : "\(number)"
            try teacher.demand("chat_send", ["text": .text(text)])
        }
        let opened = try teacher.demand(
            "poll_open",
            [
                "question": "2+2?", "kind": "quiz", "options": ["3", "4"],
                "correct": [1],
            ])
        #expect(opened["poll"]?.string != nil)
        try teacher.demand("chat_send", ["text": "fence"])
        for reader in packed + [plain, stream] as [LiveReader] { try reader.chat("fence") }
        let expected = plain.log.map(\.text)
        #expect(expected.count >= 22)
        for reader in packed { #expect(reader.log.map(\.text).suffix(22) == expected.suffix(22)) }
        #expect(stream.log.map(\.text).suffix(22) == expected.suffix(22))
        #expect(!plain.compressed.contains(true))
        for reader in packed {
            for (message, isCompressed) in zip(reader.messages, reader.compressed) where message.event != "presence" {
                // Long events are, short ones, replies and greetings are not.
                let isLong = message.event == "chat_message" && message.text.utf8.count >= 256
                #expect(isCompressed == isLong, "\(message)")
            }
            #expect(!reader.messages.contains { $0.text.contains("correct") }, "a peer's view holds no answer")
        }
        try teacher.event("poll_started") { $0["correct"] != nil }
        #expect(teacher.compressed.contains(true))
        // The bytes on the wire: the long events are what shrank.
        #expect(packed[0].wire.received.count < plain.wire.received.count * 3 / 4)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `nothing with a token or an answer of one's own is compressed`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada", .deflate)
        // A `welcome` that is long: the state holds these.
        for number in 0..<6 { try ada.demand("chat_send", ["text": .text("\(number) \(Self.text)")]) }
        let ben = try room.socket("ben", .deflate)
        try ben.heartbeat()
        _ = try ben.ask("chat_send", ["text": .text(String(repeating: "x", count: 10_000))])
        ben.wire.cut()
        let back = try room.socket("ben", AttachOptions(after: ben, extensions: "permessage-deflate"))
        for reader in [ada, ben, back] {
            for (message, isCompressed) in zip(reader.messages, reader.compressed) where isCompressed {
                #expect(message.event == "chat_message")
            }
        }
        #expect(try #require(ben.messages.first).text.utf8.count > 2_000)
        #expect(back.messages.first?.event == "resumed")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a resume may change the encoding, whatever lies between`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        var sent: [String] = []
        var seen: [String] = []
        func speak(_ count: Int) throws {
            for _ in 0..<count {
                sent.append("\(sent.count) \(sent.count % 3 == 0 ? "short" : Self.text)")
                try teacher.demand("chat_send", ["text": .text(sent[sent.count - 1])])
            }
        }
        var ada = try room.socket("ada")
        for turn in 0..<8 {
            try speak(3)
            try ada.chat(sent[sent.count - 1])
            // Cut off with events on the way that are read twice or never by a client that counts wrongly.
            seen += ada.chat
            ada.wire.cut()
            try speak(turn % 3)
            let extensions = turn % 2 == 0 ? "permessage-deflate; client_max_window_bits" : nil
            ada = try room.socket("ada", AttachOptions(after: ada, extensions: extensions))
            #expect((ada.extensions != nil) == (turn % 2 == 0))
        }
        try speak(1)
        try ada.chat(sent[sent.count - 1])
        #expect(seen + ada.chat == sent)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `clients' messages may come compressed, in fragments, and between plain ones`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada", .deflate)
        try ada.send(deflated: #"{"op":"chat_send","id":"one","text":"one"}"#)
        try ada.send(text: #"{"op":"chat_send","id":"two","text":"two"}"#)
        let deflate = try SocketDeflate(agreed: Self.agreed)
        let payload = deflate.deflate(#"{"op":"chat_send","id":"three","text":"three"}"#)
        for (at, byte) in payload.enumerated() {
            try ada.sendFrame(
                at == 0 ? .text : .continuation, [byte], isFinal: at == payload.count - 1, isCompressed: at == 0)
        }
        try ada.chat("three")
        #expect(ada.chat == ["one", "two", "three"])
        for id in ["one", "two", "three"] { #expect(try ada.find("a reply") { $0.re == id }.message.isOK) }
    }

    private func closed(
        _ threads: Int, code: UInt16, deflate: Bool = true, _ provoke: (LiveSocket) throws -> Void
    ) throws {
        let room = try Classroom(threads: threads)
        let witness = try room.socket("witness", .deflate)
        let eve = try room.socket("eve", deflate ? .deflate : AttachOptions())
        try provoke(eve)
        #expect(try eve.waitForClose().code == code)
        try witness.send(deflated: #"{"op":"chat_send","id":"w","text":"unmoved"}"#)
        try witness.chat("unmoved")
        #expect(witness.chat == ["unmoved"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `bombs close with 1009, what is no deflate or no text with 1007, RSV1 out of place with 1002`(
        threads: Int
    ) throws {
        let bomb = try SocketDeflate(agreed: Self.agreed)
        // 3 MiB in 14 KiB: over the ratio and over the size.
        let payload = bomb.deflate(String(repeating: "a", count: 3 << 20))
        #expect(payload.count < 16_384)
        try closed(threads, code: 1009) { try $0.sendFrame(.text, payload, isCompressed: true) }
        // Over the size alone.
        let large = bomb.deflate(
            (0..<5_000).map { String($0, radix: 36) }.joined(separator: " ") + String(repeating: " ", count: 2_000))
        #expect(large.count < 16_384)
        try closed(threads, code: 1009) { try $0.sendFrame(.text, large, isCompressed: true) }
        try closed(threads, code: 1007) { try $0.sendFrame(.text, [0xFF, 0xFF, 0xFF], isCompressed: true) }
        try closed(threads, code: 1007) { try $0.sendFrame(.text, [], isCompressed: true) }
        try closed(threads, code: 1007) { eve in
            var deflater = Deflater(level: 1, memoryLevel: 8)
            var bad: [UInt8] = []
            [UInt8](arrayLiteral: 0x7B, 0xC3, 0x28, 0x7D).withUnsafeBytes {
                deflater.deflate($0, keepsContext: false, to: &bad)
            }
            try eve.sendFrame(.text, bad, isCompressed: true)
        }
        try closed(threads, code: 1002, deflate: false) { try $0.sendFrame(.text, payload, isCompressed: true) }
        try closed(threads, code: 1002) { try $0.sendFrame(.ping, [], isCompressed: true) }
        try closed(threads, code: 1002) { eve in
            try eve.sendFrame(.text, Array("{".utf8), isFinal: false)
            try eve.sendFrame(.continuation, [0x00], isCompressed: true)
        }
        // A reference to an earlier message, which was agreed not to be.
        try closed(threads, code: 1007) { eve in
            try eve.sendFrame(.text, [0xF2, 0x00, 0x11, 0x00, 0x00], isCompressed: true)
        }
    }

    @Test func `who reads compressed frames slowly loses nothing`() throws {
        let node = try ServerUnderTest(
            settings: [
                "limits.moderator_rate=1000000", "limits.moderator_burst=1000000", "limits.gather_bytes=16384",
                "limits.frame_rate=500000",
            ])
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let slow = try room.socket(
            "slow", AttachOptions(receiveBuffer: 4_096, extensions: "permessage-deflate"))
        let total = 3_000
        var random = SystemRandomNumberGenerator()
        var sent: [String] = []
        for number in 0..<total {
            // Half of it does not compress well, so that cuts fall everywhere.
            let noise = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                String(UInt32.random(in: 0 ... .max, using: &random), radix: 36)
            }
            let text = "\(number) " + String(noise.joined(separator: " ").prefix(900))
            sent.append(text)
            try teacher.send("chat_send", ["text": .text(text)])
            if number % 100 == 99 { try teacher.chat(text) }
        }
        try slow.chat(sent[total - 1], within: 60)
        #expect(slow.chat == sent)
        #expect(slow.compressed.count { $0 } > total / 2)
    }

    @Test func `idle members hold no contexts: memory is that of members without deflate`() throws {
        func kilobytesEach(_ options: AttachOptions) throws -> Double {
            let node = try ServerUnderTest()
            let room = Classroom(node)
            let teacher = try room.socket("ms-k", .instructor, options)
            try teacher.demand("chat_send", ["text": .text(Self.text)])
            try teacher.chat(Self.text)
            let count = 300
            let before = try node.residentKiB()
            let members = try (0..<count).map { try room.socket("p\($0)", options) }
            // Everybody has sent and received something compressed.
            for member in members where options.extensions != nil {
                try member.send(deflated: #"{"op":"hand_raise","id":"h"}"#)
                _ = try member.find("a reply") { $0.re == "h" }
            }
            try teacher.demand("chat_send", ["text": .text("fence \(Self.text)")])
            for member in members { try member.chat("fence \(Self.text)") }
            return Double(try node.residentKiB() - before) / Double(count)
        }
        let plain = try kilobytesEach(AttachOptions())
        let packed = try kilobytesEach(.deflate)
        // One inflater alone is 40 KiB.
        #expect(packed < plain + 12, "\(packed) KiB each with deflate, \(plain) without")
    }
}
