// The promise to those whose token ends in mid-class: they are told ahead of time, they can show another without losing
// anything, and what the new token says holds from then on.

import Foundation
import LiveProtocol
import LiveServer
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct RenewalTests {
    private static func auth(_ token: String) -> Members { ["token": .text(token)] }

    @Test(arguments: SharedNodes.threadCounts)
    func `a connection ends in the second of exp, and its holder was told before`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let expS = Int64(Date().timeIntervalSince1970) + 3
        let socket = try room.enter(token: try room.token("ada", .student, ttlS: 3))
        let stream = try LiveStream(
            port: room.node.port, path: room.livePath, token: try room.token("ben", .student, ttlS: 3))
        let poll = try LivePoll(
            port: room.node.port, path: room.livePath, token: try room.token("cy", .student, ttlS: 3))
        try poll.poll()
        let warning = try socket.event("auth_expiring")
        #expect((0...2).contains(try #require(warning["expires_in_s"]?.int)))
        #expect(try socket.waitForClose().code == 4401)
        let lateS = Date().timeIntervalSince1970 - Double(expS)
        #expect((-0.1...3).contains(lateS), "closed \(lateS) s after exp; pings are 10 s apart")
        #expect(try stream.event("auth_expiring")["expires_in_s"] != nil)
        #expect(try stream.event("closed")["code"]?.int == 4401)
        do {
            try poll.poll()
            try poll.poll()
            Issue.record("a poll outlived its token")
        } catch let refused as LiveSocket.Refused {
            #expect(refused.response.status == 401)
        }
        #expect(socket.messages.filter { $0.event == "auth_expiring" }.count == 1)
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a renewed socket and a renewed stream outlive their first token`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let control = try room.enter(token: try room.token("zoe", .student, ttlS: 4))
        let ada = try room.enter(token: try room.token("ada", .student, ttlS: 4))
        let old = try room.token("ben", .student, ttlS: 4)
        let ben = try LiveStream(port: room.node.port, path: room.livePath, token: old)
        _ = try ben.event("welcome")
        let reply = try ada.demand("auth", Self.auth(try room.token("ada", .student)))
        let expiresMs = try #require(reply["expires_ts"]?.int)
        #expect(expiresMs > Int64(Date().timeIntervalSince1970 * 1_000) + 3_000_000)
        #expect(reply["role"]?.string == "student" && reply["resume"]?.string?.isEmpty == false)
        let posted = try room.ask(
            "POST", room.commandPath, token: old,
            body: Command.bytes("auth", id: "r1", Self.auth(try room.token("ben", .student))))
        let renewed = try posted.message()
        #expect(posted.status == 200 && renewed.isOK, "\(posted.text)")
        #expect(try control.waitForClose().code == 4401)
        try ada.demand("chat_send", ["text": "still here"])
        try ben.chat("still here")
        #expect(ada.messages.filter { $0.event == "welcome" }.count == 1, "nothing began anew")
        // The resume token of the reply goes beyond the first token's end, too.
        let back = try room.knock("ada", .student, AttachOptions(cursor: ada.cursor.description, resume: ada.resume))
        _ = try back.event("resumed")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a bad token, another's, or one for another room changes nothing`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let other = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let refused: [(String, String)] = [
            (try room.token("eve", .student), "forbidden"), (try other.token("ada", .student), "forbidden"),
            (try room.token("eve", .instructor), "forbidden"),
            (try room.token("ada", .instructor, ttlS: -5), "unauthenticated"),
            (try room.node.forgedToken("ada", .instructor, room: room.key), "unauthenticated"),
            ("nonsense", "unauthenticated"),
        ]
        for (token, code) in refused {
            #expect(try ada.ask("auth", Self.auth(token)).code == code)
            let posted = try room.ask(
                "POST", room.commandPath, token: try room.token("ada", .student),
                body: Command.bytes("auth", id: "x", Self.auth(token)))
            #expect(try posted.message().code == code)
        }
        #expect(try ada.ask("auth").code == "bad_request")
        #expect(try ada.ask("auth", ["token": 7]).code == "bad_request")
        #expect(try ada.ask("auth", Self.auth(String(repeating: "a", count: 4_097))).code == "bad_request")
        #expect(try ada.ask("chat_delete", ["message": "m1"]).code == "forbidden", "a student as before")
        try ada.demand("chat_send", ["text": "as before"])
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `another role is another view, from a snapshot on, both ways`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let chief = try room.socket("chief", .instructor)
        try chief.demand("mute", ["participant": "eve"])
        let ada = try room.socket("ada")
        #expect(ada.messages.first?["state"]?["muted"] == nil)
        try ada.demand("auth", Self.auth(try room.token("ada", .instructor)))
        let up = try ada.event("welcome") { $0["reset"]?.bool == true }
        #expect(up["role"]?.string == "instructor")
        #expect(up["state"]?["muted"]?.array?.first?.string == "eve")
        try ada.demand("unmute", ["participant": "eve"])
        _ = try ada.event("participant_unmuted")
        try ada.demand("auth", Self.auth(try room.token("ada", .student)))
        let start = ada.messages.count
        let down = try ada.event("welcome") { $0["reset"]?.bool == true && $0["role"]?.string == "student" }
        #expect(down["state"]?["muted"] == nil)
        #expect(try ada.ask("mute", ["participant": "eve"]).code == "forbidden")
        try chief.demand("mute", ["participant": "eve"])
        try chief.demand("chat_send", ["text": "fence"])
        try ada.chat("fence")
        #expect(!ada.messages[start...].contains { $0.event == "participant_muted" }, "a student's view again")
        let roster = try room.ask(
            "GET", "/v1/rooms/\(room.key)/participants", token: try room.token("chief", .instructor))
        let people = try #require(try roster.message()["participants"]?.array)
        #expect(people.first { $0["participant"]?.string == "ada" }?["role"]?.string == "student")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `a stream changes its view, too, and loses nothing that it may see`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let chief = try room.socket("chief", .instructor)
        let token = try room.token("ada", .instructor)
        let ada = try LiveStream(port: room.node.port, path: room.livePath, token: token)
        _ = try ada.event("welcome")
        try chief.demand("mute", ["participant": "eve"])
        _ = try ada.event("participant_muted")
        let posted = try room.ask(
            "POST", room.commandPath, token: token,
            body: Command.bytes("auth", id: "r", Self.auth(try room.token("ada", .observer))))
        #expect(posted.status == 200)
        #expect(try ada.event("welcome") { $0["reset"]?.bool == true }["role"]?.string == "observer")
        let start = ada.messages.count
        try chief.demand("unmute", ["participant": "eve"])
        for number in 0..<20 { try chief.demand("chat_send", ["text": .text("n\(number)")]) }
        try ada.chat("n19")
        #expect(ada.messages[start...].filter { $0.event == "chat_message" }.count == 20)
        #expect(!ada.messages[start...].contains { $0.event == "participant_unmuted" })
    }

    @Test func `renewal works with an issuer's keys, off the reactor`() throws {
        let issuer = try TestIssuer(.es256)
        let node = try ServerUnderTest(settings: issuer.nodeSettings)
        let room = Classroom(node)
        let ada = try room.enter(token: try issuer.token("ada", room: room.key, ttlS: 10))
        let stream = try LiveStream(
            port: node.port, path: room.livePath, token: try issuer.token("ben", room: room.key, ttlS: 10))
        _ = try stream.event("welcome")
        try ada.demand("auth", Self.auth(try issuer.token("ada", room: room.key)))
        let posted = try room.ask(
            "POST", room.commandPath, token: try issuer.token("ben", room: room.key),
            body: Command.bytes("auth", id: "r", Self.auth(try issuer.token("ben", room: room.key, ttlS: 3_000))))
        #expect(posted.status == 200)
        #expect(try ada.ask("auth", Self.auth(try issuer.token("eve", room: room.key))).code == "forbidden")
        Deadline(seconds: 11).waitOut()
        try ada.demand("chat_send", ["text": "later"])
        try stream.chat("later")
    }
}
