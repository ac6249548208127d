// Throws commands: mostly such that the room's state accepts them, partly such that it must not (unknown ids, settled
// questions, foreign roles, texts over the limit), so that both sides of every rule are met.

package import Rooms

/// Random commands against a state.
package struct CommandDice: Sendable {
    /// Right options stand under these words only, so that a peer's bytes can be searched for them.
    package static let quizOptions = ["yes", "no", "maybe"]

    private static let emoji = ["👍", "❤️", "😂", "e\u{301}", "é", "🏳️‍🌈"]
    private static let texts = ["hello", "Grüße an alle", "a\n\tb", "\"quoted\" \\ <b>", "日本語", "x"]

    /// A command that this actor might send in this state.
    package static func throwFor(_ actor: Actor, in room: Room, cast: Cast, _ random: inout SeededRandom) -> Command {
        if Cast.isSecret(actor) { return secret(in: room, &random) }
        switch random.below(100) {
        case 0..<34: return .chatSend(text: text(&random), replyTo: random.chance(20) ? message(room, &random) : nil)
        case 34..<46: return .chatReact(message(room, &random), emoji: random.pick(emoji), on: random.chance(70))
        case 46..<50: return .questionAsk(text: text(&random), anonymous: false)
        case 50..<56: return .questionUpvote(question(room, &random))
        case 56..<62:
            return random.chance(60) ? .handRaise : .handLower(random.chance(30) ? target(cast, &random) : nil)
        default: return moderation(in: room, cast: cast, &random)
        }
    }

    private static func secret(in room: Room, _ random: inout SeededRandom) -> Command {
        random.chance(40)
            ? .questionAsk(text: text(&random), anonymous: true) : .questionUpvote(question(room, &random))
    }

    private static func moderation(in room: Room, cast: Cast, _ random: inout SeededRandom) -> Command {
        switch random.below(38) {
        case 0..<4: return .chatDelete(message(room, &random))
        case 4..<9: return .pollOpen(draft(&random))
        case 9..<14: return .pollClose(poll(room, &random), reveal: random.chance(50), closedTs: nil)
        case 14..<17: return .questionAnswer(question(room, &random), text: random.chance(50) ? text(&random) : nil)
        case 17..<19: return .questionDismiss(question(room, &random))
        case 19..<22: return .handCall(target(cast, &random))
        case 22..<24: return .handLower(target(cast, &random))
        case 24..<26: return .announce(text: text(&random), link: random.chance(50) ? "https://example.org/a" : nil)
        case 26..<28: return .mute(target(cast, &random))
        case 28..<31: return .unmute(target(cast, &random))
        case 31: return .remove(target(cast, &random))
        case 32: return random.chance(8) ? .ban(target(cast, &random)) : .roomLock(random.chance(50))
        case 33..<36: return .chatMode(mode(&random), slowS: 1 + random.below(5))
        case 36: return .roomLock(random.chance(50))
        default: return random.chance(1) ? .roomEnd : .chatMode(.open, slowS: 0)
        }
    }

    /// A poll; quizzes with right options.
    package static func draft(_ random: inout SeededRandom) -> PollDraft {
        let kind = random.pick(PollKind.allCases)
        return PollDraft(
            question: text(&random), kind: kind, options: quizOptions, anonymous: random.chance(30),
            correct: kind == .quiz ? [random.below(3)] : nil, durationS: random.chance(40) ? 5 + random.below(20) : nil,
            allowChange: random.chance(50), show: random.chance(30) ? .live : .after)
    }

    private static func mode(_ random: inout SeededRandom) -> ChatMode {
        random.chance(50) ? .open : random.pick(ChatMode.allCases)
    }

    private static func text(_ random: inout SeededRandom) -> String {
        if random.chance(1) { return String(repeating: "x", count: RoomLimits.chatTextBytesMax + 1) }
        return random.pick(texts)
    }

    private static func message(_ room: Room, _ random: inout SeededRandom) -> MessageID {
        let kept = room.chat
        guard !kept.isEmpty, !random.chance(8) else { return MessageID(seq: 1 + UInt64(random.below(5_000))) }
        return kept[random.below(kept.count)].message.id
    }

    private static func question(_ room: Room, _ random: inout SeededRandom) -> QuestionID {
        let kept = room.questions
        guard !kept.isEmpty, !random.chance(5) else { return QuestionID(seq: 1 + UInt64(random.below(5_000))) }
        return kept[random.below(kept.count)].id
    }

    private static func poll(_ room: Room, _ random: inout SeededRandom) -> PollID {
        let kept = random.chance(80) ? room.openPolls : room.polls
        guard !kept.isEmpty, !random.chance(5) else { return PollID(seq: 1 + UInt64(random.below(5_000))) }
        return kept[random.below(kept.count)].id
    }

    private static func target(_ cast: Cast, _ random: inout SeededRandom) -> ParticipantID {
        // Secret students must not show up as anyone's target either.
        let open = cast.actors.filter { !Cast.isSecret($0) }
        return random.pick(open).participant
    }
}
