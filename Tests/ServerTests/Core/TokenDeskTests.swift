// Tokens whose signature takes a worker: what waits, what is sent away, and what comes too late.

import LiveIO
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct TokenDeskTests {
    private static func token(_ issuer: Issuer, _ name: String, _ role: Role = .student) throws -> String {
        TokenMint.mint(
            TokenClaims(
                sub: try #require(ParticipantID(name)), role: role, rooms: [try #require(RoomPattern("*/*/*"))],
                expS: WallClock.nowMs() / 1_000 + 3_600), settings: issuer.settings, key: issuer.key)
    }

    @Test func `requests wait for the desk, and beyond its queue they are told when to come again`() throws {
        let issuer = try Issuer(.es256)
        let world = try CoreWorld(issuer: issuer)
        let room = try world.room()
        let core = world.cores[0]
        let socket = try world.peer()
        socket.upgrade(room, try Self.token(issuer, "ada"))
        let poll = try world.peer()
        poll.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer \(try Self.token(issuer, "ben"))"])
        try world.until("both wait") { core.tokenQuestions.count == 2 }
        let third = try world.peer()
        third.upgrade(room, try Self.token(issuer, "cy"))
        let fourth = try world.peer()
        fourth.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer \(try Self.token(issuer, "di"))"])
        try world.until("both are sent away") { third.has("retry_after_ms") && fourth.has("503 ") }
        #expect(third.has("101 Switching Protocols") && fourth.has("Retry-After: "))
        #expect(!socket.has("HTTP/1.1") && !poll.has("HTTP/1.1"), "nothing was said before the token is judged")
        world.node.tokens?.start()
        try world.until("both come in") { socket.has("\"ev\":\"welcome\"") && poll.has("\"ev\":\"welcome\"") }
        #expect(core.tokenQuestions.count == 0)
        // Known by its hash: the desk is not asked again.
        let asked = core.counters.tokensAsked
        let again = try world.peer()
        again.upgrade(room, try Self.token(issuer, "ada"))
        let known = try Self.token(issuer, "eve")
        for _ in 0..<2 {
            let peer = try world.peer()
            peer.upgrade(room, known)
            try world.until("a greeting") { peer.has("\"ev\":\"welcome\"") }
        }
        #expect(core.counters.tokensAsked <= asked + 2)
    }

    @Test func `a node's own token does not wait behind the issuer's`() throws {
        let issuer = try Issuer(.es256)
        let world = try CoreWorld(issuer: issuer)
        let room = try world.room()
        let waiting = try world.peer()
        waiting.upgrade(room, try Self.token(issuer, "ada"))
        try world.until("one waits") { world.cores[0].tokenQuestions.count == 1 }
        _ = try world.member("guest", of: room)
        #expect(!waiting.has("HTTP/1.1"))
    }

    @Test func `who goes while the token is judged leaves nothing behind`() throws {
        let issuer = try Issuer(.edDSA)
        let world = try CoreWorld(issuer: issuer)
        let room = try world.room()
        let core = world.cores[0]
        let ghost = try world.peer()
        ghost.upgrade(room, try Self.token(issuer, "ghost"))
        try world.until("it waits") { core.tokenQuestions.count == 1 }
        ghost.close()
        try world.until("the connection is over") { core.counters.closed == 1 }
        // Its slot serves somebody else by then.
        let next = try world.member("next", of: room)
        world.node.tokens?.start()
        try world.until("the answer is taken") { core.tokenQuestions.count == 0 }
        next.command(#"{"op":"chat_send","id":"c1","text":"well"}"#)
        try world.until("the room goes on") { next.has("\"text\":\"well\"") }
        #expect(world.home(room)?.presence.count == 1)
        #expect(core.joinsInProgress == 0)
    }

    @Test func `a judgement that comes after the answer's time is nobody's`() throws {
        let issuer = try Issuer(.es256)
        let world = try CoreWorld(issuer: issuer)
        let room = try world.room()
        let core = world.cores[0]
        let peer = try world.peer()
        peer.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer \(try Self.token(issuer, "ada"))"])
        try world.until("it waits") { core.tokenQuestions.count == 1 }
        let session = (0..<UInt32(4)).map { core.sessions.at($0).pointee }.first { $0.kind == .awaitingAnswer }
        core.deadlineReached(try #require(session).id)
        try world.until("it is told") { peer.has("503 ") && peer.isOver }
        world.node.tokens?.start()
        try world.until("the answer is taken") { core.tokenQuestions.count == 0 }
        for _ in 0..<5 { world.turn() }
        #expect(world.home(room)?.presence.count ?? 0 == 0)
    }

    @Test func `an answer that was made for the old view never reaches the new one`() throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", .instructor, of: room, at: 0)
        let core = world.cores[0]
        let member = try #require((0..<UInt32(4)).map { core.sessions.at($0).pointee }.first { $0.kind == .webSocket })
        ada.forget()
        ada.command(#"{"op":"auth","id":"a1","token":"\#(try world.token("ada"))"}"#)
        let limitNs = MonotonicClock.nowNs() + 30_000_000_000
        while !ada.has("\"re\":\"a1\""), MonotonicClock.nowNs() < limitNs { core.reactor.turn(waitMaxMs: 1) }
        #expect(ada.has("\"role\":\"student\"") && core.joinsInProgress == 1)
        core.attached(
            AttachReply(
                endpoint: Endpoint(reactor: 0, connection: member.id), room: room,
                participant: try #require(ParticipantID("ada")), view: .moderator,
                verdict: .welcome(
                    WelcomeParts(
                        epoch: "epoch1234567", seq: 0, reset: true, state: Array(#"{"secret":true}"#.utf8),
                        presence: Array("{}".utf8), you: Array("{}".utf8)))))
        try world.until("the snapshot of the new view") { ada.has("\"ev\":\"welcome\"") }
        #expect(!ada.has("secret") && ada.has("\"reset\":true"))
        #expect(core.joinsInProgress == 0)
    }
}
