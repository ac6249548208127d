// From the JSON of a client to a typed message. Every limit of Docs/protocol.md is checked here, before anything else
// sees the message: sizes, ranges, forms of ids, control characters. Unknown members are ignored, so that newer clients
// can talk to older nodes; unknown ops are refused. Says which member is wrong, never repeats what it held.

package import LiveProtocol
import Rooms

/// Decodes messages of clients. Stateless; the reader is the reactor's own and reused.
package enum CommandDecoder {
    /// Decodes one message of at most 16 KiB.
    package static func decode(_ bytes: UnsafeRawBufferPointer, reader: JSONReader) -> ClientMessage {
        let document: JSONDocument
        do throws(JSONError) {
            document = try reader.parse(bytes, limits: .command)
        } catch {
            return .refused(nil, rejection(of: error))
        }
        guard document.root.kind == .object else {
            return .refused(nil, Rejection(.badRequest, "A message is one JSON object."))
        }
        guard let idText = document["id"]?.string, let id = CommandID(idText) else {
            return .refused(nil, Rejection(.badRequest, "id: 1 to 64 printable ASCII characters."))
        }
        var members = CommandMembers(document.root)
        guard let op = document["op"], let message = message(op, id, &members) else {
            return .refused(id.raw, members.rejection ?? Rejection(.badRequest, "op: unknown."))
        }
        if let rejection = members.rejection { return .refused(id.raw, rejection) }
        return message
    }

    /// nil for an unknown op. A member that is wrong is noted in `members`, and what is returned is void.
    private static func message(_ op: JSONValue, _ id: CommandID, _ members: inout CommandMembers) -> ClientMessage? {
        if op.isString("heartbeat") { return .heartbeat(id, heartbeat(&members)) }
        if op.isString("auth") { return .auth(id, token: members.token("token")) }
        if op.isString("poll_answer") { return .ballot(id, ballot(&members)) }
        guard let command = chat(op, &members) ?? classroom(op, &members) ?? moderation(op, &members) else {
            return nil
        }
        guard members.rejection == nil else { return .command(id, digest: 0, command) }
        return .command(id, digest: command.payloadDigest, command)
    }

    private static func chat(_ op: JSONValue, _ members: inout CommandMembers) -> Command? {
        if op.isString("chat_send") {
            return .chatSend(
                text: members.text("text", charactersMax: WireLimits.chatCharactersMax),
                replyTo: members.optionalID("reply_to", MessageID.self))
        }
        if op.isString("chat_react") {
            return .chatReact(
                members.id("message", MessageID.self), emoji: members.emoji("emoji"), on: members.bool("on") ?? true)
        }
        if op.isString("chat_delete") { return .chatDelete(members.id("message", MessageID.self)) }
        return nil
    }

    private static func classroom(_ op: JSONValue, _ members: inout CommandMembers) -> Command? {
        if op.isString("question_upvote") { return .questionUpvote(members.id("question", QuestionID.self)) }
        if op.isString("hand_raise") { return .handRaise }
        if op.isString("hand_lower") { return .handLower(members.optionalParticipant("participant")) }
        if op.isString("hand_call") { return .handCall(members.participant("participant")) }
        if op.isString("question_ask") {
            return .questionAsk(
                text: members.text("text", charactersMax: WireLimits.questionCharactersMax),
                anonymous: members.bool("anonymous") ?? false)
        }
        if op.isString("question_answer") {
            return .questionAnswer(
                members.id("question", QuestionID.self),
                text: members.optionalText("text", charactersMax: WireLimits.answerCharactersMax))
        }
        if op.isString("question_dismiss") { return .questionDismiss(members.id("question", QuestionID.self)) }
        if op.isString("poll_open") { return .pollOpen(poll(&members)) }
        if op.isString("poll_close") {
            return .pollClose(
                members.id("poll", PollID.self), reveal: members.bool("reveal") ?? true, closedTs: nil)
        }
        if op.isString("announce") {
            return .announce(
                text: members.text("text", charactersMax: WireLimits.announcementCharactersMax),
                link: members.optionalLink("link"))
        }
        return nil
    }

    private static func moderation(_ op: JSONValue, _ members: inout CommandMembers) -> Command? {
        if op.isString("mute") { return .mute(members.participant("participant")) }
        if op.isString("unmute") { return .unmute(members.participant("participant")) }
        if op.isString("remove") { return .remove(members.participant("participant")) }
        if op.isString("ban") { return .ban(members.participant("participant")) }
        if op.isString("chat_mode") { return chatMode(&members) }
        if op.isString("room_lock") { return .roomLock(members.bool("locked") ?? true) }
        if op.isString("room_end") { return .roomEnd }
        return nil
    }

    private static func chatMode(_ members: inout CommandMembers) -> Command {
        let mode = members.word("mode", "open, slow, moderators or off", ChatMode.init(text:)) ?? .open
        let seconds = members.integer("slow_s", 1...Int64(RoomLimits.slowSecondsMax))
        // One form a meaning, so that the digest does not tell apart what is the same.
        return .chatMode(mode, slowS: mode == .slow ? Int(seconds ?? WireLimits.slowSecondsDefault) : 0)
    }

    private static func poll(_ members: inout CommandMembers) -> PollDraft {
        var draft = PollDraft(
            question: members.text("question", charactersMax: WireLimits.pollQuestionCharactersMax),
            kind: members.word("kind", "single, multiple or quiz", PollKind.init(text:)) ?? .single,
            options: members.texts(
                "options", count: RoomLimits.optionsMin...RoomLimits.optionsMax,
                charactersMax: WireLimits.optionCharactersMax))
        draft.anonymous = members.bool("anonymous") ?? false
        draft.allowChange = members.bool("allow_change") ?? false
        if members.isPresent("show") {
            draft.show = members.word("show", "live or after", PollShow.init(text:)) ?? .after
        }
        draft.durationS = members.integer(
            "duration_s", Int64(RoomLimits.pollSecondsMin)...Int64(RoomLimits.pollSecondsMax)
        ).map { Int($0) }
        draft.correct = members.optionalChoices("correct").map { WireLimits.indices(of: $0) }
        if draft.correct != nil, draft.kind != .quiz { members.refuse("correct", "for a quiz only.") }
        if let last = draft.correct?.last, last >= draft.options.count {
            members.refuse("correct", "names no option.")
        }
        return draft
    }

    private static func ballot(_ members: inout CommandMembers) -> PollAnswer {
        let poll = members.id("poll", PollID.self)
        let attempt = members.attempt("attempt_id")
        let several = members.isPresent("choices")
        if several == members.isPresent("choice") {
            members.refuse("choice", "either choice or choices.")
            return PollAnswer(poll: poll, attempt: attempt, choices: 0, several: several)
        }
        let choices: UInt64 =
            if several {
                members.optionalChoices("choices") ?? 0
            } else {
                1 << UInt64(members.integer("choice", 0...Int64(RoomLimits.optionsMax - 1)) ?? 0)
            }
        return PollAnswer(poll: poll, attempt: attempt, choices: choices, several: several)
    }

    private static func heartbeat(_ members: inout CommandMembers) -> Heartbeat {
        var beat = Heartbeat(seq: UInt64(members.required("seq", 0...WireLimits.integerMax)))
        beat.lagMs = members.lag("lag_ms")
        beat.failedConnects = Int(members.integer("failed_connects", 0...WireLimits.failedConnectsMax) ?? 0)
        beat.transport = members.transport("transport")
        beat.focus = members.bool("focus")
        beat.positionMs = members.milliseconds("position_sec")
        beat.videoError = members.flag("video_error")
        return beat
    }

    private static func rejection(of error: JSONError) -> Rejection {
        switch error.reason {
        case .tooLarge: Rejection(.tooLarge, "A message has at most 16,384 bytes.")
        case .duplicateKey: Rejection(.badRequest, "The message names a member twice.")
        case .tooDeep, .tooManyValues: Rejection(.badRequest, "The message is too deep or has too many values.")
        case .empty, .unexpectedByte, .unexpectedEnd, .trailingBytes, .badNumber, .badLiteral, .badEscape,
            .loneSurrogate, .controlInString, .invalidUTF8:
            Rejection(.badRequest, "The message is not valid JSON.")
        }
    }
}
