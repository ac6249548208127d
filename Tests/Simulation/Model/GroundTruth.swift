// What really happened, by the durable log alone: a reference replica that remembers everything for ever. The node
// under test is never asked. All promises towards clients are checked against it.

import LiveProtocol
import LiveServer
import RoomHistories
import Rooms

/// A participant's name for a command.
struct CommandKey: Hashable {
    let participant: ParticipantID
    let id: CommandID
}

/// What a client knows an event by.
struct EventName: Hashable {
    let position: Cursor
    let view: View
}

/// One event as a view must get it.
struct TrueEvent {
    let seq: UInt64
    let bytes: [UInt8]
    /// What it is once the deletion at a seq is applied.
    var redaction: (at: UInt64, bytes: [UInt8])?
}

/// The reference.
struct GroundTruth {
    private(set) var room: Room
    private(set) var accepted = 0
    private(set) var duplicates = 0
    private(set) var ignored = 0
    private var views: [[TrueEvent]] = [[], [], []]
    /// Every effect ever, by its sender's name for it; unlike the room's own table nothing leaves.
    private var effects: [CommandKey: UInt64] = [:]
    /// Texts are unique to the command that brought them: a second one is a second effect, whatever its id says.
    private var texts: Set<String> = []
    /// What each position was ever shown as; no power cut takes that back.
    private var names: [EventName: UInt64] = [:]
    private var acknowledged: [(key: CommandKey, seq: UInt64)] = []
    private var messages: [MessageID: SequencedEvent] = [:]
    private var leaks = LeakScan()
    private let fault: Fault?

    init(key: RoomKey, fault: Fault?) {
        room = Room(key: key)
        self.fault = fault
    }

    var acknowledgedCount: Int { acknowledged.count }

    /// A hash over everything that every view was told.
    var historyHash: UInt64 {
        var hash = StableHash()
        for view in views {
            for event in view {
                event.bytes.withUnsafeBytes { hash.combine($0) }
                event.redaction?.bytes.withUnsafeBytes { hash.combine($0) }
            }
        }
        return hash.value
    }

    // MARK: The log

    /// Takes in what the log has gained.
    mutating func catchUp(_ log: SimulatedLog) throws {
        while room.seq < log.head {
            let (_, entry) = try log.entry(room.seq + 1)
            try take(entry)
        }
    }

    private mutating func take(_ entry: LogEntry) throws {
        let key = CommandKey(participant: entry.proposal.actor.participant, id: entry.proposal.id)
        switch room.apply(entry) {
        case .accepted(let event):
            accepted += 1
            if let first = effects.updateValue(entry.seq, forKey: key) {
                throw Violation("\(key.participant.raw)/\(key.id.raw) had its effect at \(first) and \(entry.seq)")
            }
            try noteText(event, entry.seq)
            leaks.note(event)
            try record(SequencedEvent(seq: entry.seq, ts: entry.ts, event: event))
        case .duplicate(let seq):
            duplicates += 1
            guard effects[key] == seq else { throw Violation("\(entry.seq) is no duplicate of \(seq)") }
        case .ignored: ignored += 1
        }
    }

    private mutating func noteText(_ event: Event, _ seq: UInt64) throws {
        let text: String
        switch event {
        case .chatMessage(let message): text = message.text
        case .questionAsked(let question): text = question.text
        default: return
        }
        guard texts.insert(text).inserted else { throw Violation("one command had two effects, the second at \(seq)") }
    }

    private mutating func record(_ event: SequencedEvent) throws {
        for view in View.allCases {
            guard let bytes = ViewBytes.encode(event, view, fault) else { continue }
            if view != .moderator { try leaks.check(event: bytes, event.event) }
            views[Int(view.rawValue)].append(TrueEvent(seq: event.seq, bytes: bytes))
        }
        if case .chatMessage(let message) = event.event { messages[message.id] = event }
        if case .chatDeleted(let message, _) = event.event { redact(message, at: event.seq) }
    }

