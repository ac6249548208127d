// The rules: whether a command has an effect on a state at a time. Pure questions, in one order for every command:
// ban, role, end of the class, then what the command itself needs.
// Commands that set a state (react, mute, lock, raise) may repeat it without harm; those that count (upvote) may not.

extension Room {
    /// Why a command has no effect; nil: it has one. Idempotency was asked before.
    func judge(_ proposal: Proposal, at now: Int64) -> Rejection? {
        let actor = proposal.actor
        if let rejection = judgeStanding(proposal) { return rejection }
        switch proposal.command {
        case .chatSend(let text, let replyTo): return judgeChatSend(actor, text, replyTo, now)
        case .chatDelete(let message): return judgeChatDelete(message)
        case .chatReact(let message, let emoji, let on): return judgeReaction(actor, message, emoji, on)
        case .pollOpen(let draft): return judgePollOpen(draft)
        case .pollClose(let poll, _, let closedTs): return judgePollClose(proposal, poll, closedTs, now)
        case .pollResults(let results): return judgePollResults(results)
        case .questionAsk(let text, _): return judgeQuestionAsk(actor, text)
        case .questionUpvote(let question): return judgeUpvote(actor, question)
        case .questionAnswer(let question, let text):
            if let text, !(1...RoomLimits.answerTextBytesMax).contains(text.utf8.count) {
                return Rejection(.badRequest, "An answer has 1 to 2,000 characters.")
            }
            return judgeOpenQuestion(question)
        case .questionDismiss(let question): return judgeOpenQuestion(question)
        case .handRaise:
            guard raisedHands.count < RoomLimits.handsMax || hasHandUp(actor.participant) else {
                return Self.overloaded("Too many hands are up.")
            }
            return nil
        case .handLower(let target):
            let participant = target ?? actor.participant
            guard participant == actor.participant || actor.role.isModerator else { return Self.forbidden }
            return hasHandUp(participant) ? nil : Rejection(.notFound, "This hand is not up.")
        case .handCall(let target):
            return hasHandUp(target) ? nil : Rejection(.notFound, "This hand is not up.")
        case .announce(let text, let link): return judgeAnnouncement(text, link)
        case .mute(let target):
            return judgeTarget(target, by: actor, in: muted, max: RoomLimits.mutedMax)
        case .ban(let target):
            return judgeTarget(target, by: actor, in: banned, max: RoomLimits.bannedMax)
        case .unmute(let target), .remove(let target):
            return judgeTarget(target, by: actor, in: [], max: 1)
        case .chatMode(let mode, let slowS):
            guard mode != .slow || (1...RoomLimits.slowSecondsMax).contains(slowS) else {
                return Rejection(.badRequest, "slow_s is 1 to 3,600 seconds.")
            }
            return nil
        case .roomLock, .roomEnd: return nil
        }
    }

    /// What holds for every command: ban, role, and the end of the class. What the server itself adds to a poll comes
    /// through after the end, since late ballots are not lost.
    private func judgeStanding(_ proposal: Proposal) -> Rejection? {
        let actor = proposal.actor
        let kind = proposal.command.kind
        if actor.isSystem {
            return kind == .pollClose || kind == .pollResults ? nil : Self.forbidden
        }
        if actor.participant == .system || kind == .pollResults { return Self.forbidden }
        if isBanned(actor.participant) { return Rejection(.forbidden, "You were banned from this room.") }
        if actor.role < kind.minimumRole { return Self.forbidden }
        if ended { return Rejection(.closed, "The class is over.") }
        return nil
    }

    private func judgeChatSend(_ actor: Actor, _ text: String, _ replyTo: MessageID?, _ now: Int64) -> Rejection? {
        guard text.utf8.count <= RoomLimits.chatTextBytesMax else {
            return Rejection(.badRequest, "A message has 1 to 2,000 characters.")
        }
        if isMuted(actor.participant) { return Self.isMutedRejection }
        switch chatMode {
        case .open: break
        case .slow:
            if !actor.role.isModerator, let last = slowWriters[actor.participant] {
                let waitMs = last + Int64(slowS) * 1_000 - now
                if waitMs > 0 {
                    return Rejection(.rateLimited, "The chat is in slow mode.", retryAfterMs: waitMs)
                }
            }
        case .moderators:
            guard actor.role.isModerator else { return Rejection(.forbidden, "Only moderators write now.") }
        case .off: return Rejection(.closed, "The chat is off.")
        }
        if let replyTo, messageIndex[replyTo.seq] != .message {
            return Rejection(.notFound, "The message it answers does not exist.")
        }
        return nil
    }

