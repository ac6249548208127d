// Owns the promises of the event stream's writer: whatever stands in an event, a reader of the stream (written
// here as the WHATWG page has it) finds one event with that id and those lines, and nothing that the event made
// up.

@testable import LiveProtocol

enum FuzzedStream {
    /// The first byte says how long the id is.
    static func run(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let rest = input.dropFirst()
        let id = Array(rest.prefix(Int(first & 31)))
        let data = Array(rest.dropFirst(id.count))
        var bytes: [UInt8] = []
        ServerSentEvent.appendComment("beat", to: &bytes)
        let isLine = !id.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 }
        let isTaken = ServerSentEvent.append(
            id: first & 64 == 0 ? id : nil, data: data, retryMs: first & 128 == 0 ? nil : 7, to: &bytes)
        promise(isTaken == (isLine || first & 64 != 0), "an id of several lines is taken, or one of one is not")
        guard isTaken else { return }
        let events = read(bytes)
        promise(events.count == 1, "\(events.count) events instead of one")
        promise(events.first?.data == lines(data), "other lines")
        promise(first & 64 != 0 || events.first?.id == id, "another id")
    }

    private struct Event { var id: [UInt8]?, data: [[UInt8]] }

    /// Lines end at CRLF, CR or LF.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var isAfterReturn = false
        for byte in bytes {
            if byte == 0x0A, isAfterReturn {
                isAfterReturn = false
                continue
            }
            isAfterReturn = byte == 0x0D
            if byte == 0x0A || byte == 0x0D {
                lines.append([])
            } else {
                lines[lines.count - 1].append(byte)
            }
        }
        return lines
    }

    private static func read(_ stream: [UInt8]) -> [Event] {
        var events: [Event] = []
        var current = Event(id: nil, data: [])
        for line in lines(stream) {
            if line.isEmpty {
                if !current.data.isEmpty { events.append(current) }
                current = Event(id: current.id, data: [])
                continue
            }
            let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
            let name = String(decoding: line[..<colon], as: UTF8.self)
            var value = Array(line.dropFirst(colon + 1))
            if value.first == 0x20 { value.removeFirst() }
            if name == "data" { current.data.append(value) }
            if name == "id" { current.id = value }
        }
        return events
    }
}
