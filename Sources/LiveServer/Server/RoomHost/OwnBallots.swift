// What `you.ballots` shows, brought in line with the store: read whole after a load, and once more for whoever's ballot
// turned out another than the receipts said. The desk judges; this only repeats.
//
// While the store is away the journal knows nothing of what the store holds: an old attempt that is sent again looks
// like a new one there. The store recognises it when the journal is drained, and the ballot that counts is another.

import LiveProtocol
import Rooms
import RoomsStore

/// One attempt of one participant at one poll.
struct BallotInQuestion: Hashable {
    let poll: PollID
    let participant: ParticipantID
    let attempt: String
}

extension ReactorCore {
    /// The ballots of the desk for a ticket of this reactor.
    func ownBallots(_ ticket: UInt64, _ ballots: [OwnBallot]) {
        switch tickets.redeem(ticket) {
        case .own(let handle, let poll)?:
            guard let home = homes[handle] else { return }
            for ballot in ballots { note(ballot, poll, home) }
            loadStepDone(home)
        case .ownAll(let handle, let poll)?:
            guard let home = homes[handle] else { return }
            for ballot in ballots { note(ballot, poll, home) }
        case .ownAgain(let handle, let asked)?:
            guard let home = homes[handle] else { return }
            home.ballots.forget(asked.poll, asked.participant, asked.attempt)
            for ballot in ballots { note(ballot, asked.poll, home) }
        default: break
        }
    }

    private func note(_ ballot: OwnBallot, _ poll: PollID, _ home: RoomHome) {
        let draft = home.room.poll(poll)?.draft
        home.ballots.record(
            poll, ballot.participant,
            BallotBook.Entry(
                attempt: ballot.attempt, choices: ballot.choices, acceptedMs: ballot.acceptedMs,
                stored: ballot.durable == .store, several: draft?.kind.acceptsSeveral ?? false),
            allowChange: draft?.allowChange ?? false)
    }

    /// A ballot of the journal has reached the store.
    func ballotStored(_ key: RoomKey, _ ballot: BallotInQuestion, _ fate: StoredFate) {
        guard let handle = homeOf[key], let home = homes[handle] else { return }
        let held = home.ballots.entry(ballot.poll, ballot.participant)
        let isHeld = held?.attempt == ballot.attempt
        let stands: Bool
        switch fate {
        case .counted:
            stands = true
            home.ballots.markStored(ballot.poll, ballot.participant, attempt: ballot.attempt)
            // A later one that the journal holds, too, has its own news to come.
            if !isHeld, held?.stored ?? true { askAgain(ballot, home) }
        case .replaced, .refused:
            stands = fate == .replaced && home.room.poll(ballot.poll)?.draft.allowChange == true
            if isHeld { askAgain(ballot, home) }
        }
        // Who hears nothing asks again, and is told what counts.
        guard stands else { return }
        var json = JSONWriter(reserving: 96)
        json.beginObject()
        json.field("ev", "ballot_stored")
        json.field("poll", ballot.poll.text)
        json.field("attempt_id", ballot.attempt)
        json.endObject()
        for endpoint in home.presence.endpoints(of: ballot.participant) {
            post(.direct(endpoint.connection, json.bytes), to: Int(endpoint.reactor))
        }
    }

    /// Reads the ballots of a poll that could not be read with the room.
    func askForAll(_ poll: PollID, _ home: RoomHome) {
        guard home.room.poll(poll) != nil else { return }
        let ticket = tickets.issue(.ownAll(room: home.handle, poll: poll), reactor: index)
        if node.ballots.own(room: home.key, poll: poll, ticket: ticket) { return }
        _ = tickets.redeem(ticket)
        owe(.ownAll(poll), home)
    }

    /// Reads one participant's ballot anew.
    func askAgain(_ ballot: BallotInQuestion, _ home: RoomHome) {
        guard home.room.poll(ballot.poll) != nil else { return }
        let ticket = tickets.issue(.ownAgain(room: home.handle, ballot), reactor: index)
        if node.ballots.own(
            room: home.key, participant: ballot.participant, polls: [ballot.poll], ticket: ticket)
        {
            return
        }
        _ = tickets.redeem(ticket)
        owe(.own(ballot), home)
    }
}
