// Who is turned away before a token is looked at: newcomers while too many are joining, while the loop is late, while
// memory is short, while the node is full or drains.
//
// Owns: that judgement and how it is told. Never: looks at who it is. Costs next to nothing, so that a storm of
// newcomers costs those inside nothing.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// When a newcomer is to come again; nil while there is room. The times are spread, so that those who were turned
    /// away together don't come back together.
    func joinWaitMs(_ session: UnsafeMutablePointer<Session>) -> UInt32? {
        let isFull =
            session.pointee.flags.contains(.surplus) || joinsInProgress >= limits.joinsMax
            || reactor.lagAverageNs > limits.joinLagNs || node.gauges.memoryLevel >= .refusesJoins || isDraining
        guard isFull else { return nil }
        counters.reject(.overloaded)
        counters.joinsRefused += 1
        return UInt32.random(in: limits.joinRetryMs)
    }

    /// A connection was accepted. Beyond the node's limit it is read as far as its first request, which tells it in the
    /// way it understands when to come again; beyond that again it gets 503 at once.
    func admitConnection(_ session: UnsafeMutablePointer<Session>) {
        let id = session.pointee.id
        let surplus = node.gauges.connectionOpened() - limits.connections
        if surplus > 0 {
            session.pointee.flags.insert(.surplus)
            session.pointee.flags.insert(.closeAfterAnswer)
        }
        guard surplus <= limits.surplusMax else {
            counters.reject(.overloaded)
            let waitMs = UInt32.random(in: limits.joinRetryMs)
            return answer(id, .unavailable("the server is full", retryAfterMs: Int64(waitMs)))
        }
        reactor.setDeadline(id, inMs: UInt32(limits.headTimeoutMs))
    }

    /// The first request of a connection beyond the limit, other than an upgrade.
    func refuseSurplus(_ session: UnsafeMutablePointer<Session>) {
        let waitMs = joinWaitMs(session) ?? limits.joinRetryMs.upperBound
        session.pointee.flags.insert(.closeAfterAnswer)
        answer(session.pointee.id, .unavailable("the server is full", retryAfterMs: Int64(waitMs)))
    }
}
