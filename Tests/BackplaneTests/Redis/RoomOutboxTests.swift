// Owns that no command of a node is lost, or sent twice without need, whatever happens until the store has it.

import LiveTestSupport
import Rooms
import RoomsBackplane
import Testing

@Suite struct RoomOutboxTests {
    private func outbox(_ count: UInt64) -> RoomOutbox {
        var outbox = RoomOutbox()
        for tag in 1...count { check(outbox.add(OutgoingCommand(tag: tag, proposal: TestEntry.proposal))) }
        return outbox
    }

    /// As `#expect`, for what changes the outbox that it asks.
    private func check(_ holds: Bool, _ comment: Comment? = nil, at place: SourceLocation = #_sourceLocation) {
        #expect(holds, comment, sourceLocation: place)
    }

    private func tags(_ commands: [OutgoingCommand]) -> [UInt64] { commands.map(\.tag) }

    @Test func `commands go out once and in order`() {
        var outbox = outbox(3)
        check(tags(outbox.takeWaiting()) == [1, 2, 3])
        check(outbox.takeWaiting().isEmpty)
        check(outbox.add(OutgoingCommand(tag: 4, proposal: TestEntry.proposal)))
        check(tags(outbox.takeWaiting()) == [4])
        #expect(outbox.unreturned == 4)
    }

    @Test func `no more than a window goes out without an answer, and the rest follows in order`() {
        var outbox = outbox(5)
        check(tags(outbox.takeWaiting(window: 2)) == [1, 2])
        check(outbox.takeWaiting(window: 2).isEmpty)
        check(outbox.returned(tag: 2, seq: 1, nowMs: 0))
        check(tags(outbox.takeWaiting(window: 2)) == [3])
        outbox.notTaken(tag: 1)
        check(tags(outbox.takeWaiting(window: 2)) == [1])
        outbox.connectionLost()
        outbox.caughtUp()
        check(tags(outbox.takeWaiting(window: 9)) == [1, 3, 4, 5])
    }

    @Test func `what a lost connection leaves in doubt goes out again only when the log does not have it`() {
        var outbox = outbox(4)
        _ = outbox.takeWaiting()
        check(outbox.returned(tag: 1, seq: 11, nowMs: 0))
        outbox.connectionLost()
        check(outbox.takeWaiting().isEmpty, "not before the log was read")
        check(outbox.returned(tag: 3, seq: 12, nowMs: 0))
        outbox.caughtUp()
        check(tags(outbox.takeWaiting()) == [2, 4])
        check(!outbox.returned(tag: 3, seq: 12, nowMs: 0), "twice")
    }

    @Test func `what Redis refused goes out again in its old place`() {
        var outbox = outbox(3)
        _ = outbox.takeWaiting()
        outbox.notTaken(tag: 3)
        outbox.notTaken(tag: 2)
        check(outbox.add(OutgoingCommand(tag: 4, proposal: TestEntry.proposal)))
        check(tags(outbox.takeWaiting()) == [2, 3, 4])
    }

    @Test func `a new epoch brings back what lies behind its base, and all of it where that is not known`() {
        var outbox = outbox(4)
        _ = outbox.takeWaiting()
        for tag in 1...3 { check(outbox.returned(tag: UInt64(tag), seq: UInt64(10 + tag), nowMs: 0)) }
        outbox.epochChanged(base: 12)
        outbox.caughtUp()
        check(tags(outbox.takeWaiting()) == [3, 4])
        for tag in 3...4 { check(outbox.returned(tag: UInt64(tag), seq: UInt64(10 + tag), nowMs: 0)) }
        outbox.epochChanged(base: nil)
        outbox.caughtUp()
        check(tags(outbox.takeWaiting()) == [1, 2, 3, 4])
    }

    @Test func `what the store has is held for half a minute more, since it may be another branch that it has`() {
        var outbox = outbox(2)
        _ = outbox.takeWaiting()
        check(outbox.returned(tag: 1, seq: 1, nowMs: 1_000))
        outbox.stored(upTo: 5, nowMs: 1_000 + RoomOutbox.keptMs - 1)
        #expect(outbox.count == 2)
        outbox.stored(upTo: 0, nowMs: 1_000 + RoomOutbox.keptMs)
        #expect(outbox.count == 2, "old, and the store has it not")
        outbox.stored(upTo: 5, nowMs: 1_000 + RoomOutbox.keptMs)
        #expect(outbox.count == 1 && outbox.unreturned == 1)
    }