    private func judgeChatDelete(_ message: MessageID) -> Rejection? {
        guard message.seq > 0, messageIndex[message.seq] != .noMessage else {
            return Rejection(.notFound, "This message does not exist.")
        }
        return nil
    }

    private func judgeReaction(_ actor: Actor, _ message: MessageID, _ emoji: String, _ on: Bool) -> Rejection? {
        guard (1...RoomLimits.emojiBytesMax).contains(emoji.utf8.count) else {
            return Rejection(.badRequest, "An emoji has 1 to 32 bytes.")
        }
        if isMuted(actor.participant) { return Self.isMutedRejection }
        if chatMode == .off { return Rejection(.closed, "The chat is off.") }
        guard let index = messages.lastIndex(where: { $0.message.id == message }), !messages[index].deleted else {
            return Rejection(.notFound, "This message does not exist or is too old.")
        }
        guard on else { return nil }
        let reactions = messages[index].reactions
        let held = reactions.first { sameBytes($0.emoji, emoji) }
        if let held, held.participants.place(of: actor.participant).found { return nil }
        if held == nil, reactions.count >= RoomLimits.emojiPerMessageMax {
            return Self.overloaded("This message has too many different reactions.")
        }
        return reactionCount < RoomLimits.reactionsMax ? nil : Self.overloaded("The room has too many reactions.")
    }

    private func judgeQuestionAsk(_ actor: Actor, _ text: String) -> Rejection? {
        guard (1...RoomLimits.questionTextBytesMax).contains(text.utf8.count) else {
            return Rejection(.badRequest, "A question has 1 to 1,000 characters.")
        }
        if isMuted(actor.participant) { return Self.isMutedRejection }
        guard questionsOpen.count < RoomLimits.questionsOpenMax else {
            return Self.overloaded("Too many questions are open.")
        }
        return nil
    }

    private func judgeUpvote(_ actor: Actor, _ id: QuestionID) -> Rejection? {
        if let rejection = judgeOpenQuestion(id) { return rejection }
        if let question = question(id), question.upvoters.place(of: actor.participant).found {
            return Rejection(.conflict, "You upvoted this question already.")
        }
        return upvoteCount < RoomLimits.upvotesMax ? nil : Self.overloaded("The room has too many upvotes.")
    }

    private func judgeOpenQuestion(_ id: QuestionID) -> Rejection? {
        guard let question = question(id) else { return Rejection(.notFound, "This question does not exist.") }
        return question.status == .open ? nil : Rejection(.closed, "This question is settled.")
    }

    private func judgeAnnouncement(_ text: String, _ link: String?) -> Rejection? {
        guard (1...RoomLimits.announcementBytesMax).contains(text.utf8.count) else {
            return Rejection(.badRequest, "An announcement has 1 to 2,000 characters.")
        }
        guard let link else { return nil }
        return (1...RoomLimits.linkBytesMax).contains(link.utf8.count)
            ? nil : Rejection(.badRequest, "A link has 1 to 2,048 bytes.")
    }

    private func judgeTarget(
        _ target: ParticipantID, by actor: Actor, in list: [ParticipantID], max: Int
    ) -> Rejection? {
        guard target != actor.participant, target != .system else {
            return Rejection(.badRequest, "This is not done to oneself or to the server.")
        }
        return list.count < max || list.place(of: target).found ? nil : Self.overloaded("The list is full.")
    }

    static var forbidden: Rejection { Rejection(.forbidden, "Your role may not do this.") }

    static func overloaded(_ message: String) -> Rejection {
        Rejection(.overloaded, message, retryAfterMs: RoomLimits.overloadedRetryMs)
    }

    private static var isMutedRejection: Rejection { Rejection(.muted, "You are muted.") }
}
