// The date of a node: it never falls, and it does not leap while somebody's time is running.

import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct NodeClockTests {
    private static let hourMs: Int64 = 3_600_000

    private static func frozen() -> FaultPlan {
        let plan = FaultPlan(at: 0)
        plan.frozenMonotonicNs = 1_000_000_000_000
        return plan
    }

    @Test func `it goes on where the machine's date is set back`() {
        let plan = Self.frozen()
        plan.during {
            let clock = NodeClock()
            let before = clock.nowMs()
            plan.wallAheadMs = -Self.hourMs
            #expect(clock.nowMs() == before)
            plan.frozenMonotonicNs? += 5_000_000_000
            #expect(clock.nowMs() == before + 5_000)
        }
    }

    @Test func `it follows a leap, and does not go back with it`() {
        let plan = Self.frozen()
        plan.during {
            let clock = NodeClock()
            let before = clock.nowMs()
            plan.wallAheadMs = Self.hourMs
            let after = clock.nowMs()
            #expect(after >= before + Self.hourMs)
            plan.wallAheadMs = 0
            #expect(clock.nowMs() >= after)
        }
    }

    @Test func `it does not leap while somebody's time is running`() {
        let plan = Self.frozen()
        plan.during {
            let clock = NodeClock()
            let before = clock.nowMs()
            clock.keepSteady(forMs: 60_000)
            clock.keepSteady(forMs: 10_000)
            plan.wallAheadMs = Self.hourMs
            plan.frozenMonotonicNs? += 59_999_000_000
            #expect(clock.nowMs() == before + 59_999)
            plan.frozenMonotonicNs? += 1_000_000
            #expect(clock.nowMs() >= before + Self.hourMs)
        }
    }

    @Test func `it shows at least what an earlier process has dated`() {
        let clock = NodeClock()
        let later = clock.nowMs() + Self.hourMs
        clock.raise(to: later)
        #expect(clock.nowMs() >= later)
        clock.raise(to: 5)
        #expect(clock.nowMs() >= later)
    }
}
