// Faults that the simulation can plant in its node, so that tests can show that the checker sees them. Each names a
// mistake that a real server could make.

/// A mistake of the simulated node.
package enum Fault: String, CaseIterable, Sendable {
    /// Every further copy of a command gets an id of its own before it is judged.
    case dedupeOff
    /// The sender gets its reply when the command is proposed.
    case ackBeforeLog
    /// Events go out before the log has them.
    case fanOutBeforeLog
    /// A restart loses the last entry that was acknowledged.
    case losesLastEntry
    /// A restart takes the snapshot and forgets the log after it.
    case skipsLogSuffix
    /// A resume begins one event too early.
    case resumeRepeats
    /// A resume begins one event too late.
    case resumeSkips
    /// Now and then a member gets the moderators' bytes.
    case wrongView
    /// Now and then two events change places on their way.
    case swapsEvents
    /// A reply does not wait for its event.
    case replyFirst
    /// The node judges by a clock of its own, not the log's.
    case clockInState
    /// Peers' bytes are encoded as the moderators'.
    case leakyEncoder
    /// A welcome holds an older state than it says.
    case staleWelcome
    /// The tail keeps the text of deleted messages.
    case keepsDeletedText
    /// A power cut loses entries and the epoch stays.
    case epochKept
}
