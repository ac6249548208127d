// Who is turned away before a room is asked: addresses that keep failing, and newcomers beyond what is joining already.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// What a token that is not good gets. Failures count against their address, and one that has none left is told to
    /// wait; good tokens never are, since a whole school sits behind one address. An expired token was a good one.
    func tokenRejection(_ error: TokenError, _ session: UnsafeMutablePointer<Session>) -> Rejection {
        if error != .expired, !attempts.count(address(session), nowMs: reactor.nowMs) {
            counters.reject(.rateLimited)
            let waitMs = max(1, attempts.waitMs(address(session), nowMs: reactor.nowMs) ?? 1)
            return Rejection(
                .rateLimited, "too many tokens from this address were not good", retryAfterMs: Int64(waitMs))
        }
        counters.reject(.unauthenticated)
        return Rejection(.unauthenticated, error.sentence)
    }

    /// When a newcomer is to come again because too many are joining; nil while there is room. Costs nothing, so that a
    /// storm of them costs those inside nothing.
    func joinWaitMs() -> UInt32? {
        guard joinsInProgress >= limits.joinsMax else { return nil }
        counters.reject(.overloaded)
        return UInt32.random(in: limits.joinRetryMs)
    }
}
