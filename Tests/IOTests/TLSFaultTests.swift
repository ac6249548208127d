// Owns one encrypted exchange under failing and interrupted system calls, whichever they are. Time is simulated.

import Glibc
import LiveTLS
import LiveTestSupport
import Testing

@testable import LiveIO

/// The exchange of `ReactorFaultTests`, encrypted on both sides.
@Suite struct TLSFaultTests {
    private struct Outcome {
        var ids: [ConnectionID] = []
        var ends: [ConnectionID: [ConnectionEnd]] = [:]
        var echoed: [UInt8] = []
        var left = 0
    }

    private static let question = [UInt8](text: "a question of some length")

    private func exchange(_ plan: FaultPlan, _ server: TLSContext, _ client: TLSContext, roundsMax: Int = 2_000)
        -> Outcome
    {
        var outcome = Outcome()
        plan.during {
            var nowNs: UInt64 = 1_000_000_000
            plan.frozenMonotonicNs = nowNs
            guard
                let bench = try? Bench(
                    serving: server,
                    { adjust in
                        adjust.acceptPauseMs = 1
                        adjust.lingerMs = 20
                        adjust.drainMs = 20
                        adjust.handshakeTimeoutMs = 150
                    })
            else { return }
            let driver = bench.driver
            driver.onAccepted = { [unowned bench] in bench.reactor.setDeadline($0, inMs: 200) }
            driver.onDeadline = { [unowned bench] in bench.reactor.close($0, afterDrain: true) }
            let tls = TLSClient(context: client, serverName: "127.0.0.1")
            guard let address = try? bench.address, let id = try? bench.reactor.connect(to: address, tls: tls) else {
                return
            }
            driver.onReceived = { [unowned bench, unowned driver] from, shown in
                if from == id {
                    driver.bytes[from, default: []] += shown
                } else {
                    bench.reactor.send(from, Array(shown))
                }
                if driver.bytes[from]?.count == Self.question.count || from != id {
                    bench.reactor.close(from, afterDrain: true)
                }
                return shown.count
            }
            bench.reactor.enqueue(id, Self.question)
            bench.reactor.setDeadline(id, inMs: 300)
            for _ in 0..<roundsMax where bench.reactor.connectionCount > 0 || driver.ends[id] == nil {
                bench.reactor.turn(waitMaxMs: 1)
                nowNs += 1_000_000
                plan.frozenMonotonicNs = nowNs
            }
            outcome.left = bench.reactor.connectionCount
            bench.reactor.stop()
            bench.reactor.run()
            outcome.ids = driver.accepted + [id]
            outcome.ends = driver.ends
            outcome.echoed = driver.bytes[id] ?? []
        }
        return outcome
    }

    private func check(_ outcome: Outcome, _ plan: FaultPlan, _ what: String) {
        #expect(plan.open.isEmpty, "\(what) leaks descriptors")
        #expect(plan.closedTwice.isEmpty, "\(what) closes what it does not own")
        #expect(Set(outcome.ends.keys) == Set(outcome.ids), "\(what): each connection has an end")
        for ends in outcome.ends.values { #expect(ends.count == 1, "\(what): an end is told once") }
        #expect(outcome.left == 0, "\(what): nothing stays for ever")
    }

    @Test(arguments: [EAGAIN, ENOMEM, ECONNRESET, EPIPE, EIO])
    func `whichever system call fails, nothing leaks and every connection ends once`(error: Int32) throws {
        let server = try TestCertificates.server()
        let client = try TestCertificates.client()
        let steps = withEveryStep { step in
            let plan = FaultPlan(.fail(error), at: step)
            let outcome = exchange(plan, server, client)
            check(outcome, plan, "\(errnoText(error)) of call \(step) (\(plan.firstStruck.map { "\($0)" } ?? "none"))")
            return plan.struck > 0
        }
        #expect(steps > 20)
    }

    @Test func `whichever system call is interrupted or comes up short, the exchange is whole`() throws {
        let server = try TestCertificates.server()
        let client = try TestCertificates.client()
        for fault in [FaultPlan.Fault.fail(EINTR), .short(3)] {
            _ = withEveryStep { step in
                let plan = FaultPlan(
                    fault, at: step, kinds: fault == .short(3) ? [.send, .receive] : nil)
                let outcome = exchange(plan, server, client)
                check(outcome, plan, "\(fault) of call \(step)")
                #expect(outcome.echoed == Self.question)
                return plan.struck > 0
            }
        }
    }
}
