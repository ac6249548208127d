// A client as the SDK behaves: keeps its cursor and what was not answered yet, sends that again under the same id, and
// checks everything it gets against the truth.

import RoomHistories
import Rooms

/// One device of a participant.
struct SimulatedClient {
    let index: Int
    let actor: Actor
    var view: View { actor.role.view }

    /// nil before the first welcome.
    var cursor: Cursor?
    /// The place of the next event in the truth of the view.
    private var place = 0
    /// nil while away.
    var connection: Int?
    /// Commands without an answer, in the order of sending.
    private(set) var unanswered: [(proposal: Proposal, sentMs: Int64)] = []
    private(set) var resets = 0
    private(set) var resumes = 0
    private(set) var seen = 0

    /// Commands older than this are given up: the window of idempotency less a minute.
    static let resendWindowMs = RoomLimits.outcomeWindowMs - 60_000

    init(index: Int, actor: Actor) {
        self.index = index
        self.actor = actor
    }

    mutating func remember(_ proposal: Proposal, nowMs: Int64) { unanswered.append((proposal, nowMs)) }

    /// What is to be sent again now; what is too old is given up.
    mutating func resends(nowMs: Int64) -> [Proposal] {
        unanswered.removeAll { nowMs - $0.sentMs > Self.resendWindowMs }
        return unanswered.map(\.proposal)
    }

    mutating func receive(_ delivery: Delivery, _ truth: inout GroundTruth) throws {
        switch delivery {
        case .welcome(let position, _):
            resets += 1
            cursor = position
            place = truth.place(after: position.seq, view)
        case .resumed(let from, let epoch):
            resumes += 1
            guard let held = cursor, held.seq == from else { throw Violation("a resume from \(from) nobody asked for") }
            // The place follows from the cursor alone: a client that was away through a power cut finds it anew.
            place = truth.place(after: held.seq, view)
            cursor = Cursor(epoch: epoch, seq: from)
        case .event(let seq, let bytes, let head):
            guard let held = cursor, seq > held.seq else {
                throw Violation("\(actor.participant.raw) saw \(seq) twice")
            }
            try truth.check(view, place, at: Cursor(epoch: held.epoch, seq: seq), bytes: bytes, head: head)
            place += 1
            seen += 1
            cursor?.seq = seq
        case .reply(let reply): try receive(reply, &truth)
        }
    }

    private mutating func receive(_ reply: Reply, _ truth: inout GroundTruth) throws {
        unanswered.removeAll { $0.proposal.id == reply.id }
        guard case .ok(let seq) = reply.outcome else { return }
        let key = CommandKey(participant: actor.participant, id: reply.id)
        let isDue = try truth.acknowledge(key, seq: seq, view: view)
        if isDue, let cursor, cursor.seq < seq {
            throw Violation("\(actor.participant.raw) got the reply of \(seq) before its event")
        }
    }

    /// Whether the client has seen all that its view holds.
    func checkComplete(_ truth: GroundTruth) throws {
        guard place == truth.count(view) else {
            throw Violation("\(actor.participant.raw) saw up to \(place) of \(truth.count(view)) events")
        }
        guard unanswered.isEmpty else {
            throw Violation("\(actor.participant.raw) never got \(unanswered.count) answers")
        }
    }
}
