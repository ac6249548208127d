// Owns a participant on server-sent events: the request, and a reader of the stream's lines after the HTML standard
// (section 9.2.6), written apart from the server's own. Every wait has a deadline.

import LiveProtocol

/// A participant on an event stream.
final class LiveStream: LiveReader {
    let wire: WireSocket
    /// The head of the answer.
    let response: HTTPResponse
    /// `id:` of each message, in the order of `messages`; the last one in force where an event had none.
    private(set) var ids: [String] = []
    private(set) var comments = 0
    private(set) var retryMs: Int?
    private var lastID = ""
    private var data: [String] = []

    /// Opens the stream. Throws `LiveSocket.Refused` where the answer is not 200.
    init(
        port: UInt16, path: String, token: String?, _ options: AttachOptions = AttachOptions(),
        lastEventID: String? = nil, more: [String] = []
    ) throws {
        wire = try WireSocket(port: port, receiveBuffer: options.receiveBuffer)
        var fields: [HTTPField] = [("Accept", "text/event-stream")]
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        if let lastEventID { fields.append(("Last-Event-ID", lastEventID)) }
        if let origin = options.origin { fields.append(("Origin", origin)) }
        var bytes: [UInt8] = []
        HTTPRequestWriter.append(
            "GET", path + options.query(more), host: "127.0.0.1:\(port)", fields: fields, to: &bytes)
        try wire.send(bytes)
        response = try Self.head(wire)
        super.init()
        if let cursor = options.cursor ?? lastEventID { begin(at: try Cursor(cursor), resume: options.resume ?? "") }
    }

    private static func head(_ wire: WireSocket) throws -> HTTPResponse {
        let deadline = Deadline()
        var reading = HTTPReading()
        var isStream = false
        while true {
            if !isStream, let response = try reading.step(wire, headOnly: true) {
                if response.status == 200 { return response }
                isStream = true
            }
            if isStream, let response = try reading.step(wire) { throw LiveSocket.Refused(response: response) }
            guard try wire.fill(deadline, waitingFor: "the head of an event stream") else {
                throw LiveSocket.Refused(response: try reading.closed())
            }
        }
    }

    override func readMore(_ deadline: Deadline, waitingFor what: String) throws -> Bool {
        let before = messages.count
        while true {
            try decode()
            if messages.count > before { return true }
            if try !wire.fill(deadline, waitingFor: what) {
                try decode()
                return messages.count > before
            }
        }
    }

    /// Reads until a comment came, which keeps proxies awake.
    func waitForComment(within seconds: Double) throws {
        let deadline = Deadline(seconds: seconds)
        let before = comments
        while comments == before {
            try decode()
            if comments > before { return }
            guard try wire.fill(deadline, waitingFor: "a comment") else {
                throw IntegrationFailure("the stream ended without a comment")
            }
        }
    }

    private func decode() throws {
        while let end = wire.unread.firstIndex(of: UInt8(ascii: "\n")) {
            var line = wire.unread[wire.unread.startIndex..<end]
            let count = line.count + 1
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            let text = String(decoding: line, as: UTF8.self)
            wire.consume(count)
            try take(line: text)
        }
    }

    private func take(line: String) throws {
        if line.isEmpty {
            guard !data.isEmpty else { return }
            let text = data.joined(separator: "\n")
            data.removeAll()
            ids.append(lastID)
            return try take(text)
        }
        let colon = line.firstIndex(of: ":") ?? line.endIndex
        let name = line[..<colon]
        var value = colon == line.endIndex ? "" : line[line.index(after: colon)...]
        if value.first == " " { value = value.dropFirst() }
        switch name {
        case "": comments += 1
        case "data": data.append(String(value))
        case "id": lastID = String(value)
        case "retry": retryMs = Int(value)
        default: break
        }
    }
}
