// The promise to those who run a node: it says whether it lives and is ready, counts what it does, writes nothing about
// people into its log, and does not serve strangers under a key that everybody knows.

import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct OperationsTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `healthz, readyz and metrics answer`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada")
        let ben = try room.stream("ben")
        try ada.demand("chat_send", ["text": "counted"])
        try ben.chat("counted")
        let client = try HTTPClient(port: room.node.port)
        #expect(try client.ask("GET", "/healthz").status == 200)
        let ready = try client.ask("GET", "/readyz")
        #expect(ready.status == 200)
        #expect(try ready.message()["ready"]?.bool == true)
        let metrics = try client.ask("GET", "/metrics")
        #expect(metrics.status == 200)
        #expect(metrics["Content-Type"]?.hasPrefix("text/plain") == true)
        for word in ["connections", "joins", "rejections", "deliver", "tail", "lag"] {
            #expect(metrics.text.contains(word), "\(word)")
        }
        #expect(!metrics.text.contains("ada") && !metrics.text.contains(room.key), "nobody is a label")
    }

    @Test func `every line of the metrics is in Prometheus' text format`() throws {
        let client = try HTTPClient(port: try SharedNodes.node(threads: 2).port)
        let text = try client.ask("GET", "/metrics").text
        #expect(text.hasSuffix("\n"))
        var typed: Set<Substring> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                #expect(typed.insert(line.split(separator: " ")[2]).inserted, "one TYPE a name: \(line)")
            } else if !line.hasPrefix("#") {
                let name = line.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
                #expect(!name.isEmpty && name.first?.isNumber == false, "\(line)")
                let value = line.split(separator: " ").last ?? ""
                #expect(Double(value) != nil || value == "+Inf", "\(line)")
                let family = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map { name.dropLast($0.count) }
                #expect(typed.contains(name) || family.map { typed.contains($0) } == true, "no TYPE before \(line)")
            }
        }
    }

    @Test func `the log holds no name, no text, no address, no token and no query`() throws {
        let node = try ServerUnderTest(threads: 2, settings: ["log.level=trace"])
        let room = Classroom(node, key: "test/logged-course/live")
        let token = try room.token("logged-person", .student, name: "Logged Name")
        let teacher = try room.socket("logged-teacher", .instructor)
        let ada = try LiveSocket(
            port: node.port, path: room.livePath, token: token, AttachOptions(device: "logged-device"))
        _ = try ada.event("welcome")
        let resume = ada.resume
        try ada.demand("chat_send", ["text": "logged-text"])
        _ = try ada.ask("chat_send", ["text": ""])
        _ = try ada.ask("room_end")
        try ada.send(text: "{\"logged-garbage\"")
        let poll = try teacher.demand(
            "poll_open", ["question": "logged-question", "kind": "single", "options": ["logged-a", "b"]])
        try ada.demand(
            "poll_answer", ["poll": .text(poll["poll"]?.string ?? ""), "attempt_id": "logged-attempt", "choice": 0])
        let client = try HTTPClient(port: node.port)
        _ = try client.ask("GET", "/nothing?logged-query=1")
        _ = try client.ask(
            "GET", room.livePath + "?cursor=logged-cursor&wait=0", [("Authorization", "Bearer \(token)")])
        _ = try client.ask(
            "POST", "/v1/classes", body: Command.object(["name": "logged-class"]))
        _ = try client.ask(
            "POST", "/v1/join", body: Command.object(["code": "ZZZZZZ", "name": "logged-guest"]))
        _ = try? LiveSocket(
            port: node.port, path: room.livePath,
            token: try node.forgedToken("logged-forger", .student, room: room.key))
        try ada.sendFrame(.binary, Array("logged-binary".utf8))
        _ = try ada.waitForClose()
        let back = try room.socket("logged-person", AttachOptions(after: ada))
        try teacher.demand("ban", ["participant": "logged-person"])
        _ = try back.waitForClose()
        try node.crashAndRestart()
        let again = try room.socket("logged-teacher", .instructor, AttachOptions(after: teacher))
        try again.demand("announce", ["text": "logged-announcement"])
        node.child.signal(15)
        try node.child.wait()
        let log = node.standardError
        #expect(!log.isEmpty, "the busy run left lines")
        for word in ["logged", "127.0.0.1:", token, resume, "Bearer", "?"] {
            #expect(
                !log.contains(word), "\(word) stands in: \(log.split(separator: "\n").filter { $0.contains(word) })")
        }
    }

    @Test func `the development key is refused on an address that others reach`() throws {
        let (ending, said) = try ServerUnderTest.run(["serve", "--host", "0.0.0.0", "--port", "0"])
        #expect(ending == .exited(1))
        #expect(said.contains("development key"))
        #expect(said.contains("LIVESERVER_TOKEN_KEY"), "it says what to do")
    }

    @Test func `a second node on the same folder is refused, and an unknown setting too`() throws {
        let node = try ServerUnderTest()
        let (ending, said) = try ServerUnderTest.run([
            "serve", "--port", "0", "--data-dir", node.folder.path("data"),
        ])
        #expect(ending == .exited(1), "one node at a time holds a folder")
        #expect(said.contains("data"))
        let (unknown, sentence) = try ServerUnderTest.run(["serve", "--port", "0", "--set", "limits.nothing=1"])
        #expect(unknown != .exited(0))
        #expect(sentence.contains("limits.nothing"))
        _ = try Classroom(node).socket("ada")
    }

    @Test func `a port that is taken is said so`() throws {
        let node = try ServerUnderTest()
        let (ending, said) = try ServerUnderTest.run([
            "serve", "--port", "\(node.port)", "--data-dir", node.folder.path("other"),
        ])
        #expect(ending == .exited(1))
        #expect(said.contains("\(node.port)"))
    }

    @Test func `echo is there only where it was asked for`() throws {
        let shared = try HTTPClient(port: try SharedNodes.node(threads: 1).port)
        #expect(try shared.ask("GET", "/echo").status == 404)
        let node = try ServerUnderTest(settings: ["features.echo=true"])
        let socket = try LiveSocket(port: node.port, path: "/echo", token: nil)
        try socket.send(text: #"{"say":"it again"}"#)
        #expect(try socket.find("an echo") { $0["say"] != nil }.message.text == #"{"say":"it again"}"#)
        let client = try HTTPClient(port: node.port)
        #expect(try client.ask("POST", "/echo", body: Array("abc".utf8)).text == "abc")
    }
}
