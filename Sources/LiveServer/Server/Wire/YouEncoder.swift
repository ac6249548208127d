// The `you` object: what belongs to one participant and therefore stands outside the shared `state`.

package import LiveProtocol
package import Rooms

/// A participant's own ballot, as the store or the node's journal holds it.
package struct OwnBallotFact: Equatable, Sendable {
    /// The poll.
    package let poll: PollID
    /// The client's `attempt_id`.
    package let attempt: String
    /// Bit i: option i was chosen.
    package let choices: UInt64
    /// Whether the store holds it (`"durable":"store"`), not only this node's journal.
    package let stored: Bool

    /// A ballot.
    package init(poll: PollID, attempt: String, choices: UInt64, stored: Bool) {
        self.poll = poll
        self.attempt = attempt
        self.choices = choices
        self.stored = stored
    }
}

/// Encodes `you`. Stateless; any thread.
package enum YouEncoder {
    /// The whole `you` object of a participant in the present state.
    package static func you(actor: Actor, room: Room, ballots: [OwnBallotFact]) -> [UInt8] {
        var json = JSONWriter(reserving: 256)
        json.beginObject()
        json.field("participant", actor.participant)
        json.field("name", actor.name)
        json.field("role", actor.role.text)
        json.field("muted", room.isMuted(actor.participant))
        json.field("hand", room.hasHandUp(actor.participant))
        json.key("upvotes")
        json.beginArray()
        for question in room.upvotes(of: actor.participant) { json.id(question) }
        json.endArray()
        json.key("reactions")
        json.beginObject()
        for (message, emoji) in room.reactions(of: actor.participant) {
            json.key(dynamic: message.text)
            json.beginArray()
            for one in emoji { json.string(one) }
            json.endArray()
        }
        json.endObject()
        json.key("ballots")
        json.beginArray()
        for ballot in ballots {
            let severalBits = ballot.choices.nonzeroBitCount != 1
            append(ballot, several: room.poll(ballot.poll)?.kind.acceptsSeveral ?? severalBits, to: &json)
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    /// `choice`, or `choices` in ascending order where the poll takes several, as members of the open object.
    package static func appendChoices(_ choices: UInt64, several: Bool, to json: inout JSONWriter) {
        if several {
            json.key("choices")
            json.beginArray()
            var rest = choices
            while rest != 0 {
                json.integer(rest.trailingZeroBitCount)
                rest &= rest - 1
            }
            json.endArray()
        } else {
            json.field("choice", choices.trailingZeroBitCount)
        }
    }

    private static func append(_ ballot: OwnBallotFact, several: Bool, to json: inout JSONWriter) {
        json.beginObject()
        json.field("poll", id: ballot.poll)
        json.field("attempt_id", ballot.attempt)
        appendChoices(ballot.choices, several: several, to: &json)
        json.field("durable", static: ballot.stored ? "store" : "node")
        json.endObject()
    }
}
