// What a room's home remembers of ballots so that `you` can be answered without asking the store: the
// ballot that counts of each participant in the polls of the state. The store judges; this only repeats.
//
// Owns: own ballots by poll, which polls' counts have changed. Limits: the polls that the state keeps.

import Rooms

/// The ballots known at a room's home.
struct BallotBook {
    /// One participant's ballot as its receipt said.
    struct Entry: Sendable {
        var attempt: String
        var choices: UInt64
        /// When it was accepted, ms since 1970: decides which of several attempts counts, as the store does.
        var acceptedMs: Int64
        var stored: Bool
        /// Of a poll where several options may be chosen.
        var several: Bool
    }

    /// One poll's ballots and the state of its counting.
    struct PollBallots {
        var poll: PollID
        var byParticipant: [ParticipantID: Entry] = [:]
        /// Something was accepted since the last live count.
        var changed = false
        /// A live count is under way.
        var counting = false
    }

    private var polls: [PollBallots] = []

    /// Notes a receipt. Receipts come in any order, and old attempts are sent again: the one that counts stays, with
    /// change the last, without it the first.
    mutating func record(_ poll: PollID, _ participant: ParticipantID, _ entry: Entry, allowChange: Bool) {
        let at = place(poll)
        polls[at].changed = true
        if let held = polls[at].byParticipant[participant] {
            if held.attempt == entry.attempt {
                // To a journal that knows nothing of the store it is a new answer; the store's word stands.
                if held.stored, !entry.stored { return }
            } else {
                let isLater = (entry.acceptedMs, entry.attempt) > (held.acceptedMs, held.attempt)
                guard isLater == allowChange else { return }
            }
        }
        polls[at].byParticipant[participant] = entry
    }

    /// A ballot receipted by the node's journal has reached the store.
    mutating func markStored(_ poll: PollID, _ participant: ParticipantID, attempt: String) {
        guard let at = polls.firstIndex(where: { $0.poll == poll }),
            polls[at].byParticipant[participant]?.attempt == attempt
        else { return }
        polls[at].byParticipant[participant]?.stored = true
    }

    /// The ballot that counts of one participant, as far as it is known here.
    func entry(_ poll: PollID, _ participant: ParticipantID) -> Entry? {
        polls.first { $0.poll == poll }?.byParticipant[participant]
    }

    /// Whether an attempt is the one that counts.
    func holds(_ poll: PollID, _ participant: ParticipantID, _ attempt: String) -> Bool {
        entry(poll, participant)?.attempt == attempt
    }

    /// An attempt was receipted and does not count, or not so: what counts is recorded next.
    mutating func forget(_ poll: PollID, _ participant: ParticipantID, _ attempt: String) {
        guard let at = polls.firstIndex(where: { $0.poll == poll }),
            polls[at].byParticipant[participant]?.attempt == attempt
        else { return }
        polls[at].byParticipant[participant] = nil
    }

    /// Own ballots of one participant, in poll order.
    func of(_ participant: ParticipantID) -> [OwnBallotFact] {
        polls.compactMap { poll in
            poll.byParticipant[participant].map {
                OwnBallotFact(poll: poll.poll, attempt: $0.attempt, choices: $0.choices, stored: $0.stored)
            }
        }
    }

    /// Polls whose live count should be asked for now; they are marked as under way.
    mutating func takeChanged() -> [PollID] {
        var ids: [PollID] = []
        for at in polls.indices where polls[at].changed && !polls[at].counting {
            polls[at].changed = false
            polls[at].counting = true
            ids.append(polls[at].poll)
        }
        return ids
    }

    /// Somebody came in who sees live counts: they are asked for again.
    mutating func recount(_ poll: PollID) { polls[place(poll)].changed = true }

    /// A live count has come back. True: more ballots came meanwhile, count again.
    mutating func counted(_ poll: PollID) -> Bool {
        guard let at = polls.firstIndex(where: { $0.poll == poll }) else { return false }
        polls[at].counting = false
        return polls[at].changed
    }

    /// A live count is wanted: none came back for lack of room, or ballots from elsewhere have reached the store.
    mutating func wantCount(_ poll: PollID) {
        let at = place(poll)
        polls[at].counting = false
        polls[at].changed = true
    }

    var hasChanges: Bool { polls.contains { $0.changed } }

    /// The poll is over: no live counts any more.
    mutating func end(_ poll: PollID) {
        guard let at = polls.firstIndex(where: { $0.poll == poll }) else { return }
        polls[at].changed = false
        polls[at].counting = false
    }

    /// Drops polls that the state no longer keeps.
    mutating func retain(where keep: (PollID) -> Bool) { polls.removeAll { !keep($0.poll) } }

    private mutating func place(_ poll: PollID) -> Int {
        if let at = polls.firstIndex(where: { $0.poll == poll }) { return at }
        polls.append(PollBallots(poll: poll))
        return polls.count - 1
    }
}
