// The promise of RFC 6455 towards clients that break it, and towards those that use what it allows: close codes as the
// contract names them, fragments, pings, and nothing that a broken peer does reaches the room.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct FramingTests {
    private func closed(_ threads: Int, code: UInt16, _ provoke: (LiveSocket) throws -> Void) throws {
        let room = try Classroom(threads: threads)
        let witness = try room.socket("witness")
        let ada = try room.socket("ada")
        try provoke(ada)
        #expect(try ada.waitForClose().code == code)
        try witness.demand("chat_send", ["text": "unmoved"])
        try witness.chat("unmoved")
        #expect(witness.chat == ["unmoved"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a message over 16 KiB closes with 1009, one of exactly 16 KiB does not`(threads: Int) throws {
        try closed(threads, code: 1009) { try $0.sendFrame(.text, [UInt8](repeating: 0x20, count: 16_385)) }
        // In fragments, too.
        try closed(threads, code: 1009) { ada in
            try ada.sendFrame(.text, [UInt8](repeating: 0x20, count: 10_000), isFinal: false)
            try ada.sendFrame(.continuation, [UInt8](repeating: 0x20, count: 10_000))
        }
        let ada = try Classroom(threads: threads).socket("ada")
        let command = #"{"op":"hand_raise","id":"full"}"#
        try ada.send(text: command + String(repeating: " ", count: 16_384 - command.utf8.count))
        #expect(try ada.find("a reply") { $0.re == "full" }.message.isOK)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `binary 1003, bad UTF-8 1007, unmasked 1002, unknown opcode 1002`(threads: Int) throws {
        try closed(threads, code: 1003) { try $0.sendFrame(.binary, Array("{}".utf8)) }
        try closed(threads, code: 1007) { try $0.sendFrame(.text, [0x7B, 0xC3, 0x28, 0x7D]) }
        try closed(threads, code: 1002) { ada in
            var bytes: [UInt8] = []
            WebSocketFrame.append(.text, payload: Array(#"{"op":"hand_raise","id":"1"}"#.utf8), to: &bytes)
            try ada.wire.send(bytes)
        }
        try closed(threads, code: 1002) { try $0.wire.send([0x83, 0x80, 1, 2, 3, 4]) }
        try closed(threads, code: 1002) { try $0.wire.send([0xC1, 0x80, 1, 2, 3, 4]) }
        try closed(threads, code: 1002) { try $0.sendFrame(.continuation, Array("x".utf8)) }
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a command in fragments with a ping between them is one command`(threads: Int) throws {
        let ada = try Classroom(threads: threads).socket("ada")
        let text = Array(#"{"op":"chat_send","id":"f","text":"Größe 👩‍🏫"}"#.utf8)
        for (index, byte) in text.enumerated() {
            let isLast = index == text.count - 1
            try ada.sendFrame(index == 0 ? .text : .continuation, [byte], isFinal: isLast)
            if index % 10 == 5 { try ada.sendFrame(.ping, [UInt8(index)]) }
        }
        #expect(try ada.find("a reply") { $0.re == "f" }.message.isOK)
        try ada.chat("Größe 👩‍🏫")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a close is answered with its own code`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        for code in [nil, 1000, 1001, 3000, 4999] as [UInt16?] {
            let ada = try room.socket("ada")
            try ada.sendClose(code)
            #expect(try ada.waitForClose() == Closing(code: code))
            try ada.wire.waitForEnd()
        }
    }

    @Test func `a command that comes byte by byte is the same command`() throws {
        let ada = try Classroom(threads: 1).socket("ada")
        var bytes: [UInt8] = []
        WebSocketFrame.append(
            .text, payload: Command.bytes("chat_send", id: "b", ["text": "slowly"]), mask: 0x1234_5678, to: &bytes)
        for byte in bytes { try ada.wire.send([byte]) }
        #expect(try ada.find("a reply") { $0.re == "b" }.message.isOK)
    }

    @Test func `commands sent with the handshake, before welcome, are carried out after it`() throws {
        let room = try Classroom(threads: 1)
        let wire = try WireSocket(port: room.node.port)
        var bytes: [UInt8] = []
        WebSocketHandshake.appendRequest(
            target: room.livePath, host: "127.0.0.1:\(room.node.port)",
            key: WebSocketHandshake.key([UInt8](repeating: 9, count: 16)),
            subprotocols: ["live.v1", "bearer.\(try room.token("ada", .student))"], to: &bytes)
        WebSocketFrame.append(
            .text, payload: Command.bytes("chat_send", id: "early", ["text": "hello"]), mask: 77, to: &bytes)
        try wire.send(bytes)
        while !wire.received.holds(#""re":"early","ok":true"#) {
            guard try wire.fill(Deadline(), waitingFor: "the reply to an early command") else {
                throw IntegrationFailure("ended: \(String(decoding: wire.received, as: UTF8.self).suffix(200))")
            }
        }
        let text = String(decoding: wire.received, as: UTF8.self)
        let welcome = try #require(text.firstRange(of: #""ev":"welcome""#))
        let reply = try #require(text.firstRange(of: #""re":"early""#))
        #expect(welcome.lowerBound < reply.lowerBound)
    }
}
