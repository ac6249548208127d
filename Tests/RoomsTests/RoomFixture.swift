// A room under test with its log: sends commands as the sequencer would, one entry each.

@testable import Rooms

enum People {
    static let observer = actor("olga", .observer)
    static let ada = actor("ada", .student)
    static let ben = actor("ben", .student)
    static let assistant = actor("ann", .assistant)
    static let teacher = actor("tom", .instructor)
    static let service = actor("svc", .service)

    static func actor(_ name: String, _ role: Role) -> Actor {
        guard let id = ParticipantID(name) else { preconditionFailure("\(name) is a valid id") }
        return Actor(participant: id, name: name.uppercased(), role: role)
    }

    static func of(_ role: Role) -> Actor {
        switch role {
        case .observer: observer
        case .student: ada
        case .assistant: assistant
        case .instructor: teacher
        case .service: service
        }
    }
}

func commandID(_ text: String) -> CommandID {
    guard let id = CommandID(text) else { preconditionFailure("\(text) is a valid command id") }
    return id
}

struct RoomFixture {
    static let start: Int64 = 1_750_000_000_000

    var room: Room
    var nowMs = Self.start
    var entries: [LogEntry] = []

    init() {
        guard let key = RoomKey("demo/cs101/live") else { preconditionFailure("the demo room has a valid path") }
        room = Room(key: key)
    }

    @discardableResult
    mutating func send(_ actor: Actor, _ command: Command, id: String? = nil) -> Verdict {
        sequence(Proposal(actor: actor, id: commandID(id ?? "auto\(entries.count + 1)"), command: command))
    }

    @discardableResult
    mutating func sequence(_ proposal: Proposal) -> Verdict {
        let entry = LogEntry(seq: room.seq + 1, ts: nowMs, proposal: proposal)
        entries.append(entry)
        return room.apply(entry)
    }

    /// The code of the refusal; nil where the command was accepted.
    @discardableResult
    mutating func refusal(_ actor: Actor, _ command: Command, id: String? = nil) -> RejectionCode? {
        send(actor, command, id: id).refusal
    }

    mutating func message(_ actor: Actor, _ text: String = "hello") -> MessageID {
        send(actor, .chatSend(text: text, replyTo: nil))
        return MessageID(seq: room.seq)
    }

    mutating func openPoll(_ draft: PollDraft = RoomFixture.single) -> PollID {
        send(People.teacher, .pollOpen(draft))
        return PollID(seq: room.seq)
    }

    mutating func ask(_ actor: Actor, anonymous: Bool = false) -> QuestionID {
        send(actor, .questionAsk(text: "why?", anonymous: anonymous))
        return QuestionID(seq: room.seq)
    }

    static let single = PollDraft(question: "Which?", kind: .single, options: ["a", "b", "c"])
    static let quiz = PollDraft(question: "Which?", kind: .quiz, options: ["a", "b"], correct: [1])

    static func results(_ poll: PollID, revision: Int, counts: [Int] = [1, 2, 3]) -> PollResults {
        PollResults(poll: poll, counts: counts, total: counts.reduce(0, +), revision: revision, final: true)
    }
}

extension Verdict {
    var event: Event? {
        guard case .accepted(let event) = self else { return nil }
        return event
    }

    var refusal: RejectionCode? { rejection?.code }

    var rejection: Rejection? {
        guard case .ignored(let rejection) = self else { return nil }
        return rejection
    }
}