    /// A deleted message is told without its text from then on.
    private mutating func redact(_ id: MessageID, at seq: UInt64) {
        guard let message = messages[id], let bare = message.event.redacted else { return }
        let event = SequencedEvent(seq: message.seq, ts: message.ts, event: bare)
        for view in View.allCases {
            guard let bytes = ViewBytes.encode(event, view, fault) else { continue }
            views[Int(view.rawValue)][place(after: message.seq - 1, view)].redaction = (seq, bytes)
        }
    }

    /// The truth after a power cut: what the log still holds, told anew. Replies to what was lost are void, as
    /// announced by the new epoch.
    mutating func rebuild(from log: SimulatedLog) throws {
        var rebuilt = GroundTruth(key: room.key, fault: fault)
        try rebuilt.catchUp(log)
        rebuilt.names = names
        rebuilt.acknowledged = acknowledged.filter { $0.seq <= log.head }
        self = rebuilt
    }

    // MARK: Promises

    /// The place of the first event of a view after a seq.
    func place(after seq: UInt64, _ view: View) -> Int {
        let events = views[Int(view.rawValue)]
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].seq <= seq { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func count(_ view: View) -> Int { views[Int(view.rawValue)].count }

    /// The event at a place is the one that a client of the view must get there, and its position never named another.
    /// `head`: the node's when it sent the event.
    mutating func check(
        _ view: View, _ place: Int, at position: Cursor, bytes: [UInt8], head: UInt64
    ) throws {
        let seq = position.seq
        let events = views[Int(view.rawValue)]
        guard place < events.count else { throw Violation("\(view) got event \(seq), which the log does not hold") }
        guard events[place].seq == seq else {
            throw Violation("\(view) got event \(seq) where \(events[place].seq) comes next")
        }
        if let redaction = events[place].redaction, redaction.at <= head {
            guard redaction.bytes == bytes else { throw Violation("\(view) got the deleted text of \(seq)") }
            return
        }
        guard events[place].bytes == bytes else {
            throw Violation("\(view) got other bytes at \(seq): \(String(decoding: bytes, as: UTF8.self))")
        }
        let hash = StableHash.of(bytes)
        if let known = names.updateValue(hash, forKey: EventName(position: position, view: view)), known != hash {
            throw Violation("\(position.epoch).\(seq) names two events")
        }
    }

    /// The state that a view gets at the head.
    func check(state bytes: [UInt8], seq: UInt64, _ view: View) throws {
        guard seq == room.seq, bytes == SnapshotEncoder.state(room, view: view) else {
            throw Violation("a welcome for \(view) at \(seq) does not show the state at \(room.seq)")
        }
        if view != .moderator { try leaks.check(state: bytes, of: room) }
    }

    /// A reply said that a command had its effect at a seq. Whether its event was due first in a view.
    mutating func acknowledge(_ key: CommandKey, seq: UInt64, view: View) throws -> Bool {
        guard effects[key] == seq else {
            throw Violation(
                "\(key.participant.raw)/\(key.id.raw) was acknowledged at \(seq), which the log does not hold")
        }
        acknowledged.append((key, seq))
        let place = place(after: seq - 1, view)
        return place < count(view) && views[Int(view.rawValue)][place].seq == seq
    }

    /// Everything that was acknowledged is in the log.
    func checkAcknowledged() throws {
        for (key, seq) in acknowledged where effects[key] != seq {
            throw Violation("\(key.participant.raw)/\(key.id.raw), acknowledged at \(seq), was lost")
        }
    }
}

/// An event's bytes for a view, by the server's own encoder, or as a leaky one would make them.
enum ViewBytes {
    static func encode(_ event: SequencedEvent, _ view: View, _ fault: Fault?) -> [UInt8]? {
        var json = JSONWriter(reserving: 192)
        let asked = fault == .leakyEncoder ? View.moderator : view
        return EventEncoder.append(event, view: asked, to: &json) ? json.bytes : nil
    }
}
