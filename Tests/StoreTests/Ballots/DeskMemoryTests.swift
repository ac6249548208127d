// Owns: the small pure parts of the desk: its clock, its memory of polls, its index of the journal, its inbox.

import Foundation
import LiveIO
import LiveTestSupport
import Rooms
import Testing

@testable import RoomsStore

@Suite(.timeLimit(.minutes(1)))
struct DeskMemoryTests {
    @Test(arguments: SeededRandom.seeds(20))
    func `stamps never fall, separate ballots of one voter, and put a close between`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var clock = AcceptanceClock(floorMs: 500)
        var wallMs: Int64 = 1_000
        var lastOfVoter: [String: Int64] = [:]
        var lastMs: Int64 = 0
        var closedMs: Int64 = 0
        for _ in 0..<500 {
            wallMs += Int64(random.below(4)) - 1
            if random.chance(1, in: 20) { wallMs -= 1_000 }
            if random.chance(1, in: 10) {
                let stamp = clock.stampClose(wallMs: wallMs)
                #expect(stamp > lastMs)
                closedMs = stamp
                lastMs = stamp
            } else {
                let name = random.pick(["ada", "bob", "cyd"])
                let stamp = clock.stamp(ballot(name, "a", 1), wallMs: wallMs)
                #expect(stamp >= max(lastMs, closedMs, 500))
                #expect(stamp > lastOfVoter[name] ?? 0)
                lastOfVoter[name] = stamp
                lastMs = stamp
            }
        }
        let voters = lastOfVoter.count
        #expect(voters == 3)
    }

    @Test func `many voters in one millisecond share a stamp`() {
        var clock = AcceptanceClock()
        let stamps = (0..<1_000).map { clock.stamp(ballot("v\($0)", "a", 1), wallMs: 9) }
        #expect(Set(stamps) == [9])
        #expect(clock.stamp(ballot("v7", "b", 1), wallMs: 9) == 10)
    }

    @Test func `polls closed longest ago are forgotten first, then those opened longest ago`() {
        var known = KnownPolls(countMax: 4)
        func key(_ seq: UInt64) -> PollKey { PollKey(room: LedgerContract.room, poll: PollID(seq: seq)) }
        for seq in 1...4 { known.insert(key(UInt64(seq)), KnownPolls.Poll(rules: LedgerContract.single)) }
        known.close(key(3), closedMs: 9)
        known.close(key(2), closedMs: 10)
        known.close(key(3), closedMs: 99)
        #expect(known[key(3)]?.closedMs == 9)
        known.insert(key(5), KnownPolls.Poll(rules: LedgerContract.single))
        #expect(known[key(3)] == nil && known[key(2)] != nil)
        known.insert(key(6), KnownPolls.Poll(rules: LedgerContract.single))
        #expect(known[key(2)] == nil && known[key(1)] != nil)
        known.insert(key(7), KnownPolls.Poll(rules: LedgerContract.single))
        #expect(known[key(1)] == nil && known[key(4)] != nil)
        #expect(known.count == 4)
        for seq in 8...200 {
            known.insert(key(UInt64(seq)), KnownPolls.Poll(rules: LedgerContract.single))
            if seq % 3 == 0 { known.close(key(UInt64(seq)), closedMs: 1) }
        }
        #expect(known.count == 4)
    }

    @Test func `a poll of which the store holds ballots is remembered as such, an unknown one is not`() {
        var known = KnownPolls()
        known.insert(LedgerContract.key, KnownPolls.Poll(rules: LedgerContract.single))
        #expect(known[LedgerContract.key]?.mayBeStored == false)
        known.stored(LedgerContract.key)
        known.stored(PollKey(room: LedgerContract.room, poll: PollID(seq: 99)))
        #expect(known[LedgerContract.key]?.mayBeStored == true && known.count == 1)
    }

    @Test(arguments: SeededRandom.seeds(10))
    func `the index over the journal counts exactly and remembers up to its bound`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = UndrainedBallots(indexMax: 20)
        var held: [BallotRecord] = []
        for step in 0..<600 {
            let key = PollKey(room: LedgerContract.room, poll: PollID(seq: 1 + UInt64(random.below(3))))
            if held.isEmpty || random.chance(11, in: 20) {
                let record = BallotRecord.ballot(
                    ballot("v\(random.below(5))", "a\(step)", 1, key), acceptedMs: Int64(step))
                index.insert(record)
                held.append(record)
            } else {
                let record = held.removeFirst()
                let wasLast = index.remove(record)
                #expect(wasLast == !held.contains { $0.key == record.key })
            }
            #expect(index.count == held.count)
            #expect(index.holds(key) == held.contains { $0.key == key })
            if held.count <= 5, step > 300 {
                // Whatever was beyond the bound has left by now or is few; what is shown is always held.
                for (participant, attempts) in index.attempts(key) {
                    for attempt in attempts {
                        #expect(
                            held.contains(
                                .ballot(
                                    ballot(participant.raw, attempt.attempt, attempt.choices, key),
                                    acceptedMs: attempt.acceptedMs)))
                    }
                }
            }
        }
    }

    @Test func `an inbox keeps order, its bound, and what waits when it is closed`() {
        let inbox = Inbox<Int>(capacity: 3)
        #expect([1, 2, 3, 4].map { inbox.post($0) } == [true, true, true, false])
        inbox.answer(5)
        var taken: [Int] = []
        let isOpen = inbox.take(into: &taken, deadlineNs: nil)
        #expect(isOpen && taken == [1, 2, 3, 5])
        taken = []
        let before = MonotonicClock.nowNs()
        let isStillOpen = inbox.take(into: &taken, deadlineNs: before + 5_000_000)
        #expect(isStillOpen && taken.isEmpty && MonotonicClock.nowNs() >= before + 5_000_000)
        #expect(inbox.post(6))
        inbox.close()
        #expect(!inbox.post(7))
        let hasLast = inbox.take(into: &taken, deadlineNs: nil)
        #expect(hasLast && taken == [6])
        taken = []
        let isOver = !inbox.take(into: &taken, deadlineNs: nil)
        #expect(isOver)
    }

    @Test func `an inbox wakes its sleeping reader`() {
        let inbox = Inbox<Int>(capacity: 3)
        let done = Gate()
        done.shut()
        let reader = CoreThread.start(name: "reader") {
            var taken: [Int] = []
            while inbox.take(into: &taken, deadlineNs: nil) { taken = [] }
        }
        #expect(inbox.post(1))
        inbox.close()
        reader.join()
        #expect(inbox.count == 0)
    }
}
