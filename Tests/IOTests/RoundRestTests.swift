// Owns when a loop rests between two rounds, and that it never does where somebody would wait for it.

import Testing

@testable import LiveIO

@Suite struct RoundRestTests {
    private static let restNs: UInt64 = 50_000

    /// What is due behind rounds that all look alike.
    private func due(
        rounds: Int, sleepNs: UInt64 = 5_000, lengthNs: UInt64 = 20_000, events: Int = 3, sends: UInt64 = 3,
        sinceNs: UInt64 = 0
    ) -> UInt64 {
        var rest = RoundRest()
        var nowNs: UInt64 = 1_000_000_000
        for _ in 0..<(rounds + 1) {
            nowNs += sleepNs
            let startNs = nowNs
            nowNs += lengthNs
            rest.ended(startNs: startNs, endNs: nowNs, events: events, sends: sends, restNs: Self.restNs)
        }
        return rest.dueNs(nowNs: nowNs + sinceNs, restNs: Self.restNs)
    }

    @Test func `under a hail of small messages a loop rests`() {
        #expect(due(rounds: RoundRest.hailRounds) == Self.restNs)
        #expect(due(rounds: 1_000) == Self.restNs)
        // What was spent since counts.
        #expect(due(rounds: 1_000, sinceNs: 20_000) == 30_000)
        #expect(due(rounds: 1_000, sinceNs: 50_000) == 0)
    }

    @Test func `a few rounds, lone messages, long rounds and fan-outs are no hail`() {
        #expect(due(rounds: RoundRest.hailRounds - 1) == 0)
        #expect(due(rounds: 1_000, sleepNs: 200_000) == 0)
        #expect(due(rounds: 1_000, lengthNs: 500_000) == 0)
        #expect(due(rounds: 1_000, events: 1, sends: 40) == 0)
    }

    @Test func `a single fan-out ends a hail`() {
        var rest = RoundRest()
        for round in 0..<100 {
            let startNs = 1_000_000_000 + UInt64(round) * 30_000
            let sends: UInt64 = round == 95 ? 2_000 : 1
            rest.ended(startNs: startNs, endNs: startNs + 20_000, events: 1, sends: sends, restNs: Self.restNs)
        }
        #expect(rest.dueNs(nowNs: 1_000_000_000 + 99 * 30_000 + 20_000, restNs: Self.restNs) == 0)
    }

    @Test func `without a rest in the configuration there is none`() {
        var rest = RoundRest()
        for round in 0..<100 {
            let startNs = 1_000_000_000 + UInt64(round) * 10_000
            rest.ended(startNs: startNs, endNs: startNs + 5_000, events: 1, sends: 1, restNs: 0)
        }
        #expect(rest.dueNs(nowNs: 1_000_995_000, restNs: 0) == 0)
    }

    @Test func `a reactor under a hail rests, and one with work left over does not`() throws {
        let restNs: UInt64 = 500_000_000
        let bench = try Bench { $0.roundRestNs = restNs }
        let (peer, id) = try bench.join()
        // Rounds that follow each other closely: each has one event.
        for _ in 0..<(RoundRest.hailRounds + 2) {
            try peer.write([1])
            bench.turn(rounds: 1)
        }
        let before = bench.reactor.nowNs
        try peer.write([1])
        bench.turn(rounds: 1)
        #expect(bench.reactor.nowNs - before >= restNs)
        // A busy machine may hold one of them up, not all.
        var between: [UInt64] = []
        for _ in 0..<4 {
            bench.reactor.close(try bench.join().1, afterDrain: false)
            let before = bench.reactor.nowNs
            bench.turn(rounds: 1)
            between.append(bench.reactor.nowNs - before)
        }
        #expect(between.contains { $0 < restNs })
        #expect(bench.driver.ends[id] == nil)
    }
}
