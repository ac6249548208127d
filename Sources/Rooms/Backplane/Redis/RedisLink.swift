// One connection to Redis as a state machine: greeting, commands in a pipeline, replies in their order, messages of
// channels, deadlines. Bytes and times in, actions out; whoever owns the socket carries them out. Never a socket, never
// a clock, never what a command means.
//
// A connection is good for nothing before its greeting is over: who it speaks to (`run_id`) is known by then, and every
// script is loaded. A server that lost its scripts is another server: NOSCRIPT closes the connection.

/// How a connection introduces itself.
package struct RedisGreeting: Sendable {
    /// Shown in CLIENT LIST; no blanks.
    package var clientName: String
    package var user: String?
    package var password: String?
    /// Scripts to load, in order; `RedisLink.Action.ready` answers with their digests.
    package var scripts: [String]

    /// All members.
    package init(clientName: String, user: String? = nil, password: String? = nil, scripts: [String] = []) {
        self.clientName = clientName
        self.user = user
        self.password = password
        self.scripts = scripts
    }
}

/// A server as its connection saw it on connecting.
package struct RedisServerFacts: Equatable, Sendable {
    /// Names this run of the process: another after every restart.
    package let runID: String
    package let version: String
    /// `master` or `replica`.
    package let role: String
    /// SHA-1 of each script of the greeting, in its order.
    package let scripts: [String]

    /// All members.
    package init(runID: String, version: String, role: String, scripts: [String]) {
        self.runID = runID
        self.version = version
        self.role = role
        self.scripts = scripts
    }
}

