// The binary form of a command: one tag byte (CommandKind) and its fields. Used in the log and, as the canonical form
// of a payload, under the digest of idempotency. A field is never changed in meaning: a new form is a new version.

extension Command {
    /// Stable hash of the payload for `conflict`: over the canonical binary form, without what the server completes
    /// (`closedTs`). `scratch` is emptied, used and left for the next call.
    package func payloadDigest(scratch: inout [UInt8]) -> UInt64 {
        scratch.removeAll(keepingCapacity: true)
        var writer = BinaryWriter(taking: &scratch)
        if case .pollClose(let poll, let reveal, _) = self {
            Command.pollClose(poll, reveal: reveal, closedTs: nil).encode(to: &writer)
        } else {
            encode(to: &writer)
        }
        writer.give(back: &scratch)
        return StableHash.of(scratch)
    }

    /// Stable hash of the payload; allocates its own scratch.
    package var payloadDigest: UInt64 {
        var scratch: [UInt8] = []
        return payloadDigest(scratch: &scratch)
    }

    func encode(to writer: inout BinaryWriter) {
        writer.byte(kind.rawValue)
        switch self {
        case .chatSend(let text, let replyTo):
            writer.string(text)
            writer.optional(replyTo) { $0.uint64($1.seq) }
        case .chatDelete(let message): writer.uint64(message.seq)
        case .chatReact(let message, let emoji, let on):
            writer.uint64(message.seq)
            writer.string(emoji)
            writer.bool(on)
        case .pollOpen(let draft): draft.encode(to: &writer)
        case .pollClose(let poll, let reveal, let closedTs):
            writer.uint64(poll.seq)
            writer.bool(reveal)
            writer.optional(closedTs) { $0.int64($1) }
        case .pollResults(let results): results.encode(to: &writer)
        case .questionAsk(let text, let anonymous):
            writer.string(text)
            writer.bool(anonymous)
        case .questionUpvote(let question), .questionDismiss(let question): writer.uint64(question.seq)
        case .questionAnswer(let question, let text):
            writer.uint64(question.seq)
            writer.optional(text) { $0.string($1) }
        case .handRaise, .roomEnd: break
        case .handLower(let participant): writer.optional(participant) { $0.shortString($1.raw) }
        case .handCall(let participant), .mute(let participant), .unmute(let participant), .remove(let participant),
            .ban(let participant):
            writer.shortString(participant.raw)
        case .announce(let text, let link):
            writer.string(text)
            writer.optional(link) { $0.string($1) }
        case .chatMode(let mode, let slowS):
            writer.byte(mode.rawValue)
            writer.int64(Int64(slowS))
        case .roomLock(let locked): writer.bool(locked)
        }
    }

    init(from reader: inout BinaryReader) throws(RoomDecodeError) {
        switch try reader.choice(CommandKind.self, "command") {
        case .chatSend:
            let text = try reader.string(max: RoomLimits.chatTextBytesMax)
            self = .chatSend(text: text, replyTo: try Self.optionalID(MessageID.self, &reader))
        case .chatDelete: self = .chatDelete(try reader.sequenceID(MessageID.self))
        case .chatReact:
            let message = try reader.sequenceID(MessageID.self)
            let emoji = try reader.string(max: RoomLimits.emojiBytesMax)
            self = .chatReact(message, emoji: emoji, on: try reader.bool())
        case .pollOpen: self = .pollOpen(try PollDraft(from: &reader))
        case .pollClose:
            let poll = try reader.sequenceID(PollID.self)
            let reveal = try reader.bool()
            let closedTs: Int64? = try reader.bool() ? try reader.timestamp() : nil
            self = .pollClose(poll, reveal: reveal, closedTs: closedTs)
        case .pollResults: self = .pollResults(try PollResults(from: &reader))
        case .questionAsk:
            let text = try reader.string(max: RoomLimits.questionTextBytesMax)
            self = .questionAsk(text: text, anonymous: try reader.bool())
        case .questionUpvote: self = .questionUpvote(try reader.sequenceID(QuestionID.self))
        case .questionAnswer:
            let question = try reader.sequenceID(QuestionID.self)
            self = .questionAnswer(question, text: try Self.optionalText(RoomLimits.answerTextBytesMax, &reader))
        case .questionDismiss: self = .questionDismiss(try reader.sequenceID(QuestionID.self))
        case .handRaise: self = .handRaise
        case .handLower: self = .handLower(try reader.bool() ? try reader.participant() : nil)
        case .handCall: self = .handCall(try reader.participant())
        case .announce:
            let text = try reader.string(max: RoomLimits.announcementBytesMax)
            self = .announce(text: text, link: try Self.optionalText(RoomLimits.linkBytesMax, &reader))
        case .mute: self = .mute(try reader.participant())
        case .unmute: self = .unmute(try reader.participant())
        case .remove: self = .remove(try reader.participant())
        case .ban: self = .ban(try reader.participant())
        case .chatMode:
            let mode = try reader.choice(ChatMode.self, "chat mode")
            self = .chatMode(mode, slowS: Int(try reader.int64()))
        case .roomLock: self = .roomLock(try reader.bool())
        case .roomEnd: self = .roomEnd
        }
    }

