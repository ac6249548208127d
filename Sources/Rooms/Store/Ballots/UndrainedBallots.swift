// Owns: what the journal holds and the store does not yet, as far as answers need it.
// Never: I/O; the journal itself. Counts are exact, the remembered ballots are bounded by `indexMax`.

package import Rooms

/// An index over the journal's records that have not reached the store.
package struct UndrainedBallots: Sendable {
    /// An attempt that the journal holds.
    package struct Attempt: Hashable, Sendable {
        /// The client's id.
        package let attempt: String
        /// Bit i set: option i is chosen.
        package let choices: UInt64
        /// The desk's stamp.
        package let acceptedMs: Int64
    }

    private struct Poll {
        var records = 0
        var attempts: [ParticipantID: [Attempt]] = [:]
    }

    /// Records in the journal that the store has not confirmed.
    package private(set) var count = 0
    private var remembered = 0
    private let indexMax: Int
    private var polls: [PollKey: Poll] = [:]

    /// An empty index that remembers at most `indexMax` ballots.
    package init(indexMax: Int = BallotLimits.undrainedIndexMax) { self.indexMax = indexMax }

    /// True while the journal holds a record of this poll.
    package func holds(_ key: PollKey) -> Bool { polls[key] != nil }

    /// A participant's undrained attempts in a poll, oldest first.
    package func attempts(_ key: PollKey, _ participant: ParticipantID) -> [Attempt] {
        polls[key]?.attempts[participant] ?? []
    }

    /// Every participant's undrained attempts in a poll, participants in byte order.
    package func attempts(_ key: PollKey) -> [(participant: ParticipantID, attempts: [Attempt])] {
        guard let poll = polls[key] else { return [] }
        return poll.attempts.keys.sorted().map { ($0, poll.attempts[$0] ?? []) }
    }

    /// The journal holds one more record.
    package mutating func insert(_ record: BallotRecord) {
        count += 1
        polls[record.key, default: Poll()].records += 1
        guard case .ballot(let ballot, let acceptedMs) = record, remembered < indexMax else { return }
        remembered += 1
        let attempt = Attempt(attempt: ballot.attempt, choices: ballot.choices, acceptedMs: acceptedMs)
        polls[ballot.key]?.attempts[ballot.participant, default: []].append(attempt)
    }

    /// The store holds a record now.
    ///
    /// - Returns: true when it was the last one of its poll.
    package mutating func remove(_ record: BallotRecord) -> Bool {
        guard var poll = polls.removeValue(forKey: record.key) else { return false }
        count -= 1
        poll.records -= 1
        if case .ballot(let ballot, let acceptedMs) = record {
            let attempt = Attempt(attempt: ballot.attempt, choices: ballot.choices, acceptedMs: acceptedMs)
            if let place = poll.attempts[ballot.participant]?.firstIndex(of: attempt) {
                remembered -= 1
                poll.attempts[ballot.participant]?.remove(at: place)
                if poll.attempts[ballot.participant]?.isEmpty == true { poll.attempts[ballot.participant] = nil }
            }
        }
        guard poll.records > 0 else {
            // Records of a poll leave as they came; whatever is left in the index would be of another poll.
            for attempts in poll.attempts.values { remembered -= attempts.count }
            return true
        }
        polls[record.key] = poll
        return false
    }
}
