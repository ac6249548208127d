// The `state` object of `welcome` for one view. The same rules of who sees what as in EventEncoder, and the only other
// place for them. Encoded once a view and version by the room's home, shared by every join.

import LiveProtocol
package import Rooms

/// Encodes a room's state. Stateless; any thread.
package enum SnapshotEncoder {
    /// The `state` object as a view may see it.
    package static func state(_ room: Room, view: View) -> [UInt8] {
        var json = JSONWriter(reserving: 4_096)
        json.beginObject()
        json.field("chat_mode", room.chatMode.text)
        json.field("slow_s", room.slowS)
        json.field("locked", room.locked)
        json.field("ended", room.ended)
        list("chat", room.chat, &json) { append($0, &$1) }
        list("polls", room.polls, &json) { append($0, view, &$1) }
        list("questions", room.questions, &json) { append($0, view, &$1) }
        list("hands", room.hands, &json) { append($0, &$1) }
        list("announcements", room.announcements, &json) { append($0, &$1) }
        if view == .moderator {
            json.field("muted", room.muted.map(\.raw))
            json.field("banned", room.banned.map(\.raw))
        }
        json.endObject()
        return json.bytes
    }

    private static func list<T>(
        _ name: StaticString, _ items: [T], _ json: inout JSONWriter, _ append: (T, inout JSONWriter) -> Void
    ) {
        json.key(name)
        json.beginArray()
        for item in items {
            json.beginObject()
            append(item, &json)
            json.endObject()
        }
        json.endArray()
    }

    private static func append(_ entry: ChatEntry, _ json: inout JSONWriter) {
        let message = entry.message
        json.field("id", id: message.id)
        json.field("seq", message.id.seq)
        json.field("ts", message.ts)
        json.field("from", message.author.participant)
        json.field("name", message.author.name)
        json.field("role", message.author.role.text)
        json.field("text", message.text)
        if let replyTo = message.replyTo { json.field("reply_to", id: replyTo) }
        if entry.deleted || message.isRedacted { json.field("deleted", true) }
        json.key("reactions")
        json.beginObject()
        for reaction in entry.reactions {
            json.key(dynamic: reaction.emoji)
            json.integer(reaction.participants.count)
        }
        json.endObject()
    }

    /// The members of a poll.
    static func append(_ poll: Poll, _ view: View, _ json: inout JSONWriter) {
        json.field("poll", id: poll.id)
        json.field("question", poll.question)
        json.field("kind", poll.kind.text)
        json.field("options", poll.options)
        json.field("anonymous", poll.draft.anonymous)
        json.field("allow_change", poll.allowChange)
        json.field("show", poll.show.text)
        json.field("opened_ts", poll.openedTs)
        if let closesTs = poll.closesTs { json.field("closes_ts", closesTs) }
        json.field("open", poll.isOpen)
        if let results = poll.results(for: view) {
            json.field("counts", results.counts)
            json.field("total", results.total)
            json.field("revision", results.revision)
            json.field("final", results.final)
            if !results.pending.isEmpty { json.field("pending", results.pending) }
        }
        if let correct = poll.correct(for: view) { json.field("correct", correct) }
    }

    private static func append(_ question: Question, _ view: View, _ json: inout JSONWriter) {
        json.field("id", id: question.id)
        json.field("ts", question.ts)
        json.field("text", question.text)
        if view == .moderator || !question.anonymous {
            json.field("from", question.author.participant)
            json.field("name", question.author.name)
        }
        if question.anonymous { json.field("anonymous", true) }
        json.field("votes", question.upvoters.count)
        json.field("status", question.status.text)
        if let answer = question.answer { json.field("answer", answer) }
    }

    private static func append(_ hand: Hand, _ json: inout JSONWriter) {
        json.field("participant", hand.participant)
        json.field("name", hand.name)
        json.field("ts", hand.ts)
        if hand.called { json.field("called", true) }
    }

    private static func append(_ announcement: Announcement, _ json: inout JSONWriter) {
        json.field("id", id: announcement.id)
        json.field("ts", announcement.ts)
        json.field("text", announcement.text)
        if let link = announcement.link { json.field("link", link) }
        json.field("name", announcement.name)
    }
}
