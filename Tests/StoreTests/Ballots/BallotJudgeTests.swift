// Owns: the judge's promises: over random worlds, and step by step where a step is worth a sentence.

import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

@Suite(.timeLimit(.minutes(3)))
struct BallotJudgeTests {
    /// Steps of one world; with 200 seeds about a second in a debug build.
    private let steps = 300

    @Test func `whatever fails, nothing acknowledged is lost, doubled or counted late`() {
        var played = (store: 0, node: 0, stored: 0, crashes: 0, blind: 0)
        for seed in SeededRandom.seeds(400) {
            var world = JudgeWorld(seed: seed)
            world.play(steps: steps)
            let faults = Self.faults(of: world)
            #expect(faults.isEmpty, "seed \(seed): \(faults.first ?? "")")
            played.store += world.promises.count { $0.durable == .store }
            played.node += world.promises.count { $0.durable == .node }
            played.stored += world.storedCount
            played.crashes += world.crashes
            played.blind += world.blindStarts
        }
        #expect(played.store > 1_000 && played.node > 1_000 && played.stored > 1_000, "the worlds are too quiet")
        #expect(played.crashes > 100 && played.blind > 100, "the worlds are too quiet")
    }

    @Test(arguments: JudgeWorld.Plant.allCases.filter { $0 != .none })
    func `a planted fault is noticed`(plant: JudgeWorld.Plant) {
        let noticed = (1...30).contains { seed in
            var world = JudgeWorld(seed: UInt64(seed), plant: plant)
            world.play(steps: steps)
            return !Self.faults(of: world).isEmpty
        }
        #expect(noticed)
    }

    /// Everything that was promised and does not hold.
    private static func faults(of world: JudgeWorld) -> [String] {
        var faults = world.faults
        for (ticket, request) in world.asked {
            let count = world.answers[ticket]?.count ?? 0
            if count != 1 { faults.append("ticket \(ticket) (\(request)) has \(count) answers") }
        }
        for promise in world.promises { check(promise, world, &faults) }
        for (key, closedTs) in world.closes {
            guard let poll = world.ledger.polls[key] else {
                faults.append("a closed poll is not in the store")
                continue
            }
            if poll.closedMs != closedTs, world.blindStarts == 0 {
                faults.append("closed at \(closedTs), stored \(poll.closedMs ?? 0)")
            }
        }
        for (key, poll) in world.ledger.polls {
            let senders = Set(
                world.asked.values.compactMap(Self.submission).filter { $0.key == key }.map(\.participant))
            let known = Set(JudgeWorld.names.map(person)).union(senders)
            for attempt in poll.attempts where !known.contains(attempt.participant) {
                faults.append("\(attempt.participant.raw) never voted")
            }
        }
        if !world.pendingTold.isEmpty { faults.append("told pending and never drained: \(world.pendingTold)") }
        return faults
    }

    private static func submission(_ request: BallotRequest) -> Ballot? {
        if case .submit(let ballot) = request { ballot } else { nil }
    }

    private static func check(_ promise: JudgeWorld.Promise, _ world: JudgeWorld, _ faults: inout [String]) {
        let ballot = promise.ballot
        guard let poll = world.ledger.polls[ballot.key] else { return faults.append("the poll is lost") }
        let there = poll.attempts.first {
            $0.participant == ballot.participant && $0.attempt == ballot.attempt
        }
        guard let there else { return faults.append("lost: \(promise)") }
        // A desk without its store may not know that the attempt is in there, with an earlier time.
        let isSameTime =
            promise.durable == .store ? there.acceptedMs == promise.acceptedMs : there.acceptedMs <= promise.acceptedMs
        if there.choices != promise.choices || !isSameTime { faults.append("told \(promise), stored \(there)") }
        guard there.acceptedMs < poll.endMs else {
            // Only a desk that began without its store may not know that the poll was closed.
            let isExcused = promise.durable == .node && world.blindStarts > 0
            return isExcused ? () : faults.append("acknowledged and late: \(promise)")
        }
        guard let counting = poll.counting(ballot.participant) else { return faults.append("not counted: \(promise)") }
        // Without change the first receipt of the store is what counts; with change an earlier one may be replaced.
        if !poll.rules.allowChange, promise.durable == .store, counting.attempt != ballot.attempt {
            faults.append("receipted by the store, another counts: \(promise)")
        }
    }

    // MARK: - Single steps

    private func moment(_ ms: Int64) -> BallotJudge.Moment { BallotJudge.Moment(wallMs: 5_000 + ms, nowMs: ms) }

