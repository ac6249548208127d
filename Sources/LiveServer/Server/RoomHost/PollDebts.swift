// What a room's home owes its polls: steps that the ballot desk or the log refused for now and that nobody else will
// ask for again, such as the close of a poll whose time is over.
//
// Owns: the list of steps. Never: does them, knows a clock. Limit: four steps a poll that the state keeps, and one
// a ballot that the journal and the store saw differently.

import Rooms

/// Steps that are to be tried again.
struct PollDebts {
    /// One step for one poll.
    enum Debt: Hashable {
        /// The desk does not know the poll yet.
        case open(PollID)
        /// The desk, the log or both have not closed it yet.
        case close(PollID, reveal: Bool)
        /// Its results are not in the log yet, or not the latest ones.
        case results(PollID)
        /// Its ballots could not be read when the room was, so `you` shows none of them.
        case ownAll(PollID)
        /// What `you` shows of a participant's ballot may be wrong.
        case own(BallotInQuestion)
    }

    private var owed: [Debt] = []

    var isEmpty: Bool { owed.isEmpty }

    /// Notes a step once; the order of noting is the order of trying.
    mutating func add(_ debt: Debt) {
        if !owed.contains(debt) { owed.append(debt) }
    }

    /// All steps in order; none is owed any more until it is refused again.
    mutating func take() -> [Debt] {
        defer { owed.removeAll() }
        return owed
    }
}
