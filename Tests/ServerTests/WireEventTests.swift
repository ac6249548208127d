// The bytes of each event, view by view, as Docs/protocol.md names them.

import LiveProtocol
import Rooms
import Testing

@testable import LiveServer

/// A room that encodes what happens in it.
struct WireRoom {
    var room: Room
    var nowMs: Int64 = 1_000
    private var commands = 0

    static let ada = actor("ada", .student, "Ada <L>")
    static let ben = actor("ben", .student, "Ben")
    static let tom = actor("tom", .instructor, "Tom")

    init() {
        guard let key = RoomKey("demo/cs101/live") else { preconditionFailure("the demo room has a valid path") }
        room = Room(key: key)
    }

    static func actor(_ id: String, _ role: Role, _ name: String) -> Actor {
        guard let participant = ParticipantID(id) else { preconditionFailure("\(id) is a valid id") }
        return Actor(participant: participant, name: name, role: role)
    }

    @discardableResult
    mutating func send(_ actor: Actor, _ command: Command) -> SequencedEvent {
        commands += 1
        guard let id = CommandID("c\(commands)") else { preconditionFailure("a counter is a valid id") }
        let entry = LogEntry(
            seq: room.seq + 1, ts: nowMs, proposal: Proposal(actor: actor, id: id, command: command))
        let verdict = room.apply(entry)
        guard case .accepted(let event) = verdict else { preconditionFailure("\(command) gave \(verdict)") }
        return SequencedEvent(seq: entry.seq, ts: entry.ts, event: event)
    }

