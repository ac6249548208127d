// Owns how encrypted connections come to be: turns, time limits, tickets, certificates, and what is no TLS at all.

import Glibc
import LiveTLS
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct TLSHandshakeTests {
    @Test func `a storm of handshakes begins a few a round, first come first served, and who is in is served`() throws {
        let bench = try Bench(serving: TestCertificates.server()) { $0.handshakesPerRound = 4 }
        let (member, id) = try bench.joinEncrypted()
        let client = try TestCertificates.client()
        // A clock that stands: no round is long, however slow the machine, and a turn is a turn.
        let plan = FaultPlan(at: 0)
        plan.frozenMonotonicNs = MonotonicClock.nowNs()
        var storm: [TLSPeer] = []
        var mostInRound = 0
        var order: [Int] = []
        var servedAt: Int?
        try plan.during { () throws in
            bench.turn(rounds: 1)
            // All have spoken before the first round sees them.
            storm = try (0..<60).map { _ in
                let peer = try TLSPeer(port: bench.port, client)
                peer.pump()
                return peer
            }
            member.send([1])
            member.pump()
            try bench.turn("accepted") { bench.reactor.connectionCount == 61 }
            var answeredBefore = storm.filter { !$0.received.isEmpty }.count
            try bench.turn("all answered") {
                for (index, peer) in storm.enumerated() where peer.received.isEmpty {
                    peer.pump()
                    if !peer.received.isEmpty { order.append(index) }
                }
                let answered = storm.filter { !$0.received.isEmpty }.count
                mostInRound = max(mostInRound, answered - answeredBefore)
                answeredBefore = answered
                if servedAt == nil, bench.driver.bytes[id] == [1] { servedAt = answered }
                return answered == 60
            }
        }
        #expect(mostInRound <= 4)
        #expect(try #require(servedAt) <= 8, "who is in does not wait for the storm")
        #expect(order == order.sorted(), "first come, first served")
        try bench.turn("all in") {
            for peer in storm { peer.pump() }
            return bench.driver.accepted.count == 61
        }
        #expect(bench.reactor.statistics.handshakes == 61)
        #expect(bench.reactor.statistics.handshakesWaiting == 0)
    }

    @Test func `a hello that comes in pieces has its turns, and none is lost`() throws {
        let bench = try Bench(serving: TestCertificates.server()) { $0.handshakesPerRound = 1 }
        let client = try TestCertificates.client()
        let peers = try (0..<8).map { _ in
            let peer = try TLSPeer(port: bench.port, client)
            peer.writePortion = 37
            return peer
        }
        try bench.turn("all in") {
            for peer in peers { peer.pump() }
            return bench.driver.accepted.count == peers.count
        }
        #expect(bench.driver.ends.isEmpty)
    }

    @Test func `who does not finish its handshake in time is let go, and the driver never heard of it`() throws {
        let bench = try Bench(serving: TestCertificates.server()) { $0.handshakeTimeoutMs = 30 }
        let silent = try RawPeer(port: bench.port)
        let half = try TLSPeer(port: bench.port, TestCertificates.client())
        half.pump()
        let startNs = MonotonicClock.nowNs()
        try bench.turn("both gone") { bench.reactor.statistics.handshakesFailed == 2 }
        #expect(MonotonicClock.nowNs() - startNs < 20_000_000_000)
        bench.turn(rounds: 2)
        #expect(bench.reactor.connectionCount == 0)
        #expect(bench.driver.accepted.isEmpty && bench.driver.ends.isEmpty)
        #expect(try silent.read().isEmpty)
    }

    @Test func `a client's deadline and its close hold during the handshake`() throws {
        // A listener that speaks nothing: the handshake never goes on.
        let bench = try Bench()
        let tls = TLSClient(context: try TestCertificates.client(), serverName: "127.0.0.1")
        let client = try bench.reactor.connect(to: bench.address, tls: tls)
        bench.reactor.setDeadline(client, inMs: 20)
        try bench.turn("deadline") { bench.driver.deadlines == [client] }
        #expect(bench.driver.connected.isEmpty)
        bench.reactor.close(client, afterDrain: true)
        try bench.turn("end") { bench.driver.ends[client] == [.closed] }
    }

    @Test func `plain HTTP is told that the port speaks TLS, other bytes get an alert and the end`() throws {
        let answer = [UInt8](text: "HTTP/1.1 400 Bad Request\r\n\r\n")
        let bench = try Bench(serving: TestCertificates.server()) { $0.plainHTTPAnswer = answer }
        let plain = try RawPeer(port: bench.port)
        try plain.write([UInt8](text: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
        var received: [UInt8] = []
        try bench.turn("answer and FIN") {
            guard let bytes = plain.readNow() else { return false }
            received += bytes
            return bytes.isEmpty
        }
        #expect(received == answer)
        plain.close()
        var random = SeededRandom(seed: 3)
        for _ in 0..<30 {
            let garbage = try RawPeer(port: bench.port)
            try garbage.write(random.bytes(1 + random.below(2_000)))
            garbage.shutdownWrites()
            try bench.turn("its end") { (garbage.readNow() ?? [1]).isEmpty || bench.reactor.connectionCount == 0 }
            garbage.close()
        }
        try bench.turn("all gone") { bench.reactor.connectionCount == 0 }
        #expect(bench.driver.accepted.isEmpty && bench.driver.ends.isEmpty)
        _ = try bench.joinEncrypted()
    }

    @Test func `every cut of a hello ends without a trace`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let hello = try TLSPeer(port: bench.port, TestCertificates.client()).outgoing
        for count in stride(from: 0, through: hello.count, by: 7) {
            let peer = try RawPeer(port: bench.port)
            try peer.write(Array(hello[..<count]))
            peer.close()
            try bench.turn("gone") { bench.reactor.connectionCount <= 1 }
        }
        #expect(bench.driver.accepted.isEmpty && bench.driver.ends.isEmpty)
    }

    @Test func `tickets resume across a renewal of their key and a reload, and not across two renewals`() throws {
        let tickets = try TLSTicketKeys(rotationMs: 3_600_000)
        let bench = try Bench(serving: TestCertificates.server(tickets: tickets))
        let client = try TestCertificates.client(resumes: true)
        let clock = FaultPlan(at: 0)
        try clock.during {
            var nowNs = bench.reactor.nowNs
            clock.frozenMonotonicNs = nowNs
            func isResumed() throws -> Bool {
                let (peer, id) = try bench.joinEncrypted(client)
                bench.reactor.send(id, [1])
                try bench.turn("tickets") {
                    peer.pump()
                    return peer.plain == [1]
                }
                return peer.isResumed
            }
            #expect(try !isResumed())
            #expect(try isResumed())
            nowNs += 3_700 * 1_000_000_000
            clock.frozenMonotonicNs = nowNs
            #expect(try isResumed(), "the key before opens for as long again")
            bench.reactor.useForNewcomers(
                try TestCertificates.server([TestCertificates.ecdsa, TestCertificates.rsa], tickets: tickets))
            #expect(try isResumed(), "a reload keeps the keys")
            nowNs += 7_300 * 1_000_000_000
            clock.frozenMonotonicNs = nowNs
            // The stock holds tickets of keys that are gone: each is tried once.
            #expect(try !isResumed())
        }
        #expect(bench.reactor.statistics.handshakesResumed == 3)
    }

    @Test func `connections that stand outlive a reload`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        bench.reactor.useForNewcomers(try TestCertificates.server())
        _ = try bench.joinEncrypted()
        peer.send([1])
        try bench.turn("bytes") {
            peer.pump()
            return bench.driver.bytes[id] == [1]
        }
    }

    @Test func `a client refuses a server of another name or an unknown authority`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let trusting = try TestCertificates.client()
        let stranger = try TLSContext.client(verification: .authorities(path: TestCertificates.rsa.certificate))
        let careless = try TLSContext.client(verification: .off)
        let attempts: [(context: TLSContext, name: String, holds: Bool)] = [
            (trusting, "127.0.0.1", true), (trusting, "class.example", true), (trusting, "127.0.0.2", false),
            (trusting, "other.example", false), (stranger, "127.0.0.1", false), (careless, "other.example", true),
        ]
        for attempt in attempts {
            let tls = TLSClient(context: attempt.context, serverName: attempt.name)
            let client = try bench.reactor.connect(to: bench.address, tls: tls)
            try bench.turn("outcome") {
                bench.driver.connected.contains(client) || bench.driver.ends[client] != nil
            }
            #expect(bench.driver.connected.contains(client) == attempt.holds, "\(attempt.name)")
            if !attempt.holds { #expect(bench.driver.ends[client] == [.failed(errno: EPROTO)]) }
        }
    }

    @Test func `certificates and keys that do not fit are refused with a sentence`() throws {
        let ecdsa = TestCertificates.ecdsa
        let rsa = TestCertificates.rsa
        let folder = TemporaryDirectory("live-broken")
        try folder.write("half.crt", Array([UInt8](text: "-----BEGIN CERTIFICATE-----\nMIIB\n")))
        let wrong: [[TLSIdentityFiles]] = [
            [], [TLSIdentityFiles(certificate: ecdsa.certificate, key: rsa.key)],
            [TLSIdentityFiles(certificate: folder.path("none.crt"), key: ecdsa.key)],
            [TLSIdentityFiles(certificate: ecdsa.certificate, key: folder.path("none.key"))],
            [TLSIdentityFiles(certificate: folder.path("half.crt"), key: ecdsa.key)], [ecdsa, ecdsa],
        ]
        for identities in wrong {
            let failure = #expect(throws: TLSFailure.self) { _ = try TestCertificates.server(identities) }
            #expect(try #require(failure).description.count > 10)
        }
        let facts = try TLSCertificate.read(ecdsa.certificate)
        #expect(facts.kind == .ecdsa && facts.keyBits == 256 && facts.isSelfSigned)
        #expect(facts.secondsUntilValid < 0 && facts.secondsLeft > 395 * 86_400)
        #expect(try TLSCertificate.read(rsa.certificate).kind == .rsa)
    }
}