    private static func optionalID<T: SequenceID>(
        _ type: T.Type, _ reader: inout BinaryReader
    ) throws(RoomDecodeError) -> T? {
        try reader.bool() ? try reader.sequenceID(type) : nil
    }

    private static func optionalText(
        _ max: Int, _ reader: inout BinaryReader
    ) throws(RoomDecodeError) -> String? {
        try reader.bool() ? try reader.string(max: max) : nil
    }
}

extension PollDraft {
    func encode(to writer: inout BinaryWriter) {
        writer.string(question)
        writer.byte(kind.rawValue)
        writer.uint16(options.count)
        for option in options { writer.string(option) }
        writer.bool(anonymous)
        writer.bool(correct != nil)
        if let correct {
            writer.uint16(correct.count)
            for index in correct { writer.int64(Int64(index)) }
        }
        writer.bool(durationS != nil)
        if let durationS { writer.int64(Int64(durationS)) }
        writer.bool(allowChange)
        writer.byte(show.rawValue)
    }

    init(from reader: inout BinaryReader) throws(RoomDecodeError) {
        question = try reader.string(max: RoomLimits.pollQuestionBytesMax)
        kind = try reader.choice(PollKind.self, "poll kind")
        let optionCount = try reader.uint16()
        guard optionCount <= RoomLimits.optionsMax else { throw reader.malformed("options") }
        options = []
        for _ in 0..<optionCount { options.append(try reader.string(max: RoomLimits.optionBytesMax)) }
        anonymous = try reader.bool()
        if try reader.bool() {
            let correctCount = try reader.uint16()
            guard correctCount <= RoomLimits.optionsMax else { throw reader.malformed("correct") }
            var indices: [Int] = []
            for _ in 0..<correctCount { indices.append(Int(try reader.int64())) }
            correct = indices
        } else {
            correct = nil
        }
        durationS = try reader.bool() ? Int(try reader.int64()) : nil
        allowChange = try reader.bool()
        show = try reader.choice(PollShow.self, "show")
    }
}

extension PollResults {
    func encode(to writer: inout BinaryWriter) {
        writer.uint64(poll.seq)
        writer.uint16(counts.count)
        for count in counts { writer.int64(Int64(count)) }
        writer.int64(Int64(total))
        writer.int64(Int64(revision))
        writer.bool(final)
        writer.uint16(pending.count)
        for node in pending { writer.string(node) }
    }

    init(from reader: inout BinaryReader) throws(RoomDecodeError) {
        poll = try reader.sequenceID(PollID.self)
        let countOfCounts = try reader.uint16()
        guard countOfCounts <= RoomLimits.optionsMax else { throw reader.malformed("counts") }
        counts = []
        for _ in 0..<countOfCounts { counts.append(Int(try reader.int64())) }
        total = Int(try reader.int64())
        revision = Int(try reader.int64())
        final = try reader.bool()
        let nodes = try reader.uint16()
        guard nodes <= RoomLimits.pendingNodesMax else { throw reader.malformed("pending") }
        pending = []
        for _ in 0..<nodes { pending.append(try reader.string(max: RoomLimits.nodeNameBytesMax)) }
    }
}
