// How presence looks on the wire.

import LiveProtocol
import Rooms

enum PresenceEncoding {
    /// People up to which everybody is told names; above, members get counts and moderators page.
    static let namedPeopleMax = 100

    /// `{"participant":…,"name":…,"role":…}`
    static func append(_ actor: Actor, to json: inout JSONWriter) {
        json.beginObject()
        json.field("participant", actor.participant.raw)
        json.field("name", actor.name)
        json.field("role", actor.role.text)
        json.endObject()
    }

    /// The members of `presence` as it stands: everybody by name while the room is small.
    static func members(of book: PresenceBook, to json: inout JSONWriter) {
        json.field("count", book.count)
        guard book.count <= namedPeopleMax else { return }
        json.key("people")
        json.beginArray()
        for person in book.people { append(person.actor, to: &json) }
        json.endArray()
    }

    /// The `presence` event for a reader who missed some: who is here instead of what changed.
    static func event(whole book: PresenceBook) -> [UInt8] {
        var json = JSONWriter(reserving: 256)
        json.beginObject()
        json.field("ev", "presence")
        members(of: book, to: &json)
        json.endObject()
        return json.bytes
    }

    /// The `presence` event. With names for moderators, and for everybody in a small room.
    static func event(count: Int, joined: [Actor], left: [ParticipantID], named: Bool) -> [UInt8] {
        var json = JSONWriter(reserving: 128)
        json.beginObject()
        json.field("ev", "presence")
        json.field("count", count)
        if named {
            json.key("joined")
            json.beginArray()
            for actor in joined { append(actor, to: &json) }
            json.endArray()
            json.key("left")
            json.beginArray()
            for participant in left { json.string(participant.raw) }
            json.endArray()
        }
        json.endObject()
        return json.bytes
    }
}
