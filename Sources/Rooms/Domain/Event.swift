// What happened in a room: the events of the log as Docs/protocol.md names them. An event is a full description; which
// members a view gets is the encoder's business, which views get it at all is said here (`audience`).

/// A chat message as it was sent.
package struct ChatMessage: Equatable, Sendable {
    /// Its id.
    package let id: MessageID
    /// Milliseconds since 1970 of its entry.
    package let ts: Int64
    /// The author.
    package let author: Actor
    /// The text; empty once redacted, since a sent text never is.
    package var text: String
    /// The message that it answers.
    package let replyTo: MessageID?

    /// Whether the text was taken away by a deletion.
    package var isRedacted: Bool { text.isEmpty }
}

/// A change of one participant's reaction.
package struct ChatReaction: Equatable, Sendable {
    /// The message.
    package let message: MessageID
    /// The emoji; 1 to 32 bytes, compared as bytes.
    package let emoji: String
    /// How many participants react with it now.
    package let count: Int
    /// Who changed the reaction.
    package let from: ParticipantID
    /// Whether it was added or taken back.
    package let on: Bool
}

/// The results of a poll with what decides who sees them.
package struct PublishedResults: Equatable, Sendable {
    /// The count.
    package let results: PollResults
    /// Whether the close revealed the results to members.
    package let revealed: Bool
    /// Whether members saw the counts all along.
    package let show: PollShow
    /// The right options; for moderators, and for members once revealed.
    package let correct: [Int]?
}

/// One event of the log. `by` is always a moderator or the system.
package enum Event: Equatable, Sendable {
    case chatMessage(ChatMessage)
    case chatDeleted(message: MessageID, by: ParticipantID)
    case chatReaction(ChatReaction)
    case pollStarted(Poll)
    /// `revealed`: whether the results to come are the members' too. Not on the wire.
    case pollClosed(PollID, revealed: Bool)
    case pollResults(PublishedResults)
    case questionAsked(Question)
    case questionUpvoted(question: QuestionID, votes: Int, by: ParticipantID)
    case questionAnswered(question: QuestionID, text: String?, by: ParticipantID)
    case questionDismissed(question: QuestionID, by: ParticipantID)
    case handRaised(participant: ParticipantID, name: String)
    /// `by`: the moderator; nil where the participant did it.
    case handLowered(participant: ParticipantID, by: ParticipantID?)
    case handCalled(participant: ParticipantID, by: ParticipantID)
    case announcement(Announcement)
    case chatModeChanged(mode: ChatMode, slowS: Int, by: ParticipantID)
    case participantMuted(ParticipantID, by: ParticipantID)
    case participantUnmuted(ParticipantID, by: ParticipantID)
    case participantRemoved(ParticipantID, by: ParticipantID)
    case participantBanned(ParticipantID, by: ParticipantID)
    case roomLocked(locked: Bool, by: ParticipantID)
    case roomEnded(by: ParticipantID)

    /// The views that get this event.
    package var audience: ViewSet {
        switch self {
        case .participantMuted, .participantUnmuted, .participantRemoved, .participantBanned: .moderator
        case .pollResults(let published): published.revealed || published.show == .live ? .all : .moderator
        case .chatMessage, .chatDeleted, .chatReaction, .pollStarted, .pollClosed, .questionAsked, .questionUpvoted,
            .questionAnswered, .questionDismissed, .handRaised, .handLowered, .handCalled, .announcement,
            .chatModeChanged, .roomLocked, .roomEnded:
            .all
        }
    }

    /// The one participant whom the event changes beyond what the views show: gets a `you` (muted, hand, upvotes) or,
    /// after removal and ban, is closed with 4403. nil: nobody.
    package var directed: ParticipantID? {
        switch self {
        case .participantMuted(let participant, _), .participantUnmuted(let participant, _),
            .participantRemoved(let participant, _), .participantBanned(let participant, _),
            .handRaised(let participant, _), .handLowered(let participant, _):
            participant
        case .questionUpvoted(_, _, let participant): participant
        case .chatMessage, .chatDeleted, .chatReaction, .pollStarted, .pollClosed, .pollResults, .questionAsked,
            .questionAnswered, .questionDismissed, .handCalled, .announcement, .chatModeChanged, .roomLocked,
            .roomEnded:
            nil
        }
    }

    /// The seq whose text must go from tail, history, replay and record; nil for all but deletions.
    package var redacts: UInt64? {
        guard case .chatDeleted(let message, _) = self else { return nil }
        return message.seq
    }

    /// The event without its text, for tails that keep events rather than entries; nil where it is no message.
    package var redacted: Event? {
        guard case .chatMessage(var message) = self else { return nil }
        message.text = ""
        return .chatMessage(message)
    }
}

/// An event at its place in the log.
package struct SequencedEvent: Equatable, Sendable {
    /// The place in the room's log.
    package let seq: UInt64
    /// Milliseconds since 1970.
    package let ts: Int64
    /// What happened.
    package let event: Event

    /// An event at its place.
    package init(seq: UInt64, ts: Int64, event: Event) {
        self.seq = seq
        self.ts = ts
        self.event = event
    }
}