/// One connection to Redis. One thread.
package final class RedisLink {
    /// What the owner of the socket is to do.
    package enum Action: Equatable, Sendable {
        /// Bytes for the server.
        case write([UInt8])
        /// The greeting is over.
        case ready(RedisServerFacts)
        /// The reply of the command that was sent with this tag.
        case reply(tag: UInt64, RedisValue)
        /// Something was published.
        case message(channel: [UInt8], payload: [UInt8])
        /// A subscription stands, or is over.
        case subscribed(channel: [UInt8], Bool)
        /// The connection is of no use any more: close it. Commands without a reply are told with it: what became of
        /// them is unknown.
        case close(reason: String, unanswered: [UInt64])
    }

    private enum Phase {
        case connecting
        case greeting
        case ready
        case over
    }

    private enum Expected {
        case authenticated
        case named
        case script
        case facts
        case command(tag: UInt64, bytes: Int, sentMs: UInt64)
    }

    private let greeting: RedisGreeting
    private var phase = Phase.connecting
    private var reader = RedisReader()
    /// Replies that are to come, the next first.
    private var expected: [Expected] = []
    private var firstExpected = 0
    private var inFlightBytes = 0
    private var beganMs: UInt64
    private var digests: [String] = []

    /// A connection that is about to be made.
    package init(_ greeting: RedisGreeting, nowMs: UInt64) {
        self.greeting = greeting
        beganMs = nowMs
    }

    /// Whether commands are taken.
    package var isReady: Bool { phase == .ready }

    /// Commands without a reply.
    package var inFlight: Int { expected.count - firstExpected }

    /// The socket stands: says who we are.
    package func connected() -> [Action] {
        guard phase == .connecting else { return [] }
        phase = .greeting
        var bytes: [UInt8] = []
        if let password = greeting.password {
            let credentials = greeting.user.map { RedisCommand("AUTH", $0, password) }
            (credentials ?? RedisCommand("AUTH", password)).append(to: &bytes)
            expected.append(.authenticated)
        }
        RedisCommand("CLIENT", "SETNAME", greeting.clientName).append(to: &bytes)
        expected.append(.named)
        for script in greeting.scripts {
            RedisCommand("SCRIPT", "LOAD", script).append(to: &bytes)
            expected.append(.script)
        }
        RedisCommand("INFO").append(to: &bytes)
        expected.append(.facts)
        return [.write(bytes)]
    }

    /// Appends a command to `bytes`, which the owner writes with the others of its round.
    /// - Returns: false where the connection does not take it: not ready, or too many replies are outstanding.
    package func send(_ command: RedisCommand, tag: UInt64, nowMs: UInt64, to bytes: inout [UInt8]) -> Bool {
        guard phase == .ready, inFlight < RedisLimits.inFlightMax, inFlightBytes < RedisLimits.inFlightBytesMax else {
            return false
        }
        let before = bytes.count
        command.append(to: &bytes)
        inFlightBytes += bytes.count - before
        expected.append(.command(tag: tag, bytes: bytes.count - before, sentMs: nowMs))
        return true
    }

    /// Appends SUBSCRIBE or UNSUBSCRIBE; `subscribed` tells of each channel. Only on a connection that subscribes: one
    /// of RESP2 that has subscribed takes no other command, so neither may wait for a reply.
    package func subscribe(_ channels: [[UInt8]], _ on: Bool, to bytes: inout [UInt8]) -> Bool {
        guard phase == .ready, inFlight == 0, !channels.isEmpty else { return false }
        RedisCommand(arguments: [Array((on ? "SUBSCRIBE" : "UNSUBSCRIBE").utf8)] + channels).append(to: &bytes)
        return true
    }

    /// Bytes of the server.
    package func received(_ bytes: UnsafeRawBufferPointer) -> [Action] {
        guard phase == .greeting || phase == .ready else { return [] }
        var actions: [Action] = []
        do throws(RedisProtocolFailure) {
            try reader.feed(bytes)
            while phase != .over, let value = try reader.next() { take(value, &actions) }
        } catch {
            end("\(error)", &actions)
        }
        compact()
        return actions
    }

    /// The socket is over, for this reason.
    package func ended(_ reason: String) -> [Action] {
        var actions: [Action] = []
        end(reason, &actions)
        return actions
    }

    /// Looks at what is overdue; to be called at least each 100 ms.
    package func tick(nowMs: UInt64) -> [Action] {
        var actions: [Action] = []
        switch phase {
        case .connecting, .greeting:
            if nowMs >= beganMs + RedisLimits.greetingTimeoutMs { end("no greeting in time", &actions) }
        case .ready:
            if firstExpected < expected.count, case .command(_, _, let sentMs) = expected[firstExpected],
                nowMs >= sentMs + RedisLimits.replyTimeoutMs
            {
                end("no reply in time", &actions)
            }
        case .over: break
        }
        return actions
    }

    // MARK: Replies

    private func take(_ value: RedisValue, _ actions: inout [Action]) {
        guard firstExpected < expected.count else { return takePush(value, &actions) }
        let step = expected[firstExpected]
        firstExpected += 1
        if case .command(let tag, let bytes, _) = step {
            inFlightBytes -= bytes
            if value.errorCode == "NOSCRIPT" {
                // This command had no effect; neither had those behind it that need a script, but others may have.
                firstExpected -= 1
                inFlightBytes += bytes
                return end("the server lost its scripts", &actions)
            }
            return actions.append(.reply(tag: tag, value))
        }
        if case .error(let sentence) = value { return end("greeting refused: \(sentence)", &actions) }
        switch step {
        case .authenticated, .named, .command: break
        case .script:
            guard let digest = value.text else { return end("SCRIPT LOAD answers without a digest", &actions) }
            digests.append(digest)
        case .facts:
            guard let facts = Self.facts(value.text ?? "", digests) else {
                return end("INFO names no run_id", &actions)
            }
            phase = .ready
            actions.append(.ready(facts))
        }
    }

    private func takePush(_ value: RedisValue, _ actions: inout [Action]) {
        guard let parts = value.array, parts.count == 3, let kind = parts[0].text, let channel = parts[1].bytes else {
            return end("a reply that nobody asked for", &actions)
        }
        switch (kind, parts[2]) {
        case ("message", .bytes(let payload)): actions.append(.message(channel: channel, payload: payload))
        case ("subscribe", _): actions.append(.subscribed(channel: channel, true))
        case ("unsubscribe", _): actions.append(.subscribed(channel: channel, false))
        default: end("a message of an unknown kind", &actions)
        }
    }

    private func end(_ reason: String, _ actions: inout [Action]) {
        guard phase != .over else { return }
        phase = .over
        let unanswered = expected[firstExpected...].compactMap { step -> UInt64? in
            guard case .command(let tag, _, _) = step else { return nil }
            return tag
        }
        expected = []
        firstExpected = 0
        actions.append(.close(reason: reason, unanswered: unanswered))
    }

    /// What was answered leaves the list once it is most of it.
    private func compact() {
        guard firstExpected >= 64, firstExpected * 2 >= expected.count else { return }
        expected.removeFirst(firstExpected)
        firstExpected = 0
    }

    private static func facts(_ info: String, _ scripts: [String]) -> RedisServerFacts? {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        guard let runID = fields["run_id"], !runID.isEmpty else { return nil }
        let role = fields["role"] == "slave" ? "replica" : fields["role"].map(String.init) ?? "master"
        return RedisServerFacts(
            runID: String(runID), version: fields["redis_version"].map(String.init) ?? "", role: role, scripts: scripts)
    }
}
