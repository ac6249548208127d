// Owns: the order of ballots in time: stamps that never fall, and that alone say what was before what.
// Never: reads a clock; the wall's time is an argument.
// Limits: runs ahead of the wall by 1 ms a close and by 1 ms for each further ballot of one participant in one poll
// within the same millisecond; both are bounded by rate limits far below one a millisecond.

internal import Rooms

/// Gives every ballot and every close its time, such that the counting rules do not depend on the order of replay.
///
/// - Two ballots of one participant in one poll never share a stamp: the later one is greater.
/// - The stamp of a close is greater than that of every ballot before it, and no greater than of any after it.
package struct AcceptanceClock: Sendable {
    /// The last stamp given, in ms since 1970.
    package private(set) var lastMs: Int64
    /// Who was stamped at `lastMs`. Bounded by the desk's queue.
    private var stamped: Set<Voter> = []

    private struct Voter: Hashable {
        let key: PollKey
        let participant: ParticipantID
    }

    /// A clock that gives nothing below `floorMs`: the last stamp known to the store or the journal.
    package init(floorMs: Int64 = 0) { lastMs = floorMs }

    /// Takes notice of a stamp given by an earlier process.
    package mutating func raise(to floorMs: Int64) { advance(to: floorMs) }

    /// The time of a ballot that arrives while the wall shows `wallMs`.
    package mutating func stamp(_ ballot: Ballot, wallMs: Int64) -> Int64 {
        advance(to: wallMs)
        if !stamped.insert(Voter(key: ballot.key, participant: ballot.participant)).inserted {
            advance(to: lastMs + 1)
            stamped.insert(Voter(key: ballot.key, participant: ballot.participant))
        }
        return lastMs
    }

    /// The time of a close: after every ballot stamped so far.
    package mutating func stampClose(wallMs: Int64) -> Int64 {
        advance(to: max(wallMs, lastMs + 1))
        return lastMs
    }

    /// The time of an open.
    package mutating func stampOpen(wallMs: Int64) -> Int64 {
        advance(to: wallMs)
        return lastMs
    }

    private mutating func advance(to ms: Int64) {
        guard ms > lastMs else { return }
        lastMs = ms
        stamped.removeAll(keepingCapacity: stamped.count <= 4_096)
    }
}
