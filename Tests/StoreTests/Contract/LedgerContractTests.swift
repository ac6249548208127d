// Owns: the run of the ledger contract by each implementation in the house.

import LiveTestSupport
import Rooms
import RoomsStore
import Testing

/// Which ledger a run is about.
enum LedgerKind: CaseIterable, CustomTestStringConvertible {
    case model
    case sqlite

    var testDescription: String {
        switch self {
        case .model: "the model"
        case .sqlite: "SQLite"
        }
    }

    /// The contract over fresh ledgers of this kind in `directory`.
    func contract(in directory: TemporaryDirectory) -> LedgerContract {
        var count = 0
        return LedgerContract {
            switch self {
            case .model:
                let model = ModelLedger()
                return LedgerPair(ledger: model, reader: model)
            case .sqlite:
                count += 1
                let path = directory.path("live\(count).db")
                return LedgerPair(ledger: SQLiteBallotLedger(path: path), reader: SQLiteBallotReader(path: path))
            }
        }
    }
}

@Suite(.timeLimit(.minutes(2)))
struct LedgerContractTests {
    let directory = TemporaryDirectory("ledger")

    @Test(arguments: LedgerKind.allCases)
    func `a repeated attempt is answered with the stored choice for ever`(kind: LedgerKind) throws {
        try kind.contract(in: directory).answersRepetitions()
    }

    @Test(arguments: LedgerKind.allCases)
    func `a second attempt is refused where no change is allowed`(kind: LedgerKind) throws {
        try kind.contract(in: directory).refusesASecondAnswerWithoutChange()
    }

    @Test(arguments: LedgerKind.allCases)
    func `the last answer counts where change is allowed`(kind: LedgerKind) throws {
        try kind.contract(in: directory).countsTheLastAnswerWithChange()
    }

    @Test(arguments: LedgerKind.allCases)
    func `nothing counts from the close or the deadline on`(kind: LedgerKind) throws {
        try kind.contract(in: directory).refusesAfterTheCloseAndTheDeadline()
    }

    @Test(arguments: LedgerKind.allCases)
    func `a close that claims to be older takes no accepted ballot back`(kind: LedgerKind) throws {
        try kind.contract(in: directory).neverTakesBackAnAcceptedBallotByAnOlderClose()
    }

    @Test(arguments: LedgerKind.allCases)
    func `unknown polls, impossible choices and other rules are refused`(kind: LedgerKind) throws {
        try kind.contract(in: directory).refusesTheUnknownAndTheInvalid()
    }

    @Test(arguments: LedgerKind.allCases)
    func `every option of a multiple answer is counted and every voter once`(kind: LedgerKind) throws {
        try kind.contract(in: directory).countsEachChoiceOfAMultipleAnswer()
    }

    @Test(arguments: LedgerKind.allCases)
    func `open polls, the last stamp and the place of the drain are remembered`(kind: LedgerKind) throws {
        try kind.contract(in: directory).remembersWhatADeskHasToKnow()
    }

    @Test(arguments: LedgerKind.allCases)
    func `a journal ballot counts if it was accepted before the close and is late otherwise`(kind: LedgerKind) throws {
        try kind.contract(in: directory).marksJournalBallotsAfterTheCloseAsLate()
    }

    @Test(arguments: LedgerKind.allCases, SeededRandom.seeds(4))
    func `the order and number of drained records never matter`(kind: LedgerKind, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let contract = kind.contract(in: directory)
        try contract.drainsInAnyOrder(seed: seed, change: false, random: &random)
        try contract.drainsInAnyOrder(seed: seed, change: true, random: &random)
    }

    @Test(arguments: LedgerKind.allCases, SeededRandom.seeds(12))
    func `every verdict on random records is the model's`(kind: LedgerKind, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try kind.contract(in: directory).agreesWithTheModel(seed: seed, random: &random)
    }
}
