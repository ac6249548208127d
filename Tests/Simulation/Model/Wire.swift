// What travels between a simulated node and its clients, and the two directions of a connection: first in, first out,
// and everything under way is lost when it ends.

import Rooms

/// A position as a client knows it.
struct Cursor: Hashable {
    var epoch: String
    var seq: UInt64
}

/// A reply to a command.
struct Reply {
    enum Outcome {
        case ok(seq: UInt64)
        case refused(RejectionCode)
    }
    let id: CommandID
    let outcome: Outcome
}

/// From node to client.
enum Delivery {
    case welcome(Cursor, state: [UInt8])
    case resumed(from: UInt64, epoch: String)
    /// `head`: the node's when the event was put on the way; a deletion up to there must show.
    case event(seq: UInt64, bytes: [UInt8], head: UInt64)
    case reply(Reply)
}

/// One connection, with what is under way on it.
struct Connection {
    let number: Int
    let client: Int
    let view: View
    /// Up to here events were put on the way.
    var sent: UInt64
    /// Replies that wait for their event; `after` is 0 where they wait for none.
    var waiting: [(after: UInt64, reply: Reply)] = []
    var toClient: [Delivery] = []
    var toNode: [Proposal] = []
}
