// Owns how connections come in: portions, limits, exhausted descriptors, shared ports.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct ReactorAcceptTests {
    @Test func `a storm is accepted in portions, and those who are in are served between`() throws {
        let bench = try Bench { $0.acceptBudget = 8 }
        let (member, id) = try bench.join()
        let storm = try (0..<100).map { _ in try RawPeer(port: bench.port) }
        try member.write([1])
        var servedAfter: Int?
        var mostInRound = 0
        var before = 1
        try bench.turn("storm") {
            mostInRound = max(mostInRound, bench.driver.accepted.count - before)
            before = bench.driver.accepted.count
            if servedAfter == nil, bench.driver.bytes[id] == [1] { servedAfter = bench.driver.accepted.count }
            return bench.driver.accepted.count == 101
        }
        #expect(mostInRound <= 8)
        #expect(try #require(servedAfter) <= 17)
        #expect(Set(bench.driver.accepted).count == 101)
        #expect(storm.count == 100)
    }

    @Test func `beyond the most connections a newcomer is turned away and counted`() throws {
        let bench = try Bench { $0.connectionsMax = 2 }
        let kept = try [bench.join(), bench.join()]
        let third = try RawPeer(port: bench.port)
        try bench.turn("refusal") { bench.reactor.statistics.refused == 1 }
        #expect((try? third.read())?.isEmpty ?? true)
        bench.reactor.close(kept[0].1, afterDrain: false)
        bench.turn(rounds: 2)
        _ = try bench.join()
        #expect(bench.reactor.connectionCount == 2)
    }

    @Test func `places are shared between reactors, and given back with the socket`() throws {
        let places = SocketPlaces(countMax: 3)
        let here = try Bench { $0.places = places }
        let there = try Bench { $0.places = places }
        let (_, first) = try here.join()
        _ = try here.join()
        _ = try there.join()
        let fourth = try RawPeer(port: there.port)
        try there.turn("refusal") { there.reactor.statistics.refused == 1 }
        #expect((try? fourth.read())?.isEmpty ?? true)
        here.reactor.close(first, afterDrain: false)
        here.turn(rounds: 2)
        #expect(places.count == 2)
        _ = try there.join()
        #expect(places.count == 3 && there.reactor.connectionCount == 2)
    }

    @Test(arguments: [EMFILE, ENFILE])
    func `with descriptors used up newcomers are turned away, the loop does not spin, and it recovers`(
        error: Int32
    ) throws {
        let bench = try Bench()
        let (member, id) = try bench.join()
        let refused = try (0..<3).map { _ in try RawPeer(port: bench.port) }
        // Every first accept of a newcomer fails; the one with the reserve given up works.
        for number in 1...3 {
            let plan = FaultPlan(.fail(error), at: 1, kinds: [.accept])
            try plan.during {
                try bench.turn("turned away") { bench.reactor.statistics.refused >= UInt64(number) }
            }
            if bench.reactor.statistics.accepted > 1 { break }
        }
        #expect(bench.reactor.statistics.refused >= 1)
        #expect(try #require(bench.reactor.statistics.acceptFailures[error]) >= 1)
        try member.write([1])
        try bench.turn("service") { bench.driver.bytes[id] == [1] }
        #expect(refused.count == 3)
        _ = try bench.join()
    }

    @Test(arguments: [EMFILE, ENFILE, ENOMEM, ENOBUFS])
    func `where even the reserve does not help accepting pauses, then goes on`(error: Int32) throws {
        let bench = try Bench { $0.acceptPauseMs = 30 }
        // The accept itself, and for EMFILE the one with the reserve given up.
        let plan = FaultPlan(.fail(error), at: 1, times: 2, kinds: [.accept])
        let peer = try RawPeer(port: bench.port)
        try plan.during {
            try bench.turn("first failure") { plan.struck > 0 }
            let before = plan.calls
            plan.frozenMonotonicNs = bench.reactor.nowNs
            bench.turn(rounds: 50)
            #expect(plan.calls == before, "a paused listener is not asked")
            plan.frozenMonotonicNs = nil
            try bench.turn("accept") { bench.driver.accepted.count == 1 }
        }
        bench.reactor.send(bench.driver.accepted[0], [1])
        #expect(try peer.read() == [1])
    }

    @Test(arguments: [ECONNABORTED, EPROTO, EPERM, EINTR])
    func `a newcomer's own trouble does not hold up the next`(error: Int32) throws {
        let bench = try Bench()
        let peers = try (0..<3).map { _ in try RawPeer(port: bench.port) }
        let plan = FaultPlan(.fail(error), at: 1, kinds: [.accept])
        plan.during { bench.turn(rounds: 2) }
        #expect(bench.driver.accepted.count == peers.count)
        #expect(bench.reactor.statistics.acceptFailures[error] == (error == EINTR ? nil : 1))
    }

    @Test func `after stopListening nobody comes, and connections stay`() throws {
        let bench = try Bench()
        let (member, id) = try bench.join()
        bench.reactor.stopListening()
        #expect(throws: Stuck.self) { _ = try RawPeer(port: bench.port) }
        try member.write([1])
        try bench.turn("service") { bench.driver.bytes[id] == [1] }
    }

    @Test func `two reactors share a port and each connection belongs to one`() throws {
        let first = try Listener.tcp(host: "127.0.0.1", port: 0, reusePort: true)
        let port = first.port
        let second = try Listener.tcp(host: "127.0.0.1", port: port, reusePort: true)
        let reactors = [try Reactor(waker: Waker()), try Reactor(waker: Waker())]
        let drivers = [ScriptedDriver(), ScriptedDriver()]
        for (reactor, driver) in zip(reactors, drivers) { reactor.attach(driver) }
        try reactors[0].listen(first)
        try reactors[1].listen(second)
        let peers = try (0..<40).map { _ in try RawPeer(port: port) }
        for _ in 0..<500 where drivers[0].accepted.count + drivers[1].accepted.count < peers.count {
            for reactor in reactors { reactor.turn(waitMaxMs: 5) }
        }
        #expect(drivers[0].accepted.count + drivers[1].accepted.count == peers.count)
        #expect(!drivers[0].accepted.isEmpty && !drivers[1].accepted.isEmpty)
    }
}