    static func encode(_ event: SequencedEvent, _ view: View) -> String? {
        var json = JSONWriter()
        guard EventEncoder.append(event, view: view, to: &json) else {
            precondition(json.bytes.isEmpty, "nothing is written for a view without the event")
            return nil
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    func state(_ view: View) -> String { String(decoding: SnapshotEncoder.state(room, view: view), as: UTF8.self) }
}

struct WireEventTests {
    /// Expects the same bytes for all views.
    private func expect(_ event: SequencedEvent, _ json: String, _ at: SourceLocation = #_sourceLocation) {
        for view in View.allCases { #expect(WireRoom.encode(event, view) == json, "\(view)", sourceLocation: at) }
    }

    private func expectModerators(_ event: SequencedEvent, _ json: String, _ at: SourceLocation = #_sourceLocation) {
        #expect(WireRoom.encode(event, .moderator) == json, sourceLocation: at)
        #expect(WireRoom.encode(event, .member) == nil, sourceLocation: at)
        #expect(WireRoom.encode(event, .observer) == nil, sourceLocation: at)
    }

    @Test func `chat`() {
        var w = WireRoom()
        let first = w.send(WireRoom.ada, .chatSend(text: "a \"b\"\n", replyTo: nil))
        expect(
            first,
            #"{"ev":"chat_message","seq":1,"ts":1000,"id":"m1","from":"ada","name":"Ada \u003cL>","#
                + #""role":"student","text":"a \"b\"\n"}"#
        )
        expect(
            w.send(WireRoom.tom, .chatSend(text: "re", replyTo: MessageID(seq: 1))),
            #"{"ev":"chat_message","seq":2,"ts":1000,"id":"m2","from":"tom","name":"Tom","#
                + #""role":"instructor","text":"re","reply_to":"m1"}"#
        )
        expect(
            w.send(WireRoom.ben, .chatReact(MessageID(seq: 1), emoji: "👍", on: true)),
            #"{"ev":"chat_reaction","seq":3,"ts":1000,"message":"m1","emoji":"👍","count":1,"from":"ben","on":true}"#)
        expect(
            w.send(WireRoom.tom, .chatDelete(MessageID(seq: 1))),
            #"{"ev":"chat_deleted","seq":4,"ts":1000,"message":"m1","by":"tom"}"#)
        guard let bare = first.event.redacted else { return #expect(Bool(false), "no redacted form") }
        expect(
            SequencedEvent(seq: first.seq, ts: first.ts, event: bare),
            #"{"ev":"chat_message","seq":1,"ts":1000,"id":"m1","from":"ada","name":"Ada \u003cL>","#
                + #""role":"student","text":"","deleted":true}"#
        )
    }

    @Test func `polls`() {
        var w = WireRoom()
        let draft = PollDraft(
            question: "Q?", kind: .quiz, options: ["a", "b"], correct: [1], durationS: 5, show: .after)
        let started = w.send(WireRoom.tom, .pollOpen(draft))
        let common =
            #"{"ev":"poll_started","seq":1,"ts":1000,"poll":"p1","question":"Q?","kind":"quiz","options":["a","b"],"#
            + #""anonymous":false,"allow_change":false,"show":"after","closes_ts":6000"#
        #expect(WireRoom.encode(started, .moderator) == common + #","correct":[1]}"#)
        #expect(WireRoom.encode(started, .member) == common + "}")
        #expect(WireRoom.encode(started, .observer) == common + "}")
        expect(
            w.send(WireRoom.tom, .pollClose(PollID(seq: 1), reveal: true, closedTs: nil)),
            #"{"ev":"poll_closed","seq":2,"ts":1000,"poll":"p1"}"#)
        var results = PollResults(
            poll: PollID(seq: 1), counts: [1, 2], total: 3, revision: 1, final: false, pending: ["n1"])
        expect(
            w.send(.system, .pollResults(results)),
            #"{"ev":"poll_results","seq":3,"ts":1000,"poll":"p1","counts":[1,2],"total":3,"#
                + #""revision":1,"final":false,"pending":["n1"],"correct":[1]}"#
        )
        results.final = true
        results.pending = []
        results.revision = 2
        expect(
            w.send(.system, .pollResults(results)),
            #"{"ev":"poll_results","seq":4,"ts":1000,"poll":"p1","counts":[1,2],"total":3,"#
                + #""revision":2,"final":true,"correct":[1]}"#
        )
    }

    @Test func `results that are not revealed are the moderators'`() {
        var w = WireRoom()
        w.send(WireRoom.tom, .pollOpen(PollDraft(question: "Q?", kind: .quiz, options: ["a", "b"], correct: [0])))
        w.send(WireRoom.tom, .pollClose(PollID(seq: 1), reveal: false, closedTs: nil))
        let results = PollResults(poll: PollID(seq: 1), counts: [1, 2], total: 3, revision: 1, final: true)
        expectModerators(
            w.send(.system, .pollResults(results)),
            #"{"ev":"poll_results","seq":3,"ts":1000,"poll":"p1","counts":[1,2],"total":3,"#
                + #""revision":1,"final":true,"correct":[0]}"#
        )
    }

    @Test func `live counts come to members without the right options`() {
        var w = WireRoom()
        let draft = PollDraft(question: "Q?", kind: .quiz, options: ["a", "b"], correct: [0], show: .live)
        w.send(WireRoom.tom, .pollOpen(draft))
        w.send(WireRoom.tom, .pollClose(PollID(seq: 1), reveal: false, closedTs: nil))
        let results = PollResults(poll: PollID(seq: 1), counts: [1, 2], total: 3, revision: 1, final: true)
        let event = w.send(.system, .pollResults(results))
        let json =
            #"{"ev":"poll_results","seq":3,"ts":1000,"poll":"p1","counts":[1,2],"total":3,"revision":1,"final":true"#
        #expect(WireRoom.encode(event, .member) == json + "}")
        #expect(WireRoom.encode(event, .moderator) == json + #","correct":[0]}"#)
    }

    @Test func `questions`() {
        var w = WireRoom()
        expect(
            w.send(WireRoom.ada, .questionAsk(text: "why?", anonymous: false)),
            #"{"ev":"question_asked","seq":1,"ts":1000,"id":"q1","text":"why?","from":"ada","#
                + #""name":"Ada \u003cL>","anonymous":false}"#
        )
        let hidden = w.send(WireRoom.ada, .questionAsk(text: "why?", anonymous: true))
        #expect(
            WireRoom.encode(hidden, .moderator)
                == #"{"ev":"question_asked","seq":2,"ts":1000,"id":"q2","text":"why?","from":"ada","#
                + #""name":"Ada \u003cL>","anonymous":true}"#
        )
        for view in [View.member, .observer] {
            #expect(
                WireRoom.encode(hidden, view)
                    == #"{"ev":"question_asked","seq":2,"ts":1000,"id":"q2","text":"why?","anonymous":true}"#)
        }
        expect(
            w.send(WireRoom.ben, .questionUpvote(QuestionID(seq: 2))),
            #"{"ev":"question_upvoted","seq":3,"ts":1000,"question":"q2","votes":1}"#)
        expect(
            w.send(WireRoom.tom, .questionAnswer(QuestionID(seq: 1), text: "so")),
            #"{"ev":"question_answered","seq":4,"ts":1000,"question":"q1","text":"so","by":"tom"}"#)
        expect(
            w.send(WireRoom.tom, .questionDismiss(QuestionID(seq: 2))),
            #"{"ev":"question_dismissed","seq":5,"ts":1000,"question":"q2","by":"tom"}"#)
    }

    @Test func `hands and announcements`() {
        var w = WireRoom()
        let ada = WireRoom.ada.participant
        expect(
            w.send(WireRoom.ben, .handRaise),
            #"{"ev":"hand_raised","seq":1,"ts":1000,"participant":"ben","name":"Ben"}"#)
        expect(w.send(WireRoom.ben, .handLower(nil)), #"{"ev":"hand_lowered","seq":2,"ts":1000,"participant":"ben"}"#)
        w.send(WireRoom.ada, .handRaise)
        expect(
            w.send(WireRoom.tom, .handCall(ada)),
            #"{"ev":"hand_called","seq":4,"ts":1000,"participant":"ada","by":"tom"}"#)
        expect(
            w.send(WireRoom.tom, .handLower(ada)),
            #"{"ev":"hand_lowered","seq":5,"ts":1000,"participant":"ada","by":"tom"}"#)
        expect(
            w.send(WireRoom.tom, .announce(text: "t", link: "https://x.org")),
            #"{"ev":"announcement","seq":6,"ts":1000,"id":"a6","text":"t","link":"https://x.org","name":"Tom"}"#)
    }

    @Test func `moderation`() {
        var w = WireRoom()
        let ada = WireRoom.ada.participant
        let members = #""ts":1000,"participant":"ada","by":"tom"}"#
        expectModerators(w.send(WireRoom.tom, .mute(ada)), #"{"ev":"participant_muted","seq":1,"# + members)
        expectModerators(w.send(WireRoom.tom, .unmute(ada)), #"{"ev":"participant_unmuted","seq":2,"# + members)
        expectModerators(w.send(WireRoom.tom, .remove(ada)), #"{"ev":"participant_removed","seq":3,"# + members)
        expectModerators(w.send(WireRoom.tom, .ban(ada)), #"{"ev":"participant_banned","seq":4,"# + members)
        expect(
            w.send(WireRoom.tom, .chatMode(.slow, slowS: 7)),
            #"{"ev":"chat_mode_changed","seq":5,"ts":1000,"mode":"slow","slow_s":7,"by":"tom"}"#)
        expect(
            w.send(WireRoom.tom, .roomLock(true)),
            #"{"ev":"room_locked","seq":6,"ts":1000,"#
                + #""locked":true,"by":"tom"}"#)
        expect(w.send(WireRoom.tom, .roomEnd), #"{"ev":"room_ended","seq":7,"ts":1000,"by":"tom"}"#)
    }

    @Test func `bytes of a message are redacted as the state would encode it`() throws {
        var w = WireRoom()
        let texts = ["x", #"a "quoted" \ end\"#, "\n\t", #"","text":""#, "日本語", #""}"#]
        for text in texts {
            let event = w.send(WireRoom.ada, .chatSend(text: text, replyTo: text == "x" ? nil : MessageID(seq: 1)))
            let json = try #require(WireRoom.encode(event, .member))
            let redacted = try #require(Array(json.utf8).withUnsafeBytes { EventEncoder.redacted($0) })
            let bare = SequencedEvent(seq: event.seq, ts: event.ts, event: try #require(event.event.redacted))
            #expect(String(decoding: redacted, as: UTF8.self) == WireRoom.encode(bare, .member))
            let again = redacted.withUnsafeBytes { EventEncoder.redacted($0) }
            #expect(again == redacted, "redacting twice changes nothing")
        }
        let other = try #require(WireRoom.encode(w.send(WireRoom.ada, .handRaise), .member))
        #expect(Array(other.utf8).withUnsafeBytes { EventEncoder.redacted($0) } == nil)
    }
}
