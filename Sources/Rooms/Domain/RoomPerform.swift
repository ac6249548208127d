// The effects: what an accepted entry does to the state, and the event that tells of it. Called by `apply` alone, after
// the rules agreed; what is looked up here was found there.

extension Room {
    /// Changes the state by an entry that the rules accepted.
    mutating func perform(_ entry: LogEntry) -> Event {
        let actor = entry.proposal.actor
        let by = actor.participant
        switch entry.proposal.command {
        case .chatSend(let text, let replyTo): return addMessage(entry, text, replyTo)
        case .chatDelete(let message): return deleteMessage(message, by)
        case .chatReact(let message, let emoji, let on): return react(by, message, emoji, on)
        case .pollOpen(let draft): return openPoll(entry, draft)
        case .pollClose(let poll, let reveal, let closedTs): return closePoll(poll, reveal, closedTs ?? entry.ts)
        case .pollResults(let results): return publish(results)
        case .questionAsk(let text, let anonymous): return ask(entry, text, anonymous)
        case .questionUpvote(let question): return upvote(question, by)
        case .questionAnswer(let question, let text):
            settle(question, as: .answered, answer: text)
            return .questionAnswered(question: question, text: text, by: by)
        case .questionDismiss(let question):
            settle(question, as: .dismissed, answer: nil)
            return .questionDismissed(question: question, by: by)
        case .handRaise: return raiseHand(entry)
        case .handLower(let target):
            let participant = target ?? by
            raisedHands.remove(participant)
            return .handLowered(participant: participant, by: participant == by ? nil : by)
        case .handCall(let target):
            raisedHands.update(target) { $0.called = true }
            return .handCalled(participant: target, by: by)
        case .announce(let text, let link): return addAnnouncement(entry, text, link)
        case .mute(let target):
            _ = muted.insertSorted(target)
            return .participantMuted(target, by: by)
        case .unmute(let target):
            _ = muted.removeSorted(target)
            return .participantUnmuted(target, by: by)
        case .remove(let target): return .participantRemoved(target, by: by)
        case .ban(let target):
            _ = banned.insertSorted(target)
            return .participantBanned(target, by: by)
        case .chatMode(let mode, let seconds): return setChatMode(mode, seconds, by)
        case .roomLock(let lock):
            locked = lock
            return .roomLocked(locked: lock, by: by)
        case .roomEnd:
            ended = true
            return .roomEnded(by: by)
        }
    }

    private mutating func addMessage(_ entry: LogEntry, _ text: String, _ replyTo: MessageID?) -> Event {
        let actor = entry.proposal.actor
        let message = ChatMessage(
            id: MessageID(seq: entry.seq), ts: entry.ts, author: actor, text: text, replyTo: replyTo)
        if let leaving = messages.append(ChatEntry(message: message, deleted: false, reactions: [])) {
            reactionCount -= leaving.reactions.reduce(0) { $0 + $1.participants.count }
        }
        messageIndex.insert(entry.seq)
        if chatMode == .slow, !actor.role.isModerator { noteSlowWriter(actor.participant) }
        return .chatMessage(message)
    }

    /// The rules let a writer through only once its last message is out of the window, so all that is out of it stands
    /// at the front and each participant at most once.
    private mutating func noteSlowWriter(_ participant: ParticipantID) {
        while let (oldest, last) = slowWriters.first,
            last + Int64(slowS) * 1_000 <= ts || slowWriters.count >= RoomLimits.slowWritersMax
        {
            slowWriters.remove(oldest)
        }
        slowWriters.append(participant, ts)
    }

    private mutating func deleteMessage(_ id: MessageID, _ by: ParticipantID) -> Event {
        messageIndex.remove(id.seq)
        if let index = messages.lastIndex(where: { $0.message.id == id }) {
            reactionCount -= messages[index].reactions.reduce(0) { $0 + $1.participants.count }
            messages[index].message.text = ""
            messages[index].deleted = true
            messages[index].reactions = []
        }
        return .chatDeleted(message: id, by: by)
    }

    private mutating func react(_ from: ParticipantID, _ id: MessageID, _ emoji: String, _ on: Bool) -> Event {
        guard let index = messages.lastIndex(where: { $0.message.id == id }) else {
            preconditionFailure("the rules found this message")
        }
        let place = messages[index].reactions.firstIndex { sameBytes($0.emoji, emoji) }
        var count = 0
        if on, let place {
            if messages[index].reactions[place].participants.insertSorted(from) { reactionCount += 1 }
            count = messages[index].reactions[place].participants.count
        } else if on {
            messages[index].reactions.append(Reaction(emoji: emoji, participants: [from]))
            reactionCount += 1
            count = 1
        } else if let place {
            if messages[index].reactions[place].participants.removeSorted(from) { reactionCount -= 1 }
            count = messages[index].reactions[place].participants.count
            if count == 0 { messages[index].reactions.remove(at: place) }
        }
        return .chatReaction(ChatReaction(message: id, emoji: emoji, count: count, from: from, on: on))
    }

    private mutating func ask(_ entry: LogEntry, _ text: String, _ anonymous: Bool) -> Event {
        let question = Question(
            id: QuestionID(seq: entry.seq), ts: entry.ts, author: entry.proposal.actor, anonymous: anonymous,
            text: text, upvoters: [], status: .open, answer: nil)
        questionsOpen.append(question)
        return .questionAsked(question)
    }

    private mutating func upvote(_ id: QuestionID, _ by: ParticipantID) -> Event {
        let index = openQuestion(id)
        if questionsOpen[index].upvoters.insertSorted(by) { upvoteCount += 1 }
        return .questionUpvoted(question: id, votes: questionsOpen[index].upvoters.count, by: by)
    }

    private mutating func settle(_ id: QuestionID, as status: QuestionStatus, answer: String?) {
        var question = questionsOpen.remove(at: openQuestion(id))
        question.status = status
        question.answer = answer
        questionsSettled.append(question)
        if questionsSettled.count > RoomLimits.questionsSettledKept {
            upvoteCount -= questionsSettled.removeFirst().upvoters.count
        }
    }

    private func openQuestion(_ id: QuestionID) -> Int {
        guard let index = questionsOpen.firstIndex(where: { $0.id == id }) else {
            preconditionFailure("the rules found this question open")
        }
        return index
    }

    /// A hand that waits keeps its place; one that was called asks anew and goes to the end.
    private mutating func raiseHand(_ entry: LogEntry) -> Event {
        let actor = entry.proposal.actor
        let hand = Hand(participant: actor.participant, name: actor.name, ts: entry.ts, called: false)
        if let held = raisedHands[actor.participant], held.called { raisedHands.remove(actor.participant) }
        if raisedHands[actor.participant] == nil { raisedHands.append(actor.participant, hand) }
        return .handRaised(participant: actor.participant, name: actor.name)
    }

    private mutating func addAnnouncement(_ entry: LogEntry, _ text: String, _ link: String?) -> Event {
        let announcement = Announcement(
            id: AnnouncementID(seq: entry.seq), ts: entry.ts, text: text, link: link, name: entry.proposal.actor.name)
        announcements.append(announcement)
        if announcements.count > RoomLimits.announcementsKept { announcements.removeFirst() }
        return .announcement(announcement)
    }

    private mutating func setChatMode(_ mode: ChatMode, _ seconds: Int, _ by: ParticipantID) -> Event {
        chatMode = mode
        slowS = mode == .slow ? seconds : 0
        slowWriters = OrderedMap()
        return .chatModeChanged(mode: mode, slowS: slowS, by: by)
    }
}
