// Owns deadlines and timers of the reactor, with clocks that jump.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct ReactorTimerTests {
    @Test func `a silent peer's deadline is reached once, not early, and it stays open until the driver closes`() throws
    {
        let bench = try Bench()
        let (_, id) = try bench.join()
        let startNs = MonotonicClock.nowNs()
        bench.reactor.setDeadline(id, inMs: 40)
        try bench.turn("deadline") { bench.driver.deadlines == [id] }
        #expect(MonotonicClock.nowNs() - startNs >= 40_000_000 - 21_000_000)
        bench.turn(rounds: 5)
        #expect(bench.driver.deadlines == [id] && bench.driver.ends.isEmpty)
        bench.driver.onDeadline = { [unowned bench] in bench.reactor.close($0, afterDrain: false) }
        bench.reactor.setDeadline(id, inMs: 1)
        try bench.turn("end") { bench.driver.ends[id] == [.closed] }
    }

    @Test func `a deadline set anew replaces the old one, and a cleared one never comes`() throws {
        let bench = try Bench()
        let plan = FaultPlan(at: 0)
        let (_, id) = try bench.join()
        plan.during {
            bench.reactor.setDeadline(id, inMs: 1_000)
            bench.reactor.setDeadline(id, inMs: 3_600_000)
            plan.monotonicAheadNs = 1_800_000_000_000
            bench.turn(rounds: 3)
            #expect(bench.driver.deadlines.isEmpty)
            plan.monotonicAheadNs = 3_700_000_000_000
            bench.turn(rounds: 3)
            #expect(bench.driver.deadlines == [id])
            bench.reactor.setDeadline(id, inMs: 10)
            bench.reactor.clearDeadline(id)
            plan.monotonicAheadNs *= 2
            bench.turn(rounds: 3)
            #expect(bench.driver.deadlines == [id])
        }
    }

    @Test func `timers fire in order of due time with their payload, and cancelled ones never`() throws {
        let bench = try Bench()
        let plan = FaultPlan(at: 0)
        plan.during {
            for (delayMs, payload) in [(50_000, 3), (10, 1), (7_200_000, 4), (4_000, 2)] as [(UInt32, UInt64)] {
                _ = bench.reactor.schedule(inMs: delayMs, payload: payload)
            }
            let cancelled = bench.reactor.schedule(inMs: 20, payload: 99)
            #expect(bench.reactor.cancel(cancelled))
            #expect(!bench.reactor.cancel(cancelled))
            plan.monotonicAheadNs = 8_000_000_000_000
            bench.turn(rounds: 1)
            #expect(bench.driver.timers == [1, 2, 3, 4])
        }
    }

    @Test func `a timer that sets itself again fires once a round at most`() throws {
        let bench = try Bench()
        bench.driver.onTimer = { [unowned bench] _ in _ = bench.reactor.schedule(inMs: 0, payload: 1) }
        _ = bench.reactor.schedule(inMs: 0, payload: 1)
        try bench.turn("five") { bench.driver.timers.count >= 5 }
        #expect(bench.driver.rounds >= bench.driver.timers.count)
    }

    @Test func `a wall clock that jumps moves no deadline, and a monotonic one that goes back stops no time`() throws {
        let bench = try Bench()
        let plan = FaultPlan(at: 0)
        let (_, id) = try bench.join()
        plan.during {
            bench.reactor.setDeadline(id, inMs: 500_000)
            for hours in [-5, 100, -100_000] as [Int64] {
                plan.wallAheadMs = hours * 3_600_000
                bench.turn(rounds: 2)
                #expect(abs(bench.reactor.wallMs - (WallClock.nowMs())) < 60_000)
            }
            #expect(bench.driver.deadlines.isEmpty)
            plan.monotonicAheadNs = 1_000_000_000
            bench.turn(rounds: 1)
            let beforeNs = bench.reactor.nowNs
            plan.monotonicAheadNs = 0
            bench.turn(rounds: 1)
            #expect(bench.reactor.nowNs >= beforeNs)
        }
    }

    @Test func `the wait ends when the next timer is due, and lag is measured`() throws {
        let bench = try Bench()
        _ = bench.reactor.schedule(inMs: 30, payload: 5)
        let startNs = MonotonicClock.nowNs()
        for _ in 0..<10 where bench.driver.timers.isEmpty { bench.reactor.turn(waitMaxMs: 60_000) }
        #expect(bench.driver.timers == [5])
        #expect(MonotonicClock.nowNs() - startNs < 50_000_000_000)
        bench.driver.onRoundEnded = {
            let endNs = MonotonicClock.nowNs() + 3_000_000
            while MonotonicClock.nowNs() < endNs {}
        }
        bench.turn(rounds: 3)
        let counted = bench.reactor.takeStatistics()
        #expect(counted.lagMaxNs >= 3_000_000 && counted.lagAverageNs > 300_000)
        bench.driver.onRoundEnded = {}
        #expect(bench.reactor.statistics.lagMaxNs == 0)
        #expect(counted.rounds == UInt64(bench.driver.rounds))
    }
}
