// Two reactors whose mail gets lost: what must arrive arrives, what went missing is repaired, and nothing stays behind.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import RoomsBackplane
import Synchronization
import Testing

@testable import LiveServer

@Suite(.serialized) struct MailTests {
    private static func batch(_ room: RoomKey, after previous: UInt64, _ seqs: ClosedRange<UInt64>) -> FrameBatch {
        var bytes: [UInt8] = []
        var items: [FrameBatch.Item] = []
        for seq in seqs {
            let json = Array("{\"ev\":\"x\",\"seq\":\(seq),}".utf8)
            items.append(.init(seq: seq, moderators: UInt32(json.count), peers: UInt32(json.count)))
            bytes += json
        }
        return FrameBatch(
            room: room, previousSeq: previous, headSeq: seqs.upperBound, items: items, moderators: bytes, peers: bytes,
            redactions: [], receivedNs: 0)
    }

    /// Fills a mailbox with what means nothing.
    private func fill(_ mailbox: Mailbox<CoreMessage>, _ room: RoomKey) {
        while mailbox.post(.unsubscribe(room: room, reactor: 9)) {}
    }

    /// Turns one reactor while the other stands still.
    private func alone(_ world: CoreWorld, _ what: String, at index: Int, _ condition: () -> Bool) throws {
        let limitNs = MonotonicClock.nowNs() + 30_000_000_000
        while !condition() {
            guard MonotonicClock.nowNs() < limitNs else { throw Overdue(what: what) }
            world.cores[index].reactor.turn(waitMaxMs: 1)
        }
    }

    @Test func `a leave and the news of events outlast a full mailbox, however quiet the room is then`() throws {
        let world = try CoreWorld(reactors: 2, mailboxCapacity: 64)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        let home = try #require(world.home(room))
        #expect(home.presence.count == 2)
        // The event finds no room in the mailbox of ada's reactor, and no other event follows.
        teacher.command(#"{"op":"chat_send","id":"c1","text":"missed"}"#)
        try alone(world, "the message is applied", at: 1) {
            for answer in world.log.answers() { _ = world.mailboxes[1].post(.sequenced(answer.outcomes)) }
            fill(world.mailboxes[0], room)
            return home.room.seq == 1 && teacher.has("missed")
        }
        #expect(world.cores[1].counters.mailboxRefusals > 0)
        try world.until("the repair") { ada.has("missed") }
        #expect(ada.text.ranges(of: "missed").count == 1)
        // Her leave finds no room either.
        fill(world.mailboxes[1], room)
        ada.close()
        let core = world.cores[0]
        try alone(world, "her connection is over", at: 0) {
            fill(world.mailboxes[1], room)
            return core.counters.closed == 1
        }
        #expect(!core.owedMail.isEmpty)
        try world.until("she has left") { home.presence.count == 1 }
        #expect(core.owedMail.isEmpty)
    }

    @Test func `a reactor that comes back to a room before its leave was taken goes on hearing of it`() throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: 1)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        let ada = try world.peer(at: 0)
        let core = world.cores[0]
        ada.upgrade(room, try world.token("ada"))
        // Her join is on its way; that nobody is there any more, said before it, found no room in the mailbox.
        try alone(world, "she joins", at: 0) {
            let joins = core.joinsInProgress > 0
            if !joins { core.owedMail.add(.unsubscribe(room: room, reactor: 0), to: 1) }
            return joins
        }
        try world.until("she is greeted") { ada.has("\"ev\":\"welcome\"") }
        teacher.command(#"{"op":"chat_send","id":"c1","text":"heard"}"#)
        try world.until("she hears of it") { ada.has("heard") }
    }

