// Owns: kill -9 of a process that has a desk, at every step of it, against real files.

import Foundation
import Glibc
import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore
import Testing

@Suite(.timeLimit(.minutes(5)), .serialized)
struct BallotCrashTests {
    let directory = TemporaryDirectory("crash")
    var path: String { directory.path("data") }

    @Test(arguments: BallotDeskStep.allCases)
    func `killed at a step, a desk has lost nothing that it acknowledged`(step: BallotDeskStep) async throws {
        for occurrence in [1, 3, 5] {
            let path = "\(path)-\(occurrence)"
            try await Self.die(path, step: step.rawValue, occurrence: occurrence, voters: 60)
            #expect(
                ReceiptNote.read(CrashLife.notePath(path)).count < 60, "\(step) \(occurrence): died at the end only")
            try Self.expectKept(path, voters: 60, "\(step) \(occurrence)")
            try Self.expectExact(path, voters: 60, "\(step) \(occurrence)")
        }
    }

    @Test(arguments: SeededRandom.seeds(4))
    func `killed again and again at random steps, the count is the ground truth`(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        for life in 1...4 {
            try await Self.die(path, step: -1, occurrence: 1 + random.below(150), voters: 100)
            try Self.expectKept(path, voters: 100, "seed \(seed), life \(life)")
        }
        try Self.expectExact(path, voters: 100, "seed \(seed)")
    }

    private static func die(_ path: String, step: Int, occurrence: Int, voters: Int) async throws {
        try ExitTestInput.leave(CrashLife(path: path, step: step, occurrence: occurrence, voters: voters), for: "desk")
        await #expect(processExitsWith: .signal(SIGKILL)) { try ExitTestInput.take(CrashLife.self, for: "desk").live() }
    }

    /// Everybody who was told so is in the count after the restart, with the choice that was sent.
    private static func expectKept(_ path: String, voters: Int, _ where: String) throws {
        let probe = try DeskProbe(path: path, transactionMs: 10_000)
        defer { probe.desk.stop() }
        let told = ReceiptNote.read(CrashLife.notePath(path))
        if probe.open() == nil { Issue.record("the poll is not open") }
        guard let tally = probe.settledTally() else {
            Issue.record("no count, \(`where`)")
            return
        }
        #expect(tally.counts.reduce(0, +) == tally.total, "\(`where`)")
        let stored = try Self.stored(probe)
        #expect(told.isSubset(of: Set(stored.keys)), "\(`where`): lost \(told.subtracting(stored.keys))")
        for (voter, choices) in stored { #expect(choices == CrashLife.choice(voter), "\(`where`)") }
    }

    /// Everybody sends again until the store has it; then the count is exactly what was sent.
    private static func expectExact(_ path: String, voters: Int, _ where: String) throws {
        let probe = try DeskProbe(path: path, transactionMs: 10_000)
        defer { probe.desk.stop() }
        _ = probe.open()
        _ = probe.settledTally()
        for voter in 0..<voters {
            let answer = probe.submit(CrashLife.ballot(voter))
            #expect(answer?.durable == .store, "\(`where`): \(String(describing: answer))")
        }
        let expected = (0..<3).map { option in (0..<voters).count { $0 % 3 == option } }
        let tally = probe.settledTally()
        #expect(tally?.counts == expected, "\(`where`)")
        #expect(tally?.total == voters, "\(`where`)")
    }

    private static func stored(_ probe: DeskProbe) throws -> [Int: UInt64] {
        let answer = probe.ask { $0.own(room: LedgerContract.room, poll: LedgerContract.key.poll, ticket: $1) }
        guard case .own(_, let ballots)? = answer else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: ballots.compactMap { ballot in
                Int(ballot.participant.raw.dropFirst("voter".count)).map { ($0, ballot.choices) }
            })
    }
}
