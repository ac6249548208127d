// What the ballot desk's refusals are on the wire.

import Rooms
import RoomsStore

enum BallotRefusal {
    static func rejection(_ refusal: BallotRejection) -> Rejection {
        switch refusal {
        case .closed: Rejection(.closed, "the poll is closed")
        case .alreadyAnswered: Rejection(.alreadyAnswered, "this poll takes one answer, and it has yours")
        case .notFound: Rejection(.notFound, "there is no such poll")
        case .unavailable:
            Rejection(.unavailable, "ballots cannot be kept now", retryAfterMs: 1000, maybe: true)
        case .invalid: Rejection(.badRequest, "the poll has no such choice")
        case .conflict: Rejection(.conflict, "this attempt_id stands for another answer")
        }
    }
}