    private func submit(_ judge: inout BallotJudge, _ ticket: UInt64, _ ballot: Ballot, at ms: Int64) -> [BallotJudge
        .Action]
    {
        _ = judge.submitted([TicketedRequest(ticket: ticket, request: .submit(ballot))], at: moment(ms))
        return judge.timePassed(at: moment(ms))
    }

    private func knowing() -> BallotJudge {
        var judge = BallotJudge(storeAnswers: true)
        judge.recovered(polls: [LedgerContract.key: KnownPolls.Poll(rules: LedgerContract.single)], stampMs: 0)
        return judge
    }

    @Test func `what comes during a transaction waits for the next, as one batch`() {
        var judge = knowing()
        let first = ballot("ada", "a", 1)
        #expect(submit(&judge, 1, first, at: 0) == [.judge([.ballot(first, acceptedMs: 5_000)])])
        #expect(submit(&judge, 2, ballot("bob", "a", 1), at: 1) == [])
        #expect(submit(&judge, 3, ballot("cyd", "a", 1), at: 2) == [])
        let verdict = LedgerVerdict.accepted(acceptedMs: 5_000, choices: 1, duplicate: false, counted: true)
        let receipt = BallotOutcome.receipt(
            ticket: 1, durable: .store, acceptedMs: 5_000, choices: 1, duplicate: false)
        let next = [
            BallotRecord.ballot(ballot("bob", "a", 1), acceptedMs: 5_001),
            .ballot(ballot("cyd", "a", 1), acceptedMs: 5_002),
        ]
        #expect(judge.judged([verdict], at: moment(3)) == [.deliver([receipt]), .judge(next)])
    }

