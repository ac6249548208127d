// The promise that rights are judged at each command: every op of the contract against every role, over the wire. A row
// that is missing fails.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct RoleMatrixTests {
    struct Row {
        let op: String
        let roles: Set<Role>
        let members: Members
    }

    private static let speakers: Set<Role> = [.student, .assistant, .instructor, .service]
    private static let moderators: Set<Role> = [.assistant, .instructor, .service]
    private static let teachers: Set<Role> = [.instructor, .service]

    /// Docs/protocol.md section 3, with members that are well formed and name nothing that exists: whoever has the
    /// right is not told `forbidden`, whatever else is wrong.
    static let rows: [Row] = [
        Row(op: "chat_send", roles: speakers, members: ["text": "hello"]),
        Row(op: "chat_delete", roles: moderators, members: ["message": "m900000"]),
        Row(op: "chat_react", roles: speakers, members: ["message": "m900000", "emoji": "👍"]),
        Row(
            op: "poll_open", roles: teachers,
            members: ["question": "?", "kind": "single", "options": ["a", "b"]]),
        Row(op: "poll_answer", roles: [.student], members: ["poll": "p900000", "attempt_id": "x", "choice": 0]),
        Row(op: "poll_close", roles: teachers, members: ["poll": "p900000"]),
        Row(op: "question_ask", roles: speakers, members: ["text": "why?"]),
        Row(op: "question_upvote", roles: speakers, members: ["question": "q900000"]),
        Row(op: "question_answer", roles: moderators, members: ["question": "q900000"]),
        Row(op: "question_dismiss", roles: moderators, members: ["question": "q900000"]),
        Row(op: "hand_raise", roles: speakers, members: [:]),
        Row(op: "hand_lower", roles: speakers, members: [:]),
        Row(op: "hand_call", roles: moderators, members: ["participant": "nobody"]),
        Row(op: "announce", roles: teachers, members: ["text": "listen"]),
        Row(op: "mute", roles: moderators, members: ["participant": "nobody"]),
        Row(op: "unmute", roles: moderators, members: ["participant": "nobody"]),
        Row(op: "remove", roles: moderators, members: ["participant": "nobody"]),
        Row(op: "ban", roles: moderators, members: ["participant": "nobody"]),
        Row(op: "chat_mode", roles: moderators, members: ["mode": "open"]),
        Row(op: "room_lock", roles: moderators, members: ["locked": false]),
        Row(op: "heartbeat", roles: Set(Role.allCases), members: ["seq": 0, "lag_ms": 0, "transport": "ws"]),
        // Last: it ends the class.
        Row(op: "room_end", roles: teachers, members: [:]),
    ]

    @Test(arguments: SharedNodes.threadCounts, Role.allCases)
    func `each role may do what the contract says and nothing else`(threads: Int, role: Role) throws {
        let room = try Classroom(threads: threads)
        let watcher = try room.socket("watcher", .instructor)
        // Two people, so that neither goes beyond its burst of 20 commands.
        let senders = [try room.socket("one", role), try room.socket("two", role)]
        for (index, row) in Self.rows.enumerated() {
            let reply = try senders[index % 2].ask(row.op, row.members)
            if row.roles.contains(role) {
                #expect(reply.code != "forbidden", "\(role.text) may \(row.op): \(reply)")
                #expect(reply.code != "bad_request", "\(row.op) is well formed: \(reply)")
                #expect(reply.code != "rate_limited", "within the burst: \(reply)")
            } else {
                #expect(reply.code == "forbidden", "\(role.text) may not \(row.op): \(reply)")
            }
        }
        if !Self.teachers.contains(role) {
            try watcher.demand("chat_send", ["text": "still open"])
        }
    }

    @Test func `the matrix has a row for every command of the domain and for what the log never sees`() {
        let ops = Set(Self.rows.map(\.op))
        #expect(ops.count == Self.rows.count)
        // One op a kind but results, which only the server itself makes; ballots and heartbeats are no commands.
        #expect(ops.count == CommandKind.allCases.count - 1 + 2)
        #expect(ops.isSuperset(of: ["poll_answer", "heartbeat", "room_end"]))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `what is not well formed is refused with the id of its sender`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let teacher = try room.socket("ms-k", .instructor)
        let refused: [(String, Members)] = [
            ("chat_send", [:]), ("chat_send", ["text": ""]), ("chat_send", ["text": 5]),
            ("chat_send", ["text": .text(String(repeating: "a", count: 2_001))]),
            ("question_ask", ["text": .text(String(repeating: "q", count: 1_001))]),
            ("chat_react", ["message": "m1", "emoji": .text(String(repeating: "x", count: 33))]),
            ("poll_open", ["question": "?", "kind": "single", "options": ["only"]]),
            ("poll_open", ["question": "?", "kind": "essay", "options": ["a", "b"]]),
            ("poll_open", ["question": "?", "kind": "single", "options": ["a", "b"], "duration_s": 4]),
            ("poll_open", ["question": "?", "kind": "single", "options": ["a", "b"], "correct": [0]]),
            ("poll_open", ["question": "?", "kind": "quiz", "options": ["a", "b"], "correct": [2]]),
            ("chat_mode", ["mode": "shout"]), ("chat_mode", ["mode": "slow", "slow_s": 3_601]),
            ("announce", ["text": "x", "link": "ftp://x"]), ("mute", ["participant": "ms-k"]),
            ("no_such_op", [:]),
        ]
        for (op, members) in refused {
            let reply = try teacher.ask(op, members)
            #expect(reply.code == "bad_request", "\(op) \(reply)")
            #expect(reply["error"]?["message"]?.string?.isEmpty == false)
        }
        try teacher.demand("chat_send", ["text": .text(String(repeating: "ä", count: 2_000))])
        #expect(try teacher.ask("chat_send", ["text": "x", "reply_to": "m900000"]).code == "not_found")
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `JSON that is not the contract's gets bad_request, and the connection goes on`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let broken = [
            #"{"op":"chat_send","id":"d1","text":"a","text":"b"}"#, #"{"op":"chat_send","op":"heartbeat","id":"d2"}"#,
            #"{"op":"chat_send","id":"d3","text":"a"} x"#, "[]", "5", #"{"op":"chat_send","text":"no id"}"#, "{",
            #"{"op":"chat_send","id":"","text":"a"}"#, #"{"op":"chat_send","id":"d4","text":"\ud800"}"#,
        ]
        for text in broken {
            let start = ada.messages.count
            try ada.send(text: text)
            let reply = try ada.find("a refusal of \(text)", from: start) { $0.isReply }.message
            #expect(reply.code == "bad_request", "\(text) → \(reply)")
        }
        try ada.demand("chat_send", ["text": "still here"])
        _ = try ada.heartbeat()
        #expect(ada.chat == ["still here"])
    }
}
