// The things that a room holds, as its accessors hand them out and events carry them. Values without behaviour beyond
// questions about themselves.

/// Everyone who reacts with one emoji to one message.
package struct Reaction: Equatable, Sendable {
    /// The emoji, compared as bytes.
    package let emoji: String
    /// Who reacts, ascending, each once; never empty.
    package internal(set) var participants: [ParticipantID]
}

/// A message with what became of it.
package struct ChatEntry: Equatable, Sendable {
    /// The message; its text is empty once deleted.
    package internal(set) var message: ChatMessage
    /// Whether a moderator deleted it.
    package internal(set) var deleted: Bool
    /// Reactions in order of first use; empty once deleted.
    package internal(set) var reactions: [Reaction]
}

/// A poll, open or closed.
package struct Poll: Equatable, Sendable {
    /// Its id.
    package let id: PollID
    /// What was asked for.
    package let draft: PollDraft
    /// Milliseconds since 1970 of its opening.
    package let openedTs: Int64
    /// Milliseconds since 1970 at which it closes by itself; nil: by hand.
    package let closesTs: Int64?
    /// Milliseconds since 1970 of the durable close; nil while open.
    package internal(set) var closedTs: Int64?
    /// Whether the close revealed results to members; false while open.
    package internal(set) var revealed: Bool
    /// The latest count; nil until the store has counted.
    package internal(set) var results: PollResults?

    /// Whether ballots are taken.
    package var isOpen: Bool { closedTs == nil }
    /// Whether the latest count is the last one.
    package var isFinal: Bool { results?.final ?? false }

    /// What is asked.
    package var question: String { draft.question }
    /// How it is answered.
    package var kind: PollKind { draft.kind }
    /// The options; a ballot names them by index.
    package var options: [String] { draft.options }
    /// Whether a participant may change the ballot while the poll is open.
    package var allowChange: Bool { draft.allowChange }
    /// When members see counts.
    package var show: PollShow { draft.show }

    /// The count as a view may see it now.
    package func results(for view: View) -> PollResults? {
        view == .moderator || revealed || draft.show == .live ? results : nil
    }

    /// The right options as a view may see them now: members only with the revealed results, never earlier.
    package func correct(for view: View) -> [Int]? {
        view == .moderator || (revealed && results != nil) ? draft.correct : nil
    }
}

/// What became of a question.
package enum QuestionStatus: UInt8, CaseIterable, Sendable {
    case open, answered, dismissed

    /// The name on the wire.
    package var text: String {
        switch self {
        case .open: "open"
        case .answered: "answered"
        case .dismissed: "dismissed"
        }
    }
}

/// A question to the teacher.
package struct Question: Equatable, Sendable {
    /// Its id.
    package let id: QuestionID
    /// Milliseconds since 1970 of its entry.
    package let ts: Int64
    /// The author; with `anonymous` for moderators only.
    package let author: Actor
    /// Whether peers must not learn the author.
    package let anonymous: Bool
    /// The text.
    package let text: String
    /// Who upvoted, ascending, each once.
    package internal(set) var upvoters: [ParticipantID]
    /// What became of it.
    package internal(set) var status: QuestionStatus
    /// The written answer; nil where it was answered aloud or not yet.
    package internal(set) var answer: String?
}

/// A raised hand.
package struct Hand: Equatable, Sendable {
    /// Whose.
    package let participant: ParticipantID
    /// The name at the time of raising.
    package let name: String
    /// Milliseconds since 1970 of raising: the order of the queue.
    package let ts: Int64
    /// Whether a moderator called this participant.
    package internal(set) var called: Bool
}

/// An announcement.
package struct Announcement: Equatable, Sendable {
    /// Its id.
    package let id: AnnouncementID
    /// Milliseconds since 1970 of its entry.
    package let ts: Int64
    /// The text.
    package let text: String
    /// An http or https address.
    package let link: String?
    /// The announcer's display name.
    package let name: String
}

/// A sorted set of participants by binary search: the one way this domain keeps a set in order.
extension [ParticipantID] {
    /// The place of an id, or where it would go.
    func place(of id: ParticipantID) -> (index: Int, found: Bool) {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < id { low = middle + 1 } else { high = middle }
        }
        return (low, low < count && self[low] == id)
    }

    /// Adds an id; false where it was there.
    mutating func insertSorted(_ id: ParticipantID) -> Bool {
        let (index, found) = place(of: id)
        if !found { insert(id, at: index) }
        return !found
    }

    /// Takes an id away; false where it was not there.
    mutating func removeSorted(_ id: ParticipantID) -> Bool {
        let (index, found) = place(of: id)
        if found { remove(at: index) }
        return found
    }
}
