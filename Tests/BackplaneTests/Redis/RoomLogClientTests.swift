// Owns single steps of a room's log client that the simulation of nodes reaches too rarely to be sure of.

import Rooms
import RoomsBackplane
import Testing

@Suite struct RoomLogClientTests {
    private static let old = "lx3k9f2a0001"
    private static let new = "lx3k9f2b0002"

    /// A client that has just asked where the room stands.
    private func looking(_ position: RoomPosition?) -> RoomLogClient {
        var client = RoomLogClient(position: position, sender: SenderTag(run: 1), logMax: 100) { $0 + "z" }
        _ = client.connected(runID: "run1")
        #expect(client.subscribed() == [.ask(.head)])
        return client
    }

    private func head(_ epoch: String, _ seq: UInt64, base: UInt64) -> RoomLogAnswer {
        .head(
            RoomHead(
                epoch: epoch, runID: "run1", seq: seq, previous: RoomLineage(epoch: Self.old, base: base)))
    }

    @Test func `a home that lags behind a log which was cut short is not served before it was restored`() {
        var client = looking(RoomPosition(epoch: Self.old, seq: 50, ts: 1))
        let entered = client.answered(head(Self.new, 100, base: 100), nowMs: 0)
        #expect(entered.last == .ask(.read(after: 50)))
        #expect(client.answered(.range([], isEnd: true), nowMs: 0) == [.ask(.snapshot)])
        #expect(!client.isServed)
    }

    @Test func `whoever joins by a snapshot tells the store from which epoch this one goes on`() {
        var client = looking(nil)
        #expect(client.answered(head(Self.new, 100, base: 90), nowMs: 0) == [.ask(.snapshot)])
        let snapshot = KeptSnapshot(epoch: Self.new, seq: 100, bytes: [1])
        #expect(client.answered(.snapshot(snapshot), nowMs: 0) == [.restore(snapshot)])
        let position = RoomPosition(epoch: Self.new, seq: 100, ts: 1)
        #expect(client.restored(position, fromStore: false) == [.ask(.head)])
        let actions = client.answered(head(Self.new, 100, base: 90), nowMs: 0)
        #expect(actions.first == .enter(epoch: Self.new, previous: RoomLineage(epoch: Self.old, base: 90)))
        #expect(client.answered(.range([], isEnd: true), nowMs: 0) == [.serve])
    }

    @Test func `a full log refuses what nobody was told of, and never what was acknowledged`() {
        var client = served()
        _ = client.submit(OutgoingCommand(tag: 1, proposal: TestEntry.proposal))
        _ = client.submit(OutgoingCommand(tag: 2, proposal: TestEntry.proposal))
        let message = RoomMessage(
            seq: 101, ts: 5, epoch: Self.new, tag: SenderTag(run: 1).bytes(1), entry: TestEntry.bytes, frames: [])
        #expect(client.news(message) == [.apply([message])])
        // Another epoch, which does not have it.
        _ = client.disconnected()
        _ = client.connected(runID: "run1")
        _ = client.subscribed()
        let later = RoomHead(
            epoch: "lx3k9f2c0003", runID: "run1", seq: 101, previous: RoomLineage(epoch: Self.new, base: 101))
        _ = client.answered(.head(later), nowMs: 0)
        _ = client.answered(.range([], isEnd: true), nowMs: 0)
        #expect(client.answered(.sequenced(tag: 2, .full), nowMs: 0) == [.refuse(tag: 2)])
        #expect(client.outbox.unreturned == 0 && client.outbox.count == 1)
    }

    @Test func `what was under way when the log was cut short goes out again behind the snapshot`() {
        var client = served()
        _ = client.submit(OutgoingCommand(tag: 1, proposal: TestEntry.proposal))
        #expect(
            client.answered(.head(RoomHead(epoch: Self.new, runID: "run1", seq: 300)), nowMs: 0)
                == [.ask(.read(after: 100))])
        #expect(client.answered(.range([], isEnd: true), nowMs: 0) == [.degrade, .ask(.snapshot)])
        let snapshot = KeptSnapshot(epoch: Self.new, seq: 300, bytes: [1])
        _ = client.answered(.snapshot(snapshot), nowMs: 0)
        _ = client.restored(RoomPosition(epoch: Self.new, seq: 300, ts: 1), fromStore: false)
        _ = client.answered(head(Self.new, 300, base: 90), nowMs: 0)
        let terms = SequenceTerms(epoch: Self.new, runID: "run1", applied: 300, logMax: 100)
        let again = RoomLogAction.ask(.sequence(terms, OutgoingCommand(tag: 1, proposal: TestEntry.proposal)))
        #expect(client.answered(.range([], isEnd: true), nowMs: 0) == [.serve, again])
    }

    @Test func `an error of Redis is tried again with the tick, and not at once`() {
        var client = served()
        _ = client.submit(OutgoingCommand(tag: 1, proposal: TestEntry.proposal))
        let terms = SequenceTerms(epoch: Self.new, runID: "run1", applied: 100, logMax: 100)
        let command = OutgoingCommand(tag: 1, proposal: TestEntry.proposal)
        #expect(client.failed(.sequence(terms, command)).isEmpty)
        #expect(client.tick(nowMs: 10).contains(.ask(.sequence(terms, command))))
        #expect(client.failed(.head) == [.degrade])
        #expect(!client.isServed)
        #expect(client.tick(nowMs: 20) == [.ask(.head)])
    }

    private func served() -> RoomLogClient {
        var client = looking(RoomPosition(epoch: Self.new, seq: 100, ts: 1))
        _ = client.answered(head(Self.new, 100, base: 90), nowMs: 0)
        #expect(client.answered(.range([], isEnd: true), nowMs: 0) == [.serve])
        return client
    }
}