    @Test func `a transaction that takes its whole time is replaced by the journal, and its late answer says nothing`()
    {
        var judge = knowing()
        let one = ballot("ada", "a", 1)
        _ = submit(&judge, 1, one, at: 0)
        #expect(judge.wakeMs == BallotLimits.transactionMs)
        #expect(judge.timePassed(at: moment(BallotLimits.transactionMs - 1)) == [])
        let record = BallotRecord.ballot(one, acceptedMs: 5_000)
        #expect(judge.timePassed(at: moment(BallotLimits.transactionMs)) == [.journal([record])])
        let receipt = BallotOutcome.receipt(
            ticket: 1, durable: .node, acceptedMs: 5_000, choices: 1, duplicate: false)
        #expect(judge.journaled(true, at: moment(101)) == [.deliver([receipt])])
        #expect(judge.mode == .journal && judge.undrainedCount == 1)
        let verdict = LedgerVerdict.accepted(acceptedMs: 5_000, choices: 1, duplicate: false, counted: true)
        #expect(judge.judged([verdict], at: moment(400)) == [.load(BallotLimits.transactionRecordsMax)])
        #expect(judge.loaded([record], at: moment(400)) == [.drain([record])])
        // The last batch is draining: who comes now waits for the store instead of the journal.
        #expect(submit(&judge, 2, ballot("bob", "a", 1), at: 401) == [])
        let again = LedgerVerdict.accepted(acceptedMs: 5_000, choices: 1, duplicate: true, counted: true)
        let stored = BallotOutcome.stored(
            room: one.room, poll: one.poll, participant: one.participant, attempt: "a", .counted)
        #expect(
            judge.judged([again], at: moment(402)) == [
                .deliver([stored, .drained(room: one.room, poll: one.poll)]),
                .judge([.ballot(ballot("bob", "a", 1), acceptedMs: 5_401)]),
            ])
        #expect(judge.mode == .store)
    }

    @Test(arguments: [
        (LedgerVerdict.accepted(acceptedMs: 5_000, choices: 1, duplicate: true, counted: true), StoredFate.counted),
        (.accepted(acceptedMs: 5_000, choices: 1, duplicate: true, counted: false), .replaced),
        (.accepted(acceptedMs: 4_000, choices: 2, duplicate: true, counted: true), .refused),
        (.refused(.closed), .refused),
    ])
    func `what is said of a drained ballot is what has become of it`(verdict: LedgerVerdict, fate: StoredFate) {
        var judge = knowing()
        let one = ballot("ada", "a", 1)
        let record = BallotRecord.ballot(one, acceptedMs: 5_000)
        judge.found(record)
        #expect(judge.timePassed(at: moment(0)) == [.load(BallotLimits.transactionRecordsMax)])
        #expect(judge.loaded([record], at: moment(0)) == [.drain([record])])
        let stored = BallotOutcome.stored(
            room: one.room, poll: one.poll, participant: one.participant, attempt: "a", fate)
        let told = judge.judged([verdict], at: moment(1))
        #expect(told == [.deliver([stored, .drained(room: one.room, poll: one.poll)])])
    }

    @Test func `everybody's ballots are shown in a time that grows with their number, not its square`() throws {
        var judge = knowing()
        let count = 20_000
        let voters = (0..<count).map { person("voter\($0)") }
        for (number, voter) in voters.enumerated() where number % 2 == 0 {
            judge.found(.ballot(ballot(voter.raw, "a", 1), acceptedMs: 5_000))
        }
        let key = LedgerContract.key
        let held = voters.map {
            OwnBallot(poll: key.poll, participant: $0, attempt: "b", choices: 2, acceptedMs: 6_000, durable: .store)
        }
        let read = BallotRead(ticket: 1, query: .own(.poll(key)), pending: false)
        let beganNs = MonotonicClock.nowNs()
        let actions = judge.read(read, .own(held), at: moment(0))
        let tookMs = (MonotonicClock.nowNs() - beganNs) / 1_000_000
        guard case .deliver(let outcomes)? = actions.first, case .own(_, let ballots)? = outcomes.first else {
            Issue.record("no ballots")
            return
        }
        // Without change the first counts: that of the journal where there is one.
        #expect(ballots.count == count && ballots.map(\.participant) == voters)
        #expect(ballots.count { $0.durable == .node && $0.attempt == "a" } == count / 2)
        #expect(tookMs < 3_000, "by the square it takes far longer: \(tookMs) ms")
    }

    @Test func `a journal that refuses is an unavailable, never an acknowledgement`() {
        var judge = knowing()
        _ = submit(&judge, 1, ballot("ada", "a", 1), at: 0)
        #expect(judge.judged(nil, at: moment(1)) == [.journal([.ballot(ballot("ada", "a", 1), acceptedMs: 5_000)])])
        #expect(judge.journaled(false, at: moment(2)) == [.deliver([.rejected(ticket: 1, .unavailable)])])
        #expect(judge.undrainedCount == 0)
        // The store is asked again by an empty transaction, and receipts are its own from then on.
        #expect(judge.wakeMs == 1 + BallotLimits.retryMsMin)
        #expect(judge.timePassed(at: moment(1 + BallotLimits.retryMsMin)) == [.drain([])])
        #expect(judge.judged([], at: moment(60)) == [])
        #expect(judge.mode == .store)
    }

    @Test func `a store that fails again and again is asked ever more rarely`() {
        var judge = knowing()
        _ = submit(&judge, 1, ballot("ada", "a", 1), at: 0)
        _ = judge.judged(nil, at: moment(0))
        _ = judge.journaled(true, at: moment(0))
        var nowMs: Int64 = 0
        var pauses: [Int64] = []
        for _ in 0..<8 {
            let wakeMs = judge.wakeMs ?? 0
            pauses.append(wakeMs - nowMs)
            nowMs = wakeMs
            let actions = judge.timePassed(at: moment(nowMs))
            if actions == [.load(BallotLimits.transactionRecordsMax)] {
                _ = judge.loaded([.ballot(ballot("ada", "a", 1), acceptedMs: 5_000)], at: moment(nowMs))
            }
            _ = judge.judged(nil, at: moment(nowMs))
        }
        #expect(pauses == [50, 100, 200, 400, 800, 1_000, 1_000, 1_000])
    }

    @Test func `no more than one transaction's worth goes at once, and the rest follows`() {
        var judge = knowing()
        let many = BallotLimits.transactionRecordsMax + 10
        let requests = (0..<many).map { number in
            TicketedRequest(ticket: UInt64(number), request: .submit(ballot("v\(number)", "a", 1)))
        }
        _ = judge.submitted(requests, at: moment(0))
        guard case .judge(let batch)? = judge.timePassed(at: moment(0)).first else {
            Issue.record("no transaction")
            return
        }
        #expect(batch.count == BallotLimits.transactionRecordsMax)
        #expect(judge.waitingCount == 10)
        let verdicts = batch.map { _ in LedgerVerdict.refused(.notFound) }
        guard case .judge(let rest)? = judge.judged(verdicts, at: moment(1)).last else {
            Issue.record("no second transaction")
            return
        }
        #expect(rest.count == 10)
    }
}
