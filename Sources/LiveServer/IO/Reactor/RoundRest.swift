// Owns when a loop rests between two rounds. Pure: times are arguments. Under a hail of small messages each would wake
// the thread for itself; after a rest those of the meantime share a round, a wake and often a write.

/// Tells whether a round is one of many small ones.
struct RoundRest {
    /// Rounds in a row that were part of a hail.
    private var streak = 0
    private var lastEndNs: UInt64 = 0

    /// So many rounds in a row make a hail: a lone message, and the few rounds around a fan-out, never wait.
    static let hailRounds = 8
    /// A round of so many rests is long: by then others have spoken.
    static let longRoundInRests: UInt64 = 10
    /// The thread slept for less than so many rests before a round of a hail.
    static let sleepInRests: UInt64 = 4

    /// A round is over.
    /// - Parameters:
    ///   - events: sockets that the kernel told of.
    ///   - sends: messages that left. Where they are many more than came in, gathering input saves nothing; and on one
    ///     machine a rest would let their readers fall asleep, whom each send of the next round must wake.
    ///   - restNs: the length of a rest.
    mutating func ended(startNs: UInt64, endNs: UInt64, events: Int, sends: UInt64, restNs: UInt64) {
        let isShort = endNs &- startNs < restNs &* Self.longRoundInRests
        let isBusy = startNs &- lastEndNs < restNs &* Self.sleepInRests
        let isSmall = sends <= UInt64(events) &* 2 &+ 2
        streak = isShort && isBusy && isSmall ? min(streak + 1, Self.hailRounds) : 0
        lastEndNs = endNs
    }

    /// Nanoseconds to rest before the next round; 0 outside a hail.
    func dueNs(nowNs: UInt64, restNs: UInt64) -> UInt64 {
        let sinceNs = nowNs &- lastEndNs
        return streak >= Self.hailRounds && sinceNs < restNs ? restNs - sinceNs : 0
    }
}
