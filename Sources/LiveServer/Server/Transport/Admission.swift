// Who is turned away before a token is looked at: newcomers beyond what is joining already.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// When a newcomer is to come again because too many are joining; nil while there is room. Costs nothing, so that a
    /// storm of them costs those inside nothing.
    func joinWaitMs() -> UInt32? {
        guard joinsInProgress >= limits.joinsMax else { return nil }
        counters.reject(.overloaded)
        return UInt32.random(in: limits.joinRetryMs)
    }
}
