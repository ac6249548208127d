// The promise to operators: a running node is switched, looked into and ended from its own shell, people are told, and
// a switch outlasts a restart.

import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct SwitchCommandTests {
    /// A command against the node's folder; what it printed.
    private func run(_ node: ServerUnderTest, _ arguments: [String], ends: Int32 = 0) throws -> String {
        let child = try ChildProcess(
            ServerUnderTest.binary, arguments + ["--data-dir", node.folder.path("data")],
            environment: ["PATH": "/usr/bin:/bin"], errorPath: node.folder.path("command"))
        var text = ""
        while let line = try child.line(Deadline(seconds: 30)) { text += line + "\n" }
        let ending = try child.wait()
        let said = String(decoding: (try? node.folder.read("command")) ?? [], as: UTF8.self)
        #expect(ending == .exited(ends), "\(arguments): \(said)")
        return text + said
    }

    @Test func `a feature is switched off and on from the shell, over a restart`() throws {
        let node = try ServerUnderTest(threads: 2)
        let room = Classroom(node, key: "school/maths/live")
        let ada = try room.socket("ada")
        try ada.demand("chat_send", ["text": "before"])
        #expect(try run(node, ["set", "chat=off", "--institution", "school"]).contains("chat=off  institution school"))
        let told = try ada.event("features")
        #expect(told["off"]?.array?.compactMap(\.string) == ["chat"])
        let refused = try ada.ask("chat_send", ["text": "now"])
        #expect(refused.code == "forbidden" && refused.text.contains("switched off"))
        try ada.demand("hand_raise")
        #expect(try run(node, ["room", "school/maths/live"]).contains("off: chat"))
        try node.crashAndRestart()
        let back = try room.socket("ada", AttachOptions(after: ada))
        #expect(try back.event("features")["off"]?.array?.count == 1)
        #expect(try back.ask("chat_send", ["text": "still"]).code == "forbidden")
        _ = try run(node, ["set", "chat=on", "--room", "school/maths/live"])
        try back.demand("chat_send", ["text": "again"])
        #expect(try run(node, ["switches"]).split(separator: "\n").count == 2)
    }

    @Test func `rooms, people and the node are shown, and a participant is sent out`() throws {
        let node = try ServerUnderTest(threads: 2)
        let room = Classroom(node, key: "school/maths/live")
        let ada = try room.socket("ada")
        let teacher = try room.socket("teacher", .instructor)
        #expect(try run(node, ["rooms"]).contains("school/maths/live  2 people, 1 moderators"))
        #expect(try run(node, ["participants", "school/maths/live"]).contains("ada  student  1 connections"))
        #expect(try run(node, ["nodes"]).contains("2 reactors, 2 connections, 1 rooms"))
        #expect(try run(node, ["rooms", "--json"]).contains("\"room\":\"school/maths/live\""))
        #expect(try run(node, ["kick", "school/maths/live", "ada"]).contains("1 connections closed"))
        #expect(try ada.waitForClose().code == 4403)
        _ = try teacher.event("presence") { $0["count"]?.int == 1 }
        #expect(try run(node, ["kick", "school/maths/live", "ada"], ends: 1).contains("not in the room"))
        #expect(try run(node, ["room", "school/maths/other"], ends: 1).contains("not in memory"))
        #expect(try run(node, ["set", "tea=off"], ends: 2).contains("chat, polls, questions"))
        _ = try run(node, ["drain"])
        #expect(try teacher.waitForClose().code == 1001)
        #expect(try node.child.wait() == .exited(0))
        #expect(try run(node, ["rooms"], ends: 1).contains("is a node running"))
    }

    @Test func `switches of the configuration count until one is set`() throws {
        let node = try ServerUnderTest(settings: ["features.hands=false", "features.guests=false"])
        let room = Classroom(node)
        let ada = try room.socket("ada")
        #expect(try ada.ask("hand_raise").code == "forbidden")
        let client = try HTTPClient(port: node.port)
        let joined = try client.ask("POST", "/v1/join", body: Command.object(["code": "ABC234", "name": "x"]))
        #expect(joined.status == 403 && joined.text.contains("switched off"))
        _ = try run(node, ["set", "hands=on"])
        try ada.demand("hand_raise")
    }
}
