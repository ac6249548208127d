// Owns the client's side of the reactor: connections that it makes, over TCP and Unix sockets.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct ReactorConnectTests {
    @Test func `a connection that we make is told when it stands, and carries both ways`() throws {
        let bench = try Bench()
        let client = try bench.reactor.connect(to: bench.address)
        #expect(bench.reactor.isBlocked(client))
        #expect(bench.reactor.trySend(client, [1]) == 0)
        bench.reactor.enqueue(client, [1, 2])
        try bench.turn("bytes") { bench.driver.accepted.first.flatMap { bench.driver.bytes[$0] } == [1, 2] }
        #expect(bench.driver.connected == [client])
        bench.reactor.send(bench.driver.accepted[0], [3])
        try bench.turn("answer") { bench.driver.bytes[client] == [3] }
        bench.reactor.close(client, afterDrain: true)
        try bench.turn("both ends") { bench.driver.ends.count == 2 }
        #expect(bench.driver.ends[client] == [.closed])
        #expect(bench.driver.ends[bench.driver.accepted[0]] == [.peerClosed])
        #expect(bench.reactor.statistics.connects == 1)
    }

    @Test func `a refused connection ends with the kernel's reason and never stood`() throws {
        let bench = try Bench()
        let address = try bench.address
        bench.reactor.stopListening()
        // On the loopback the refusal may come with the call or with the first event.
        do {
            let client = try bench.reactor.connect(to: address)
            try bench.turn("end") { bench.driver.ends[client] != nil }
            #expect(bench.driver.ends[client] == [.failed(errno: ECONNREFUSED)])
        } catch let failure as IOFailure {
            #expect(failure.errno == ECONNREFUSED)
        }
        #expect(bench.driver.connected.isEmpty)
        #expect(bench.reactor.connectionCount == 0)
    }

    @Test func `a connection closed before it stands ends once`() throws {
        let bench = try Bench()
        let client = try bench.reactor.connect(to: bench.address)
        bench.reactor.close(client, afterDrain: true)
        try bench.turn("end") { bench.driver.ends[client] != nil }
        bench.turn(rounds: 5)
        #expect(bench.driver.ends[client] == [.closed])
        #expect(bench.driver.connected.isEmpty)
    }

    @Test func `a Unix socket serves as TCP does`() throws {
        let folder = TemporaryDirectory()
        let reactor = try Reactor(waker: Waker())
        let driver = ScriptedDriver()
        reactor.attach(driver)
        try reactor.listen(Listener.unix(path: folder.path("socket")))
        let client = try reactor.connect(to: #require(SocketAddress(unixPath: folder.path("socket"))))
        reactor.enqueue(client, [5])
        for _ in 0..<1_000 where driver.accepted.first.flatMap({ driver.bytes[$0] }) == nil {
            reactor.turn(waitMaxMs: 10)
        }
        #expect(driver.bytes[try #require(driver.accepted.first)] == [5])
        #expect(driver.peers[0].isLoopback && driver.peers[0].text == "unix")
    }

    @Test func `IPv6 serves as IPv4 does`() throws {
        let reactor = try Reactor(waker: Waker())
        let driver = ScriptedDriver()
        reactor.attach(driver)
        let listener = try Listener.tcp(host: "::1", port: 0, reusePort: true)
        let address = try #require(SocketAddress(host: "::1", port: listener.port))
        try reactor.listen(listener)
        let client = try reactor.connect(to: address)
        for _ in 0..<1_000 where driver.accepted.isEmpty || driver.connected.isEmpty { reactor.turn(waitMaxMs: 10) }
        #expect(driver.connected == [client])
        #expect(driver.peers.first?.text == "::1")
    }
}
