// Owns every limit of a reactor: unit, default and reason in one place.

/// A reactor's limits; the defaults suit a server core.
package struct ReactorConfiguration: Sendable {
    /// Bytes of the one read buffer, shared by all connections: the most that one read brings.
    package var readBufferBytes = 64 * 1024
    /// Connections accepted a listener and round, so that a join storm does not starve those who are in.
    package var acceptBudget = 64
    /// Pause before accepting again when descriptors or memory are used up, in milliseconds.
    package var acceptPauseMs: UInt32 = 50
    /// Connections at once; beyond it a newcomer is closed at once and counted as refused.
    package var connectionsMax = 1_000_000
    /// What this reactor's listeners share with those of others, beside that; only for reactors that connect nowhere.
    package var places: SocketPlaces?
    /// Bytes of answers to what a blocked encrypted peer sends (RFC 8446 §4.6.3, requested key updates) that are kept
    /// for it; beyond it the connection ends with `.failed(ENOBUFS)`. A peer has reason for a few dozen bytes.
    package var unreadAnswersMax: UInt32 = 64 * 1024
    /// Events taken from the kernel a round.
    package var eventsMax = 512
    /// TCP_NOTSENT_LOWAT: bytes that may lie unsent in the kernel before a socket counts as blocked; 0 leaves it alone.
    /// Twice what a session gathers for one write, so that one write always fits.
    package var notSentLowBytes: Int32 = 128 * 1024
    /// After our FIN: how long to read and discard until the peer's (RFC 9112 §9.6), in milliseconds.
    package var lingerMs: UInt32 = 2_000
    /// While closing with bytes in the outbox: how often it is looked at, in milliseconds. A peer that took nothing
    /// since the last look is let go.
    package var drainMs: UInt32 = 10_000
    /// The looks after which it is let go whatever it took, at most 127: two minutes by default, in which 1 MiB needs 9
    /// kB/s.
    package var drainLooksMax: UInt8 = 12
    /// Bytes in one outbox; beyond it the connection ends with `.failed(ENOBUFS)`. Over the largest message (64 MiB).
    package var outboxBytesMax = 80 * 1024 * 1024
    /// TLS handshakes a round whose costly part is done: those who are in wait for so many, or for an eighth of a long
    /// round's time. The others lie in the kernel until their turn, in the order in which they spoke.
    package var handshakesPerRound = 1
    /// Time for a whole TLS handshake, from the accept, in milliseconds.
    package var handshakeTimeoutMs: UInt32 = 10_000
    /// What a peer gets, in the clear, whose first bytes on an encrypted connection are plain HTTP; empty: nothing.
    package var plainHTTPAnswer: [UInt8] = []
    /// Events of newcomers (accepted, not yet admitted by the driver) that a round serves, after those of all others:
    /// who is in waits for so many, or for an eighth of a long round's time. 0: newcomers are served like all others.
    package var newcomersPerRound = 0
    /// Rest between two rounds under a hail of small messages (`RoundRest`), in nanoseconds; 0: none.
    package var roundRestNs: UInt64 = 0
    /// The longest wait for the kernel, in milliseconds; only bounds how late a lost wake would be noticed.
    package var waitMaxMs: UInt32 = 60_000

    /// The defaults.
    package init() {}
}

/// What a reactor did; all counters rise from its beginning. A plain copy, for any thread.
package struct ReactorStatistics: Sendable {
    /// Connections that listeners took.
    package var accepted: UInt64 = 0
    /// Connections that `connect` began.
    package var connects: UInt64 = 0
    /// Connections that ended.
    package var closed: UInt64 = 0
    /// Newcomers closed because `connectionsMax` was reached, or no place was left.
    package var refused: UInt64 = 0
    /// Accepts that failed, by errno.
    package var acceptFailures: [Int32: UInt64] = [:]
    /// Bytes read.
    package var bytesIn: UInt64 = 0
    /// Bytes the kernel took.
    package var bytesOut: UInt64 = 0
    /// Send calls.
    package var sends: UInt64 = 0
    /// Send calls that the kernel took in part or not at all.
    package var shortSends: UInt64 = 0
    /// Rounds of the loop.
    package var rounds: UInt64 = 0
    /// TLS handshakes done in full.
    package var handshakes: UInt64 = 0
    /// TLS handshakes that resumed an earlier session.
    package var handshakesResumed: UInt64 = 0
    /// TLS handshakes that failed, ran out of time or were given up by the peer.
    package var handshakesFailed: UInt64 = 0
    /// Connections whose handshake waits for its turn, now.
    package var handshakesWaiting = 0
    /// Time from waking to waiting again, moving average over about eight rounds, in nanoseconds.
    package var lagAverageNs: UInt64 = 0
    /// The last such time, in nanoseconds.
    package var lastRoundNs: UInt64 = 0
    /// The longest such time since `takeStatistics`, in nanoseconds.
    package var lagMaxNs: UInt64 = 0
    /// Connections now.
    package var connections = 0

    /// All zero.
    package init() {}
}
