// Owns what `/metrics` says of the sessions at one reactor as a whole: people, and the worst figure of any session. One
// number each, however many rooms there are, and no room's name: the number of series stays bounded.

/// The sessions whose home is one reactor, in a few numbers.
package struct SessionGauges: Equatable, Sendable {
    /// People in rooms, each once a room.
    package var participants: UInt64 = 0
    /// Rooms with somebody in them.
    package var active: UInt64 = 0
    /// The most people that any session in memory had at once.
    package var peakParticipants: UInt64 = 0
    /// The greatest delivery p95 of a session with people in it, ms.
    package var worstP95Ms: UInt64 = 0
    /// The greatest share of failed connects of a session with people in it, millionths.
    package var worstFailedConnectPPM: UInt64 = 0
    /// The greatest share of video errors of a session with people in it, millionths.
    package var worstVideoErrorPPM: UInt64 = 0

    /// All zero.
    package init() {}

    /// Adds one session.
    package mutating func add(_ figures: SessionFigures, participants now: Int) {
        peakParticipants = max(peakParticipants, UInt64(clamping: figures.peakParticipants))
        guard now > 0 else { return }
        active += 1
        participants += UInt64(now)
        worstP95Ms = max(worstP95Ms, UInt64(clamping: figures.heartbeats.lag.p95Ms ?? 0))
        worstFailedConnectPPM = max(worstFailedConnectPPM, figures.failedConnectPPM)
        worstVideoErrorPPM = max(worstVideoErrorPPM, figures.videoErrorPPM)
    }
}
