// Owns one voter: what he means to answer, how often he says it, and what he was promised. Pure: sockets are the
// swarm's. The ground truth of the proof is made here, of plans alone.

import LiveTestSupport

/// One attempt at one poll, on its way from the voter's mind to the store.
struct BallotItem {
    enum State: Comparable {
        /// Not said yet.
        case unsent
        /// Said, and no receipt is there.
        case sent
        /// The receipt says `durable:"node"`.
        case node
        /// The receipt, or `ballot_stored`, says that the store has it.
        case store
    }

    /// 0: the poll without change; 1: the one with.
    let poll: Int
    let attempt: String
    let choice: Int
    /// How often it is said at least, 1 to 5.
    let copies: Int
    var sent = 0
    var state = State.unsent
}

/// One voter.
struct Voter {
    /// Options of each poll.
    static let options = 5
    static let copiesMax = 5
    static let attemptsMax = 3

    let sub: String
    let token: String
    /// 1 or 2.
    let devices: Int
    /// Goes on to the next attempt with a receipt of the node alone.
    let goesOnEarly: Bool
    /// Ends connections in the middle of things.
    let isRestless: Bool
    /// Attempts in the order in which they are made.
    var items: [BallotItem]
    var resume: String?
    var isFinished = false

    /// A voter with a plan of his own: one answer to the poll without change, one to three to the other, for a third
    /// of all voters.
    init(_ sub: String, token: String, random: inout SeededRandom) {
        self.sub = sub
        self.token = token
        devices = random.chance(1, in: 4) ? 2 : 1
        goesOnEarly = random.chance(1, in: 2)
        isRestless = random.chance(1, in: 3)
        items = []
        let single = BallotItem(
            poll: 0, attempt: "once", choice: random.below(Self.options), copies: 1 + random.below(Self.copiesMax))
        if random.chance(1, in: 3) {
            for number in 0...random.below(Self.attemptsMax) {
                items.append(
                    BallotItem(
                        poll: 1, attempt: "try-\(number)", choice: random.below(Self.options),
                        copies: 1 + random.below(Self.copiesMax)))
            }
        }
        items.insert(single, at: random.below(items.count + 1))
    }

    /// The attempt that must count at a poll: without change the only one, with change the last.
    func truth(poll: Int) -> BallotItem? { items.last { $0.poll == poll } }

    var isStored: Bool { items.allSatisfy { $0.state == .store } }

    /// Everything is stored and was said as often as planned.
    var isDone: Bool { items.allSatisfy { $0.state == .store && $0.sent >= $0.copies } }

    /// The next attempt to be made: the ones before it have their receipts.
    var due: Int? {
        for index in items.indices {
            switch items[index].state {
            case .store: continue
            case .node where goesOnEarly: continue
            case .unsent: return index
            case .sent, .node: return nil
            }
        }
        return nil
    }
}
