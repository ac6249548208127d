// Owns one exchange under failing and interrupted system calls, whichever they are. Time is simulated: it passes by
// the round.

import Glibc
import LiveTestSupport
import Synchronization
import Testing

@testable import LiveIO

/// One exchange between a client and a server in one reactor, with every system call at the mercy of a plan.
@Suite struct ReactorFaultTests {
    /// What was left of a run.
    private struct Outcome {
        var ids: [ConnectionID] = []
        var ends: [ConnectionID: [ConnectionEnd]] = [:]
        var echoed: [UInt8] = []
        var isComplete = false
    }

    private static let question = [UInt8](text: "a question of some length")

    /// The server echoes and closes, the client asks and closes; both give up after a deadline.
    private func exchange(_ plan: FaultPlan, roundsMax: Int = 3_000) -> Outcome {
        var outcome = Outcome()
        plan.during {
            // Time passes by the round, however slow the machine: a deadline strikes only where nothing moved for long.
            var nowNs: UInt64 = 1_000_000_000
            plan.frozenMonotonicNs = nowNs
            guard
                let bench = try? Bench({ adjust in
                    adjust.acceptPauseMs = 1
                    adjust.lingerMs = 20
                    adjust.drainMs = 20
                    adjust.newcomersPerRound = 2
                })
            else { return }
            let driver = bench.driver
            var clients: Set<ConnectionID> = []
            driver.onAccepted = { [unowned bench] in bench.reactor.setDeadline($0, inMs: 200) }
            driver.onConnected = { [unowned bench] in bench.reactor.send($0, Self.question) }
            driver.onDeadline = { [unowned bench] in bench.reactor.close($0, afterDrain: true) }
            driver.onReceived = { [unowned bench, unowned driver] id, shown in
                if clients.contains(id) {
                    driver.bytes[id, default: []] += shown
                } else {
                    bench.reactor.admit(id)
                    bench.reactor.send(id, Array(shown))
                }
                if driver.bytes[id]?.count == Self.question.count || !clients.contains(id) {
                    bench.reactor.close(id, afterDrain: true)
                }
                return shown.count
            }
            guard let address = try? bench.address, let client = try? bench.reactor.connect(to: address) else { return }
            clients.insert(client)
            bench.reactor.setDeadline(client, inMs: 300)
            var rounds = 0
            while rounds < roundsMax, driver.ends.count < max(2, driver.accepted.count + 1) {
                // Where the connection never comes to the server, the client's end is all there is.
                if driver.ends[client] != nil, driver.accepted.isEmpty { break }
                bench.reactor.turn(waitMaxMs: 1)
                nowNs += 1_000_000
                plan.frozenMonotonicNs = nowNs
                rounds += 1
            }
            bench.reactor.stop()
            bench.reactor.run()
            outcome.ids = driver.accepted + [client]
            outcome.ends = driver.ends
            outcome.echoed = driver.bytes[client] ?? []
            outcome.isComplete = true
        }
        return outcome
    }

    private func check(_ outcome: Outcome, _ plan: FaultPlan, _ what: String) {
        #expect(plan.open.isEmpty, "\(what) leaks descriptors")
        #expect(plan.closedTwice.isEmpty, "\(what) closes what it does not own")
        #expect(Set(outcome.ends.keys) == Set(outcome.ids), "\(what): each connection has an end")
        for ends in outcome.ends.values { #expect(ends.count == 1, "\(what): an end is told once") }
    }

    @Test func `without a fault the exchange is whole`() {
        let plan = FaultPlan(at: 0)
        let outcome = exchange(plan)
        check(outcome, plan, "no fault")
        #expect(outcome.isComplete && outcome.echoed == Self.question)
        #expect(outcome.ends.values.allSatisfy { $0 == [.closed] || $0 == [.peerClosed] })
    }

    @Test(arguments: [EAGAIN, ENOMEM, EMFILE, ECONNRESET, EPIPE, ETIMEDOUT, EIO])
    func `whichever system call fails, nothing leaks and every connection ends once`(error: Int32) {
        let steps = withEveryStep { step in
            let plan = FaultPlan(.fail(error), at: step)
            let outcome = exchange(plan)
            check(outcome, plan, "\(errnoText(error)) of call \(step) (\(plan.firstStruck.map { "\($0)" } ?? "none"))")
            return plan.struck > 0
        }
        #expect(steps > 20)
    }

    @Test func `whichever system call is interrupted, the exchange is whole`() {
        _ = withEveryStep { step in
            let plan = FaultPlan(.fail(EINTR), at: step)
            let outcome = exchange(plan)
            check(outcome, plan, "EINTR of call \(step)")
            #expect(outcome.echoed == Self.question)
            return plan.struck > 0
        }
    }

    @Test func `where every call fails from some point on, nothing leaks and every connection ends once`() {
        let kinds = Set(SystemCallKind.allCases).subtracting([.epollWait])
        _ = withEveryStep { step in
            let plan = FaultPlan(.fail(ENOMEM), at: step, times: .max, kinds: kinds)
            check(exchange(plan, roundsMax: 50), plan, "all from call \(step) on")
            return plan.struck > 0
        }
    }

    @Test func `a storm of signals interrupts nothing that matters`() throws {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        #expect(sigaction(SIGUSR1, &action, nil) == 0)
        let isOver = Mutex(false)
        let target = pthread_self()
        let storm = CoreThread.start(name: "storm") {
            while !isOver.withLock({ $0 }) {
                pthread_kill(target, SIGUSR1)
                usleep(50)
            }
        }
        defer {
            isOver.withLock { $0 = true }
            storm.join()
        }
        let bench = try Bench()
        let sent = SeededSequence.bytes(2_000_000)
        let client = try bench.reactor.connect(to: bench.address)
        bench.reactor.enqueue(client, sent)
        try bench.turn("bytes") { bench.driver.accepted.first.flatMap { bench.driver.bytes[$0]?.count } == sent.count }
        #expect(bench.driver.bytes[bench.driver.accepted[0]] == sent)
        bench.reactor.close(client, afterDrain: true)
        try bench.turn("ends") { bench.driver.ends.count == 2 }
        #expect(bench.driver.ends[client] == [.closed])
    }
}
