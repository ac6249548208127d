// Owns how connections end: draining, lingering, half-closed peers, the order of ends in a round.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct ReactorEndTests {
    @Test func `close after drain sends all, then FIN, and waits for the peer's`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        let last = SeededSequence.bytes(6_000_000)
        bench.reactor.send(id, last)
        #expect(bench.reactor.isBlocked(id))
        bench.reactor.close(id, afterDrain: true)
        // What comes now is read and discarded: unread input would turn the close into a reset.
        try peer.write(SeededSequence.bytes(100_000))
        var received: [UInt8] = []
        var sawEnd = false
        try bench.turn("all and FIN") {
            while let bytes = peer.readNow() {
                received += bytes
                if bytes.isEmpty {
                    sawEnd = true
                    break
                }
            }
            return sawEnd
        }
        #expect(received == last)
        #expect(bench.driver.bytes[id] == nil, "after close nothing reaches the driver")
        #expect(bench.driver.drained.isEmpty)
        bench.turn(rounds: 5)
        #expect(bench.driver.ends[id] == nil, "the peer has not closed yet")
        peer.close()
        try bench.turn("end") { bench.driver.ends[id] == [.closed] }
    }

    @Test func `a peer that never closes is let go after the linger time`() throws {
        let bench = try Bench { $0.lingerMs = 30 }
        let (peer, id) = try bench.join()
        let startNs = MonotonicClock.nowNs()
        bench.reactor.close(id, afterDrain: true)
        try bench.turn("end") { bench.driver.ends[id] == [.closed] }
        #expect(MonotonicClock.nowNs() - startNs >= 30_000_000)
        #expect(try peer.read().isEmpty)
    }

    @Test func `a peer that takes nothing while we close is let go after the drain time`() throws {
        let bench = try Bench { $0.drainMs = 30 }
        let (_, id) = try bench.join()
        bench.reactor.send(id, SeededSequence.bytes(16_000_000))
        bench.reactor.close(id, afterDrain: true)
        try bench.turn("end") { bench.driver.ends[id] != nil }
        #expect(bench.driver.ends[id] == [.timedOut])
    }

    @Test func `a peer that takes a little at a time while we close is let go in the end`() throws {
        let bench = try Bench { $0.drainLooksMax = 4 }
        let (peer, id) = try bench.join()
        bench.reactor.send(id, SeededSequence.bytes(60_000_000))
        bench.reactor.close(id, afterDrain: true)
        let plan = FaultPlan(at: 0)
        plan.during {
            for look in 1...5 {
                let before = bench.reactor.outboxBytes(id)
                while bench.reactor.outboxBytes(id) == before {
                    _ = peer.readNow()
                    bench.turn(rounds: 1)
                }
                #expect(bench.driver.ends[id] == nil, "look \(look)")
                plan.monotonicAheadNs += 10_100_000_000
                bench.turn(rounds: 2)
            }
        }
        #expect(bench.driver.ends[id] == [.timedOut])
    }

    @Test func `close at once is told at the end of the round, once, and nothing follows`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        try peer.write([1])
        bench.driver.onReceived = { [unowned bench] id, shown in
            bench.reactor.close(id, afterDrain: false)
            bench.reactor.close(id, afterDrain: true)
            bench.reactor.setDeadline(id, inMs: 1)
            #expect(bench.driver.ends[id] == nil)
            #expect(bench.reactor.connectionCount == 1, "the slot stays until the end was told")
            return shown.count
        }
        try bench.turn("end") { bench.driver.ends[id] != nil }
        bench.turn(rounds: 5)
        #expect(bench.driver.ends[id] == [.closed])
        #expect(bench.driver.deadlines.isEmpty)
        #expect(try peer.read().isEmpty)
    }

    @Test func `a half-closed peer gets what waits for it before the end`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        let answer = SeededSequence.bytes(6_000_000)
        bench.driver.onReceived = { [unowned bench] id, shown in
            bench.reactor.send(id, answer)
            return shown.count
        }
        try peer.write([UInt8](text: "GET"))
        peer.shutdownWrites()
        var received: [UInt8] = []
        try bench.turn("end") {
            while let bytes = peer.readNow(), !bytes.isEmpty { received += bytes }
            return bench.driver.ends[id] != nil && received.count == answer.count
        }
        #expect(received == answer)
        #expect(bench.driver.ends[id] == [.peerClosed])
    }

    @Test func `a half-closed peer that takes nothing ends by the drain time`() throws {
        let bench = try Bench { $0.drainMs = 30 }
        let (peer, id) = try bench.join()
        bench.reactor.send(id, SeededSequence.bytes(16_000_000))
        peer.shutdownWrites()
        try bench.turn("end") { bench.driver.ends[id] != nil }
        #expect(bench.driver.ends[id] == [.timedOut])
    }

    @Test func `an end makes a further round follow at once, so that work it made is flushed`() throws {
        let bench = try Bench()
        let (_, first) = try bench.join()
        let (peer, second) = try bench.join()
        var isDirty = false
        bench.driver.onEnded = { _, _ in isDirty = true }
        bench.driver.onRoundEnded = { [unowned bench] in
            if isDirty { bench.reactor.send(second, [7]) }
            isDirty = false
        }
        bench.reactor.close(first, afterDrain: false)
        bench.reactor.turn(waitMaxMs: 20_000)
        #expect(bench.driver.ends[first] == [.closed])
        let startNs = MonotonicClock.nowNs()
        bench.reactor.turn(waitMaxMs: 20_000)
        #expect(MonotonicClock.nowNs() - startNs < 10_000_000_000, "the next round did not wait")
        #expect(peer.readNow() == [7])
    }

    @Test func `connections closed while another's end is told are told in the same round`() throws {
        let bench = try Bench()
        let ids = try (0..<3).map { _ in try bench.join() }
        bench.driver.onEnded = { [unowned bench] id, _ in
            for (_, other) in ids where other != id { bench.reactor.close(other, afterDrain: false) }
        }
        bench.reactor.close(ids[0].1, afterDrain: false)
        bench.reactor.turn(waitMaxMs: 0)
        for (_, id) in ids { #expect(bench.driver.ends[id] == [.closed]) }
        #expect(bench.reactor.connectionCount == 0)
    }

    @Test func `run returns after stop and has ended every connection once`() throws {
        let bench = try Bench()
        let peers = try (0..<20).map { _ in try bench.join() }
        bench.reactor.close(peers[0].1, afterDrain: true)
        bench.reactor.enqueue(peers[1].1, [1])
        bench.reactor.setDeadline(peers[2].1, inMs: 60_000)
        _ = try bench.reactor.connect(to: bench.address)
        bench.driver.onTimer = { [unowned bench] _ in bench.reactor.stop() }
        _ = bench.reactor.schedule(inMs: 5, payload: 1)
        bench.driver.onEnded = { [unowned bench] _, _ in
            #expect(throws: IOFailure.self) { _ = try bench.reactor.connect(to: bench.address) }
        }
        bench.reactor.run()
        #expect(bench.reactor.connectionCount == 0)
        #expect(bench.driver.ends.count == bench.driver.accepted.count + 1)
        for ends in bench.driver.ends.values { #expect(ends.count == 1) }
        for (peer, _) in peers.dropFirst(2) { #expect(try peer.read().isEmpty) }
    }

    @Test func `a reactor that is dropped closes what it holds`() throws {
        let plan = FaultPlan(at: 0)
        try plan.during {
            let bench = try Bench()
            let client = try bench.reactor.connect(to: bench.address)
            try bench.turn("connect") { bench.driver.connected == [client] && bench.driver.accepted.count == 1 }
            bench.reactor.enqueue(client, [1])
        }
        #expect(plan.open.isEmpty && plan.closedTwice.isEmpty)
    }
}
