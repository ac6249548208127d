// Owns: the rules of polls that this process has seen open, so that the journal admits only what the store will count.
// Never: a judgement while the store answers. It may forget (bound below) and must not invent.

internal import Rooms

/// The desk's memory of polls.
package struct KnownPolls: Sendable {
    /// What is known of one poll.
    package struct Poll: Hashable, Sendable {
        /// Its rules.
        package let rules: PollRules
        /// When it was closed, nil while it is open.
        package var closedMs: Int64?
        /// The greatest stamp that one of its ballots was given, 0 for none.
        package var lastStampMs: Int64

        /// The store may hold ballots of it that the journal knows nothing of.
        package var mayBeStored: Bool

        /// The first millisecond at which a ballot no longer counts.
        package var endMs: Int64 { min(closedMs ?? .max, rules.closesTs ?? .max) }

        /// What is known of a poll.
        package init(
            rules: PollRules, closedMs: Int64? = nil, lastStampMs: Int64 = 0, mayBeStored: Bool = false
        ) {
            self.rules = rules
            self.closedMs = closedMs
            self.lastStampMs = lastStampMs
            self.mayBeStored = mayBeStored
        }
    }

    /// The store has said which polls it holds. Until then it may hold ballots of any.
    package var knowsStore = false
    private let countMax: Int
    private var polls: [PollKey: Poll] = [:]
    /// Keys in the order in which they came; those forgotten since are skipped.
    private var opened: [PollKey] = []
    private var closed: [PollKey] = []

    /// An empty memory for at most `countMax` polls.
    package init(countMax: Int = BallotLimits.pollsKnownMax) { self.countMax = countMax }

    /// How many are known.
    package var count: Int { polls.count }

    /// What is known of a poll, nil for nothing.
    package subscript(key: PollKey) -> Poll? { polls[key] }

    /// A poll is open, or known to be closed. What is known already stays.
    package mutating func insert(_ key: PollKey, _ poll: Poll) {
        guard polls[key] == nil else { return }
        if polls.count >= countMax { forgetOne() }
        polls[key] = poll
        opened.append(key)
        if poll.closedMs != nil { closed.append(key) }
    }

    /// A poll is closed as of `closedMs`; the first close stays.
    package mutating func close(_ key: PollKey, closedMs: Int64) {
        guard polls[key] != nil, polls[key]?.closedMs == nil else { return }
        polls[key]?.closedMs = closedMs
        closed.append(key)
    }

    /// A ballot of the poll was given its time.
    package mutating func stamped(_ key: PollKey, atMs: Int64) {
        guard let poll = polls[key], poll.lastStampMs < atMs else { return }
        polls[key]?.lastStampMs = atMs
    }

    /// The store holds a ballot of the poll.
    package mutating func stored(_ key: PollKey) {
        if polls[key]?.mayBeStored == false { polls[key]?.mayBeStored = true }
    }

    private mutating func forgetOne() {
        // Lists of keys are cut to half at once, so that forgetting is linear over time.
        if let place = closed.firstIndex(where: { polls[$0] != nil }) {
            polls[closed[place]] = nil
            closed.removeFirst(place + 1)
        } else if let place = opened.firstIndex(where: { polls[$0] != nil }) {
            polls[opened[place]] = nil
            opened.removeFirst(place + 1)
        }
        if opened.count > 2 * countMax { opened.removeAll { polls[$0] == nil } }
    }
}
