// Owns: what every implementation of BallotLedger promises, as checks over a protocol. SQLite runs it, the model in
// memory runs it, and every further database is to run it unchanged.
// Never: knows an implementation. Each check gets a fresh ledger.

import LiveIO
import Rooms
import RoomsStore
import Testing

/// A ledger and a reader of the same, both empty.
struct LedgerPair {
    let ledger: any BallotLedger
    let reader: any BallotReader
}

/// The checks. Each takes a maker of fresh ledgers.
struct LedgerContract {
    let make: () throws -> LedgerPair

    static let room = sample("i/c/s", RoomKey.init)
    static let key = PollKey(room: room, poll: PollID(seq: 13))
    static let single = PollRules(options: 3, multiple: false, allowChange: false, closesTs: nil)
    static let changeable = PollRules(options: 3, multiple: false, allowChange: true, closesTs: nil)

    func opened(_ rules: PollRules = single) throws -> LedgerPair {
        let pair = try make()
        #expect(try pair.ledger.judge([.open(Self.key, rules, atMs: 1)]) == [.opened(closedMs: nil)])
        return pair
    }

    func answersRepetitions() throws {
        let pair = try opened()
        let first = ballot("ada", "a1", 0b010)
        #expect(
            try pair.ledger.judge([.ballot(first, acceptedMs: 10)])
                == [.accepted(acceptedMs: 10, choices: 0b010, duplicate: false, counted: true)])
        let again = ballot("ada", "a1", 0b100)
        let repeated = LedgerVerdict.accepted(acceptedMs: 10, choices: 0b010, duplicate: true, counted: true)
        #expect(try pair.ledger.judge([.ballot(again, acceptedMs: 20)]) == [repeated])
        #expect(try pair.ledger.judge([.close(Self.key, closedMs: 30, atMs: 30)]) == [.closed(closedMs: 30)])
        #expect(try pair.ledger.judge([.ballot(again, acceptedMs: 40)]) == [repeated])
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: [0, 1, 0], total: 1, drains: 0))
    }

    func refusesASecondAnswerWithoutChange() throws {
        let pair = try opened()
        let verdicts = try pair.ledger.judge([
            .ballot(ballot("ada", "b", 0b010), acceptedMs: 10), .ballot(ballot("ada", "a", 0b001), acceptedMs: 10),
        ])
        #expect(
            verdicts == [
                .accepted(acceptedMs: 10, choices: 0b010, duplicate: false, counted: true),
                .refused(.alreadyAnswered(attempt: "b", choices: 0b010)),
            ])
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: [0, 1, 0], total: 1, drains: 0))
    }

    func countsTheLastAnswerWithChange() throws {
        let pair = try opened(Self.changeable)
        _ = try pair.ledger.judge([
            .ballot(ballot("ada", "b", 0b010), acceptedMs: 10), .ballot(ballot("ada", "a", 0b001), acceptedMs: 11),
            .ballot(ballot("bob", "a", 0b100), acceptedMs: 11),
        ])
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: [1, 0, 1], total: 2, drains: 0))
        // The older attempt, sent again, is answered as the first time and changes nothing.
        #expect(
            try pair.ledger.judge([.ballot(ballot("ada", "b", 0b010), acceptedMs: 12)])
                == [.accepted(acceptedMs: 10, choices: 0b010, duplicate: true, counted: false)])
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: [1, 0, 1], total: 2, drains: 0))
    }

    func refusesAfterTheCloseAndTheDeadline() throws {
        let pair = try opened()
        _ = try pair.ledger.judge([.close(Self.key, closedMs: 20, atMs: 20)])
        #expect(try pair.ledger.judge([.ballot(ballot("ada", "a", 1), acceptedMs: 20)]) == [.refused(.closed)])
        #expect(try pair.ledger.judge([.close(Self.key, closedMs: 30, atMs: 30)]) == [.closed(closedMs: 20)])
        #expect(try pair.ledger.judge([.open(Self.key, Self.single, atMs: 31)]) == [.opened(closedMs: 20)])

        let timed = PollKey(room: Self.room, poll: PollID(seq: 14))
        let rules = PollRules(options: 3, multiple: false, allowChange: false, closesTs: 50)
        let verdicts = try pair.ledger.judge([
            .open(timed, rules, atMs: 40), .ballot(ballot("ada", "a", 1, timed), acceptedMs: 49),
            .ballot(ballot("bob", "a", 1, timed), acceptedMs: 50),
            .ballot(ballot("ada", "a", 1, timed), acceptedMs: 51),
        ])
        #expect(
            verdicts == [
                .opened(closedMs: nil), .accepted(acceptedMs: 49, choices: 1, duplicate: false, counted: true),
                .refused(.closed), .accepted(acceptedMs: 49, choices: 1, duplicate: true, counted: true),
            ])
    }

    func neverTakesBackAnAcceptedBallotByAnOlderClose() throws {
        let pair = try opened()
        _ = try pair.ledger.judge([.ballot(ballot("ada", "a", 1), acceptedMs: 100)])
        #expect(try pair.ledger.judge([.close(Self.key, closedMs: 50, atMs: 101)]) == [.closed(closedMs: 101)])
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: [1, 0, 0], total: 1, drains: 0))
    }

    func refusesTheUnknownAndTheInvalid() throws {
        let pair = try opened()
        let elsewhere = PollKey(room: Self.room, poll: PollID(seq: 99))
        #expect(
            try pair.ledger.judge([
                .ballot(ballot("ada", "a", 1, elsewhere), acceptedMs: 5), .close(elsewhere, closedMs: 5, atMs: 5),
                .ballot(ballot("ada", "a", 0b1000), acceptedMs: 5), .ballot(ballot("ada", "a", 0b11), acceptedMs: 5),
                .ballot(ballot("ada", "a", 0), acceptedMs: 5),
                .open(Self.key, Self.changeable, atMs: 5),
            ]) == [
                .refused(.notFound), .refused(.notFound), .refused(.invalid), .refused(.invalid), .refused(.invalid),
                .refused(.conflict),
            ])
        #expect(pair.reader.read(.tally(elsewhere)) == .notFound)
        #expect(pair.reader.read(.own(.poll(Self.key))) == .own([]))
    }

    func countsEachChoiceOfAMultipleAnswer() throws {
        let pair = try opened(PollRules(options: 64, multiple: true, allowChange: false, closesTs: nil))
        _ = try pair.ledger.judge([
            .ballot(ballot("ada", "a", 1 << 63 | 1), acceptedMs: 5), .ballot(ballot("bob", "a", .max), acceptedMs: 5),
        ])
        let counts = [2] + [Int](repeating: 1, count: 62) + [2]
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: counts, total: 2, drains: 0))
        let own = OwnBallot(
            poll: Self.key.poll, participant: person("bob"), attempt: "a", choices: .max, acceptedMs: 5,
            durable: .store)
        #expect(pair.reader.read(.own(.participant(Self.room, person("bob"), [Self.key.poll]))) == .own([own]))
    }

    func remembersWhatADeskHasToKnow() throws {
        let pair = try opened()
        let place = JournalPosition(segment: 3, offset: 4_711)
        _ = try pair.ledger.judge([.ballot(ballot("ada", "a", 1), acceptedMs: 77)])
        _ = try pair.ledger.drain([.ballot(ballot("bob", "a", 2), acceptedMs: 78)], to: place)
        let state = try pair.ledger.state()
        #expect(state.polls == [Self.key: KnownPolls.Poll(rules: Self.single, lastStampMs: 78)])
        #expect(state.stampMs == 78)
        #expect(state.drainedTo == place)
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: [1, 1, 0], total: 2, drains: 1))
        _ = try pair.ledger.judge([.close(Self.key, closedMs: 90, atMs: 90)])
        #expect(try pair.ledger.state().polls.isEmpty)
    }

    func marksJournalBallotsAfterTheCloseAsLate() throws {
        let pair = try opened()
        _ = try pair.ledger.judge([.close(Self.key, closedMs: 100, atMs: 100)])
        let verdicts = try pair.ledger.drain(
            [
                .ballot(ballot("ada", "a", 1), acceptedMs: 99), .ballot(ballot("bob", "a", 1), acceptedMs: 100),
            ], to: JournalPosition(segment: 1, offset: 1))
        #expect(
            verdicts == [
                .accepted(acceptedMs: 99, choices: 1, duplicate: false, counted: true), .refused(.closed),
            ])
        #expect(pair.reader.read(.tally(Self.key)) == .tally(counts: [1, 0, 0], total: 1, drains: 1))
        // The late one, sent again by its sender, is still late.
        #expect(try pair.ledger.judge([.ballot(ballot("bob", "a", 1), acceptedMs: 120)]) == [.refused(.closed)])
    }

    /// The same records in any order and any multiplicity give the same result, and the model's.
    func drainsInAnyOrder(seed: UInt64, change: Bool, random: inout some RandomNumberGenerator) throws {
        let rules = change ? Self.changeable : Self.single
        var records: [BallotRecord] = [.close(Self.key, closedMs: 30, atMs: 30)]
        for _ in 0..<40 {
            let name = ["ada", "bob", "cyd", "dan", "eve", "fay"].randomElement(using: &random) ?? "ada"
            let attempt = ["a", "b", "c"].randomElement(using: &random) ?? "a"
            let choice = UInt64(1) << UInt64.random(in: 0..<3, using: &random)
            records.append(.ballot(ballot(name, attempt, choice), acceptedMs: .random(in: 20..<35, using: &random)))
        }
        let model = ModelLedger()
        _ = try model.judge([.open(Self.key, rules, atMs: 1)])
        _ = try model.drain(records, to: nil)
        let expected = model.read(.own(.poll(Self.key)))
        for _ in 0..<6 {
            let pair = try opened(rules)
            var order = records + records.shuffled(using: &random).prefix(20)
            order.shuffle(using: &random)
            while !order.isEmpty {
                let count = min(order.count, Int.random(in: 1...10, using: &random))
                _ = try pair.ledger.drain(Array(order.prefix(count)), to: nil)
                order.removeFirst(count)
            }
            #expect(pair.reader.read(.own(.poll(Self.key))) == expected, "seed \(seed)")
            guard case .tally(let counts, let total, _) = pair.reader.read(.tally(Self.key)),
                case .tally(let modelCounts, let modelTotal, _) = model.read(.tally(Self.key))
            else {
                Issue.record("no tally, seed \(seed)")
                return
            }
            #expect(counts == modelCounts && total == modelTotal, "seed \(seed)")
        }
    }

    /// Random records, judged and drained in random portions, give the model's verdicts one by one.
    func agreesWithTheModel(seed: UInt64, random: inout some RandomNumberGenerator) throws {
        let pair = try make()
        let model = ModelLedger()
        var stampMs: Int64 = 10
        for _ in 0..<60 {
            let records = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                stampMs += .random(in: 0...2, using: &random)
                return record(stampMs, &random)
            }
            if Bool.random(using: &random) {
                #expect(try pair.ledger.judge(records) == model.judge(records), "seed \(seed)")
            } else {
                let place = JournalPosition(segment: 1, offset: UInt64(stampMs))
                #expect(
                    try pair.ledger.drain(records, to: place) == model.drain(records, to: place), "seed \(seed)")
            }
        }
        for seq in 1...3 {
            let key = PollKey(room: Self.room, poll: PollID(seq: UInt64(seq)))
            #expect(pair.reader.read(.tally(key)) == model.read(.tally(key)), "seed \(seed)")
            #expect(pair.reader.read(.own(.poll(key))) == model.read(.own(.poll(key))), "seed \(seed)")
        }
        #expect(try pair.ledger.state().polls == model.state().polls, "seed \(seed)")
    }

    private func record(_ stampMs: Int64, _ random: inout some RandomNumberGenerator) -> BallotRecord {
        let seq = UInt64.random(in: 1...3, using: &random)
        let key = PollKey(room: Self.room, poll: PollID(seq: seq))
        switch Int.random(in: 0..<20, using: &random) {
        case 0, 1:
            let rules = PollRules(
                options: 3, multiple: seq == 1, allowChange: seq == 2,
                closesTs: Bool.random(using: &random) ? nil : seq == 3 ? 60 : nil)
            return .open(key, rules, atMs: stampMs)
        case 2:
            return .close(key, closedMs: stampMs - .random(in: 0...3, using: &random), atMs: stampMs)
        default:
            let name = ["ada", "bob", "cyd", "dan"].randomElement(using: &random) ?? "ada"
            let attempt = ["a", "b", "c"].randomElement(using: &random) ?? "a"
            return .ballot(
                ballot(name, attempt, .random(in: 1...7, using: &random), key), acceptedMs: stampMs)
        }
    }
}

/// Makes a value that the test's own text must allow.
func sample<Value>(_ text: String, _ make: (String) -> Value?) -> Value {
    guard let value = make(text) else { preconditionFailure("the test's own text breaks the rule of its type") }
    return value
}

/// A participant by name.
func person(_ name: String) -> ParticipantID { sample(name, ParticipantID.init) }

/// A ballot in the contract's poll or another.
func ballot(
    _ name: String, _ attempt: String, _ choices: UInt64, _ key: PollKey = LedgerContract.key
) -> Ballot {
    sample(attempt) {
        Ballot(room: key.room, poll: key.poll, participant: person(name), attempt: $0, choices: choices)
    }
}
