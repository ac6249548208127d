// The state of one room: what `apply` writes and snapshots show. A value without clock, randomness or I/O; every
// collection is bounded by RoomLimits and walked in an order of its own. Rules stand in RoomJudge*, effects in
// RoomPerform*, bytes in RoomSnapshot*.

/// One room, as the log made it up to `seq`. Owned by the room's home reactor; copied to hand a snapshot on.
package struct Room: Sendable {
    /// The room's address.
    package let key: RoomKey
    /// The seq of the last applied entry; 0 before the first.
    package internal(set) var seq: UInt64 = 0
    /// The greatest ts of any applied entry, milliseconds since 1970.
    package internal(set) var ts: Int64 = 0

    /// Who may write.
    package internal(set) var chatMode: ChatMode = .open
    /// Seconds between two messages of a student in mode `slow`; 0 in the others.
    package internal(set) var slowS = 0
    /// Whether joins are refused.
    package internal(set) var locked = false
    /// Whether the class is over: everything gets `closed`.
    package internal(set) var ended = false
    /// Muted participants, ascending.
    package internal(set) var muted: [ParticipantID] = []
    /// Banned participants, ascending.
    package internal(set) var banned: [ParticipantID] = []
    /// The last five announcements, oldest first.
    package internal(set) var announcements: [Announcement] = []

    var messages = RecentRing<ChatEntry>(capacity: RoomLimits.chatKept)
    var messageIndex = MessageIndex()
    var reactionCount = 0
    /// Students who wrote in slow mode and when, longest ago first.
    var slowWriters = OrderedMap<ParticipantID, Int64>()
    /// In order of opening.
    var pollsOpen: [Poll] = []
    /// In order of closing.
    var pollsClosed: [Poll] = []
    /// In order of asking.
    var questionsOpen: [Question] = []
    /// In order of settling.
    var questionsSettled: [Question] = []
    var upvoteCount = 0
    /// In order of raising.
    var raisedHands = OrderedMap<ParticipantID, Hand>()
    var outcomes = OutcomeTable()

    /// An empty room.
    package init(key: RoomKey) { self.key = key }
}

extension Room {
    /// The last 50 messages, oldest first. A copy: for snapshots.
    package var chat: [ChatEntry] { messages.elements }

    /// Open polls and the last 10 closed, in order of opening. A copy: for snapshots.
    package var polls: [Poll] {
        var shown = pollsOpen + pollsClosed.suffix(RoomLimits.pollsClosedShown)
        shown.sort { $0.id < $1.id }
        return shown
    }

    /// Open polls in order of opening.
    package var openPolls: [Poll] { pollsOpen }

    /// A poll that is open or among the last 32 closed.
    package func poll(_ id: PollID) -> Poll? {
        pollsOpen.first { $0.id == id } ?? pollsClosed.last { $0.id == id }
    }

    /// Open questions and the last 50 others, in order of asking. A copy: for snapshots.
    package var questions: [Question] {
        var shown = questionsOpen + questionsSettled
        shown.sort { $0.id < $1.id }
        return shown
    }

    /// A question that is open or among the last 50 others.
    package func question(_ id: QuestionID) -> Question? {
        questionsOpen.first { $0.id == id } ?? questionsSettled.last { $0.id == id }
    }

    /// Raised hands in order of raising. A copy: for snapshots.
    package var hands: [Hand] { raisedHands.map { $1 } }

    /// Whether a participant's hand is up.
    package func hasHandUp(_ participant: ParticipantID) -> Bool { raisedHands[participant] != nil }

    /// Whether a participant is muted.
    package func isMuted(_ participant: ParticipantID) -> Bool { muted.place(of: participant).found }

    /// Whether a participant is banned.
    package func isBanned(_ participant: ParticipantID) -> Bool { banned.place(of: participant).found }

    /// The kept questions that a participant upvoted, in order of asking; for `you`.
    package func upvotes(of participant: ParticipantID) -> [QuestionID] {
        guard upvoteCount > 0 else { return [] }
        var ids: [QuestionID] = []
        for list in [questionsOpen, questionsSettled] {
            for question in list where question.upvoters.place(of: participant).found { ids.append(question.id) }
        }
        ids.sort()
        return ids
    }

    /// The kept messages that a participant reacts to with the emoji of each, oldest message first; for `you`.
    package func reactions(of participant: ParticipantID) -> [(message: MessageID, emoji: [String])] {
        guard reactionCount > 0 else { return [] }
        var own: [(message: MessageID, emoji: [String])] = []
        for entry in messages.elements where !entry.reactions.isEmpty {
            let emoji = entry.reactions.filter { $0.participants.place(of: participant).found }.map(\.emoji)
            if !emoji.isEmpty { own.append((entry.message.id, emoji)) }
        }
        return own
    }

    /// The reply facts of an accepted command within the window of idempotency; nil: not known (any more).
    package func outcome(of participant: ParticipantID, id: CommandID) -> Outcome? {
        outcomes.outcome(participant, id)
    }

    /// Polls that close by themselves, in order of opening: what a timer is to be set for. On load, those whose
    /// deadline has passed are fired at once.
    package var deadlines: [(poll: PollID, deadline: Int64)] {
        pollsOpen.compactMap { poll in poll.closesTs.map { (poll.id, $0) } }
    }

    /// Whether a participant who is outside may come in; nil: yes. A lock does not concern moderators, nor anyone who
    /// is inside already: that the caller knows.
    package func admits(participant: ParticipantID, role: Role) -> Rejection? {
        if participant == .system { return Rejection(.forbidden, "This name is the server's own.") }
        if isBanned(participant) { return Rejection(.forbidden, "You were banned from this room.") }
        if locked, !role.isModerator { return Rejection(.forbidden, "The room is locked.") }
        return nil
    }
}
