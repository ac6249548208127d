// Owns a participant on long polls: one request after another, each from where the last one ended.

import LiveProtocol

/// A participant on long polls.
final class LivePoll: LiveReader {
    private let client: HTTPClient
    private let path: String
    private let token: String
    private let device: String?
    /// What the next request asks from; nil before the first.
    private(set) var place: Cursor?
    /// The last answer.
    private(set) var response = HTTPResponse()
    /// Seconds that a request may wait.
    var waitS = 25

    init(port: UInt16, path: String, token: String, _ options: AttachOptions = AttachOptions()) throws {
        client = try HTTPClient(port: port)
        self.path = path
        self.token = token
        device = options.device
        super.init()
        guard let cursor = options.cursor else { return }
        let start = try Cursor(cursor)
        place = start
        begin(at: start, resume: options.resume ?? "")
    }

    /// One request; its events are taken. Returns how many came.
    @discardableResult
    func poll(within seconds: Double = Deadline.usualS) throws -> Int {
        let options = AttachOptions(
            cursor: place?.description, resume: place == nil || resume.isEmpty ? nil : resume, device: device)
        response = try client.ask(
            "GET", path + options.query(["wait=\(waitS)"]), [("Authorization", "Bearer \(token)")], within: seconds)
        guard response.status == 200 else { throw LiveSocket.Refused(response: response) }
        let answer = try response.message()
        guard let cursor = answer["cursor"]?.string, let events = answer["events"]?.array else {
            throw IntegrationFailure("not an answer to a long poll: \(answer)")
        }
        for event in events { try take(LiveMessage(event).text) }
        let end = try Cursor(cursor)
        place = end
        begin(at: end, resume: answer["resume"]?.string ?? resume)
        return events.count
    }

    override func readMore(_ deadline: Deadline, waitingFor what: String) throws -> Bool {
        let before = messages.count
        while messages.count == before {
            guard !deadline.isOver else { throw IntegrationFailure("in time did not come: \(what)") }
            try poll(within: Double(deadline.remainingMs) / 1_000 + Double(waitS))
        }
        return true
    }
}
