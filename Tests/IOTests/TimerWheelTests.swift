// Owns the wheel's checks against a plain list, from seeds. No clock: time is an argument.

import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct TimerWheelTests {
    /// The plain truth that the wheel must agree with.
    private struct Model {
        var due: [UInt64: UInt64] = [:]

        mutating func expire(nowMs: UInt64) -> [UInt64: UInt64] {
            let expired = due.filter { $0.value <= nowMs }
            for payload in expired.keys { due[payload] = nil }
            return expired
        }
    }

    @Test(arguments: SeededRandom.seeds(60))
    func `the wheel fires what a sorted list would, in order of due time`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var nowMs = random.next() >> UInt64(26 + random.below(38))
        var wheel = TimerWheel(nowMs: nowMs)
        var model = Model()
        var handles: [UInt64: TimerHandle] = [:]
        var stale: [TimerHandle] = []
        for step in 0..<2_000 {
            let payload = UInt64(step)
            switch random.below(10) {
            case 0..<5:
                let dueMs = nowMs + random.next() >> UInt64(24 + random.below(40))
                handles[payload] = wheel.set(dueMs: dueMs, payload: payload)
                model.due[payload] = min(dueMs, TimerWheel.latestMs)
            case 5:
                guard let chosen = model.due.keys.min(), let handle = handles[chosen] else { continue }
                let cancelled = wheel.cancel(handle)
                #expect(cancelled)
                model.due[chosen] = nil
                stale.append(handle)
            case 6:
                guard let chosen = model.due.keys.max(), let handle = handles[chosen] else { continue }
                let dueMs = min(TimerWheel.latestMs, nowMs + UInt64(random.below(100_000)))
                let moved = wheel.move(handle, dueMs: dueMs)
                #expect(moved)
                model.due[chosen] = dueMs
            case 7:
                guard let handle = stale.last else { continue }
                let touched = wheel.cancel(handle) || wheel.move(handle, dueMs: nowMs)
                #expect(!touched && !wheel.isSet(handle))
            default:
                // Mostly small steps, at times hours or years.
                nowMs = min(TimerWheel.latestMs, nowMs + random.next() >> UInt64(30 + random.below(34)))
                let expected = model.expire(nowMs: nowMs)
                var lastMs: UInt64 = 0
                var fired = 0
                while let payload = wheel.nextExpired(nowMs: nowMs) {
                    guard let dueMs = expected[payload] else {
                        Issue.record("timer \(payload) fired though it was not due")
                        return
                    }
                    #expect(dueMs >= lastMs)
                    lastMs = dueMs
                    fired += 1
                    if let handle = handles[payload] { stale.append(handle) }
                }
                #expect(fired == expected.count)
            }
            #expect(wheel.count == model.due.count)
            if let earliest = model.due.values.min() {
                guard let wakeMs = wheel.nextWakeMs else {
                    Issue.record("timers are set, but the wheel would sleep for ever")
                    return
                }
                #expect(wakeMs <= max(earliest, nowMs))
            } else {
                #expect(wheel.nextWakeMs == nil)
            }
        }
    }

    @Test func `asking at each wake time reaches a far timer in few steps`() {
        var wheel = TimerWheel(nowMs: 12_345)
        _ = wheel.set(dueMs: 12_345 + 40 * 24 * 3_600_000, payload: 7)
        var wakes = 0
        while let wakeMs = wheel.nextWakeMs {
            wakes += 1
            if wheel.nextExpired(nowMs: wakeMs) == 7 {
                #expect(wakeMs == 12_345 + 40 * 24 * 3_600_000)
                break
            }
        }
        #expect(wakes <= 7)
    }

    @Test func `a clock that goes back fires nothing twice and nothing early`() {
        var wheel = TimerWheel(nowMs: 1_000_000)
        _ = wheel.set(dueMs: 1_000_010, payload: 1)
        _ = wheel.set(dueMs: 1_000_020, payload: 2)
        let fired = [1_000_015, 5, 1_000_019, 1_000_020].map { wheel.nextExpired(nowMs: $0) }
        #expect(fired == [1, nil, nil, 2])
    }

    @Test func `timers may be set, moved and cancelled while others fire`() {
        var wheel = TimerWheel(nowMs: 0)
        let first = wheel.set(dueMs: 5, payload: 1)
        let second = wheel.set(dueMs: 5, payload: 2)
        let third = wheel.set(dueMs: 5, payload: 3)
        let firstFired = wheel.nextExpired(nowMs: 5)
        #expect(firstFired == 1 && !wheel.isSet(first))
        let changed = (wheel.cancel(second), wheel.move(third, dueMs: 9))
        #expect(changed == (true, true))
        _ = wheel.set(dueMs: 5, payload: 4)
        let fired = [5, 8, 9].map { wheel.nextExpired(nowMs: $0) }
        #expect(fired == [4, nil, 3])
    }
}
