// Owns what this worker's voters did in polls and what they were told: receipts are the truth that the server's count
// is held against. Never counts an answer without a receipt.

/// One voter in one poll.
struct Ballot {
    let person: Int
    let room: Int
    let poll: String
    let choice: Int
    /// How many times it is still to be sent.
    var sendsLeft: Int
    /// The outcome is known: counted, or refused for good.
    var isDefinite = false
    var receiptChoice: Int?
    /// Sent, and no reply yet, since then.
    var awaitedSinceNs: UInt64?
}

/// The voters of one worker.
struct BallotBox {
    /// Options of every poll.
    static let options = 4

    private struct Key: Hashable {
        let room: Int
        let poll: String
    }

    private(set) var all: [Ballot] = []
    /// A voter's ballot under way.
    private var open: [Int: Int] = [:]
    private var seen: Set<String> = []
    private var revisions: [Key: (revision: UInt64, counts: [UInt64])] = [:]
    private var awaited: Set<Key> = []

    var hasOpen: Bool { !open.isEmpty }
    var awaitsResults: Bool { !awaited.isEmpty }

    /// Begins a ballot; nil where this voter has one in this poll.
    mutating func begin(person: Int, room: Int, poll: String, choice: Int, sends: Int) -> Int? {
        guard seen.insert("\(person) \(poll)").inserted else { return nil }
        // A poll that ended without this voter's outcome is over for it.
        open[person] = all.count
        all.append(Ballot(person: person, room: room, poll: poll, choice: choice, sendsLeft: sends))
        return all.count - 1
    }

    /// The ballot that `person` has under way.
    func current(_ person: Int) -> Int? { open[person] }

    subscript(_ ballot: Int) -> Ballot {
        get { all[ballot] }
        set {
            all[ballot] = newValue
            if newValue.isDefinite, newValue.sendsLeft <= 0, newValue.awaitedSinceNs == nil,
                open[newValue.person] == ballot
            {
                open[newValue.person] = nil
            }
        }
    }

    /// The voter will not come back.
    mutating func giveUp(_ person: Int) { open[person] = nil }

    /// A poll of this worker's teacher: its results are waited for.
    mutating func expectResults(room: Int, poll: String) { awaited.insert(Key(room: room, poll: poll)) }

    /// Final results as somebody here saw them; a later revision takes the place of an earlier one.
    mutating func noteResults(room: Int, poll: String, revision: UInt64, counts: [UInt64]) {
        let key = Key(room: room, poll: poll)
        awaited.remove(key)
        if let known = revisions[key], known.revision >= revision { return }
        revisions[key] = (revision, counts)
    }

    /// Receipts by poll and choice.
    var counts: [PollCount] {
        var sums: [Key: [UInt64]] = [:]
        for ballot in all {
            let key = Key(room: ballot.room, poll: ballot.poll)
            var sum = sums[key] ?? Array(repeating: 0, count: Self.options)
            if let choice = ballot.receiptChoice, sum.indices.contains(choice) { sum[choice] += 1 }
            sums[key] = sum
        }
        return sums.map { PollCount(room: $0.key.room, poll: $0.key.poll, counts: $0.value) }
    }

    /// The latest final results.
    var results: [PollCount] {
        revisions.map { PollCount(room: $0.key.room, poll: $0.key.poll, counts: $0.value.counts) }
    }
}
