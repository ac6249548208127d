// The `state` of welcome for each view, and `you`.

import LiveProtocol
import Rooms
import Testing

@testable import LiveServer

struct WireStateTests {
    @Test func `an empty room`() {
        let w = WireRoom()
        let peers =
            #"{"chat_mode":"open","slow_s":0,"locked":false,"ended":false,"chat":[],"polls":[],"questions":[],"#
            + #""hands":[],"announcements":[]"#
        #expect(w.state(.member) == peers + "}")
        #expect(w.state(.observer) == peers + "}")
        #expect(w.state(.moderator) == peers + #","muted":[],"banned":[]}"#)
    }

    /// A room with one of everything.
    static func full() -> WireRoom {
        var w = WireRoom()
        let quiz = PollDraft(question: "Q?", kind: .quiz, options: ["a", "b"], correct: [1], durationS: 9)
        w.send(WireRoom.ada, .chatSend(text: "gone", replyTo: nil))
        w.send(WireRoom.ben, .chatSend(text: "hi", replyTo: MessageID(seq: 1)))
        w.send(WireRoom.ada, .chatReact(MessageID(seq: 2), emoji: "\"", on: true))
        w.send(WireRoom.tom, .chatDelete(MessageID(seq: 1)))
        w.send(WireRoom.tom, .pollOpen(quiz))
        w.send(WireRoom.ada, .questionAsk(text: "why?", anonymous: true))
        w.send(WireRoom.ben, .questionUpvote(QuestionID(seq: 6)))
        w.send(WireRoom.tom, .questionAnswer(QuestionID(seq: 6), text: "so"))
        w.send(WireRoom.ben, .handRaise)
        w.send(WireRoom.tom, .handCall(WireRoom.ben.participant))
        w.send(WireRoom.tom, .announce(text: "t", link: nil))
        w.send(WireRoom.tom, .mute(WireRoom.ada.participant))
        w.send(WireRoom.tom, .chatMode(.slow, slowS: 3))
        return w
    }

    @Test func `one of everything, view by view`() {
        let w = Self.full()
        func state(correct: String, author: String, lists: String) -> String {
            #"{"chat_mode":"slow","slow_s":3,"locked":false,"ended":false,"chat":["#
                + #"{"id":"m1","seq":1,"ts":1000,"from":"ada","name":"Ada \u003cL>","#
                + #""role":"student","text":"","deleted":true,"reactions":{}},"#
                + #"{"id":"m2","seq":2,"ts":1000,"from":"ben","name":"Ben","role":"student","#
                + #""text":"hi","reply_to":"m1","reactions":{"\"":1}}],"#
                + #""polls":[{"poll":"p5","question":"Q?","kind":"quiz","options":["a","b"],"anonymous":false,"#
                + #""allow_change":false,"show":"after","opened_ts":1000,"closes_ts":10000,"open":true\#(correct)}],"#
                + #""questions":[{"id":"q6","ts":1000,"text":"why?",\#(author)"anonymous":true,"#
                + #""votes":1,"status":"answered","answer":"so"}],"#
                + #""hands":[{"participant":"ben","name":"Ben","ts":1000,"called":true}],"#
                + #""announcements":[{"id":"a11","ts":1000,"text":"t","name":"Tom"}]\#(lists)}"#
        }
        #expect(w.state(.member) == state(correct: "", author: "", lists: ""))
        #expect(w.state(.observer) == state(correct: "", author: "", lists: ""))
        #expect(
            w.state(.moderator)
                == state(
                    correct: #","correct":[1]"#, author: #""from":"ada","name":"Ada \u003cL>","#,
                    lists: #","muted":["ada"],"banned":[]"#))
    }

    @Test(arguments: [true, false]) func `a closed quiz shows results as far as they are revealed`(reveal: Bool) {
        var w = WireRoom()
        w.send(WireRoom.tom, .pollOpen(PollDraft(question: "Q?", kind: .quiz, options: ["a", "b"], correct: [1])))
        w.send(WireRoom.tom, .pollClose(PollID(seq: 1), reveal: reveal, closedTs: nil))
        #expect(!w.state(.member).contains("correct"), "not before the results")
        let results = PollResults(poll: PollID(seq: 1), counts: [1, 2], total: 3, revision: 1, final: true)
        w.send(.system, .pollResults(results))
        let shown = #""counts":[1,2],"total":3,"revision":1,"final":true,"correct":[1]}"#
        #expect(w.state(.moderator).contains(shown))
        #expect(w.state(.member).contains(shown) == reveal)
        #expect(w.state(.member).contains("counts") == reveal)
        #expect(w.state(.member) == w.state(.observer))
    }

    @Test func `every state is valid JSON without duplicate members`() throws {
        for view in View.allCases {
            _ = try JSONDocument.parse(SnapshotEncoder.state(Self.full().room, view: view), limits: .document)
        }
    }

    @Test func `you hold what is yours`() {
        let w = Self.full()
        func you(_ actor: Actor, _ ballots: [OwnBallotFact] = []) -> String {
            String(decoding: YouEncoder.you(actor: actor, room: w.room, ballots: ballots), as: UTF8.self)
        }
        #expect(
            you(WireRoom.ada)
                == #"{"participant":"ada","name":"Ada \u003cL>","role":"student","muted":true,"#
                + #""hand":false,"upvotes":[],"reactions":{"m2":["\""]},"ballots":[]}"#
        )
        let ballots = [
            OwnBallotFact(poll: PollID(seq: 5), attempt: "t\"1", choices: 0b10, stored: true),
            OwnBallotFact(poll: PollID(seq: 99), attempt: "u", choices: 0b101, stored: false),
        ]
        #expect(
            you(WireRoom.ben, ballots)
                == #"{"participant":"ben","name":"Ben","role":"student","muted":false,"hand":true,"upvotes":["q6"],"#
                + #""reactions":{},"ballots":[{"poll":"p5","attempt_id":"t\"1","choice":1,"durable":"store"},"#
                + #"{"poll":"p99","attempt_id":"u","choices":[0,2],"durable":"node"}]}"#)
    }
}
