// An event of the log as the bytes of one view. The only place where it is decided which members a view gets: right
// options before they are revealed, authors of anonymous questions and moderators' events never reach a peer's bytes.
// Writes in one pass, straight from the event; one call per view and event, never per participant.

package import LiveProtocol
package import Rooms

/// Encodes events of the log. Stateless; any thread.
package enum EventEncoder {
    /// Appends `{"ev":…,"seq":…,"ts":…,…}`. False, and nothing written, where the view does not get the event.
    package static func append(_ event: SequencedEvent, view: View, to json: inout JSONWriter) -> Bool {
        guard event.event.audience.contains(view) else { return false }
        json.beginObject()
        json.field("ev", static: name(of: event.event))
        json.field("seq", event.seq)
        json.field("ts", event.ts)
        appendMembers(event.event, view, &json)
        json.endObject()
        return true
    }

    /// Bytes of a `chat_message` that `append` wrote, without the text, for tails: the state may have dropped the
    /// message long ago; nil where they are another event. Quotes within values are escaped, so `,"text":"` can only
    /// be the member.
    package static func redacted(_ json: UnsafeRawBufferPointer) -> [UInt8]? {
        let start: StaticString = #"{"ev":"chat_message","#
        guard end(of: start, in: json) == start.utf8CodeUnitCount, let text = end(of: #","text":""#, in: json) else {
            return nil
        }
        var close = text
        while close < json.count, json[close] != UInt8(ascii: "\"") {
            close += json[close] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard close < json.count else { return nil }
        var bytes = Array(json[..<text])
        bytes.append(contentsOf: json[close...])
        guard end(of: #","deleted":true"#, in: json) == nil else { return bytes }
        bytes.removeLast()
        bytes.append(contentsOf: Array(#","deleted":true}"#.utf8))
        return bytes
    }

    private static func appendMembers(_ event: Event, _ view: View, _ json: inout JSONWriter) {
        switch event {
        case .chatMessage(let message): appendMessage(message, &json)
        case .chatDeleted(let message, let by):
            json.field("message", id: message)
            json.field("by", by)
        case .chatReaction(let reaction):
            json.field("message", id: reaction.message)
            json.field("emoji", reaction.emoji)
            json.field("count", reaction.count)
            json.field("from", reaction.from)
            json.field("on", reaction.on)
        case .pollStarted(let poll): appendPoll(poll, view, &json)
        case .pollClosed(let poll, _): json.field("poll", id: poll)
        case .pollResults(let published): appendResults(published, view, &json)
        case .questionAsked(let question): appendQuestion(question, view, &json)
        case .questionUpvoted(let question, let votes, _):
            json.field("question", id: question)
            json.field("votes", votes)
        case .questionAnswered(let question, let text, let by):
            json.field("question", id: question)
            if let text { json.field("text", text) }
            json.field("by", by)
        case .questionDismissed(let question, let by):
            json.field("question", id: question)
            json.field("by", by)
        case .announcement(let announcement): appendAnnouncement(announcement, &json)
        case .chatModeChanged(let mode, let slowS, let by):
            json.field("mode", mode.text)
            json.field("slow_s", slowS)
            json.field("by", by)
        case .handRaised, .handLowered, .handCalled, .participantMuted, .participantUnmuted, .participantRemoved,
            .participantBanned, .roomLocked, .roomEnded:
            appendParticipantMembers(event, &json)
        }
    }

    private static func appendParticipantMembers(_ event: Event, _ json: inout JSONWriter) {
        switch event {
        case .handRaised(let participant, let name):
            json.field("participant", participant)
            json.field("name", name)
        case .handLowered(let participant, let by):
            json.field("participant", participant)
            if let by { json.field("by", by) }
        case .handCalled(let participant, let by), .participantMuted(let participant, let by),
            .participantUnmuted(let participant, let by), .participantRemoved(let participant, let by),
            .participantBanned(let participant, let by):
            json.field("participant", participant)
            json.field("by", by)
        case .roomLocked(let locked, let by):
            json.field("locked", locked)
            json.field("by", by)
        case .roomEnded(let by): json.field("by", by)
        default: preconditionFailure("the caller names the events of participants and room")
        }
    }

    private static func appendMessage(_ message: ChatMessage, _ json: inout JSONWriter) {
        json.field("id", id: message.id)
        json.field("from", message.author.participant)
        json.field("name", message.author.name)
        json.field("role", message.author.role.text)
        json.field("text", message.text)
        if let replyTo = message.replyTo { json.field("reply_to", id: replyTo) }
        if message.isRedacted { json.field("deleted", true) }
    }

    private static func appendPoll(_ poll: Poll, _ view: View, _ json: inout JSONWriter) {
        json.field("poll", id: poll.id)
        json.field("question", poll.question)
        json.field("kind", poll.kind.text)
        json.field("options", poll.options)
        json.field("anonymous", poll.draft.anonymous)
        json.field("allow_change", poll.allowChange)
        json.field("show", poll.show.text)
        if let closesTs = poll.closesTs { json.field("closes_ts", closesTs) }
        if view == .moderator, let correct = poll.draft.correct { json.field("correct", correct) }
    }

    private static func appendResults(_ published: PublishedResults, _ view: View, _ json: inout JSONWriter) {
        let results = published.results
        json.field("poll", id: results.poll)
        json.field("counts", results.counts)
        json.field("total", results.total)
        json.field("revision", results.revision)
        json.field("final", results.final)
        if !results.pending.isEmpty { json.field("pending", results.pending) }
        if view == .moderator || published.revealed, let correct = published.correct { json.field("correct", correct) }
    }

    private static func appendQuestion(_ question: Question, _ view: View, _ json: inout JSONWriter) {
        json.field("id", id: question.id)
        json.field("text", question.text)
        if view == .moderator || !question.anonymous {
            json.field("from", question.author.participant)
            json.field("name", question.author.name)
        }
        json.field("anonymous", question.anonymous)
    }

    private static func appendAnnouncement(_ announcement: Announcement, _ json: inout JSONWriter) {
        json.field("id", id: announcement.id)
        json.field("text", announcement.text)
        if let link = announcement.link { json.field("link", link) }
        json.field("name", announcement.name)
    }

    /// Where the first occurrence of an ASCII pattern ends; nil: it does not occur.
    private static func end(of pattern: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        let length = pattern.utf8CodeUnitCount
        let wanted = UnsafeRawBufferPointer(start: pattern.utf8Start, count: length)
        var at = 0
        while at + length <= bytes.count {
            if bytes[at] == wanted[0], bytes[at..<at + length].elementsEqual(wanted) { return at + length }
            at += 1
        }
        return nil
    }
}

extension EventEncoder {
    /// The `ev` of an event.
    static func name(of event: Event) -> StaticString {
        switch event {
        case .chatMessage: "chat_message"
        case .chatDeleted: "chat_deleted"
        case .chatReaction: "chat_reaction"
        case .pollStarted: "poll_started"
        case .pollClosed: "poll_closed"
        case .pollResults: "poll_results"
        case .questionAsked: "question_asked"
        case .questionUpvoted: "question_upvoted"
        case .questionAnswered: "question_answered"
        case .questionDismissed: "question_dismissed"
        case .handRaised: "hand_raised"
        case .handLowered: "hand_lowered"
        case .handCalled: "hand_called"
        case .announcement: "announcement"
        case .chatModeChanged: "chat_mode_changed"
        case .participantMuted: "participant_muted"
        case .participantUnmuted: "participant_unmuted"
        case .participantRemoved: "participant_removed"
        case .participantBanned: "participant_banned"
        case .roomLocked: "room_locked"
        case .roomEnded: "room_ended"
        }
    }
}