    @Test func `a repair whose answer is lost is asked for again`() throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        let core = world.cores[0]
        let replica = try #require(core.replica(room))
        // A batch of a future that never was makes it ask; the answer is dropped.
        teacher.command(#"{"op":"chat_send","id":"c1","text":"first"}"#)
        try world.until("the first") { ada.has("first") }
        core.handle(.frames(Self.batch(room, after: 5, 6...6)))
        let askedMs = try #require(replica.repairAskedMs)
        #expect(core.counters.repairs == 1)
        core.handle(.frames(Self.batch(room, after: 6, 7...7)))
        #expect(core.counters.repairs == 1, "asked already")
        replica.repairAskedMs = askedMs &- 2_000
        core.handle(.frames(Self.batch(room, after: 7, 8...8)))
        #expect(core.counters.repairs == 2, "asked again")
        try world.until("the repair is over") { replica.repairAskedMs == nil }
        teacher.command(#"{"op":"chat_send","id":"c2","text":"second"}"#)
        try world.until("events come again") { ada.has("second") }
        #expect(ada.text.ranges(of: "\"first\"").count == 1)
    }

    @Test func `what a greeting held does not come again with the repair that is on its way`() throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        let core = world.cores[0]
        let replica = try #require(core.replica(room))
        let late = try world.peer(at: 0)
        late.upgrade(room, try world.token("late"))
        try alone(world, "the attach is on its way", at: 0) { core.joinsInProgress == 1 }
        let ids = (0..<UInt32(8)).map { core.sessions.at($0).pointee }.filter { $0.flags.contains(.joining) }
        let joining = try #require(ids.first).id
        // The home is at 5; the mail with 1 to 5 was lost.
        let parts = WelcomeParts(
            epoch: "epoch1234567", seq: 5, reset: false, state: Array("{}".utf8), presence: Array("{}".utf8),
            you: Array("{}".utf8))
        core.attached(
            AttachReply(
                endpoint: Endpoint(reactor: 0, connection: joining), room: room,
                participant: try #require(ParticipantID("late")), view: .member, verdict: .welcome(parts)))
        replica.repairAskedMs = core.reactor.nowMs
        core.handle(.repaired(room: room, Self.batch(room, after: 0, 1...5), epoch: "epoch1234567", head: 5))
        core.handle(.frames(Self.batch(room, after: 5, 6...6)))
        try alone(world, "the events", at: 0) { ada.has("\"seq\":6,") && late.has("\"seq\":6,") }
        #expect(ada.text.ranges(of: "\"ev\":\"x\"").count == 6)
        #expect(late.text.ranges(of: "\"ev\":\"x\"").count == 1)
        #expect(replica.ahead.isEmpty)
    }

    @Test func `where the home's tail no longer reaches back the log here begins anew`() throws {
        let world = try CoreWorld(reactors: 2)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        let core = world.cores[0]
        let old = try #require(core.replica(room))
        old.repairAskedMs = core.reactor.nowMs
        teacher.command(#"{"op":"chat_send","id":"c1","text":"seen"}"#)
        try world.until("the message") { ada.has("seen") }
        old.repairAskedMs = core.reactor.nowMs
        core.handle(.repaired(room: room, nil, epoch: "epoch1234567", head: 1))
        try world.until("ada is sent to come again") { ada.has("retry_after_ms") }
        #expect(core.replica(room) !== old && core.replica(room)?.headSeq == 1)
        let back = try world.member("ada", of: room, at: 0)
        teacher.command(#"{"op":"chat_send","id":"c2","text":"later"}"#)
        try world.until("events come") { back.has("\"ev\":\"chat_message\"") && back.has("later") }
    }

    @Test func `a deletion that a full mailbox lost comes with the repair`() throws {
        let world = try CoreWorld(reactors: 2, mailboxCapacity: 64)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        let teacher = try world.member("teacher", .instructor, of: room, at: 1)
        teacher.command(#"{"op":"chat_send","id":"c1","text":"to be forgotten"}"#)
        try world.until("ada reads it") { ada.has("to be forgotten") }
        let home = try #require(world.home(room))
        teacher.command(#"{"op":"chat_delete","id":"c2","message":"\#(MessageID(seq: 1).text)"}"#)
        try alone(world, "the deletion is applied", at: 1) {
            for answer in world.log.answers() { _ = world.mailboxes[1].post(.sequenced(answer.outcomes)) }
            fill(world.mailboxes[0], room)
            return home.room.seq == 2 && teacher.has("chat_deleted")
        }
        #expect(world.cores[1].counters.mailboxRefusals > 0)
        try world.until("the repair") { ada.has("chat_deleted") }
        for core in world.cores {
            let replica = try #require(core.replica(room))
            for list in LogClass.allCases {
                let events = replica.wholeTail().logs[list.rawValue].events
                let kept = String(decoding: events.frames, as: UTF8.self)
                #expect(kept.contains("chat_message") && !kept.contains("to be forgotten"), "\(core.index) \(list)")
            }
        }
    }

    @Test func `who missed more deletions than are remembered begins anew`() {
        var memory = RedactionMemory()
        #expect(memory.since(0)?.isEmpty == true)
        for place in 1...UInt64(RedactionMemory.keptMax) { memory.note(place, at: place + 100) }
        #expect(memory.since(0)?.count == RedactionMemory.keptMax && memory.since(100)?.first == 1)
        #expect(memory.since(101)?.first == 2 && memory.since(UInt64(RedactionMemory.keptMax) + 100)?.isEmpty == true)
        memory.note(9_999, at: 9_999)
        #expect(memory.since(0) == nil, "half of it is forgotten")
        #expect(memory.since(9_998) == [9_999])
    }

    @Test func `a reply that finds no room in a mailbox comes later`() throws {
        let world = try CoreWorld(reactors: 2, mailboxCapacity: 64)
        let room = try world.room(at: 1)
        let ada = try world.member("ada", of: room, at: 0)
        ada.command(#"{"op":"hand_lower","id":"no-hand"}"#)
        try alone(world, "the command is on its way", at: 0) { world.mailboxes[1].count > 0 }
        fill(world.mailboxes[0], room)
        try alone(world, "the reply is owed", at: 1) { world.cores[1].owedMail.answerCount == 1 }
        #expect(!ada.has("no-hand"))
        try world.until("the reply") { ada.has("\"re\":\"no-hand\"") }
        #expect(world.cores[1].owedMail.isEmpty && ada.text.ranges(of: "no-hand").count == 1)
    }

    @Test func `whose reply cannot even be kept is closed, once`() throws {
        var owed = OwedMail()
        let lucky = Endpoint(reactor: 1, connection: ConnectionID(index: 1, generation: 1))
        let unlucky = Endpoint(reactor: 1, connection: ConnectionID(index: 2, generation: 1))
        func reply(_ origin: Endpoint) -> CoreMessage {
            .reply(RoomReply(origin: origin, json: [], afterSeq: 0, status: 200, pauseMs: 0))
        }
        for origin in [lucky, unlucky, unlucky] { owed.add(answer: reply(origin), for: origin, max: 1) }
        #expect(owed.messages.count == 2 && owed.answerCount == 1)
        guard case .close(let id, CloseCode.tryAgain, _)? = owed.messages.last?.message else {
            throw Overdue(what: "a close")
        }
        #expect(id == unlucky.connection)
    }

    @Test func `a long poll that fell off the tail gets a cursor that leads to a snapshot`() throws {
        let world = try CoreWorld { $0.limits.tailEvents = 16 }
        let room = try world.room()
        let poll = try world.peer()
        poll.get(
            "/v1/rooms/\(room.raw)/live?cursor=epoch1234567.0&wait=20",
            ["Authorization: Bearer \(try world.token("ada"))"])
        let core = world.cores[0]
        try world.until("it waits") { core.connectionsByTransport().longPoll == 1 }
        // One round brings more than the tail holds.
        let replica = try #require(core.replica(room))
        replica.append(Self.batch(room, after: 0, 1...40))
        core.markDirty(replica)
        try world.until("the answer") { poll.has("\"cursor\"") }
        #expect(poll.has("\"cursor\":\"epoch1234567.0\"") && !poll.has("\"ev\":\"x\""))
    }

    @Test func `a chat in slow mode stops nobody's heartbeat for long`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        let core = world.cores[0]
        let name = try #require(ParticipantID("ada"))
        let endpoint = try #require(world.home(room)?.presence.endpoints(of: name).first)
        for _ in 0..<core.limits.rateRejectionsMax {
            core.deliver(
                RoomReply(
                    origin: endpoint, json: Array("{}".utf8), afterSeq: 0, status: 429, pauseMs: 3_600_000))
        }
        guard let session = core.sessions.find(endpoint.connection) else { throw Overdue(what: "no session") }
        #expect(session.pointee.flags.contains(.paused))
        ada.command(#"{"op":"chat_send","id":"c1","text":"at last"}"#)
        try world.until("it is read again") { ada.has("at last") }
    }

    @Test func `a drain without time to spread sends everybody away`() throws {
        let world = try CoreWorld { $0.limits.drainMs = 0 }
        let room = try world.room()
        let peers = try (0..<3).map { try world.member("p\($0)", of: room) }
        world.cores[0].handle(.drain)
        try world.until("all are told") { peers.allSatisfy { $0.has("reconnect_after_ms") } }
    }

    @Test func `who is let in while the node drains is sent away and counted nowhere`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        world.stores.state.withLock { $0.holdsHistory = true }
        let peer = try world.peer()
        peer.upgrade(room, try world.token("late"))
        try world.until("the attach waits") { world.home(room)?.waiting?.count == 1 }
        world.cores[0].handle(.drain)
        world.stores.letHistoryGo()
        try world.until("it is told") { peer.has("retry_after_ms") }
        #expect(world.home(room)?.presence.count == 0)
    }
}
