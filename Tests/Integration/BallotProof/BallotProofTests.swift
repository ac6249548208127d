// The proof that polls are exact: two thousand voters who repeat themselves, lose their network and vote from two
// devices, a database that is locked for five seconds, and a node that is killed three times. What is counted is what
// was meant: nothing lost, nothing doubled, every receipt kept. `LIVE_TEST_SEED` replays a run's plans.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

@Suite(.timeLimit(.minutes(20)))
struct BallotProofTests {
    private static let voters = 2_000
    private static let lockS = 5.0
    /// The bound of a run on two cores in a debug build; a busy machine is given twice that before the test gives up.
    private static let limitS = 180.0

    /// What happens to the node, each at a share of all attempts that hold a receipt.
    private struct Fate {
        let firstKill: Double
        let lock: Double
        /// After the lock was taken, so that ballots of the journal meet the crash.
        let secondKillS: Double
        let thirdKill: Double

        init(_ random: inout SeededRandom) {
            firstKill = Double(5 + random.below(20)) / 100
            lock = Double(30 + random.below(15)) / 100
            secondKillS = Double(300 + random.below(2_500)) / 1_000
            thirdKill = Double(70 + random.below(25)) / 100
        }
    }

    @Test(arguments: [1, 2])
    func `two thousand voters, repetitions, reconnects, a locked store and three crashes: the count is exact`(
        threads: Int
    ) throws {
        let seed = SeededRandom.seeds(1)[0] == 1 ? UInt64.random(in: 0 ... .max) : SeededRandom.seeds(1)[0]
        print("ballot proof: LIVE_TEST_SEED=\(seed), \(threads) threads")
        var random = SeededRandom(seed: seed)
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let polls = try [false, true].map { change in
            let opened = try teacher.demand(
                "poll_open",
                [
                    "question": "?", "kind": "single", "options": ["a", "b", "c", "d", "e"],
                    "allow_change": .flag(change),
                ])
            return try #require(opened["poll"]?.string)
        }
        try teacher.leave()
        let voters = try (0..<Self.voters).map { number in
            let sub = "voter-\(number)"
            return Voter(sub, token: try room.token(sub, .student), random: &random)
        }
        let watch = Stopwatch()
        let swarm = try VoterSwarm(voters, polls: polls, room: room, random: random)
        try vote(swarm, node, Fate(&random))
        let votedS = watch.seconds
        try count(swarm, room, polls, seed: seed)
        swarm.end()
        print("ballot proof: \(swarm.counts), voted in \(votedS) s, all in \(watch.seconds) s")

        // The run was the one that is promised.
        #expect(swarm.counts.repliesNode > 0, "ballots were taken while the store was locked")
        #expect(swarm.counts.duplicates > 0 && swarm.counts.resumes > 0 && swarm.counts.lost > 0)
    }

    /// Lets everybody vote while the node's fate takes its course, until each holds the store's receipt.
    private func vote(_ swarm: VoterSwarm, _ node: ServerUnderTest, _ fate: Fate) throws {
        let deadline = Deadline(seconds: Self.limitS)
        let attempts = Double(swarm.attempts)
        var kills = 0
        var lock: StoreLock?
        var lockedSince: Stopwatch?
        while !swarm.isDone {
            guard !deadline.isOver else { throw IntegrationFailure("not over in time: \(swarm.unfinished)") }
            swarm.turn()
            let share = Double(swarm.receipted) / attempts
            if kills == 0, share >= fate.firstKill {
                try crash(swarm, node)
                kills = 1
            } else if kills == 1, lockedSince == nil, share >= fate.lock {
                lock = try StoreLock(path: node.folder.path("data/live.db"))
                lockedSince = Stopwatch()
            } else if kills == 1, let lockedSince, lockedSince.seconds >= fate.secondKillS {
                try crash(swarm, node)
                kills = 2
            } else if kills == 2, lock == nil, share >= fate.thirdKill {
                try crash(swarm, node)
                kills = 3
            }
            if lock != nil, let lockedSince, lockedSince.seconds >= Self.lockS {
                lock?.release()
                lock = nil
            }
        }
        #expect(kills == 3)
        #expect(lockedSince != nil)
    }

    /// Kills the node; its people notice and knock in vain before it is back.
    private func crash(_ swarm: VoterSwarm, _ node: ServerUnderTest) throws {
        try node.kill()
        for _ in 0..<20 { swarm.turn() }
        try node.start()
    }

    /// Closes both polls and compares what is published, and what is stored for each person, with what was meant.
    private func count(_ swarm: VoterSwarm, _ room: Classroom, _ polls: [String], seed: UInt64) throws {
        #expect(swarm.breaches.isEmpty, "\(swarm.breaches.count), such as \(swarm.breaches.prefix(5)); seed \(seed)")
        let teacher = try room.socket("ms-k", .instructor)
        for (index, poll) in polls.enumerated() {
            var truth = [Int](repeating: 0, count: Voter.options)
            var meant: [String: BallotItem] = [:]
            for voter in swarm.voters {
                guard let item = voter.truth(poll: index) else { continue }
                truth[item.choice] += 1
                meant[voter.sub] = item
            }
            try teacher.demand("poll_close", ["poll": .text(poll)])
            let results = try teacher.finalResults(poll)
            #expect(results["counts"]?.array?.compactMap(\.int).map { Int($0) } == truth, "seed \(seed)")
            #expect(results["total"]?.int.map { Int($0) } == meant.count, "seed \(seed)")
            #expect(try wrongBallots(room, poll, meant).isEmpty, "seed \(seed)")
        }
        // And each voter is shown his own, here a sample of them.
        for voter in swarm.voters.filter({ $0.isFinished }).prefix(20) {
            let welcome = try #require(try room.socket(voter.sub).messages.first)
            let shown = welcome["you"]?["ballots"]?.array ?? []
            #expect(shown.count == Set(voter.items.map(\.poll)).count)
            for ballot in shown {
                let poll = try #require(polls.firstIndex { $0 == ballot["poll"]?.string })
                #expect(ballot["choice"]?.int.map { Int($0) } == voter.truth(poll: poll)?.choice)
                #expect(ballot["durable"]?.string == "store")
            }
        }
    }

    /// Participants whose stored ballot is another than the one they meant, or who have one too many or too few.
    private func wrongBallots(_ room: Classroom, _ poll: String, _ meant: [String: BallotItem]) throws -> [String] {
        guard let id = PollID(text: poll), let key = RoomKey(room.key) else {
            throw IntegrationFailure("no key of a poll: \(room.key) \(poll)")
        }
        let reader = SQLiteBallotReader(path: room.node.folder.path("data/live.db"))
        guard case .own(let stored) = reader.read(.own(.poll(PollKey(room: key, poll: id)))) else {
            throw IntegrationFailure("the stored ballots cannot be read")
        }
        var wrong: [String] = []
        var missing = meant
        for ballot in stored {
            guard let item = missing.removeValue(forKey: ballot.participant.raw) else {
                wrong.append("\(ballot.participant.raw) has a ballot that was not meant")
                continue
            }
            if ballot.attempt != item.attempt || ballot.choices != 1 << UInt64(item.choice) {
                wrong.append("\(ballot.participant.raw) has \(ballot.attempt) in place of \(item.attempt)")
            }
        }
        return wrong + missing.keys.map { "\($0) has none" }
    }
}
