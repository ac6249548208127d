// Messages of clients: every op in its form, every limit at its edge, the wrong member by name.

import LiveProtocol
import Rooms
import Testing

@testable import LiveServer

func decode(_ json: String) -> ClientMessage {
    Array(json.utf8).withUnsafeBytes { CommandDecoder.decode($0, reader: JSONReader()) }
}

extension ClientMessage {
    var command: Command? {
        guard case .command(_, _, let command) = self else { return nil }
        return command
    }

    var digest: UInt64? {
        guard case .command(_, let digest, _) = self else { return nil }
        return digest
    }

    var rejection: Rejection? {
        guard case .refused(_, let rejection) = self else { return nil }
        return rejection
    }
}

struct WireDecoderTests {
    static let ada: ParticipantID = {
        guard let id = ParticipantID("ada") else { preconditionFailure("ada is a valid id") }
        return id
    }()

    /// Members after `op` and `id`, and the command they mean.
    static let commands: [(op: String, members: String, command: Command)] = [
        ("chat_send", #""text":"hi"# + "\"", .chatSend(text: "hi", replyTo: nil)),
        ("chat_send", #""text":"a\n\tb","reply_to":"m3""#, .chatSend(text: "a\n\tb", replyTo: MessageID(seq: 3))),
        ("chat_delete", #""message":"m3""#, .chatDelete(MessageID(seq: 3))),
        ("chat_react", #""message":"m3","emoji":"👍""#, .chatReact(MessageID(seq: 3), emoji: "👍", on: true)),
        ("chat_react", #""message":"m3","emoji":"x","on":false"#, .chatReact(MessageID(seq: 3), emoji: "x", on: false)),
        (
            "poll_open", #""question":"q","kind":"single","options":["a","b"]"#,
            .pollOpen(PollDraft(question: "q", kind: .single, options: ["a", "b"]))
        ),
        (
            "poll_open",
            #""question":"q","kind":"quiz","options":["a","b","c"],"anonymous":true,"correct":[2,0],"duration_s":5,"#
                + #""allow_change":true,"show":"live""#,
            .pollOpen(
                PollDraft(
                    question: "q", kind: .quiz, options: ["a", "b", "c"], anonymous: true, correct: [0, 2],
                    durationS: 5, allowChange: true, show: .live))
        ),
        ("poll_close", #""poll":"p4""#, .pollClose(PollID(seq: 4), reveal: true, closedTs: nil)),
        ("poll_close", #""poll":"p4","reveal":false"#, .pollClose(PollID(seq: 4), reveal: false, closedTs: nil)),
        ("question_ask", #""text":"why?""#, .questionAsk(text: "why?", anonymous: false)),
        ("question_ask", #""text":"why?","anonymous":true"#, .questionAsk(text: "why?", anonymous: true)),
        ("question_upvote", #""question":"q9""#, .questionUpvote(QuestionID(seq: 9))),
        ("question_answer", #""question":"q9""#, .questionAnswer(QuestionID(seq: 9), text: nil)),
        ("question_answer", #""question":"q9","text":"so""#, .questionAnswer(QuestionID(seq: 9), text: "so")),
        ("question_dismiss", #""question":"q9""#, .questionDismiss(QuestionID(seq: 9))),
        ("hand_raise", "", .handRaise),
        ("hand_lower", "", .handLower(nil)),
        ("hand_lower", #""participant":"ada""#, .handLower(ada)),
        ("hand_call", #""participant":"ada""#, .handCall(ada)),
        ("announce", #""text":"t""#, .announce(text: "t", link: nil)),
        ("announce", #""text":"t","link":"https://x.org/?a=b#c""#, .announce(text: "t", link: "https://x.org/?a=b#c")),
        ("mute", #""participant":"ada""#, .mute(ada)),
        ("unmute", #""participant":"ada""#, .unmute(ada)),
        ("remove", #""participant":"ada""#, .remove(ada)),
        ("ban", #""participant":"ada""#, .ban(ada)),
        ("chat_mode", #""mode":"open""#, .chatMode(.open, slowS: 0)),
        ("chat_mode", #""mode":"slow""#, .chatMode(.slow, slowS: 10)),
        ("chat_mode", #""mode":"slow","slow_s":3600"#, .chatMode(.slow, slowS: 3_600)),
        ("chat_mode", #""mode":"off","slow_s":3"#, .chatMode(.off, slowS: 0)),
        ("chat_mode", #""mode":"moderators""#, .chatMode(.moderators, slowS: 0)),
        ("room_lock", "", .roomLock(true)),
        ("room_lock", #""locked":false"#, .roomLock(false)),
        ("room_end", "", .roomEnd),
    ]

    static func message(_ op: String, _ members: String, id: String = "c1") -> String {
        #"{"op":"\#(op)","id":"\#(id)""# + (members.isEmpty ? "}" : ",\(members)}")
    }

    @Test func `each op becomes its command with the digest of its payload`() {
        for (op, members, command) in Self.commands {
            let message = decode(Self.message(op, members))
            #expect(message.command == command, "\(op) \(members): \(message)")
            #expect(message.digest == command.payloadDigest)
        }
        let kinds = Set(Self.commands.map(\.command.kind))
        #expect(kinds == Set(CommandKind.allCases).subtracting([.pollResults]), "every command of the log has its op")
    }

    @Test func `order, spaces, unknown members and null do not change a payload`() {
        let plain = decode(#"{"op":"chat_send","id":"a","text":"hi"}"#)
        let other = decode(
            #" { "text" : "\u0068i", "x":[1,{"y":null}], "reply_to":null, "id":"b", "op":"chat_send" } "#)
        #expect(plain.command == other.command)
        #expect(plain.digest == other.digest && plain.digest != nil)
        #expect(plain.digest != decode(#"{"op":"chat_send","id":"a","text":"ho"}"#).digest)
    }

    @Test(arguments: [
        ("chat_send", "", "text"), ("chat_send", #""text":1"#, "text"), ("chat_send", #""text":"""#, "text"),
        ("chat_send", #""text":null"#, "text"), ("chat_send", #""text":"a\u0000""#, "text"),
        ("chat_send", #""text":"a\u007f""#, "text"), ("chat_send", #""text":"a\u0085""#, "text"),
        ("chat_send", #""text":"a\r""#, "text"), ("chat_send", #""text":"a","reply_to":"p3""#, "reply_to"),
        ("chat_send", #""text":"a","reply_to":3"#, "reply_to"), ("chat_delete", "", "message"),
        ("chat_delete", #""message":"m03""#, "message"), ("chat_react", #""message":"m3""#, "emoji"),
        ("chat_react", #""message":"m3","emoji":"""#, "emoji"),
        ("chat_react", #""message":"m3","emoji":"a\nb""#, "emoji"),
        ("chat_react", #""message":"m3","emoji":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx""#, "emoji"),
        ("chat_react", #""message":"m3","emoji":"x","on":1"#, "on"), ("poll_open", "", "question"),
        ("poll_open", #""question":"q","kind":"rating","options":["a","b"]"#, "kind"),
        ("poll_open", #""question":"q","options":["a","b"]"#, "kind"),
        ("poll_open", #""question":"q","kind":"single""#, "options"),
        ("poll_open", #""question":"q","kind":"single","options":["a"]"#, "options"),
        ("poll_open", #""question":"q","kind":"single","options":["a",""]"#, "options"),
        ("poll_open", #""question":"q","kind":"single","options":["a",2]"#, "options"),
        ("poll_open", #""question":"q","kind":"single","options":{"a":1,"b":2}"#, "options"),
        ("poll_open", #""question":"q","kind":"single","options":["a","b"],"correct":[0]"#, "correct"),
        ("poll_open", #""question":"q","kind":"quiz","options":["a","b"],"correct":[]"#, "correct"),
        ("poll_open", #""question":"q","kind":"quiz","options":["a","b"],"correct":[2]"#, "correct"),
        ("poll_open", #""question":"q","kind":"quiz","options":["a","b"],"correct":[-1]"#, "correct"),
        ("poll_open", #""question":"q","kind":"quiz","options":["a","b"],"correct":[0,0]"#, "correct"),
        ("poll_open", #""question":"q","kind":"quiz","options":["a","b"],"correct":[0.5]"#, "correct"),
        ("poll_open", #""question":"q","kind":"quiz","options":["a","b"],"correct":1"#, "correct"),
        ("poll_open", #""question":"q","kind":"single","options":["a","b"],"duration_s":4"#, "duration_s"),
        ("poll_open", #""question":"q","kind":"single","options":["a","b"],"duration_s":86401"#, "duration_s"),
        ("poll_open", #""question":"q","kind":"single","options":["a","b"],"duration_s":"5""#, "duration_s"),
        ("poll_open", #""question":"q","kind":"single","options":["a","b"],"show":"never""#, "show"),
        ("poll_open", #""question":"q","kind":"single","options":["a","b"],"anonymous":"yes""#, "anonymous"),
        ("poll_close", "", "poll"), ("poll_close", #""poll":"m4""#, "poll"),
        ("poll_close", #""poll":"p4","reveal":0"#, "reveal"), ("question_ask", "", "text"),
        ("question_upvote", #""question":"9""#, "question"), ("question_answer", #""text":"x""#, "question"),
        ("question_answer", #""question":"q9","text":"""#, "text"), ("hand_call", "", "participant"),
        ("hand_lower", #""participant":"a b""#, "participant"), ("hand_lower", #""participant":1"#, "participant"),
        ("announce", #""text":"t","link":"javascript:alert(1)""#, "link"),
        ("announce", #""text":"t","link":"https://""#, "link"),
        ("announce", #""text":"t","link":"https:///x""#, "link"),
        ("announce", #""text":"t","link":"https://x y""#, "link"),
        ("announce", #""text":"t","link":"https://x/\"onclick""#, "link"),
        ("announce", #""text":"t","link":"ftp://x""#, "link"), ("announce", #""text":"t","link":7"#, "link"),
        ("mute", "", "participant"), ("ban", #""participant":"<b>""#, "participant"), ("chat_mode", "", "mode"),
        ("chat_mode", #""mode":"closed""#, "mode"), ("chat_mode", #""mode":"slow","slow_s":0"#, "slow_s"),
        ("chat_mode", #""mode":"slow","slow_s":3601"#, "slow_s"), ("room_lock", #""locked":"yes""#, "locked"),
        ("poll_answer", "", "poll"), ("poll_answer", #""poll":"p4","choice":1"#, "attempt_id"),
        ("poll_answer", #""poll":"p4","attempt_id":"","choice":1"#, "attempt_id"),
        ("poll_answer", #""poll":"p4","attempt_id":"é","choice":1"#, "attempt_id"),
        ("poll_answer", #""poll":"p4","attempt_id":"a""#, "choice"),
        ("poll_answer", #""poll":"p4","attempt_id":"a","choice":1,"choices":[1]"#, "choice"),
        ("poll_answer", #""poll":"p4","attempt_id":"a","choice":-1"#, "choice"),
        ("poll_answer", #""poll":"p4","attempt_id":"a","choice":20"#, "choice"),
        ("poll_answer", #""poll":"p4","attempt_id":"a","choice":"1""#, "choice"),
        ("poll_answer", #""poll":"p4","attempt_id":"a","choices":[]"#, "choices"),
        ("poll_answer", #""poll":"p4","attempt_id":"a","choices":[1,1]"#, "choices"),
        ("heartbeat", "", "seq"), ("heartbeat", #""seq":-1"#, "seq"), ("heartbeat", #""seq":1.5"#, "seq"),
        ("heartbeat", #""seq":1,"lag_ms":"x""#, "lag_ms"), ("heartbeat", #""seq":1,"transport":1"#, "transport"),
        ("heartbeat", #""seq":1,"failed_connects":-1"#, "failed_connects"),
        ("heartbeat", #""seq":1,"focus":"yes""#, "focus"),
        ("heartbeat", #""seq":1,"position_sec":-1"#, "position_sec"),
        ("heartbeat", #""seq":1,"video_error":1"#, "video_error"),
    ])
    func `a member that breaks its rule is named`(op: String, members: String, name: String) {
        let message = decode(Self.message(op, members))
        guard case .refused(let id, let rejection) = message else {
            Issue.record("\(op) {\(members)} was taken as \(message)")
            return
        }
        #expect(id == "c1")
        #expect(rejection.code == .badRequest)
        #expect(rejection.message.hasPrefix("\(name): "), "\(op) {\(members)}: \(rejection.message)")
    }

    @Test func `texts have their characters, not their bytes, counted`() {
        func accepts(_ op: String, _ member: String, _ text: String, _ more: String = "") -> Bool {
            decode(Self.message(op, #""\#(member)":"\#(text)""# + more)).command != nil
        }
        for character in ["x", "é", "日", "🏳"] {
            func text(_ count: Int) -> String { String(repeating: character, count: count) }
            #expect(accepts("chat_send", "text", text(2_000)))
            #expect(!accepts("chat_send", "text", text(2_001)))
            #expect(accepts("question_ask", "text", text(1_000)))
            #expect(!accepts("question_ask", "text", text(1_001)))
            #expect(accepts("announce", "text", text(2_000)))
            #expect(!accepts("announce", "text", text(2_001)))
            #expect(accepts("question_answer", "text", text(2_000), #","question":"q1""#))
            #expect(!accepts("question_answer", "text", text(2_001), #","question":"q1""#))
            let options = #","kind":"single","options":["a","b"]"#
            #expect(accepts("poll_open", "question", text(1_000), options))
            #expect(!accepts("poll_open", "question", text(1_001), options))
            for (count, fits) in [(200, true), (201, false)] {
                let poll = #","kind":"single","options":["a","\#(text(count))"]"#
                #expect(accepts("poll_open", "question", "q", poll) == fits)
            }
        }
        // A combining accent is a character of its own here: a grapheme has no bound in bytes.
        #expect(!accepts("chat_send", "text", String(repeating: "e\u{301}", count: 1_001)))
    }

    @Test func `an accepted text always fits the bytes of the domain`() throws {
        let text = String(repeating: "🏳", count: 2_000)
        let command = try #require(decode(Self.message("chat_send", #""text":"\#(text)""#)).command)
        var room = Room(key: try #require(RoomKey("a/b/c")))
        let actor = Actor(participant: Self.ada, name: "", role: .student)
        let id = try #require(CommandID("c"))
        let entry = LogEntry(seq: 1, ts: 0, proposal: Proposal(actor: actor, id: id, command: command))
        guard case .accepted = room.apply(entry) else { return #expect(Bool(false)) }
    }

    @Test func `two to twenty options`() {
        for (count, fits) in [(1, false), (2, true), (20, true), (21, false)] {
            let options = (0..<count).map { "\"o\($0)\"" }.joined(separator: ",")
            let message = decode(
                Self.message("poll_open", #""question":"q","kind":"multiple","options":[\#(options)]"#))
            #expect((message.command != nil) == fits, "\(count)")
        }
    }

    @Test func `a ballot names one option or several`() {
        let one = decode(#"{"op":"poll_answer","id":"c","poll":"p4","attempt_id":"t-1","choice":19}"#)
        #expect(
            one == .ballot(id("c"), PollAnswer(poll: PollID(seq: 4), attempt: "t-1", choices: 1 << 19, several: false)))
        let several = decode(#"{"op":"poll_answer","id":"c","poll":"p4","attempt_id":"t","choices":[3,0]}"#)
        #expect(
            several == .ballot(id("c"), PollAnswer(poll: PollID(seq: 4), attempt: "t", choices: 0b1001, several: true)))
    }

    @Test func `a ballot fits a poll by its options and its kind`() {
        func answer(_ choices: UInt64, _ several: Bool) -> PollAnswer {
            PollAnswer(poll: PollID(seq: 1), attempt: "a", choices: choices, several: several)
        }
        #expect(answer(0b100, false).rejection(options: 3, several: false) == nil)
        #expect(answer(0b1000, false).rejection(options: 3, several: false)?.code == .badRequest)
        #expect(answer(0b11, true).rejection(options: 3, several: true) == nil)
        #expect(answer(0b11, true).rejection(options: 3, several: false)?.code == .badRequest)
        #expect(answer(0b1, true).rejection(options: 3, several: false) == nil)
        #expect(answer(1 << 19, false).rejection(options: 20, several: false) == nil)
    }

    @Test func `a heartbeat says where a client stands`() {
        let full = decode(
            #"{"op":"heartbeat","id":"h","seq":17,"lag_ms":12.5,"transport":"sse","failed_connects":2,"focus":true,"#
                + #""position_sec":1.25,"video_error":"decode"}"#)
        let expected = Heartbeat(
            seq: 17, lagMs: 12, transport: .eventStream, failedConnects: 2, focus: true, positionMs: 1_250,
            videoError: true)
        #expect(full == .heartbeat(id("h"), expected))
        let bare = decode(#"{"op":"heartbeat","id":"h","seq":0,"lag_ms":-5e9,"transport":"carrier pigeon"}"#)
        #expect(bare == .heartbeat(id("h"), Heartbeat(seq: 0, lagMs: 0)))
        for (text, transport) in [("websocket", ClientTransport.webSocket), ("ws", .webSocket), ("poll", .longPoll)] {
            let beat = decode(#"{"op":"heartbeat","id":"h","seq":0,"transport":"\#(text)"}"#)
            #expect(beat == .heartbeat(id("h"), Heartbeat(seq: 0, transport: transport)))
        }
    }

    @Test func `what is no message is refused without an id`() {
        let cases: [(String, RejectionCode)] = [
            ("", .badRequest), ("[]", .badRequest), ("{", .badRequest), ("null", .badRequest), ("{}", .badRequest),
            (#"{"op":"hand_raise"}"#, .badRequest), (#"{"op":"hand_raise","id":""}"#, .badRequest),
            (#"{"op":"hand_raise","id":"é"}"#, .badRequest), (#"{"op":"hand_raise","id":7}"#, .badRequest),
            (#"{"op":"hand_raise","id":"\#(String(repeating: "x", count: 65))"}"#, .badRequest),
            (#"{"op":"hand_raise","id":"a","id":"b"}"#, .badRequest),
            (#"{"op":"hand_raise","id":"a","\u0069d":"a"}"#, .badRequest),
            (#"{"op":"hand_raise","id":"a"} "# + String(repeating: " ", count: 16_384), .tooLarge),
        ]
        for (text, code) in cases {
            guard case .refused(nil, let rejection) = decode(text) else {
                Issue.record("\(text.prefix(80)) was taken")
                continue
            }
            #expect(rejection.code == code, "\(text.prefix(80))")
        }
    }

    @Test func `an unknown op is refused under its id`() {
        for op in [#""poll_results""#, #""POLL_OPEN""#, #""""#, "7", "null"] {
            guard case .refused("c", let rejection) = decode(#"{"op":\#(op),"id":"c"}"#) else {
                Issue.record("\(op) was taken")
                continue
            }
            #expect(rejection.code == .badRequest)
        }
        #expect(decode(#"{"id":"c"}"#).rejection?.code == .badRequest)
    }

    private func id(_ text: String) -> CommandID {
        guard let id = CommandID(text) else { preconditionFailure("\(text) is a valid command id") }
        return id
    }
}
