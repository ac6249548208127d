// What may be asked of a room. `poll_answer` and `heartbeat` are absent on purpose: the store judges ballots, and a
// heartbeat is answered by the session; neither enters the log.

/// How a poll is answered.
package enum PollKind: UInt8, CaseIterable, Sendable {
    case single, multiple, quiz

    /// The name on the wire.
    package var text: String {
        switch self {
        case .single: "single"
        case .multiple: "multiple"
        case .quiz: "quiz"
        }
    }

    /// Whether one ballot may name several options.
    package var acceptsSeveral: Bool { self == .multiple }

    /// The kind of a name; nil for an unknown one.
    package init?(text: String) {
        guard let kind = Self.allCases.first(where: { $0.text == text }) else { return nil }
        self = kind
    }
}

/// When members see counts.
package enum PollShow: UInt8, CaseIterable, Sendable {
    case after, live

    /// The name on the wire.
    package var text: String { self == .live ? "live" : "after" }

    /// The value of a name; nil for an unknown one.
    package init?(text: String) {
        guard let show = Self.allCases.first(where: { $0.text == text }) else { return nil }
        self = show
    }
}

/// Who may write in the chat.
package enum ChatMode: UInt8, CaseIterable, Sendable {
    case open, slow, moderators, off

    /// The name on the wire.
    package var text: String {
        switch self {
        case .open: "open"
        case .slow: "slow"
        case .moderators: "moderators"
        case .off: "off"
        }
    }

    /// The mode of a name; nil for an unknown one.
    package init?(text: String) {
        guard let mode = Self.allCases.first(where: { $0.text == text }) else { return nil }
        self = mode
    }
}

/// A poll as an instructor asks for it.
package struct PollDraft: Equatable, Sendable {
    /// What is asked.
    package var question: String
    /// How it is answered.
    package var kind: PollKind
    /// 2 to 20 options; a ballot names them by index.
    package var options: [String]
    /// Whether moderators, too, see counts only.
    package var anonymous: Bool
    /// Indices of the right options, ascending, each once; quiz only, and nil where nothing is right or wrong.
    package var correct: [Int]?
    /// Seconds until the poll closes by itself, 5 to 86,400; nil: when an instructor closes it.
    package var durationS: Int?
    /// Whether a participant may change the ballot while the poll is open.
    package var allowChange: Bool
    /// When members see counts.
    package var show: PollShow

    /// A draft; `judge` refuses one that breaks the limits.
    package init(
        question: String, kind: PollKind, options: [String], anonymous: Bool = false, correct: [Int]? = nil,
        durationS: Int? = nil, allowChange: Bool = false, show: PollShow = .after
    ) {
        self.question = question
        self.kind = kind
        self.options = options
        self.anonymous = anonymous
        self.correct = correct
        self.durationS = durationS
        self.allowChange = allowChange
        self.show = show
    }
}

/// The count of a closed poll's ballots, as the store made it. Only the server itself sends this into the log.
package struct PollResults: Equatable, Sendable {
    /// The poll.
    package var poll: PollID
    /// One count an option, in option order.
    package var counts: [Int]
    /// Participants who answered.
    package var total: Int
    /// Rises with each count; a lower or equal one is ignored.
    package var revision: Int
    /// Whether every ballot that was admitted is counted.
    package var final: Bool
    /// Nodes whose ballots have not drained yet; empty where `final`.
    package var pending: [String]

    /// Results; `judge` refuses those that do not fit the poll.
    package init(poll: PollID, counts: [Int], total: Int, revision: Int, final: Bool, pending: [String] = []) {
        self.poll = poll
        self.counts = counts
        self.total = total
        self.revision = revision
        self.final = final
        self.pending = pending
    }
}

/// One command of the log.
package enum Command: Equatable, Sendable {
    /// A message. An empty text is the redacted form, which only history holds.
    case chatSend(text: String, replyTo: MessageID?)
    case chatDelete(MessageID)
    case chatReact(MessageID, emoji: String, on: Bool)
    case pollOpen(PollDraft)
    /// `closedTs`: the store's time of the durable close; nil: the entry's.
    case pollClose(PollID, reveal: Bool, closedTs: Int64?)
    case pollResults(PollResults)
    case questionAsk(text: String, anonymous: Bool)
    case questionUpvote(QuestionID)
    case questionAnswer(QuestionID, text: String?)
    case questionDismiss(QuestionID)
    case handRaise
    /// nil: one's own.
    case handLower(ParticipantID?)
    case handCall(ParticipantID)
    case announce(text: String, link: String?)
    case mute(ParticipantID)
    case unmute(ParticipantID)
    case remove(ParticipantID)
    case ban(ParticipantID)
    /// `slowS` counts in mode `slow` only, 1 to 3,600; 0 in the others.
    case chatMode(ChatMode, slowS: Int)
    case roomLock(Bool)
    case roomEnd
}

/// The kinds of commands; the raw value is the tag in the binary log and never changes its meaning.
package enum CommandKind: UInt8, CaseIterable, Sendable {
    case chatSend = 1
    case chatDelete, chatReact, pollOpen, pollClose, pollResults, questionAsk, questionUpvote
    case questionAnswer, questionDismiss, handRaise, handLower, handCall, announce, mute, unmute, remove, ban
    case chatMode, roomLock, roomEnd

    /// The least role that may send it; `pollResults` also wants the server itself, `handLower` of another
    /// participant's hand a moderator.
    package var minimumRole: Role {
        switch self {
        case .chatSend, .chatReact, .questionAsk, .questionUpvote, .handRaise, .handLower: .student
        case .chatDelete, .questionAnswer, .questionDismiss, .handCall, .mute, .unmute, .remove, .ban, .chatMode,
            .roomLock:
            .assistant
        case .pollOpen, .pollClose, .announce, .roomEnd: .instructor
        case .pollResults: .service
        }
    }
}

extension Command {
    /// The kind of this command.
    package var kind: CommandKind {
        switch self {
        case .chatSend: .chatSend
        case .chatDelete: .chatDelete
        case .chatReact: .chatReact
        case .pollOpen: .pollOpen
        case .pollClose: .pollClose
        case .pollResults: .pollResults
        case .questionAsk: .questionAsk
        case .questionUpvote: .questionUpvote
        case .questionAnswer: .questionAnswer
        case .questionDismiss: .questionDismiss
        case .handRaise: .handRaise
        case .handLower: .handLower
        case .handCall: .handCall
        case .announce: .announce
        case .mute: .mute
        case .unmute: .unmute
        case .remove: .remove
        case .ban: .ban
        case .chatMode: .chatMode
        case .roomLock: .roomLock
        case .roomEnd: .roomEnd
        }
    }
}
