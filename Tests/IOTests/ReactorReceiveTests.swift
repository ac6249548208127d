// Owns what comes in: kept rests, held-back reading, stale events.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct ReactorReceiveTests {
    @Test func `what a peer sends arrives, and an answer goes back`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        #expect(bench.driver.peers[0].isLoopback)
        #expect(bench.reactor.connectionCount == 1)
        try peer.write([UInt8](text: "hello"))
        try bench.turn("bytes") { bench.driver.bytes[id]?.count == 5 }
        #expect(bench.driver.bytes[id] == [UInt8](text: "hello"))
        #expect(bench.reactor.trySend(id, [UInt8](text: "hi")) == 2)
        #expect(try peer.read() == [UInt8](text: "hi"))
        peer.close()
        try bench.turn("end") { bench.driver.ends[id] == [.peerClosed] }
        #expect(bench.reactor.connectionCount == 0)
        let counted = bench.reactor.statistics
        #expect(counted.accepted == 1 && counted.closed == 1 && counted.bytesIn == 5 && counted.bytesOut == 2)
    }

    @Test func `bytes that the driver leaves stand in front of the next read, at every split`() throws {
        let bench = try Bench()
        let message = [UInt8](text: "a line that is cut\n")
        bench.driver.onReceived = { [unowned driver = bench.driver] id, shown in
            // Consumes whole lines only.
            guard let end = shown.lastIndex(of: UInt8(ascii: "\n")) else { return 0 }
            driver.bytes[id, default: []] += shown[...end]
            return end + 1
        }
        let (peer, id) = try bench.join()
        var expected = 0
        for cut in 1..<message.count {
            let before = bench.reactor.statistics.bytesIn
            try peer.write(Array(message[..<cut]))
            try bench.turn("first part") { bench.reactor.statistics.bytesIn == before + UInt64(cut) }
            #expect(bench.driver.bytes[id, default: []].count == expected)
            try peer.write(Array(message[cut...]) + message)
            expected += 2 * message.count
            try bench.turn("line") { bench.driver.bytes[id, default: []].count == expected }
        }
        #expect(bench.driver.bytes[id] == Array(repeatElement(message, count: 2 * (message.count - 1)).joined()))
    }

    @Test func `the driver may change what it is shown, and only what it consumed is gone`() throws {
        let bench = try Bench()
        var shownTexts: [[UInt8]] = []
        bench.driver.onReceived = { _, shown in
            for index in shown.indices { shown[index] ^= 0x20 }
            shownTexts.append(Array(shown))
            return 2
        }
        let (peer, _) = try bench.join()
        try peer.write([UInt8](text: "ABCD"))
        try bench.turn("first") { shownTexts.count == 1 }
        try peer.write([UInt8](text: "EF"))
        try bench.turn("second") { shownTexts.count == 2 }
        #expect(shownTexts == [[UInt8](text: "abcd"), [UInt8](text: "CDef")])
    }

    @Test func `a driver that leaves a full buffer untouched loses the connection`() throws {
        let bench = try Bench { $0.readBufferBytes = 1_024 }
        bench.driver.onReceived = { _, _ in 0 }
        let (peer, id) = try bench.join()
        try peer.write([UInt8](repeating: 1, count: 1_023))
        try bench.turn("bytes") { bench.reactor.statistics.bytesIn == 1_023 }
        #expect(bench.driver.ends[id] == nil)
        try peer.write([1, 1])
        try bench.turn("end") { bench.driver.ends[id] != nil }
        #expect(bench.driver.ends[id] == [.failed(errno: EMSGSIZE)])
    }

    @Test func `held-back reading leaves bytes in the kernel, and switched on it shows the kept ones at once`() throws {
        let bench = try Bench { $0.readBufferBytes = 1_024 }
        var isHeld = true
        bench.driver.onReceived = { [unowned bench] id, shown in
            if isHeld {
                bench.reactor.setReading(id, false)
                return 0
            }
            bench.driver.bytes[id, default: []] += shown
            return shown.count
        }
        let (peer, id) = try bench.join()
        let sent = SeededSequence.bytes(5_000)
        try peer.write(sent)
        try bench.turn("first read") { bench.reactor.statistics.bytesIn > 0 }
        let before = bench.reactor.statistics.bytesIn
        bench.turn(rounds: 20)
        #expect(bench.reactor.statistics.bytesIn == before, "a held connection is not read")
        #expect(bench.driver.ends.isEmpty, "a full buffer is no offence while reading is held back")
        isHeld = false
        bench.reactor.setReading(id, true)
        try bench.turn("the rest") { bench.driver.bytes[id]?.count == sent.count }
        #expect(bench.driver.bytes[id] == sent)
    }

    @Test func `reading switched on again in the middle of a round does not take a full buffer for the end`() throws {
        let bench = try Bench { $0.readBufferBytes = 1_024 }
        let (peer, id) = try bench.join()
        let (other, otherID) = try bench.join()
        let sent = SeededSequence.bytes(5_000)
        var isHeld = true
        bench.driver.onReceived = { [unowned bench] from, shown in
            if from == otherID {
                bench.reactor.setReading(id, true)
                return shown.count
            }
            if isHeld {
                bench.reactor.setReading(id, false)
                return 0
            }
            bench.driver.bytes[id, default: []] += shown
            return shown.count
        }
        try peer.write(sent)
        try bench.turn("full buffer") { bench.reactor.statistics.bytesIn == 1_024 }
        // The kernel forgets that the held connection was ready, so that its event comes after the other's.
        bench.turn(rounds: 2)
        // One round: kept bytes are shown and held back once more, the other's bytes switch reading on, and only then
        // comes the event that the kernel told before.
        try other.write([1])
        bench.reactor.setReading(id, true)
        bench.reactor.turn(waitMaxMs: 1_000)
        isHeld = false
        try bench.turn("the rest") { bench.driver.bytes[id]?.count == sent.count || bench.driver.ends[id] != nil }
        #expect(bench.driver.bytes[id] == sent)
        #expect(bench.driver.ends[id] == nil)
    }

    @Test func `a held connection whose peer tears it down ends, and the loop does not spin`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        bench.reactor.setReading(id, false)
        try peer.write([1, 2, 3])
        peer.reset()
        try bench.turn("end") { bench.driver.ends[id] != nil }
        #expect(bench.driver.ends[id] == [.peerReset])
    }

    @Test func `a held connection whose peer closes keeps its bytes until it is read again`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        bench.reactor.setReading(id, false)
        try peer.write([1, 2, 3])
        peer.close()
        bench.turn(rounds: 20)
        #expect(bench.driver.ends[id] == nil)
        bench.reactor.setReading(id, true)
        try bench.turn("end") { bench.driver.ends[id] == [.peerClosed] }
        #expect(bench.driver.bytes[id] == [1, 2, 3])
    }

    @Test func `megabytes pass whole through a small buffer`() throws {
        let bench = try Bench { $0.readBufferBytes = 1_024 }
        let (peer, id) = try bench.join()
        let sent = SeededSequence.bytes(100_000)
        for start in stride(from: 0, to: sent.count, by: 10_000) {
            try peer.write(Array(sent[start..<start + 10_000]))
            try bench.turn("portion") { bench.driver.bytes[id]?.count == start + 10_000 }
        }
        #expect(bench.driver.bytes[id] == sent)
    }

    @Test func `an event for an earlier tenant of a place does not reach the later one`() throws {
        let bench = try Bench()
        let (first, old) = try bench.join()
        bench.reactor.close(old, afterDrain: false)
        try bench.turn("end") { bench.driver.ends[old] == [.closed] }
        let (second, new) = try bench.join()
        #expect(new.index == old.index && new.generation != old.generation)
        bench.reactor.handle(old, readableAndHungUp, bench.driver)
        bench.reactor.close(old, afterDrain: false)
        bench.reactor.setDeadline(old, inMs: 1)
        bench.reactor.setReading(old, false)
        bench.reactor.enqueue(old, [1])
        #expect(bench.reactor.trySend(old, [1]) == 0)
        #expect(!bench.reactor.isBlocked(old) && bench.reactor.outboxBytes(old) == 0)
        try second.write([9])
        try bench.turn("bytes") { bench.driver.bytes[new] == [9] }
        #expect(bench.driver.ends[new] == nil && bench.driver.deadlines.isEmpty)
        #expect(try first.read().isEmpty)
    }
}

/// EPOLLIN and EPOLLHUP, as the kernel would tell them.
let readableAndHungUp: UInt32 = 0x11

/// Bytes that are never the same at two places near each other.
enum SeededSequence {
    static func bytes(_ count: Int) -> [UInt8] {
        var random = SeededRandom(seed: 42)
        return random.bytes(count)
    }
}
