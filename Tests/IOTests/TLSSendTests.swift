// Owns what goes out encrypted: records, exact answers of a send, the end.

import Glibc
import LiveTLS
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct TLSSendTests {
    /// Application data of what a peer received since `start`.
    private func dataRecords(_ peer: TLSPeer, from start: Int) -> [Int] {
        records(Array(peer.received[start...])).filter { $0.type == 23 }.map(\.count)
    }

    @Test func `what leaves in one send is one record, and two buffers as well`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        try bench.turn("tickets") {
            peer.pump()
            return records(peer.received).count >= 7
        }
        var start = peer.received.count
        let slice = SeededSequence.bytes(16_384)
        #expect(bench.reactor.trySend(id, slice) == slice.count)
        try bench.turn("slice") {
            peer.pump()
            return peer.plain == slice
        }
        #expect(dataRecords(peer, from: start) == [16_384 + 17], "one record: the bytes, their type, the tag")
        start = peer.received.count
        let sends = bench.reactor.statistics.sends
        let sent = slice[..<9_000].withUnsafeBytes { first in
            slice[9_000..<9_100].withUnsafeBytes { bench.reactor.trySend(id, first, $0) }
        }
        #expect(sent == 9_100)
        #expect(bench.reactor.statistics.sends == sends + 1)
        try bench.turn("both") {
            peer.pump()
            return peer.plain.count == slice.count + 9_100
        }
        #expect(peer.plain[16_384...].elementsEqual(slice[..<9_100]))
        #expect(dataRecords(peer, from: start) == [9_100 + 17])
    }

    @Test(arguments: [0, 1, 5, 100, 16_405, 16_406, 30_000])
    func `a send that the kernel takes in part counts what was encrypted, and all of that arrives`(
        taken: Int
    ) throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        let slice = SeededSequence.bytes(40_000)
        let plan = FaultPlan(.short(taken), at: 1, kinds: [.send])
        let fault = taken == 0 ? FaultPlan(.fail(EAGAIN), at: 1, kinds: [.send]) : plan
        let sent = fault.during { bench.reactor.trySend(id, slice) }
        // The first record has 16,406 bytes on the wire; only where the kernel took them all a second was begun.
        #expect(sent == (taken < 16_406 ? 16_384 : 40_000))
        #expect(bench.reactor.isBlocked(id) == (taken < 16_406))
        if sent < slice.count { bench.reactor.enqueue(id, Array(slice[sent...])) }
        try bench.turn("all") {
            peer.pump()
            return peer.plain.count == slice.count
        }
        #expect(peer.plain == slice)
        #expect(!bench.reactor.isBlocked(id))
        #expect(bench.driver.drained == (taken < 16_406 ? [id] : []))
    }

    @Test func `ten thousand messages through a tiny window arrive byte by byte as a cursor sent them`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted(receiveBuffer: 4_096)
        // What the fan-out does: slices from a cursor to the head, the rest of a cut message enqueued.
        var random = SeededRandom(seed: 7)
        var log: [UInt8] = []
        var ends: [Int] = []
        for _ in 0..<10_000 {
            log += random.bytes(20 + random.below(400))
            ends.append(log.count)
        }
        var cursor = 0
        var blockedTimes = 0
        peer.readPortion = 2_000
        try bench.turn("all") {
            if !bench.reactor.isBlocked(id), cursor < ends.count {
                let start = cursor == 0 ? 0 : ends[cursor - 1]
                let slice = Array(log[start..<min(log.count, start + 65_536)])
                let sent = bench.reactor.trySend(id, slice)
                while cursor < ends.count, ends[cursor] <= start + sent { cursor += 1 }
                let whole = cursor == 0 ? 0 : ends[cursor - 1]
                if whole < start + sent, cursor < ends.count {
                    bench.reactor.enqueue(id, Array(log[(start + sent)..<ends[cursor]]))
                    cursor += 1
                }
                if bench.reactor.isBlocked(id) { blockedTimes += 1 }
            }
            peer.pump()
            return peer.plain.count == log.count
        }
        #expect(peer.plain == log)
        #expect(blockedTimes > 5, "the reader was slow")
    }

    @Test func `one byte at a time from the kernel everything still arrives in order`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let plan = FaultPlan(.short(1), at: 1, times: .max, kinds: [.send, .receive])
        let message = SeededSequence.bytes(300)
        try plan.during {
            let (peer, id) = try bench.joinEncrypted()
            bench.reactor.send(id, message)
            peer.send(message)
            try bench.turn("both") {
                FaultPlan.without { peer.pump() }
                return peer.plain.count == 300 && bench.driver.bytes[id]?.count == 300
            }
            #expect(peer.plain == message && bench.driver.bytes[id] == message)
        }
    }

    @Test func `close after drain sends all, then close_notify, then FIN`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        let last = SeededSequence.bytes(6_000_000)
        bench.reactor.send(id, last)
        #expect(bench.reactor.isBlocked(id))
        bench.reactor.close(id, afterDrain: true)
        peer.send(SeededSequence.bytes(100_000))
        try bench.turn("all and FIN") {
            peer.pump()
            return peer.sawEnd
        }
        #expect(peer.plain == last && peer.sawClose)
        #expect(bench.driver.bytes[id] == nil, "after close nothing reaches the driver")
        #expect(bench.driver.ends[id] == nil, "the peer has not closed yet")
        peer.raw.close()
        try bench.turn("end") { bench.driver.ends[id] == [.closed] }
    }

    @Test func `close at once says close_notify too`() throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        bench.reactor.close(id, afterDrain: false)
        bench.turn(rounds: 1)
        #expect(bench.driver.ends[id] == [.closed])
        try bench.turn("the end there") {
            peer.pump()
            return peer.sawEnd
        }
        #expect(peer.sawClose)
    }

    @Test(arguments: [true, false])
    func `a peer that ends, with or without close_notify, gets what waits for it`(politely: Bool) throws {
        let bench = try Bench(serving: TestCertificates.server())
        let (peer, id) = try bench.joinEncrypted()
        let answer = SeededSequence.bytes(6_000_000)
        bench.driver.onReceived = { [unowned bench] id, shown in
            bench.reactor.send(id, answer)
            return shown.count
        }
        peer.send([UInt8](text: "GET"))
        if politely { peer.sayClose() }
        peer.pump()
        peer.raw.shutdownWrites()
        try bench.turn("end") {
            peer.pump()
            return bench.driver.ends[id] != nil && peer.sawEnd
        }
        #expect(peer.plain == answer && peer.sawClose)
        #expect(bench.driver.ends[id] == [.peerClosed])
    }

    @Test func `an outbox over its limit ends the connection`() throws {
        let bench = try Bench(serving: TestCertificates.server()) { $0.outboxBytesMax = 1_000 }
        let (_, id) = try bench.joinEncrypted()
        bench.reactor.enqueue(id, [UInt8](repeating: 0, count: 900))
        bench.reactor.enqueue(id, [UInt8](repeating: 0, count: 101))
        try bench.turn("end") { bench.driver.ends[id] != nil }
        #expect(bench.driver.ends[id] == [.failed(errno: ENOBUFS)])
    }
}
