// Owns: a desk under test and everything it has said, with waits that end when the condition holds or time is up.
// Never: sleeps.

import Foundation
import LiveIO
import LiveTestSupport
import Rooms
import RoomsStore

/// Outcomes in the order of delivery; any thread.
///
/// Unchecked, because `all` is touched under `condition`'s lock only, by the desk's thread and the test's.
final class OutcomeLog: @unchecked Sendable {
    private let condition = NSCondition()
    private var all: [BallotOutcome] = []

    func append(_ outcomes: [BallotOutcome]) {
        condition.lock()
        all += outcomes
        condition.broadcast()
        condition.unlock()
    }

    var outcomes: [BallotOutcome] {
        condition.lock()
        defer { condition.unlock() }
        return all
    }

    /// Waits until `found` gives something for what was said so far; nil when `seconds` are over.
    func wait<Found>(_ seconds: Double = 20, for found: ([BallotOutcome]) -> Found?) -> Found? {
        let limit = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = found(all) { return result }
            if !condition.wait(until: limit) { return found(all) }
        }
    }
}

/// A running desk.
final class DeskProbe {
    let desk: BallotDesk
    let log = OutcomeLog()
    private var lastTicket: UInt64 = 0

    /// A desk in `directory`; without a limit of its own a transaction has ten seconds, so that a busy machine does not
    /// look like an outage.
    convenience init(
        _ directory: TemporaryDirectory, transactionMs: Int64 = 10_000,
        change: (inout BallotDeskConfiguration) -> Void = { _ in }
    ) throws {
        try self.init(path: directory.path("data"), transactionMs: transactionMs, change: change)
    }

    /// A desk whose data folder is `path`.
    init(path: String, transactionMs: Int64, change: (inout BallotDeskConfiguration) -> Void = { _ in }) throws {
        var configuration = BallotDeskConfiguration(dataDirectory: path)
        configuration.transactionMs = transactionMs
        configuration.journal = .preallocated(reserveSegments: 1, segmentBytes: 64 * 1_024)
        change(&configuration)
        let log = log
        desk = try BallotDesk(configuration: configuration) { log.append($0) }
    }

    /// Asks under a fresh ticket and waits for the answer.
    func ask(_ question: (BallotDesk, UInt64) -> Bool) -> BallotOutcome? {
        let ticket = send(question)
        return log.wait { outcomes in outcomes.last { $0.ticket == ticket } }
    }

    /// Asks under a fresh ticket.
    @discardableResult
    func send(_ question: (BallotDesk, UInt64) -> Bool) -> UInt64 {
        lastTicket += 1
        precondition(question(desk, lastTicket), "the desk refused a request below its bound")
        return lastTicket
    }

    func open(_ rules: PollRules = LedgerContract.single, _ key: PollKey = LedgerContract.key) -> BallotOutcome? {
        ask { $0.open(room: key.room, poll: key.poll, rules: rules, ticket: $1) }
    }

    func close(_ key: PollKey = LedgerContract.key, at closedTs: Int64? = nil) -> BallotOutcome? {
        ask { $0.close(room: key.room, poll: key.poll, closedTs: closedTs, ticket: $1) }
    }

    func submit(_ ballot: Ballot) -> BallotOutcome? { ask { $0.submit(ballot, ticket: $1) } }

    func tally(_ key: PollKey = LedgerContract.key) -> Tally? {
        let answer = ask { $0.tally(room: key.room, poll: key.poll, ticket: $1) }
        guard case .tally(_, _, _, let tally)? = answer else { return nil }
        return tally
    }

    /// Waits until the store has everything, and counts then.
    func settledTally(_ key: PollKey = LedgerContract.key) -> Tally? {
        for _ in 0..<200 {
            let before = log.outcomes.count { $0 == .drained(room: key.room, poll: key.poll) }
            guard let tally = tally(key) else { return nil }
            if !tally.pending { return tally }
            let came: Bool? = log.wait { outcomes in
                outcomes.count { $0 == .drained(room: key.room, poll: key.poll) } > before ? true : nil
            }
            if came == nil { return nil }
        }
        return nil
    }
}

extension BallotOutcome {
    /// Where a receipt says the ballot lies; nil for another outcome.
    var durable: Durability? {
        if case .receipt(_, let durable, _, _, _) = self { durable } else { nil }
    }

    /// Why a request was refused; nil for another outcome.
    var rejection: BallotRejection? {
        if case .rejected(_, let rejection) = self { rejection } else { nil }
    }
}
