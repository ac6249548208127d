// Owns whose turn it is: those inside before newcomers, newcomers in portions, and what moves with a connection that is
// admitted.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct ReactorLobbyTests {
    @Test func `whoever is in is served before a storm of newcomers, and they in portions`() throws {
        let bench = try Bench { $0.newcomersPerRound = 4 }
        var served: [ConnectionID] = []
        var servedInRound = 0
        var mostInRound = 0
        bench.driver.onReceived = { id, shown in
            served.append(id)
            servedInRound += 1
            return shown.count
        }
        bench.driver.onRoundEnded = {
            mostInRound = max(mostInRound, servedInRound)
            servedInRound = 0
        }
        let (member, inside) = try bench.join()
        bench.reactor.admit(inside)
        let newcomers = try (0..<40).map { _ in try bench.join() }
        for (peer, _) in newcomers { try peer.write([1]) }
        // The last to speak.
        try member.write([2])
        bench.turn(rounds: 1)
        #expect(served.first == inside)
        try bench.turn("newcomers") { served.count == 41 }
        #expect(Set(served) == Set(newcomers.map(\.1) + [inside]))
        // Four newcomers and the one inside; a slow machine's rounds are long enough for another portion.
        #expect(mostInRound <= 9)
    }

    @Test func `where rounds are long newcomers have a share of the time, and never less than their portion`() throws {
        let bench = try Bench { $0.newcomersPerRound = 4 }
        var servedInRound = 0
        var served: [Int] = []
        let plan = FaultPlan(at: 0)
        var nowNs = MonotonicClock.nowNs()
        plan.frozenMonotonicNs = nowNs
        bench.driver.onReceived = { _, shown in
            // A newcomer's event takes a millisecond, and all that those inside want another 39.
            nowNs += 1_000_000
            plan.frozenMonotonicNs = nowNs
            servedInRound += 1
            return shown.count
        }
        bench.driver.onRoundEnded = {
            nowNs += 39_000_000
            plan.frozenMonotonicNs = nowNs
            served.append(servedInRound)
            servedInRound = 0
        }
        let newcomers = try (0..<40).map { _ in try bench.join() }
        for (peer, _) in newcomers { try peer.write([1]) }
        try plan.during { () throws in
            // Before it there was no long round.
            try bench.turn("newcomers") { served.reduce(0, +) == 40 }
        }
        let shares = served.filter { $0 > 0 }
        #expect(shares.first == 4)
        // (39 + 4) / 8 ms and more: two portions.
        #expect(shares.dropFirst().dropLast().allSatisfy { $0 == 8 })
    }

    @Test func `newcomers are served in the order in which they spoke, however many wait`() throws {
        let bench = try Bench { $0.newcomersPerRound = 1 }
        var served: [ConnectionID] = []
        bench.driver.onReceived = { id, shown in
            served.append(id)
            return shown.count
        }
        let newcomers = try (0..<10).map { _ in try bench.join() }
        for (peer, _) in newcomers.reversed() { try peer.write([1]) }
        try bench.turn("newcomers") { served.count == 10 }
        #expect(served == newcomers.reversed().map(\.1))
    }

    @Test func `a newcomer's end is told, and frees its place`() throws {
        let bench = try Bench { $0.newcomersPerRound = 4 }
        let (peer, id) = try bench.join()
        peer.close()
        try bench.turn("end") { bench.driver.ends[id] == [.peerClosed] }
        #expect(bench.reactor.connectionCount == 0)
    }

    @Test func `what waits is not lost by being admitted, and neither is being held back`() throws {
        let bench = try Bench { $0.newcomersPerRound = 4 }
        let (peer, id) = try bench.join()
        bench.reactor.setReading(id, false)
        try peer.write([1, 2, 3])
        bench.turn(rounds: 3)
        bench.reactor.admit(id)
        bench.turn(rounds: 3)
        #expect(bench.driver.bytes[id] == nil)
        bench.reactor.setReading(id, true)
        try bench.turn("bytes") { bench.driver.bytes[id] == [1, 2, 3] }
        try peer.write([4])
        try bench.turn("more") { bench.driver.bytes[id] == [1, 2, 3, 4] }
    }

    @Test func `a connection that is admitted while blocked is told when there is room`() throws {
        let bench = try Bench { $0.newcomersPerRound = 4 }
        let (peer, id) = try bench.join()
        let block = [UInt8](repeating: 7, count: 256 * 1_024)
        var sent = 0
        while !bench.reactor.isBlocked(id) { sent += bench.reactor.trySend(id, block) }
        bench.reactor.admit(id)
        var read = 0
        try bench.turn("room") {
            read += peer.readNow()?.count ?? 0
            return bench.driver.drained == [id]
        }
        #expect(read <= sent)
    }

    @Test func `admitting again, without a lobby, or what is over changes nothing`() throws {
        for portion in [0, 4] {
            let bench = try Bench { $0.newcomersPerRound = portion }
            let (peer, id) = try bench.join()
            bench.reactor.admit(id)
            bench.reactor.admit(id)
            try peer.write([1])
            try bench.turn("bytes") { bench.driver.bytes[id] == [1] }
            bench.reactor.close(id, afterDrain: false)
            bench.reactor.admit(id)
            bench.turn(rounds: 2)
            bench.reactor.admit(id)
            #expect(bench.driver.ends[id] == [.closed])
        }
    }

    @Test func `a connection whose move fails has an end`() throws {
        // The call that takes it out of the lobby, and the one that takes it in.
        for position in [1, 2] {
            let bench = try Bench { $0.newcomersPerRound = 4 }
            let (peer, id) = try bench.join()
            let plan = FaultPlan(.fail(ENOMEM), at: position)
            plan.during { bench.reactor.admit(id) }
            try bench.turn("end") { bench.driver.ends[id] == [.failed(errno: ENOMEM)] }
            #expect(try peer.read().isEmpty)
        }
    }
}
