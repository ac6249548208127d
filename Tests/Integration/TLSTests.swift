// The promise that encryption changes nothing but the bytes on the wire: every transport, slow readers, certificates
// changed under people who are in, and clients that are not ours.

import Foundation
import LiveProtocol
import LiveTLS
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct TLSTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `every transport moves the same cursor over TLS`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads, tls: true)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.stream("ada")
        let ben = try room.poll("ben")
        try ben.poll()
        for number in 0..<20 { try teacher.demand("chat_send", ["text": .text("n\(number)")]) }
        #expect(try room.post("chat_send", ["text": "posted"], id: "p", by: "cai").status == 200)
        for reader in [teacher, ada, ben] as [LiveReader] {
            try reader.chat("posted")
            #expect(reader.chat == (0..<20).map { "n\($0)" } + ["posted"])
        }
        let back = try room.socket("ada", AttachOptions(after: ada))
        try teacher.demand("chat_send", ["text": "after"])
        try back.chat("after")
        #expect(back.chat == ["after"])
    }

    @Test func `a slow reader over TLS misses nothing, or is reset or closed`() throws {
        let node = try ServerUnderTest(
            settings: [
                "limits.moderator_rate=1000000", "limits.moderator_burst=1000000", "limits.tail_events=4096",
                "limits.frame_rate=500000",
            ],
            tls: true)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let slow = try room.socket("slow", AttachOptions(receiveBuffer: 4_096))
        let filler = String(repeating: "x", count: 1_000)
        for batch in 0..<20 {
            for number in 0..<100 {
                try teacher.send("chat_send", ["text": .text("\(batch * 100 + number) \(filler)")])
            }
            try teacher.chat("\(batch * 100 + 99) \(filler)")
        }
        // All of it lies in the tail: the slow one gets every message once, in order.
        try slow.chat("1999 \(filler)")
        #expect(slow.chat.compactMap { Int($0.prefix { $0.isNumber }) } == Array(0..<2_000))
    }

    @Test func `SIGHUP serves a new certificate to newcomers, and a bad one changes nothing and is told`() throws {
        let node = try ServerUnderTest(tls: true)
        let room = Classroom(node)
        let ada = try room.socket("ada")
        let first = try served(node.port)
        let other = try TLSSelfSigned(names: ["other.example"], addresses: [])
        try node.folder.write("tls.key", other.key)
        node.child.signal(SIGHUP)
        try wait("a refusal in the log") { node.standardError.contains("a part keeps its old settings") }
        #expect(node.standardError.contains("tls.certificate"))
        #expect(try served(node.port) == first)
        try node.folder.write("tls.crt", other.certificate)
        node.child.signal(SIGHUP)
        try wait("the new certificate") { try served(node.port) != first }
        try ada.demand("chat_send", ["text": "still here"])
        _ = try room.socket("ben")
    }

    @Test func `plain HTTP on an encrypted port is told so, and a page there makes encrypted links`() throws {
        let node = try ServerUnderTest(developmentKey: true, tls: true)
        let client = try HTTPClient(port: node.port)
        let created = try client.ask(
            "POST", "/v1/classes", [("Content-Type", "application/json")], body: Command.object(["name": "Physics"]))
        #expect(created.status == 201)
        #expect(try created.message()["join_link"]?.string?.hasPrefix("https://127.0.0.1:\(node.port)/join#c=") == true)
        let metrics = try client.ask("GET", "/metrics").text
        #expect(metrics.contains("liveclassroom_tls_certificate_expiry_timestamp_seconds"))
        #expect(metrics.contains(#"liveclassroom_tls_handshakes_total{reactor="0",kind="full"} 1"#))
        EncryptedPorts.note(node.port, isEncrypted: false)
        let plain = try HTTPClient(port: node.port).ask("GET", "/")
        EncryptedPorts.note(node.port, isEncrypted: true)
        #expect(plain.status == 400 && plain.text.contains("https://"))
    }

    @Test func `OpenSSL's own client gets 1.2 and 1.3, http/1.1 and nothing older`() throws {
        let node = try ServerUnderTest(tls: true)
        func connect(_ arguments: [String]) throws -> String {
            try run(
                "/usr/bin/openssl",
                ["s_client", "-connect", "127.0.0.1:\(node.port)", "-CAfile", node.folder.path("tls.crt")] + arguments)
        }
        for version in ["-tls1_2", "-tls1_3"] {
            let said = try connect([version, "-alpn", "h2,http/1.1"])
            #expect(said.contains("Verify return code: 0 (ok)"), "\(version): \(said)")
            #expect(said.contains("ALPN protocol: http/1.1"))
        }
        #expect(try connect(["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]).contains("Cipher is (NONE)"))
        #expect(try connect(["-alpn", "h2"]).contains("Cipher is (NONE)"))
        #expect(try connect(["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"]).contains("Cipher is (NONE)"))
    }

    @Test func `Python's client reads and closes in order`() throws {
        let node = try ServerUnderTest(tls: true)
        let script = """
            import socket, ssl, sys
            context = ssl.create_default_context(cafile=sys.argv[2])
            raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
            stream = context.wrap_socket(raw, server_hostname="localhost")
            stream.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
            said = b""
            while True:
                part = stream.recv(65536)
                if not part:
                    break
                said += part
            stream.unwrap()
            print(said.decode())
            """
        let said = try run("/usr/bin/python3", ["-c", script, "\(node.port)", node.folder.path("tls.crt")])
        #expect(said.hasPrefix("HTTP/1.1 200 OK") && said.contains(#"{"status":"ok"}"#), "\(said)")
    }

    /// The certificate that a newcomer gets, as PEM.
    private func served(_ port: UInt16) throws -> String {
        let said = try run("/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(port)"])
        guard let start = said.range(of: "-----BEGIN CERTIFICATE-----"),
            let end = said.range(of: "-----END CERTIFICATE-----")
        else { throw IntegrationFailure("no certificate came: \(said.prefix(300))") }
        return String(said[start.lowerBound..<end.upperBound])
    }

    /// A command's standard output and error; its input is empty.
    private func run(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }

    private func wait(_ what: String, until holds: () throws -> Bool) throws {
        let deadline = Deadline(seconds: 30)
        while try !holds() {
            guard !deadline.isOver else { throw IntegrationFailure("in time did not come: \(what)") }
            poll(nil, 0, 20)
        }
    }
}
