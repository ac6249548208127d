// Owns what goes out: short sends, the outbox, hard errors.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct ReactorSendTests {
    /// Fills a connection until the kernel takes no more; answers all that it took.
    private func fill(_ bench: Bench, _ id: ConnectionID, _ random: inout SeededRandom) -> [UInt8] {
        var sent: [UInt8] = []
        for _ in 0..<2_000 where !bench.reactor.isBlocked(id) {
            let portion = random.bytes(50_000)
            sent += portion.prefix(bench.reactor.trySend(id, portion))
        }
        return sent
    }

    @Test func `a blocked connection takes nothing until it drained, and loses nothing`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        var random = SeededRandom(seed: 1)
        var sent = fill(bench, id, &random)
        #expect(bench.reactor.isBlocked(id))
        #expect(bench.reactor.trySend(id, [1, 2, 3]) == 0)
        #expect(bench.reactor.statistics.shortSends >= 1)
        for _ in 0..<3 {
            let rest = random.bytes(70_000)
            bench.reactor.enqueue(id, rest)
            sent += rest
        }
        #expect(bench.reactor.outboxBytes(id) == 210_000)
        #expect(bench.driver.drained.isEmpty)
        var received: [UInt8] = []
        try bench.turn("drained") {
            if let bytes = peer.readNow() { received += bytes }
            return received.count == sent.count && !bench.driver.drained.isEmpty
        }
        #expect(received == sent)
        #expect(bench.driver.drained == [id])
        #expect(!bench.reactor.isBlocked(id) && bench.reactor.outboxBytes(id) == 0)
        #expect(bench.reactor.trySend(id, [1, 2, 3]) == 3)
    }

    @Test func `drained comes also where the kernel was full and nothing was enqueued`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        var random = SeededRandom(seed: 2)
        let sent = fill(bench, id, &random)
        var received = 0
        try bench.turn("drained") {
            if let bytes = peer.readNow() { received += bytes.count }
            return bench.driver.drained == [id]
        }
        #expect(received <= sent.count)
        #expect(bench.reactor.outboxBytes(id) == 0)
    }

    @Test func `two buffers go out as one, also where the kernel takes a part`() throws {
        let head = [UInt8](text: "head:")
        let body = [UInt8](text: "a body")
        for taken in 0...(head.count + body.count) {
            let bench = try Bench()
            let (peer, id) = try bench.join()
            let plan = FaultPlan(.short(taken), at: 1, kinds: [.send])
            let sent = plan.during {
                head.withUnsafeBytes { first in body.withUnsafeBytes { bench.reactor.trySend(id, first, $0) } }
            }
            #expect(sent == min(taken, head.count) + max(0, min(taken - head.count, body.count)))
            #expect(bench.reactor.isBlocked(id) == (taken < head.count + body.count))
            bench.reactor.enqueue(id, Array((head + body)[sent...]))
            var received: [UInt8] = []
            try bench.turn("all") {
                if let bytes = peer.readNow() { received += bytes }
                return received.count == head.count + body.count
            }
            #expect(received == head + body)
        }
    }

    @Test func `one byte at a time everything still arrives in order`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        let plan = FaultPlan(.short(1), at: 1, times: .max, kinds: [.send, .receive])
        let message = SeededSequence.bytes(300)
        try plan.during {
            bench.reactor.send(id, message)
            var received: [UInt8] = []
            try bench.turn("all") {
                if let bytes = peer.readNow() { received += bytes }
                return received.count == message.count
            }
            #expect(received == message)
            try FaultPlan.without { try peer.write(message) }
            try bench.turn("back") { bench.driver.bytes[id]?.count == message.count }
            #expect(bench.driver.bytes[id] == message)
        }
    }

    @Test func `an outbox over its limit ends the connection`() throws {
        let bench = try Bench { $0.outboxBytesMax = 1_000 }
        let (_, id) = try bench.join()
        bench.reactor.enqueue(id, [UInt8](repeating: 0, count: 900))
        #expect(bench.reactor.outboxBytes(id) == 900)
        bench.reactor.enqueue(id, [UInt8](repeating: 0, count: 101))
        try bench.turn("end") { bench.driver.ends[id] != nil }
        #expect(bench.driver.ends[id] == [.failed(errno: ENOBUFS)])
    }

    @Test func `a write into a torn connection ends it once, at the end of the round`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        // Nobody reads here, so that the write is the first to notice.
        bench.driver.onMail = { [unowned bench] in
            peer.reset()
            for _ in 0..<100 where bench.reactor.trySend(id, [1]) != 0 {}
            #expect(bench.driver.ends[id] == nil, "an end is never told in the middle of a round")
            #expect(bench.reactor.trySend(id, [1]) == 0)
            bench.reactor.enqueue(id, [1])
        }
        bench.waker.wake()
        bench.reactor.turn(waitMaxMs: 1_000)
        #expect(bench.driver.ends[id] == [.peerReset])
        bench.turn(rounds: 3)
        #expect(bench.driver.ends[id] == [.peerReset])
        #expect(bench.reactor.connectionCount == 0)
    }

    @Test(arguments: [EPIPE, ECONNRESET, ETIMEDOUT, EIO])
    func `each hard error of a send has its end`(error: Int32) throws {
        let bench = try Bench()
        let (_, id) = try bench.join()
        let sent = FaultPlan(.fail(error), at: 1, kinds: [.send]).during { bench.reactor.trySend(id, [1]) }
        #expect(sent == 0)
        bench.turn(rounds: 1)
        let ends: [Int32: ConnectionEnd] = [EPIPE: .peerReset, ECONNRESET: .peerReset, ETIMEDOUT: .timedOut]
        #expect(bench.driver.ends[id] == [ends[error] ?? .failed(errno: error)])
    }

    @Test func `a send allocates nothing and leaves an idle connection without buffers`() throws {
        let bench = try Bench()
        let (peer, id) = try bench.join()
        try peer.write([1])
        try bench.turn("bytes") { bench.driver.bytes[id] == [1] }
        #expect(bench.reactor.trySend(id, [1]) == 1)
        let slot = try #require(bench.reactor.slot(id))
        #expect(slot.pointee.kept == nil && slot.pointee.outbox == nil && slot.pointee.timer == nil)
        bench.reactor.enqueue(id, [2])
        #expect(slot.pointee.outbox != nil)
        try bench.turn("drained") { bench.driver.drained == [id] }
        #expect(slot.pointee.outbox == nil)
    }
}
