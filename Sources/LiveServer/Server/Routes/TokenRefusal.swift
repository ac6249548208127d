// What is answered to a token that is missing or wrong, and to an address that keeps trying. Good tokens are never
// counted and never held up: a whole school sits behind one address.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// Answers 401, or 429 once the address has failed too often. A token that has merely expired was once right, and
    /// a class whose tokens expire together is no attack: it does not count.
    func refuseToken(_ session: UnsafeMutablePointer<Session>, _ error: TokenError?) {
        let rejection = refusal(of: error, session)
        counters.reject(rejection.code)
        answer(session.pointee.id, .problem(rejection))
    }

    /// The same as a rejection; counts the failure.
    func refusal(of error: TokenError?, _ session: UnsafeMutablePointer<Session>) -> Rejection {
        if error != .expired {
            let key = address(session)
            if !tokenFailures.count(key, nowMs: reactor.nowMs) {
                let waitMs = tokenFailures.waitMs(key, nowMs: reactor.nowMs) ?? 1
                return Rejection(
                    .rateLimited, "too many bad tokens came from this address", retryAfterMs: Int64(waitMs))
            }
        }
        return Rejection(.unauthenticated, error?.sentence ?? "an access token is needed")
    }
}
