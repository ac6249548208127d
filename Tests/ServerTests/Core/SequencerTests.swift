// The two logs of one node where something is in the way: a mailbox that is full, a disk that fails and is well again
// while nobody says anything.

import Glibc
import LiveIO
import LiveTestSupport
import Rooms
import Synchronization
import Testing

@testable import LiveServer
@testable import RoomsBackplane

@Suite struct SequencerTests {
    /// What a log told, by any thread.
    private final class Heard: Sendable {
        let outcomes = Mutex<[Sequenced]>([])
        let committed = Mutex<[JournalPosition]>([])
        let hasRoom = Mutex(true)
    }

    private func submission(_ seq: UInt64) throws -> Submission {
        let room = try #require(RoomKey("i/c/s"))
        let actor = Actor(participant: try #require(ParticipantID("ada")), name: "Ada", role: .student)
        let proposal = Proposal(
            actor: actor, id: try #require(CommandID("c\(seq)")), command: .chatSend(text: "x", replyTo: nil))
        var bytes: [UInt8] = []
        LogEntryCodec.encode(
            LogEntry(seq: seq, ts: 0, proposal: proposal), room: room, epoch: "epoch1234567", into: &bytes)
        return Submission(bytes: bytes, seq: seq, home: 0, room: 7)
    }

    @Test func `without a journal a full mailbox refuses the round at once and takes it later`() throws {
        let heard = Heard()
        let log = MemorySequencer(clock: NodeClock()) { _, outcomes in
            guard heard.hasRoom.withLock({ $0 }) else { return false }
            heard.outcomes.withLock { $0 += outcomes }
            return true
        }
        heard.hasRoom.withLock { $0 = false }
        let round = [try submission(1), try submission(2)]
        #expect(!log.submit(round), "nothing was taken, and nobody waited")
        #expect(log.health.entries == 0 && heard.outcomes.withLock(\.count) == 0)
        heard.hasRoom.withLock { $0 = true }
        #expect(log.submit(round))
        #expect(heard.outcomes.withLock { $0.map(\.seq) } == [1, 2] && log.health.entries == 2)
    }

    @Test func `a reactor whose own mailbox is full goes on with its proposals afterwards`() throws {
        let world = try CoreWorld(mailboxCapacity: 8)
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        world.log.state.withLock { $0.capacity = 0 }
        ada.command(#"{"op":"chat_send","id":"c1","text":"later"}"#)
        try world.until("the log refuses it") { !world.cores[0].submissions.isEmpty }
        world.log.state.withLock { $0.capacity = .max }
        try world.until("it is taken") { ada.has("\"re\":\"c1\",\"ok\":true") }
    }

    @Test func `a journal that failed finds out by itself when it is well again`() throws {
        let directory = TemporaryDirectory("canary")
        var options = JournalOptions()
        options.freeBytesMin = 0
        let heard = Heard()
        var log = LogRound(
            writer: try JournalWriter(directory: directory.path("journal"), options: options), clock: NodeClock(),
            fsyncEveryMs: 100,
            deliver: { _, outcomes in heard.outcomes.withLock { $0 += outcomes } },
            committed: { position in heard.committed.withLock { $0.append(position) } })
        #expect(log.wakeNs == nil)
        let plan = FaultPlan(.fail(ENOSPC), at: 1, times: 1_000, kinds: [.positionedWrite, .dataSync])
        let startNs: UInt64 = 50_000_000_000
        plan.frozenMonotonicNs = startNs
        try plan.during {
            var batch = [try submission(1)]
            log.write(&batch)
            #expect(log.statistics.failing && heard.outcomes.withLock { $0.map(\.failed) } == [true])
            // Nobody says anything: the canary is due a second later, fails too, and is tried again.
            for turn in 1...3 {
                #expect(log.wakeNs == startNs + UInt64(turn) * 1_000_000_000)
                plan.frozenMonotonicNs = log.wakeNs
                var nothing: [Submission] = []
                log.write(&nothing)
                #expect(log.statistics.failing && log.statistics.failures == UInt64(turn) + 1)
            }
            plan.disarm()
            var nothing: [Submission] = []
            log.write(&nothing)
            #expect(log.statistics.failing, "not before it is due")
            plan.frozenMonotonicNs = log.wakeNs
            log.write(&nothing)
            #expect(!log.statistics.failing && log.wakeNs == nil)
        }
        #expect(heard.committed.withLock(\.count) == 1)
        var batch = [try submission(1)]
        log.write(&batch)
        #expect(heard.outcomes.withLock { $0.map(\.failed) } == [true, false])
    }
}
