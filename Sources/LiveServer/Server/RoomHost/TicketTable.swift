// Questions that reactors have put to slower threads (ballot desk, history, class store) and whose
// answers come back by number.

import LiveIO
import Rooms

/// What to do when the answer to a ticket arrives.
enum TicketPurpose {
    /// A ballot: reply to its sender.
    case ballot(RoomCommand, PollAnswer, room: UInt32)
    /// The poll's row has been made; the answer may say that it is closed already.
    case open(room: UInt32, poll: PollID)
    /// The store has closed the poll: now the close may be sequenced.
    case close(room: UInt32, poll: PollID, RoomCommand?, reveal: Bool)
    /// A count for the live display.
    case liveTally(room: UInt32, poll: PollID)
    /// The count that becomes results in the log.
    case results(room: UInt32, poll: PollID)
    /// The ballots of a poll, to fill `you` after a load.
    case own(room: UInt32, poll: PollID)
    /// The same once more, where it could not be read then: the room waits for it no longer.
    case ownAll(room: UInt32, poll: PollID)
    /// One participant's ballot, where the store may hold another than the receipts said.
    case ownAgain(room: UInt32, BallotInQuestion)
    /// A new class is being stored; the answer that its maker waits for.
    case classSaved(ConnectionID, code: ClassCode, body: [UInt8])
    /// The room's past.
    case load(room: UInt32)
    /// The history has all that was committed: a record may be read. With the session's figures as JSON.
    case record(RecordRequest, epoch: String, figures: [UInt8])
}

/// Outstanding tickets of one reactor.
struct TicketTable {
    private var purposes: [UInt64: TicketPurpose] = [:]
    private var last: UInt64 = 0

    /// Tickets carry their reactor, since stores answer all reactors through one door.
    static func reactor(of ticket: UInt64) -> Int { Int(ticket >> 56) }

    mutating func issue(_ purpose: TicketPurpose, reactor: Int) -> UInt64 {
        last += 1
        let ticket = UInt64(reactor) << 56 | last
        purposes[ticket] = purpose
        return ticket
    }

    /// The purpose of a ticket, once.
    mutating func redeem(_ ticket: UInt64) -> TicketPurpose? { purposes.removeValue(forKey: ticket) }

    var count: Int { purposes.count }

    /// Whether the ballot desk still has a step to do that somebody waits for, or that the log is to hear of.
    var awaitsDesk: Bool {
        purposes.values.contains {
            switch $0 {
            case .ballot, .open, .close, .results: true
            case .liveTally, .own, .ownAll, .ownAgain, .classSaved, .load, .record: false
            }
        }
    }
}
