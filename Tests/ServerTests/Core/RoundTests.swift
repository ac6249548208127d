// What one round of a room may bring together: a message and its deletion, a command and its repetition, a greeting and
// a reply; and what a log that refuses leaves behind.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import RoomsBackplane
import RoomsStore
import Synchronization
import Testing

@testable import LiveServer

@Suite(.serialized) struct RoundTests {
    @Test func `a message that is deleted in the round it came in leaves no text in the tail`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let home = try #require(world.home(room))
        // Both entries come back from the log in one round.
        home.nextSeq = home.room.seq + 1
        world.log.state.withLock { $0.isOpen = false }
        teacher.command(#"{"op":"chat_send","id":"c1","text":"a secret"}"#)
        try world.until("the message is at the log") { home.pendingCount == 1 }
        let actor = Actor(participant: try #require(ParticipantID("teacher")), name: "teacher", role: .instructor)
        let deletion = Proposal(
            actor: actor, id: try #require(CommandID("d1")), command: .chatDelete(MessageID(seq: home.nextSeq - 1)))
        world.cores[0].propose(deletion, origin: nil, home)
        world.log.state.withLock { $0.isOpen = true }
        try world.until("both are told") { teacher.has("chat_deleted") }
        let late = try world.peer()
        late.upgrade(room, try world.token("late"), query: "?cursor=epoch1234567.0")
        try world.until("the late one has both") { late.has("chat_deleted") }
        #expect(late.has("\"deleted\":true"))
        #expect(!late.has("a secret"))
    }

    @Test func `a command that is sent twice in a round is answered behind its event, on another reactor too`() throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        let home = try #require(world.home(room))
        world.log.state.withLock { $0.isOpen = false }
        ada.command(#"{"op":"chat_send","id":"c1","text":"once"}"#)
        try world.until("it is at the log") { home.pendingCount == 1 }
        // The repetition reaches the home in the very round in which the log answers.
        ada.command(#"{"op":"chat_send","id":"c1","text":"once"}"#)
        world.cores[0].reactor.turn(waitMaxMs: 1)
        let outcomes = world.log.state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting.map { Sequenced(room: $0.room, seq: $0.seq, ts: WallClock.nowMs(), failed: false) }
        }
        world.cores[1].handle(.sequenced(outcomes))
        try world.until("both are answered") { ada.text.ranges(of: "\"re\":\"c1\"").count == 2 }
        let event = try #require(ada.place("\"ev\":\"chat_message\""))
        #expect(try #require(ada.place("\"re\":\"c1\"")) > event)
        #expect(ada.text.ranges(of: "\"ev\":\"chat_message\"").count == 1)
    }

    @Test func `replies that gather behind a greeting follow the events that they answer`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        ada.forget()
        let core = world.cores[0]
        let home = try #require(world.home(room))
        let name = try #require(ParticipantID("ada"))
        let endpoint = try #require(home.presence.endpoints(of: name).first)
        guard let session = core.sessions.find(endpoint.connection) else { throw Overdue(what: "no session") }
        let replica = try #require(core.replica(room))
        // Blocked while its snapshot came; then event 1 and the reply to it.
        session.pointee.flags.insert(.blocked)
        core.requestReset(session, replica)
        let json = Array(#"{"ev":"event","seq":1}"#.utf8)
        replica.append(
            FrameBatch(
                room: room, previousSeq: 0, headSeq: 1,
                items: [.init(seq: 1, moderators: UInt32(json.count), peers: UInt32(json.count))], moderators: json,
                peers: json, redactions: [], receivedNs: 0))
        core.deliver(
            RoomReply(
                origin: endpoint, json: Array(#"{"re":"c1","seq":1}"#.utf8), afterSeq: 1, status: 200, pauseMs: 0))
        core.drained(endpoint.connection)
        try world.until("all is there") { ada.has("\"re\":\"c1\"") }
        let order = [ada.place("welcome"), ada.place("\"ev\":\"event\""), ada.place("\"re\":\"c1\"")]
        #expect(try order.map { try #require($0) } == order.compactMap { $0 }.sorted())
    }

    @Test func `a round larger than the log's queue goes in pieces`() throws {
        let world = try CoreWorld { $0.limits.pendingProposals = 64 }
        let keys = (0..<4).compactMap { RoomKey("demo/cs101/s\($0)") }
        world.log.state.withLock { $0.capacity = 64 }
        let peers = try keys.map { try world.member("teacher", .instructor, of: $0) }
        world.log.state.withLock { $0.isOpen = false }
        for peer in peers {
            for number in 0..<40 { peer.command(#"{"op":"chat_send","id":"c\#(number)","text":"m"}"#) }
        }
        try world.until("more waits than the log takes") {
            keys.reduce(0) { $0 + (world.home($1)?.pendingCount ?? 0) } == 160
        }
        world.log.state.withLock { $0.isOpen = true }
        try world.until("all are in the log", seconds: 10) {
            keys.allSatisfy { world.home($0)?.pendingCount == 0 && world.home($0)?.room.seq == 40 }
        }
    }

    @Test func `a class that ends closes its polls and publishes their results`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let ada = try world.member("ada", of: room)
        teacher.command(
            #"{"op":"poll_open","id":"p1","question":"?","kind":"single","options":["a","b"],"duration_s":3600}"#)
        try world.until("the poll is open") { ada.has("\"ev\":\"poll_started\"") }
        let poll = try #require(world.home(room)?.room.openPolls.first).id.text
        ada.command(#"{"op":"poll_answer","id":"a1","poll":"\#(poll)","attempt_id":"t1","choice":1}"#)
        try world.until("the ballot is receipted") { ada.has("\"durable\"") }
        teacher.command(#"{"op":"room_end","id":"e1"}"#)
        try world.until("the results") { ada.has("\"ev\":\"poll_results\"") }
        #expect(ada.has("\"ev\":\"poll_closed\"") && ada.has("\"counts\":[0,1]"))
    }

    @Test func `results that the log could not take are published when it can`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let home = try #require(world.home(room))
        teacher.command(#"{"op":"poll_open","id":"p1","question":"?","kind":"single","options":["a","b"]}"#)
        try world.until("the poll is open") { !home.room.openPolls.isEmpty }
        let poll = try #require(home.room.openPolls.first).id
        // The close is in the store when the log refuses it; nobody asks again.
        world.log.state.withLock { $0.fails = true }
        teacher.command(#"{"op":"poll_close","id":"p2","poll":"\#(poll.text)"}"#)
        try world.until("the close is refused") { teacher.has("\"unavailable\"") }
        #expect(home.room.poll(poll)?.isOpen == true && !home.debts.isEmpty)
        world.log.state.withLock { $0.fails = false }
        try world.until("the poll is closed") { home.room.poll(poll)?.isOpen == false }
        try world.until("its results are there") { teacher.has("\"ev\":\"poll_results\"") }
        #expect(home.debts.isEmpty)
    }

    @Test func `a count that another one overtook under its revision is made again`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let teacher = try world.member("teacher", .instructor, of: room)
        let home = try #require(world.home(room))
        teacher.command(#"{"op":"poll_open","id":"p1","question":"?","kind":"single","options":["a","b"]}"#)
        try world.until("the poll is open") { !home.room.openPolls.isEmpty }
        let poll = try #require(home.room.openPolls.first).id
        teacher.command(#"{"op":"poll_close","id":"p2","poll":"\#(poll.text)"}"#)
        try world.until("closed") { home.room.poll(poll)?.isOpen == false }
        // What another count made before, on its way at the same time.
        let early = PollResults(poll: poll, counts: [7, 0], total: 7, revision: 1, final: false, pending: ["node"])
        world.cores[0].propose(.results(early), origin: nil, home)
        try world.until("the true count is the last", seconds: 10) {
            home.room.poll(poll)?.results?.counts == [0, 0] && home.room.poll(poll)?.results?.final == true
        }
    }
}
