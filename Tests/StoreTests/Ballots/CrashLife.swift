// Owns: one life of a desk in a child process that dies by SIGKILL at a chosen step, and the note of what it had told.
// Never: ends by itself: a life that reaches its end kills itself there.

import Foundation
import Glibc
import LiveIO
import Rooms
import RoomsStore

/// What one life does, and where it dies.
struct CrashLife: Codable {
    /// The data folder; receipts are noted beside it.
    let path: String
    /// Dies at this step, or at any where negative …
    let step: Int
    /// … when it is reached for this time, counted from 1.
    let occurrence: Int
    /// How many vote, each under one attempt with one choice.
    let voters: Int

    /// The choice of a voter, for ever.
    static func choice(_ voter: Int) -> UInt64 { 1 << UInt64(voter % 3) }

    static func ballot(_ voter: Int) -> Ballot { RoomsStoreTests.ballot("voter\(voter)", "a", choice(voter)) }

    static func notePath(_ path: String) -> String { "\(path).receipts" }

    /// Voters of one outage: half of them before it, half during it, each of those with a journal commit of his own.
    static let portion = 10

    /// Votes with the store and without it, by turns; then dies.
    func live() throws -> Never {
        let note = open(Self.notePath(path), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let counter = StepCounter(step: step, occurrence: occurrence)
        let probe = try DeskProbe(path: path, transactionMs: 30) { configuration in
            configuration.onStep = { counter.reach($0) }
        }
        let told = probe.log
        let writer = ReceiptNote(file: note)
        _ = probe.open()
        for first in stride(from: 0, to: voters, by: Self.portion) {
            let middle = min(first + Self.portion / 2, voters)
            let end = min(first + Self.portion, voters)
            try vote(probe, first..<middle, told, writer)
            let lock = try ForeignLock("\(path)/live.db")
            for voter in middle..<end { try vote(probe, voter..<voter + 1, told, writer) }
            try lock.release()
            // The last words of an outage: stored and drained.
            _ = probe.settledTally()
        }
        kill(getpid(), SIGKILL)
        while true { pause() }
    }

    private func vote(_ probe: DeskProbe, _ range: Range<Int>, _ told: OutcomeLog, _ note: ReceiptNote) throws {
        let voterOf = Dictionary(
            uniqueKeysWithValues: range.flatMap { voter in
                // Sent twice, as after a reconnect.
                (0..<2).map { _ in (probe.send { $0.submit(Self.ballot(voter), ticket: $1) }, voter) }
            })
        var noted: Set<UInt64> = []
        for _ in 0..<10_000 where noted.count < voterOf.count {
            let fresh: [BallotOutcome]? = told.wait { outcomes in
                let new = outcomes.filter { outcome in
                    outcome.ticket.map { voterOf[$0] != nil && !noted.contains($0) } ?? false
                }
                return new.isEmpty ? nil : new
            }
            for outcome in fresh ?? [] {
                guard let ticket = outcome.ticket, let voter = voterOf[ticket] else { continue }
                noted.insert(ticket)
                if outcome.durable != nil { note.write(voter) }
            }
        }
    }
}

/// Notes receipts with one write each, so that a kill loses none that was told.
struct ReceiptNote {
    let file: Int32

    func write(_ voter: Int) {
        var line = Array("\(voter)\n".utf8)
        _ = Glibc.write(file, &line, line.count)
    }

    /// The voters who were told that their ballot is safe.
    static func read(_ path: String) -> Set<Int> {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return Set(text.split(separator: "\n").compactMap { Int($0) })
    }
}

/// Counts steps and kills the process at the chosen one; any thread.
///
/// Unchecked, because `count` is touched under `lock` only.
final class StepCounter: @unchecked Sendable {
    private let lock = NSLock()
    private let step: Int
    private let occurrence: Int
    private var count = 0

    init(step: Int, occurrence: Int) {
        self.step = step
        self.occurrence = occurrence
    }

    func reach(_ reached: BallotDeskStep) {
        guard step < 0 || reached.rawValue == step else { return }
        lock.lock()
        count += 1
        let isIt = count == occurrence
        lock.unlock()
        if isIt { kill(getpid(), SIGKILL) }
    }
}
