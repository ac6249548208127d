// Log lines: their form, what must never stand in them, and that a caller never waits for whoever reads them.

import Foundation
import LiveTestSupport
import Logging
import Rooms
import Synchronization
import Testing

@testable import LiveServer

/// Both ends of a pipe, closed at the end.
private final class TestPipe: Sendable {
    let reading: Int32
    let writing: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "no pipe for a test")
        reading = ends[0]
        writing = ends[1]
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Reads until `done` holds for all that came, or nothing comes for half a minute.
    func read(until done: (String) -> Bool) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !done(String(decoding: text, as: UTF8.self)) {
            var watched = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 30_000) == 1 else { break }
            let count = Glibc.read(reading, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

@Suite struct OperationsLogTests {
    private static let atMs: Int64 = 1_795_250_099_007

    private func line(
        _ fields: [(String, String)] = [], format: LogFormat = .logfmt, names: Bool = false,
        message: String = "listening"
    ) -> String {
        let bytes = LogLine(format: format, names: names).bytes(
            level: "info", message: message, fields: fields.map { (key: $0.0, value: $0.1) }, wallMs: Self.atMs)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a line is logfmt with time, level and quoted values`() {
        #expect(line() == "ts=2026-11-21T08:34:59.007Z level=info msg=listening\n")
        #expect(
            line([("reactor", "0"), ("reason", "a \"b\" \\ c"), ("count", "")])
                == "ts=2026-11-21T08:34:59.007Z level=info msg=listening "
                + #"reactor=0 reason="a \"b\" \\ c" count="""# + "\n"
        )
    }

    @Test func `a line is one JSON object where that is asked for`() throws {
        let text = line([("reason", "a\nb\"c"), ("reason", "twice"), ("level", "x")], format: .json)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        #expect(object == ["ts": "2026-11-21T08:34:59.007Z", "level": "info", "msg": "listening", "reason": "a b\"c"])
        #expect(text.filter { $0 == "\n" }.count == 1 && text.hasSuffix("}\n"))
    }

    @Test(arguments: LogFormat.allCases)
    func `no name, text, address or query ever stands in a line by default`(format: LogFormat) {
        let secrets = [
            ("name", "Ada Lovelace"), ("participant", "ada@school.example"), ("address", "192.168.1.77"),
            ("text", "I think the answer is 42"), ("query", "?ticket=abcdef"), ("authorization", "Bearer eyJ"),
            ("user", "Ada Lovelace"), ("Name", "Ada Lovelace"), ("peer", "192.168.1.77"), ("url", "/x?ticket=abcdef"),
        ]
        let shown = line(secrets, format: format)
        for (_, secret) in secrets { #expect(!shown.contains(secret), "\(secret)") }
        let known = secrets.filter { LogField(rawValue: $0.0) != nil }
        #expect(known.count == 5)
        let asked = line(secrets, format: format, names: true)
        #expect(!asked.contains("Bearer"), "a field that nobody knows is never shown")
        for (_, secret) in known { #expect(asked.contains(secret)) }
    }

    @Test func `nothing breaks out of a line`() {
        let wild = "a\r\nlevel=error msg=forged\u{2028}\u{85}\u{1B}[31m\u{0}"
        for format in LogFormat.allCases {
            let text = line([("reason", wild), ("a\nb=c", wild)], format: format, message: wild)
            #expect(text.filter(\.isNewline).count == 1 && text.hasSuffix("\n"))
            #expect(!text.unicodeScalars.contains { ($0.value < 0x20 && $0 != "\n") || $0.value == 0x85 })
        }
        #expect(line(message: wild).contains("level=info msg=\"a  level=error msg=forged"), "inside the quotes")
        let flood = [(String, String)](repeating: ("reason", String(repeating: "x", count: 9_000)), count: 40)
        let long = line(flood, message: String(repeating: "ä", count: 10_000))
        #expect(long.utf8.count < 16 * 400 + 500)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-5, "1970-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func `a time is written in UTC`(ms: Int64, text: String) {
        #expect(Timestamp.text(ms) == text)
    }

    @Test func `times agree with the system's calendar`() {
        var random = SeededRandom(seed: 21)
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2_000 {
            let ms = Int64(random.below(253_402_300_799)) * 1_000
            #expect(Timestamp.text(ms) == Date(timeIntervalSince1970: Double(ms) / 1_000).formatted(format))
        }
    }

    @Test func `the server's log writes its level and above, and changes it while it runs`() {
        let pipe = TestPipe()
        var settings = LogSettings()
        settings.level = .warning
        let log = ServerLog(settings, descriptor: pipe.writing)
        log.info("quiet")
        log.warning("loud", reason: "disk full", fields: [.reactor: "3", .name: "Ada"])
        log.setLevel(.debug)
        log.debug("now shown")
        log.stop()
        let text = pipe.read { $0.contains("now shown") }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix("level=warning msg=loud name=- reactor=3 reason=\"disk full\"") == true)
        #expect(!text.contains("Ada") && !text.contains("quiet"))
    }

    @Test func `loggers of libraries are held to the same fields`() {
        let pipe = TestPipe()
        let output = LogOutput(descriptor: pipe.writing) { _ in [] }
        let handler = LiveLogHandler(
            output: output, line: LogLine(format: .logfmt, names: false), levels: LogLevelSwitch(.trace))
        var logger = Logger(label: "library") { _ in handler }
        logger[metadataKey: "room"] = "demo/cs101/live"
        logger[metadataKey: "name"] = "Ada"
        logger.notice("done", metadata: ["count": "3", "reason": ["nested": "Ada"], "text": .string("Ada")])
        output.stop()
        let text = pipe.read { $0.hasSuffix("\n") }
        #expect(text.contains("level=notice msg=done count=3 name=- reason=- room=demo/cs101/live text=-"))
        #expect(!text.contains("Ada"))
    }

    @Test func `a reader that stands still holds nobody up, and what was dropped is told`() {
        let pipe = TestPipe()
        let before = LogOutput.droppedEver
        let told = Mutex<UInt64>(0)
        let output = LogOutput(descriptor: pipe.writing, bytesMax: 4_096) { count in
            told.withLock { $0 += count }
            return Array("dropped=\(count)\n".utf8)
        }
        let line = Array(String(repeating: "x", count: 99).utf8) + [10]
        // The pipe holds 64 KiB and the buffer 4: far less than what is written, and nobody reads yet.
        let written = 5_000
        for _ in 0..<written { output.write(line) }
        let dropped = LogOutput.droppedEver - before
        #expect(dropped > 3_000)
        let text = pipe.read { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            let kept = lines.count { !$0.hasPrefix("dropped=") }
            return kept == written - Int(told.withLock { $0 })
        }
        let lines = text.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("dropped=") })
        #expect(lines.allSatisfy { $0.utf8.count == 99 || $0.hasPrefix("dropped=") }, "lines stay whole")
        output.stop()
    }

    @Test func `lines of many threads stay whole and each thread's stay in order`() {
        let pipe = TestPipe()
        let output = LogOutput(descriptor: pipe.writing) { _ in [] }
        let threads = 4
        let each = 200
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for number in 0..<each { output.write(Array("\(thread) \(number)\n".utf8)) }
        }
        output.stop()
        let text = pipe.read { $0.filter { $0 == "\n" }.count == threads * each }
        var next = [Int](repeating: 0, count: threads)
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ").compactMap { Int($0) }
            #expect(parts.count == 2 && parts[1] == next[parts[0]])
            next[parts[0]] += 1
        }
        #expect(next == [Int](repeating: each, count: threads))
    }

    @Test func `a broken descriptor ends neither the process nor the log's thread`() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let output = LogOutput(descriptor: ends[1]) { _ in [] }
        for _ in 0..<10 { output.write(Array("nobody reads this\n".utf8)) }
        output.stop()
        output.write(Array("after the end\n".utf8))
        close(ends[1])
    }

    @Test func `nothing in the server logs by another way`() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/LiveServer/Server")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            seen += 1
            // Logger takes messages put together from anything; ServerLog takes constants alone.
            let mayLog = ["ServerLog.swift", "LiveLogHandler.swift"].contains(file.lastPathComponent)
            if !mayLog {
                #expect(text.firstMatch(of: /import Logging\b/) == nil, "\(file.lastPathComponent)")
            }
            let otherWays = /\b(print|debugPrint|dump|NSLog|perror|fputs|syslog)\(/
            #expect(text.firstMatch(of: otherWays) == nil, "\(file.lastPathComponent)")
        }
        #expect(seen > 30)
    }
}
