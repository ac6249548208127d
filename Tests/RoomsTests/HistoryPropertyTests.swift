// Random histories: decide and apply agree on the same state, nothing is applied twice, verdicts and digests are the
// same on every replica, and every bound holds.

import RoomHistories
import Testing

@testable import Rooms

struct HistoryPropertyTests {
    static let steps = 3_000

    @Test(arguments: [41, 42, 43, 44] as [UInt64]) func `decide foretells apply on the same state`(seed: UInt64) {
        var history = RandomHistory(seed: seed)
        var f = RoomFixture()
        var accepted = 0
        var refused: [RejectionCode: Int] = [:]
        for step in 0..<Self.steps {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            let before = f.room
            let decision = f.room.decide(proposal, nowTs: f.nowMs)
            let verdict = f.sequence(proposal)
            switch (decision, verdict) {
            case (.propose, .accepted): accepted += 1
            case (.replay(let outcome), .duplicate(let seq)): #expect(outcome.seq == seq)
            case (.reject(let early), .ignored(let late)):
                #expect(early == late)
                refused[early.code, default: 0] += 1
            default: Issue.record("seed \(seed), step \(step): \(decision) but \(verdict)")
            }
            if verdict.event == nil { expectUnchanged(before, f.room, "seed \(seed), step \(step)") }
        }
        #expect(accepted > Self.steps / 4)
        // The dice meet both sides of the rules.
        for code in [RejectionCode.forbidden, .notFound, .conflict, .muted, .badRequest] {
            #expect(refused[code, default: 0] > 0, "seed \(seed) never met \(code)")
        }
    }

    private func expectUnchanged(_ before: Room, _ after: Room, _ comment: Comment) {
        var expected = before
        expected.seq = after.seq
        expected.ts = after.ts
        #expect(expected.digest == after.digest, comment)
    }

    @Test(arguments: [51, 52] as [UInt64]) func `everything sent twice is a duplicate or refused again`(seed: UInt64) {
        var history = RandomHistory(seed: seed)
        var f = RoomFixture()
        for step in 0..<Self.steps {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            let first = f.sequence(proposal)
            let digest = f.room.digest
            let second = f.sequence(proposal)
            switch (first, second) {
            case (.accepted, .duplicate(let seq)): #expect(seq == f.room.seq - 1)
            case (.duplicate(let one), .duplicate(let two)): #expect(one == two)
            case (.ignored(let one), .ignored(let two)): #expect(one == two)
            default: Issue.record("seed \(seed), step \(step): \(first) then \(second)")
            }
            f.room.seq -= 1
            #expect(f.room.digest == digest, "seed \(seed), step \(step)")
            f.room.seq += 1
        }
    }

    @Test(arguments: [61, 62, 63] as [UInt64]) func `replicas agree whatever they saw first`(seed: UInt64) throws {
        var history = RandomHistory(seed: seed)
        var f = RoomFixture()
        var digests: [UInt64] = []
        for _ in 0..<Self.steps {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            f.sequence(proposal)
            if f.entries.count % 250 == 0 { digests.append(f.room.digest) }
        }
        var replica = Room(key: f.room.key)
        for (index, entry) in f.entries.enumerated() {
            _ = replica.apply(entry)
            // A replica hears old entries again; they leave no trace.
            _ = replica.apply(f.entries[index / 2])
            if (index + 1) % 250 == 0 { #expect(replica.digest == digests[index / 250], "seed \(seed)") }
        }
    }

    @Test(arguments: [71, 72] as [UInt64]) func `every bound holds in every state`(seed: UInt64) {
        var history = RandomHistory(seed: seed, castSize: 40)
        var f = RoomFixture()
        for _ in 0..<Self.steps * 2 {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            f.sequence(proposal)
            let room = f.room
            #expect(room.messages.count <= RoomLimits.chatKept)
            #expect(room.pollsOpen.count <= RoomLimits.pollsOpenMax)
            #expect(room.pollsClosed.count <= RoomLimits.pollsClosedKept)
            #expect(room.questionsOpen.count <= RoomLimits.questionsOpenMax)
            #expect(room.questionsSettled.count <= RoomLimits.questionsSettledKept)
            #expect(room.messageIndex.words.count <= MessageIndex.wordsMax)
            #expect(room.outcomes.count <= RoomLimits.outcomesPerRoomMax)
            let reactions = room.chat.flatMap(\.reactions).map(\.participants.count).reduce(0, +)
            #expect(room.reactionCount == reactions)
            #expect(room.upvoteCount == room.questions.map(\.upvoters.count).reduce(0, +))
        }
    }

    @Test func `the room has no event for a view that must not see it`() {
        var history = RandomHistory(seed: 81)
        var f = RoomFixture()
        var kinds = 0
        for _ in 0..<Self.steps {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            guard let event = f.sequence(proposal).event else { continue }
            #expect(event.audience.contains(.moderator), "moderators see all")
            #expect(event.audience.contains(View.member) == event.audience.contains(View.observer))
            if case .participantMuted = event { kinds |= 1 }
            if case .pollResults = event { kinds |= 2 }
            if case .chatDeleted(let message, _) = event { #expect(event.redacts == message.seq) }
        }
        #expect(kinds == 3)
    }
}
