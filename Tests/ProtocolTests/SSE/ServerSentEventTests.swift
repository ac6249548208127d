// Server-sent events: the lines, what can't break out of them, and positions.
import Testing

@testable import LiveProtocol

@Suite struct `Server-sent events` {
    private func text(_ write: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        write(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func event(id: String? = nil, event: StaticString? = nil, data: String) -> String {
        text { ServerSentEvent.append(id: id.map { Array($0.utf8) }, event: event, data: Array(data.utf8), to: &$0) }
    }

    @Test func `an event has its lines and ends with an empty one`() {
        #expect(event(data: "{}") == "data: {}\n\n")
        #expect(event(id: "abcdefgh.12", data: "x") == "id: abcdefgh.12\ndata: x\n\n")
        #expect(event(event: "notice", data: "x") == "event: notice\ndata: x\n\n")
        #expect(
            text { ServerSentEvent.append(id: [0x31], data: [], retryMs: 1500, to: &$0) }
                == "retry: 1500\nid: 1\ndata: \n\n")
    }

    @Test func `every line of the data becomes a line of its own`() {
        #expect(event(data: "a\nb\r\nc\rd") == "data: a\ndata: b\ndata: c\ndata: d\n\n")
        #expect(event(data: "\n") == "data: \ndata: \n\n")
        #expect(event(data: "a\n\r") == "data: a\ndata: \ndata: \n\n")
        #expect(event(data: "x\n\nid: 9\ndata: forged") == "data: x\ndata: \ndata: id: 9\ndata: data: forged\n\n")
    }

    @Test(arguments: ["1\n", "1\r", "1\u{0}", "\n2"])
    func `an id that could end its line is refused`(id: String) {
        var bytes: [UInt8] = [1]
        #expect(!ServerSentEvent.append(id: Array(id.utf8), data: [2], to: &bytes))
        #expect(!ServerSentEvent.append(id: nil, event: "a\nb", data: [2], to: &bytes))
        #expect(bytes == [1])
    }

    @Test func `comments and retry stand alone`() {
        #expect(text { ServerSentEvent.appendComment(to: &$0) } == ":\n\n")
        #expect(text { ServerSentEvent.appendComment("hb", to: &$0) } == ": hb\n\n")
        #expect(text { ServerSentEvent.appendRetry(3000, to: &$0) } == "retry: 3000\n\n")
    }

    @Test func `a client that follows the standard gets back what was written`() {
        var random = SeededRandom(seed: 6)
        var bytes: [UInt8] = []
        var expected: [[String]] = []
        for number in 0..<100 {
            let data = RandomJSON.text(&random).replacing("\0", with: "\r")
            ServerSentEvent.append(id: Array("e.\(number)".utf8), data: Array(data.utf8), to: &bytes)
            if number % 7 == 0 { ServerSentEvent.appendComment("hb", to: &bytes) }
            var lines = [""]
            var isAfterReturn = false
            for scalar in data.unicodeScalars {
                if scalar == "\r" || scalar == "\n" && !isAfterReturn { lines.append("") }
                if scalar != "\r", scalar != "\n" { lines[lines.count - 1].unicodeScalars.append(scalar) }
                isAfterReturn = scalar == "\r"
            }
            expected.append(["e.\(number)", lines.joined(separator: "\n")])
        }
        #expect(Self.read(bytes) == expected)
    }

    /// WHATWG HTML §9.2.6, for line feeds only. Each event as id and data.
    private static func read(_ bytes: [UInt8]) -> [[String]] {
        var events: [[String]] = []
        var id = ""
        var data: [String] = []
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let line = String(decoding: line, as: UTF8.self)
            if line.isEmpty {
                if !data.isEmpty { events.append([id, data.joined(separator: "\n")]) }
                data = []
            } else if line.hasPrefix("id: ") {
                id = String(line.unicodeScalars.dropFirst(4))
            } else if line.hasPrefix("data: ") {
                data.append(String(String.UnicodeScalarView(line.unicodeScalars.dropFirst(6))))
            }
        }
        return events
    }
}

@Suite struct `Event ids` {
    @Test(arguments: [
        ("abcdefgh.0", true), ("0123456789abcdef.9223372036854775807", true), ("abcdefg.1", false),
        ("0123456789abcdefg.1", false), ("ABCDEFGH.1", false), ("abcdefgh.", false), ("abcdefgh", false), ("", false),
        ("abcdefgh.01", false), ("abcdefgh.-1", false), ("abcdefgh.+1", false), ("abcdefgh.9223372036854775808", false),
        ("abcdefgh.1.2", false), ("abcdefgh.1 ", false), ("abcdéfgh.1", false), (".1", false),
    ])
    func `a position is an epoch and a number`(text: String, isGood: Bool) {
        let id = EventID(text)
        #expect((id != nil) == isGood)
        guard let id else { return }
        var bytes: [UInt8] = []
        id.append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
        #expect(EventID(epoch: id.epoch, seq: id.seq) == id)
    }

    @Test func `an epoch is checked when made, too`() {
        #expect(EventID(epoch: "a.b.c.d.e", seq: 1) == nil)
        #expect(EventID(epoch: "ABCDEFGHI", seq: 1) == nil)
    }
}
