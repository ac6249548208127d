// Snapshots: a round trip at every prefix of a history keeps the digest, and damaged bytes are refused, never trusted.

import RoomHistories
import Testing

@testable import Rooms

struct SnapshotTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func `a round trip at every prefix keeps the state`(seed: UInt64) throws {
        var history = RandomHistory(seed: seed)
        var f = RoomFixture()
        for _ in 0..<600 {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            f.sequence(proposal)
            let bytes = f.room.encodeSnapshot()
            let restored = try Room(snapshot: bytes)
            #expect(restored.digest == f.room.digest, "seed \(seed), seq \(f.room.seq)")
            #expect(restored.encodeSnapshot() == bytes, "seed \(seed), seq \(f.room.seq)")
        }
    }

    @Test(arguments: [4, 5, 6] as [UInt64]) func `a restored room goes on as if it had never left`(seed: UInt64) throws
    {
        var history = RandomHistory(seed: seed)
        var f = RoomFixture()
        var twin = f.room
        for step in 0..<2_000 {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            let verdict = f.sequence(proposal)
            let entry = try #require(f.entries.last)
            #expect(twin.apply(entry) == verdict, "seed \(seed), step \(step)")
            if step % 97 == 0 { twin = try Room(snapshot: twin.encodeSnapshot()) }
        }
        #expect(twin.digest == f.room.digest, "seed \(seed)")
    }

    @Test func `every damaged or shortened snapshot is refused`() throws {
        var history = RandomHistory(seed: 9)
        var f = RoomFixture()
        for _ in 0..<60 {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            f.sequence(proposal)
        }
        let bytes = f.room.encodeSnapshot()
        for length in 0..<bytes.count {
            #expect(throws: RoomDecodeError.self) { try Room(snapshot: Array(bytes[..<length])) }
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(throws: RoomDecodeError.self) { try Room(snapshot: damaged) }
        }
        #expect(throws: RoomDecodeError.version(2)) { try Room(snapshot: [2] + bytes.dropFirst()) }
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `damage under a right checksum is refused or makes a room that encodes to the same bytes`(seed: UInt64) throws
    {
        var random = SeededRandom(seed: seed)
        var history = RandomHistory(seed: seed)
        var f = RoomFixture()
        for _ in 0..<150 {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            f.sequence(proposal)
        }
        let body = Array(f.room.encodeSnapshot().dropLast(8))
        var decoded = 0
        for _ in 0..<4_000 {
            var damaged = body
            for _ in 0...random.below(3) {
                damaged[8 + random.below(damaged.count - 8)] = UInt8(truncatingIfNeeded: random.next())
            }
            var hash = StableHash.of(damaged)
            for _ in 0..<8 {
                damaged.append(UInt8(truncatingIfNeeded: hash))
                hash >>= 8
            }
            guard var room = try? Room(snapshot: damaged) else { continue }
            decoded += 1
            #expect(room.encodeSnapshot() == damaged, "seed \(seed)")
            // What decoded must also bear entries.
            for _ in 0..<3 {
                let proposal = history.next(in: room)
                guard room.seq < .max else { break }
                _ = room.apply(LogEntry(seq: room.seq + 1, ts: history.nowMs, proposal: proposal))
            }
        }
        #expect(decoded > 0, "some damage only changes a value")
    }
}