    @Test func `what its sender was told nothing came of is not sent again, but what was acknowledged is`() {
        var outbox = outbox(3)
        _ = outbox.takeWaiting()
        check(outbox.returned(tag: 1, seq: 1, nowMs: 0))
        outbox.forget(tag: 1)
        outbox.forget(tag: 2)
        outbox.forget(tag: 9)
        outbox.epochChanged(base: 0)
        outbox.caughtUp()
        check(tags(outbox.takeWaiting()) == [1, 3])
        check(!outbox.returned(tag: 2, seq: 2, nowMs: 0))
    }

    @Test func `more than the limit is not taken, in number and in bytes`() {
        var full = outbox(UInt64(RoomOutbox.heldMax))
        let next = OutgoingCommand(tag: UInt64(RoomOutbox.heldMax) + 1, proposal: TestEntry.proposal)
        check(!full.add(next))
        _ = full.takeWaiting()
        check(full.returned(tag: 1, seq: 1, nowMs: 0))
        full.stored(upTo: 1, nowMs: RoomOutbox.keptMs)
        check(full.add(next))
        var heavy = RoomOutbox()
        let frames = [UInt8](repeating: 7, count: RoomOutbox.heldBytesMax / 2)
        check(heavy.add(OutgoingCommand(tag: 1, proposal: TestEntry.proposal, frames: frames)))
        check(!heavy.add(OutgoingCommand(tag: 2, proposal: TestEntry.proposal, frames: frames)))
        check(heavy.add(OutgoingCommand(tag: 2, proposal: TestEntry.proposal)))
    }

    @Test(arguments: SeededRandom.seeds(50))
    func `whatever happens in whatever order, it agrees with a list that is searched from end to end`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var outbox = RoomOutbox()
        /// Tag, stage, seq: the same in the simplest way.
        var model: [(tag: UInt64, stage: String, seq: UInt64)] = []
        var next: UInt64 = 1
        func move(_ from: [String], to stage: String) {
            for index in model.indices where from.contains(model[index].stage) { model[index].stage = stage }
        }
        for _ in 0..<1_500 {
            let tag = next > 60 ? next - UInt64(random.below(60)) : 1 + UInt64(random.below(Int(next)))
            let index = model.firstIndex { $0.tag == tag }
            switch random.below(12) {
            case 0...3:
                check(outbox.add(OutgoingCommand(tag: next, proposal: TestEntry.proposal)))
                model.append((next, "waiting", 0))
                next += 1
            case 4:
                let expected = model.filter { $0.stage == "waiting" }.map(\.tag)
                move(["waiting"], to: "sent")
                check(tags(outbox.takeWaiting()) == expected)
            case 5, 6:
                let seq = UInt64(random.below(100))
                let isNew = index.map { model[$0].stage != "returned" } ?? false
                if let index, isNew { model[index] = (tag, "returned", seq) }
                check(outbox.returned(tag: tag, seq: seq, nowMs: 0) == isNew)
            case 7:
                if let index, model[index].stage == "sent" { model[index].stage = "waiting" }
                outbox.notTaken(tag: tag)
            case 8:
                if let index, model[index].stage != "returned" { model.remove(at: index) }
                outbox.forget(tag: tag)
            case 9:
                move(["sent"], to: "doubtful")
                outbox.connectionLost()
            case 10:
                move(["doubtful"], to: "waiting")
                outbox.caughtUp()
            default:
                let base = UInt64(random.below(120))
                for index in model.indices where model[index].stage == "returned" && model[index].seq > base {
                    model[index].stage = "doubtful"
                }
                move(["sent"], to: "doubtful")
                outbox.epochChanged(base: base)
                let stored = UInt64(random.below(60))
                // From the front only: what waits behind others is held a little longer.
                while let first = model.first, first.stage == "returned", first.seq <= stored { model.removeFirst() }
                outbox.stored(upTo: stored, nowMs: RoomOutbox.keptMs)
            }
            #expect(outbox.count == model.count)
            #expect(outbox.unreturned == model.count { $0.stage != "returned" })
        }
    }
}
