// Owns what the transports of these tests share: the messages that came, in order, and the cursor that they move. A
// transport hands over each JSON text once. Never waits beyond a deadline.

import LiveProtocol

/// Messages of one attached client, in the order of arrival.
class LiveReader {
    /// Everything that came, replies and ephemeral events included.
    private(set) var messages: [LiveMessage] = []
    private(set) var epoch = ""
    /// The last position that the client knows.
    private(set) var seq: UInt64 = 0
    /// The newest resume token.
    private(set) var resume = ""
    private var mark = 0

    var cursor: Cursor { Cursor(epoch: epoch, seq: seq) }

    /// Events of the log, without the greetings.
    var log: [LiveMessage] {
        messages.filter { $0.event != nil && $0.seq != nil && $0.event != "welcome" && $0.event != "resumed" }
    }

    /// Texts of the chat in order, the state of the `welcome` not included.
    var chat: [String] { log.filter { $0.event == "chat_message" }.compactMap { $0["text"]?.string } }

    /// Waits until `count` replies are there. Refusals need no log, so they may come before earlier commands' replies.
    func replies(_ count: Int, within seconds: Double = Deadline.usualS) throws -> [LiveMessage] {
        let deadline = Deadline(seconds: seconds)
        while true {
            let replies = messages.filter(\.isReply)
            if replies.count >= count { return replies }
            guard try readMore(deadline, waitingFor: "\(count) replies, there are \(replies.count)") else {
                throw IntegrationFailure("\(replies.count) of \(count) replies came: \(endReason)")
            }
        }
    }

    /// Reads until at least one more message is there; false where the stream is over.
    func readMore(_ deadline: Deadline, waitingFor what: String) throws -> Bool {
        preconditionFailure("each transport reads in its own way")
    }

    /// Why the stream is over, for messages of failures.
    var endReason: String { "the stream ended" }

    /// Takes one JSON text that came.
    func take(_ text: String) throws {
        let message = try LiveMessage(text)
        switch message.event {
        case "welcome"?:
            epoch = message["epoch"]?.string ?? ""
            seq = message.seq ?? 0
        case "resumed"?:
            seq = message["from"]?.int.flatMap { UInt64(exactly: $0) } ?? 0
            if let now = message["epoch"]?.string { epoch = now }
        case .some: if let place = message.seq { seq = place }
        case nil: break
        }
        if let token = message["resume"]?.string { resume = token }
        messages.append(message)
    }

    /// Sets the cursor that a resumed stream begins with: `resumed` does not always name the epoch.
    func begin(at cursor: Cursor, resume: String) {
        epoch = cursor.epoch
        seq = cursor.seq
        self.resume = resume
    }

    /// The next message from the mark on that fits; the mark moves behind it.
    func next(
        _ what: String, within seconds: Double = Deadline.usualS, where fits: (LiveMessage) -> Bool
    ) throws -> LiveMessage {
        let deadline = Deadline(seconds: seconds)
        while true {
            while mark < messages.count {
                mark += 1
                if fits(messages[mark - 1]) { return messages[mark - 1] }
            }
            guard try readMore(deadline, waitingFor: what) else {
                throw IntegrationFailure("\(what) did not come: \(endReason)")
            }
        }
    }

    /// The next event of a name.
    @discardableResult
    func event(
        _ name: String, within seconds: Double = Deadline.usualS, where fits: (LiveMessage) -> Bool = { _ in true }
    ) throws -> LiveMessage {
        try next("event \(name)", within: seconds) { $0.event == name && fits($0) }
    }

    /// The final results of a poll: while the store is slow there may be a count before it that says it is not final.
    func finalResults(_ poll: String) throws -> LiveMessage {
        try event("poll_results") { $0["poll"]?.string == poll && $0["final"]?.bool == true }
    }

    /// The chat message with a text.
    @discardableResult
    func chat(_ text: String, within seconds: Double = Deadline.usualS) throws -> LiveMessage {
        try event("chat_message", within: seconds) { $0["text"]?.string == text }
    }

    /// Waits for a message anywhere in what came or will come; the mark stays.
    func find(
        _ what: String, from start: Int = 0, within seconds: Double = Deadline.usualS,
        where fits: (LiveMessage) -> Bool
    ) throws -> (place: Int, message: LiveMessage) {
        let deadline = Deadline(seconds: seconds)
        var at = start
        while true {
            while at < messages.count {
                if fits(messages[at]) { return (at, messages[at]) }
                at += 1
            }
            guard try readMore(deadline, waitingFor: what) else {
                throw IntegrationFailure("\(what) did not come: \(endReason)")
            }
        }
    }
}
