// Owns the promises on the way of a client's message: any bytes give a verdict; what is accepted can be written to
// the log and read back the same; whatever a room makes of it is JSON in every view; a copy of it changes nothing;
// and a snapshot of the room afterwards is the room.

@testable import LiveProtocol
@testable import LiveServer
@testable import Rooms

enum FuzzedCommand {
    static func run(_ input: [UInt8]) {
        let message = input.withExactCopy {
            CommandDecoder.decode(UnsafeRawBufferPointer($0), reader: JSONReader())
        }
        switch message {
        case .refused(let id, let rejection):
            promise(id.map { CommandID($0) != nil } ?? true, "names an id that is none")
            promise(!rejection.message.isEmpty, "refuses without a word")
        case .heartbeat(_, let beat):
            promise((beat.lagMs ?? 0) >= 0 && beat.failedConnects >= 0, "a heartbeat out of its range")
        case .auth(_, let token): promise(token.utf8.count <= 16_384, "a token longer than its message")
        case .ballot(_, let answer):
            promise(answer.choices >> 20 == 0, "a choice beyond the last option")
            promise((1...64).contains(answer.attempt.utf8.count), "an attempt of another length")
        case .command(let id, let digest, let command):
            promise(digest == command.payloadDigest, "another digest than the command's own")
            for role in [Role.student, .instructor] { perform(command, id: id, role) }
        }
    }

    /// Sends a command into a room in which something has happened.
    private static func perform(_ command: Command, id: CommandID, _ role: Role) {
        var room = FuzzedRoom.lively
        guard let participant = ParticipantID("ada") else { preconditionFailure("a name by its rule") }
        let actor = Actor(participant: participant, name: "Ada <\u{2028}>", role: role)
        let proposal = Proposal(actor: actor, id: id, command: command)
        let decision = room.decide(proposal, nowTs: room.ts + 1)
        let entry = LogEntry(seq: room.seq + 1, ts: room.ts + 1, proposal: proposal)
        FuzzedLog.roundTrip(entry, room.key)
        switch room.apply(entry) {
        case .accepted(let event):
            promise(decision == .propose, "the log takes what was refused at the door")
            FuzzedRoom.encode(SequencedEvent(seq: entry.seq, ts: entry.ts, event: event))
            let copy = LogEntry(seq: room.seq + 1, ts: room.ts, proposal: proposal)
            promise(room.apply(copy) == .duplicate(of: entry.seq), "the second copy has an effect")
        case .duplicate: preconditionFailure("a first copy is taken for a second")
        case .ignored: promise(decision != .propose, "the door lets in what the log refuses")
        }
        FuzzedLog.snapshotRoundTrip(room)
    }
}

/// A room with a bit of everything.
enum FuzzedRoom {
    static let lively: Room = {
        guard let key = RoomKey("a/b/c") else { preconditionFailure("a room by its rule") }
        var room = Room(key: key)
        let draft = PollDraft(question: "?", kind: .single, options: ["a", "b"])
        let script: [(Role, Command)] = [
            (.student, .chatSend(text: "one", replyTo: nil)), (.student, .questionAsk(text: "why", anonymous: true)),
            (.instructor, .pollOpen(draft)), (.student, .handRaise),
            (.student, .questionAsk(text: "how", anonymous: false)),
            (.instructor, .pollOpen(draft)), (.instructor, .announce(text: "now", link: nil)),
        ]
        for (number, (role, command)) in script.enumerated() {
            guard let participant = ParticipantID("p\(number)"), let id = CommandID("c\(number)") else {
                preconditionFailure("names by their rules")
            }
            let proposal = Proposal(
                actor: Actor(participant: participant, name: "P", role: role), id: id, command: command)
            guard case .accepted = room.apply(LogEntry(seq: room.seq + 1, ts: 1_000, proposal: proposal)) else {
                preconditionFailure("the script is refused at \(number)")
            }
        }
        return room
    }()

    /// An event in every view is JSON, and UTF-8.
    static func encode(_ event: SequencedEvent) {
        for view in View.allCases {
            var json = JSONWriter()
            guard EventEncoder.append(event, view: view, to: &json) else { continue }
            promise((try? JSONDocument.parse(json.bytes, limits: .batch)) != nil, "an event that is no JSON")
            promise(!json.bytes.contains(UInt8(ascii: "<")), "an event that a page could take for a tag")
        }
    }
}
