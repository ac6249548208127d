// Owns what an encrypted connection is to a driver: the same as a plain one.

import Glibc
import LiveTLS
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct TLSReactorTests {
    @Test func `a slot is no larger than before there was TLS`() {
        #expect(MemoryLayout<ConnectionSlot>.stride <= 56)
    }

    @Test func `both roles in one reactor: told when it stands, bytes both ways, one end each`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let tls = TLSClient(context: try TestCertificates.client(), serverName: "127.0.0.1")
        let client = try bench.reactor.connect(to: bench.address, tls: tls)
        #expect(bench.reactor.isBlocked(client))
        #expect(bench.reactor.trySend(client, [9]) == 0)
        bench.reactor.enqueue(client, [1, 2])
        #expect(bench.reactor.outboxBytes(client) == 2)
        try bench.turn("bytes") { bench.driver.accepted.first.flatMap { bench.driver.bytes[$0] } == [1, 2] }
        #expect(bench.driver.connected == [client])
        let server = bench.driver.accepted[0]
        #expect(bench.driver.peers[0].text == "127.0.0.1")
        let facts = try #require(bench.reactor.tlsFacts(server))
        #expect(facts.version == "TLSv1.3" && !facts.isResumed && facts.cipher.contains("TLS_"))
        bench.reactor.send(server, [3])
        try bench.turn("answer") { bench.driver.bytes[client] == [3] }
        bench.reactor.close(client, afterDrain: true)
        try bench.turn("both ends") { bench.driver.ends.count == 2 }
        #expect(bench.driver.ends[client] == [.closed])
        #expect(bench.driver.ends[server] == [.peerClosed])
        #expect(bench.reactor.statistics.handshakes == 2, "one a role")
        #expect(bench.reactor.statistics.handshakesFailed == 0)
    }

    @Test func `the driver hears of a connection when its handshake is done, and never of one that fails`() throws {
        let places = SocketPlaces(countMax: 2)
        let bench = try Bench(serving: TestCertificates.server()) { $0.places = places }
        let silent = try RawPeer(port: bench.port)
        let peer = try TLSPeer(port: bench.port, TestCertificates.client())
        try bench.turn("both taken") { bench.reactor.connectionCount == 2 }
        #expect(bench.driver.accepted.isEmpty)
        #expect(places.count == 2, "who says nothing holds a descriptor, too")
        silent.close()
        try bench.turn("the silent one's end") { bench.reactor.connectionCount == 1 }
        #expect(bench.driver.ends.isEmpty)
        try bench.turn("handshake") {
            peer.pump()
            return !bench.driver.accepted.isEmpty
        }
        #expect(bench.reactor.statistics.handshakesFailed == 1)
    }

    @Test func `byte by byte in both directions everything arrives`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let peer = try TLSPeer(port: bench.port, TestCertificates.client())
        peer.writePortion = 1
        peer.readPortion = 1
        peer.readsPerPump = 100
        try bench.turn("handshake") {
            peer.pump()
            return !bench.driver.accepted.isEmpty && peer.isOpen
        }
        let id = bench.driver.accepted[0]
        let message = SeededSequence.bytes(500)
        peer.send(message)
        bench.reactor.send(id, message)
        try bench.turn("both") {
            peer.pump()
            return bench.driver.bytes[id]?.count == 500 && peer.plain.count == 500
        }
        #expect(bench.driver.bytes[id] == message && peer.plain == message)
    }

    @Test func `what the driver left stands in front of the next bytes`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        var shown: [[UInt8]] = []
        bench.driver.onReceived = { _, bytes in
            shown.append(Array(bytes))
            return min(2, bytes.count)
        }
        for number: UInt8 in [1, 2, 3] {
            let before = shown.count
            peer.send([number, number, number])
            try bench.turn("bytes") {
                peer.pump()
                return shown.count > before
            }
        }
        #expect(shown == [[1, 1, 1], [1, 2, 2, 2], [2, 2, 3, 3, 3]])
        #expect(bench.driver.ends[id] == nil)
    }

    @Test func `while reading is held back nothing is shown, and then all of it`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let sent = SeededSequence.bytes(400_000)
        bench.driver.onAccepted = { [unowned bench] in bench.reactor.setReading($0, false) }
        let (peer, id) = try bench.joinEncrypted()
        peer.send(sent)
        peer.writePortion = 50_000
        for _ in 0..<20 {
            peer.pump()
            bench.turn(rounds: 1)
        }
        #expect(bench.driver.bytes[id] == nil)
        bench.reactor.setReading(id, true)
        try bench.turn("all") {
            peer.pump()
            return bench.driver.bytes[id]?.count == sent.count
        }
        #expect(bench.driver.bytes[id] == sent)
    }

    @Test(arguments: [false, true])
    func `what comes together with the peer's close is served and answered before the end is told`(
        holdsBack: Bool
    ) throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        // Takes one byte at a time and answers at the end of the round, as a server does that works in portions.
        var answers: [UInt8] = []
        bench.driver.onReceived = { _, bytes in
            answers.append(bytes[0] &+ 100)
            return 1
        }
        bench.driver.onRoundEnded = { [unowned bench] in
            guard !answers.isEmpty else { return }
            answers.withUnsafeBytes { bench.reactor.send(id, $0) }
            answers.removeAll()
            // The next byte is asked for, as after a pause.
            bench.reactor.setReading(id, false)
            bench.reactor.setReading(id, true)
        }
        if holdsBack { bench.reactor.setReading(id, false) }
        peer.send([1, 2, 3])
        peer.sayClose()
        for _ in 0..<3 {
            peer.pump()
            bench.turn(rounds: 1)
        }
        if holdsBack {
            #expect(bench.driver.ends[id] == nil)
            bench.reactor.setReading(id, true)
        }
        try bench.turn("the end") {
            peer.pump()
            return bench.driver.ends[id] != nil
        }
        peer.pump()
        #expect(peer.plain == [101, 102, 103])
        #expect(bench.driver.ends[id] == [.peerClosed])
    }

    @Test func `an answer that is long in coming leaves before the end that came with the question is told`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        var answer: [UInt8] = []
        bench.driver.onReceived = { [unowned bench] id, bytes in
            bench.reactor.setReading(id, false)
            return bytes.count
        }
        bench.driver.onRoundEnded = { [unowned bench] in
            guard !answer.isEmpty else { return }
            answer.withUnsafeBytes { bench.reactor.send(id, $0) }
            answer.removeAll()
        }
        peer.send([1])
        peer.sayClose()
        for _ in 0..<5 {
            peer.pump()
            bench.turn(rounds: 1)
        }
        #expect(bench.driver.ends[id] == nil)
        // As from the mail of the next round.
        answer = [101]
        bench.reactor.setReading(id, true)
        try bench.turn("the end") {
            peer.pump()
            return bench.driver.ends[id] != nil
        }
        peer.pump()
        #expect(peer.plain == [101])
    }

    @Test func `what comes with the end of the handshake is shown, or kept while reading is held back`() throws {
        for holdsBack in [false, true] {
            let bench = try Bench(serving: TestCertificates.server())
            bench.driver.onAccepted = { [unowned bench] in if holdsBack { bench.reactor.setReading($0, false) } }
            let peer = try TLSPeer(port: bench.port, TestCertificates.client())
            // The client's last flight and its first bytes leave together.
            try bench.turn("the server's flight") {
                if !peer.isOpen { peer.pump() }
                return peer.isOpen
            }
            peer.send([7, 7])
            try bench.turn("handshake") {
                peer.pump()
                return !bench.driver.accepted.isEmpty
            }
            let id = bench.driver.accepted[0]
            #expect(bench.driver.bytes[id] == (holdsBack ? nil : [7, 7]))
            bench.reactor.setReading(id, true)
            try bench.turn("bytes") { bench.driver.bytes[id] == [7, 7] }
        }
    }

    @Test func `a full read buffer that the driver leaves untouched ends the connection`() throws {
        let bench = try Bench(serving: TestCertificates.server()) { $0.readBufferBytes = 4_096 }
        let (peer, id) = try bench.joinEncrypted()
        bench.driver.onReceived = { _, _ in 0 }
        peer.send([UInt8](repeating: 1, count: 20_000))
        try bench.turn("end") {
            peer.pump()
            return bench.driver.ends[id] != nil
        }
        #expect(bench.driver.ends[id] == [.failed(errno: EMSGSIZE)])
    }

    @Test func `a changed record ends the connection, and the peer is told why`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        peer.send([1, 2, 3])
        peer.outgoing[peer.outgoing.count - 1] ^= 1
        try bench.turn("end") {
            peer.pump()
            return bench.driver.ends[id] != nil
        }
        #expect(bench.driver.ends[id] == [.failed(errno: EPROTO)])
        #expect(bench.driver.bytes[id] == nil)
        try bench.turn("the alert") {
            peer.pump()
            return peer.fault != nil || peer.sawEnd
        }
        #expect(peer.fault != nil, "a bad record is answered with an alert")
    }
}
