// Log entries as bytes: what is written is read, ts lies where the log thread stamps it, damage is refused.

import RoomHistories
import Testing

@testable import Rooms

struct LogEntryCodecTests {
    static let epoch = "abcdef0123"

    static func encode(_ entry: LogEntry, room: RoomKey) -> [UInt8] {
        var bytes: [UInt8] = [0xEE]
        LogEntryCodec.encode(entry, room: room, epoch: epoch, into: &bytes)
        #expect(bytes.first == 0xEE, "encoding appends")
        return Array(bytes.dropFirst())
    }

    static func decode(_ bytes: [UInt8]) throws -> (room: RoomKey, epoch: String, entry: LogEntry) {
        try bytes.withUnsafeBytes { try LogEntryCodec.decode($0) }
    }

    static func history(_ seed: UInt64, _ count: Int) -> RoomFixture {
        var history = RandomHistory(seed: seed)
        var f = RoomFixture()
        while f.entries.count < count {
            let proposal = history.next(in: f.room)
            f.nowMs = history.nowMs
            // What decide refuses for its size never becomes an entry.
            if case .reject(let rejection) = f.room.decide(proposal, nowTs: f.nowMs), rejection.code == .badRequest {
                continue
            }
            f.sequence(proposal)
        }
        return f
    }

    @Test func `every kind of command comes back as it was written`() throws {
        for kind in CommandKind.allCases {
            let (f, command) = RoleMatrixTests.prepare(kind, People.teacher)
            let entry = LogEntry(
                seq: 77, ts: 1_234, proposal: Proposal(actor: People.teacher, id: commandID("x y"), command: command))
            let back = try Self.decode(Self.encode(entry, room: f.room.key))
            #expect(back.entry == entry, "\(kind)")
            #expect(back.room == f.room.key)
            #expect(back.epoch == Self.epoch)
        }
    }

    @Test func `random entries come back, and their header without the body`() throws {
        let f = Self.history(21, 800)
        for entry in f.entries {
            let bytes = Self.encode(entry, room: f.room.key)
            #expect(try Self.decode(bytes).entry == entry)
            let header = try bytes.withUnsafeBytes { try LogEntryCodec.peekHeader($0) }
            #expect(header == LogEntryHeader(room: f.room.key, epoch: Self.epoch, seq: entry.seq, ts: entry.ts))
        }
    }

    @Test func `ts and seq lie at their fixed places`() throws {
        let f = Self.history(22, 1)
        var bytes = Self.encode(f.entries[0], room: f.room.key)
        for shift in 0..<8 {
            bytes[LogEntryCodec.tsOffset + shift] = UInt8(truncatingIfNeeded: Int64(1_800_000_000_123) >> (8 * shift))
            bytes[LogEntryCodec.seqOffset + shift] = UInt8(truncatingIfNeeded: UInt64(4_321) >> (8 * shift))
        }
        let back = try Self.decode(bytes).entry
        #expect(back.ts == 1_800_000_000_123)
        #expect(back.seq == 4_321)
        #expect(back.proposal == f.entries[0].proposal)
    }

    @Test func `entries that are cut, longer or of another version are refused`() throws {
        let f = Self.history(23, 40)
        for entry in f.entries {
            let bytes = Self.encode(entry, room: f.room.key)
            for length in 0..<bytes.count {
                #expect(throws: RoomDecodeError.self) { try Self.decode(Array(bytes[..<length])) }
            }
            #expect(throws: RoomDecodeError.trailing(offset: bytes.count)) { try Self.decode(bytes + [0]) }
            #expect(throws: RoomDecodeError.version(9)) { try Self.decode([9] + bytes.dropFirst()) }
        }
    }

    @Test(arguments: [31, 32, 33] as [UInt64]) func `damaged entries are refused or decode to one form`(seed: UInt64)
        throws
    {
        var random = SeededRandom(seed: seed)
        let f = Self.history(seed, 100)
        for _ in 0..<5_000 {
            var bytes = Self.encode(random.pick(f.entries), room: f.room.key)
            for _ in 0...random.below(2) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
            guard let back = try? Self.decode(bytes) else { continue }
            var again: [UInt8] = []
            LogEntryCodec.encode(back.entry, room: back.room, epoch: back.epoch, into: &again)
            #expect(again == bytes, "seed \(seed)")
            var room = f.room
            _ = room.apply(back.entry)
        }
    }

    @Test func `the redacted bytes of a message hold its text no more`() throws {
        var f = RoomFixture()
        let message = f.message(People.ada, "very secret text")
        let bytes = Self.encode(f.entries[0], room: f.room.key)
        let redacted = try #require(try bytes.withUnsafeBytes { try LogEntryCodec.redacted($0) })
        #expect(!redacted.contains(subsequence: Array("very secret".utf8)))
        #expect(try Self.decode(redacted).entry.seq == message.seq)
        f.send(People.ada, .handRaise)
        let hand = Self.encode(f.entries[1], room: f.room.key)
        #expect(try hand.withUnsafeBytes { try LogEntryCodec.redacted($0) } == nil)
    }

    @Test func `the digest of a payload tells payloads apart and never changes`() {
        let ada = Command.chatSend(text: "a", replyTo: nil)
        #expect(ada.payloadDigest == Command.chatSend(text: "a", replyTo: nil).payloadDigest)
        #expect(ada.payloadDigest != Command.chatSend(text: "a", replyTo: MessageID(seq: 1)).payloadDigest)
        #expect(ada.payloadDigest != Command.chatSend(text: "A", replyTo: nil).payloadDigest)
        #expect(
            Command.questionUpvote(QuestionID(seq: 3)).payloadDigest
                != Command.questionDismiss(QuestionID(seq: 3)).payloadDigest)
        // Digests stand in logs: these numbers may only change with the version of the log.
        #expect(ada.payloadDigest == 18_062_164_347_539_073_271)
        #expect(StableHash.of(Array("live classroom".utf8)) == 9_289_348_834_297_607_961)
    }
}
