// The binary forms of the values inside a snapshot, writer beside reader so that they are read together.

extension BinaryWriter {
    mutating func list<T>(_ items: [T], _ write: (inout BinaryWriter, T) -> Void) {
        uint32(items.count)
        for item in items { write(&self, item) }
    }

    mutating func participants(_ ids: [ParticipantID]) { list(ids) { $0.shortString($1.raw) } }

    mutating func actor(_ actor: Actor) {
        shortString(actor.participant.raw)
        byte(actor.role.rawValue)
        string(actor.name)
    }

    mutating func chatEntry(_ entry: ChatEntry) {
        uint64(entry.message.id.seq)
        int64(entry.message.ts)
        actor(entry.message.author)
        string(entry.message.text)
        optional(entry.message.replyTo) { $0.uint64($1.seq) }
        bool(entry.deleted)
        list(entry.reactions) {
            $0.string($1.emoji)
            $0.participants($1.participants)
        }
    }

    mutating func poll(_ poll: Poll) {
        uint64(poll.id.seq)
        poll.draft.encode(to: &self)
        int64(poll.openedTs)
        optional(poll.closesTs) { $0.int64($1) }
        optional(poll.closedTs) { $0.int64($1) }
        bool(poll.revealed)
        optional(poll.results) { $1.encode(to: &$0) }
    }

    mutating func question(_ question: Question) {
        uint64(question.id.seq)
        int64(question.ts)
        actor(question.author)
        bool(question.anonymous)
        string(question.text)
        participants(question.upvoters)
        byte(question.status.rawValue)
        optional(question.answer) { $0.string($1) }
    }

    mutating func hand(_ hand: Hand) {
        shortString(hand.participant.raw)
        string(hand.name)
        int64(hand.ts)
        bool(hand.called)
    }

    mutating func announcement(_ announcement: Announcement) {
        uint64(announcement.id.seq)
        int64(announcement.ts)
        string(announcement.text)
        optional(announcement.link) { $0.string($1) }
        string(announcement.name)
    }
}

extension BinaryReader {
    /// A list of at most `max` items, each of which takes at least `bytesEach`.
    mutating func list<T>(
        max: Int, bytesEach: Int, _ read: (inout BinaryReader) throws(RoomDecodeError) -> T
    ) throws(RoomDecodeError) -> [T] {
        let count = try count(max: max, bytesEach: bytesEach, "list over its limit")
        var items: [T] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try read(&self)) }
        return items
    }

    /// A sorted set of participants.
    mutating func participants(max: Int) throws(RoomDecodeError) -> [ParticipantID] {
        let ids = try list(max: max, bytesEach: 2) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.participant()
        }
        guard zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 }) else { throw malformed("order of participants") }
        return ids
    }

    mutating func actor() throws(RoomDecodeError) -> Actor {
        let participant = try participant()
        let role = try choice(Role.self, "role")
        return Actor(participant: participant, name: try string(max: RoomLimits.nameBytesMax), role: role)
    }

    mutating func chatEntry() throws(RoomDecodeError) -> ChatEntry {
        let id = try sequenceID(MessageID.self)
        let ts = try timestamp()
        let author = try actor()
        let text = try string(max: RoomLimits.chatTextBytesMax)
        let replyTo: MessageID? = try bool() ? try sequenceID(MessageID.self) : nil
        let deleted = try bool()
        let reactions = try list(max: RoomLimits.emojiPerMessageMax, bytesEach: 8) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.reaction()
        }
        guard !deleted || (text.isEmpty && reactions.isEmpty) else { throw malformed("deleted message") }
        for (index, reaction) in reactions.enumerated() {
            if reactions[..<index].contains(where: { sameBytes($0.emoji, reaction.emoji) }) {
                throw malformed("reactions")
            }
        }
        let message = ChatMessage(id: id, ts: ts, author: author, text: text, replyTo: replyTo)
        return ChatEntry(message: message, deleted: deleted, reactions: reactions)
    }

    private mutating func reaction() throws(RoomDecodeError) -> Reaction {
        let emoji = try string(max: RoomLimits.emojiBytesMax)
        let participants = try participants(max: RoomLimits.reactionsMax)
        guard !emoji.isEmpty, !participants.isEmpty else { throw malformed("reaction") }
        return Reaction(emoji: emoji, participants: participants)
    }

    mutating func poll(open: Bool) throws(RoomDecodeError) -> Poll {
        let id = try sequenceID(PollID.self)
        let draft = try PollDraft(from: &self)
        guard draft.flaw == nil else { throw malformed("poll") }
        let openedTs = try timestamp()
        let closesTs: Int64? = try bool() ? try int64() : nil
        let closedTs: Int64? = try bool() ? try timestamp() : nil
        let revealed = try bool()
        let results: PollResults? = try bool() ? try PollResults(from: &self) : nil
        let planned = draft.durationS.map { openedTs + Int64($0) * 1_000 }
        guard open == (closedTs == nil), closesTs == planned, !open || !revealed else {
            throw malformed("poll")
        }
        if let results {
            guard !open, results.poll == id, results.counts.count == draft.options.count, results.areInRange else {
                throw malformed("results")
            }
        }
        return Poll(
            id: id, draft: draft, openedTs: openedTs, closesTs: closesTs, closedTs: closedTs, revealed: revealed,
            results: results)
    }

    mutating func question(open: Bool) throws(RoomDecodeError) -> Question {
        let id = try sequenceID(QuestionID.self)
        let ts = try timestamp()
        let author = try actor()
        let anonymous = try bool()
        let text = try string(max: RoomLimits.questionTextBytesMax)
        let upvoters = try participants(max: RoomLimits.upvotesMax)
        let status = try choice(QuestionStatus.self, "question status")
        let answer: String? = try bool() ? try string(max: RoomLimits.answerTextBytesMax) : nil
        guard open == (status == .open), answer == nil || status == .answered else { throw malformed("question") }
        return Question(
            id: id, ts: ts, author: author, anonymous: anonymous, text: text, upvoters: upvoters, status: status,
            answer: answer)
    }

    mutating func hand() throws(RoomDecodeError) -> Hand {
        let participant = try participant()
        let name = try string(max: RoomLimits.nameBytesMax)
        let ts = try timestamp()
        return Hand(participant: participant, name: name, ts: ts, called: try bool())
    }

    mutating func announcement() throws(RoomDecodeError) -> Announcement {
        let id = try sequenceID(AnnouncementID.self)
        let ts = try timestamp()
        let text = try string(max: RoomLimits.announcementBytesMax)
        let link: String? = try bool() ? try string(max: RoomLimits.linkBytesMax) : nil
        let name = try string(max: RoomLimits.nameBytesMax)
        return Announcement(id: id, ts: ts, text: text, link: link, name: name)
    }
}
