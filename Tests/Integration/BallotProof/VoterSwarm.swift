// Owns two thousand voters on one event loop (LiveIO's Reactor as a client): their sockets, what they send and send
// again, and every breach of a promise that they notice. Turned by the test's thread; never waits by itself.

import LiveIO
import LiveProtocol
import LiveTestSupport

/// The voters and their connections.
final class VoterSwarm: ReactorDriver {
    /// One connection of one voter.
    private struct Line {
        enum Phase { case connecting, upgrading, greeting, open }
        let voter: Int
        let device: Int
        var phase = Phase.connecting
        var decoder = WebSocketDecoder()
    }

    /// Connections that may be on their way at once, as a browser crowd behind one network has.
    private static let connectsMax = 256
    private static let limits = WebSocketLimits(messageBytesMax: 1 << 20)

    let polls: [String]
    private(set) var voters: [Voter]
    private(set) var counts = SwarmCounts()
    /// Promises that were not kept; the test wants none.
    private(set) var breaches: [String] = []
    private let reactor: Reactor
    private let address: SocketAddress
    private let host: String
    private let path: String
    private var random: SeededRandom
    private var lines: [ConnectionID: Line] = [:]
    private var lineOf: [[ConnectionID?]]
    /// The last position of each device.
    private var cursors: [[Cursor?]]
    private var waiting: [(voter: Int, device: Int)] = []
    private var underWay = 0
    private let reader = JSONReader()

    init(_ voters: [Voter], polls: [String], room: Classroom, random: SeededRandom) throws {
        self.voters = voters
        self.polls = polls
        self.random = random
        raiseDescriptorLimit()
        guard let address = SocketAddress(host: "127.0.0.1", port: room.node.port) else {
            throw IntegrationFailure("no address")
        }
        self.address = address
        host = "127.0.0.1:\(room.node.port)"
        path = room.livePath
        lineOf = voters.map { [ConnectionID?](repeating: nil, count: $0.devices) }
        cursors = voters.map { [Cursor?](repeating: nil, count: $0.devices) }
        reactor = try Reactor(waker: Waker())
        reactor.attach(self)
        for (index, voter) in voters.enumerated() {
            for device in 0..<voter.devices { waiting.append((index, device)) }
        }
        waiting.shuffle(using: &self.random)
    }

    // MARK: For the test

    func turn(waitMaxMs: UInt32 = 10) {
        connectSome()
        reactor.turn(waitMaxMs: waitMaxMs)
    }

    /// Ends every connection.
    func end() {
        reactor.stop()
        reactor.run()
    }

    var attempts: Int { voters.reduce(0) { $0 + $1.items.count } }
    var receipted: Int { voters.reduce(0) { $0 + $1.items.count { $0.state >= .node } } }
    var stored: Int { voters.reduce(0) { $0 + $1.items.count { $0.state == .store } } }
    var isDone: Bool { voters.allSatisfy(\.isDone) }
    var openLines: Int { lines.count }

    /// Voters that are not done, for the message of a failure.
    var unfinished: String {
        let open = voters.filter { !$0.isDone }
        return "\(open.count) voters wait, such as \(open.prefix(3).map { "\($0.sub) \($0.items)" })"
    }

    // MARK: Connecting

    private func connectSome() {
        while underWay < Self.connectsMax, let next = waiting.popLast() {
            guard lineOf[next.voter][next.device] == nil, !voters[next.voter].isFinished else { continue }
            do throws(IOFailure) {
                let id = try reactor.connect(to: address)
                lines[id] = Line(voter: next.voter, device: next.device)
                lineOf[next.voter][next.device] = id
                underWay += 1
                counts.connects += 1
                reactor.setDeadline(id, inMs: 30_000)
            } catch {
                comeBack(next.voter, next.device)
                return
            }
        }
    }

    private func comeBack(_ voter: Int, _ device: Int) {
        guard !voters[voter].isFinished else { return }
        let payload = SwarmTimer.connect(voter: voter, device: device).payload
        _ = reactor.schedule(inMs: UInt32(20 + random.below(400)), payload: payload)
    }

    func connected(_ id: ConnectionID) {
        guard let line = lines[id] else { return }
        var options = AttachOptions(device: "d\(line.device)")
        if let resume = voters[line.voter].resume, let cursor = cursors[line.voter][line.device] {
            options.resume = resume
            options.cursor = cursor.description
        }
        var bytes: [UInt8] = []
        WebSocketHandshake.appendRequest(
            target: path + options.query(), host: host, key: WebSocketHandshake.key(random.bytes(16)),
            subprotocols: ["live.v1", "bearer.\(voters[line.voter].token)"], to: &bytes)
        lines[id]?.phase = .upgrading
        bytes.withUnsafeBytes { reactor.send(id, $0) }
    }

    func accepted(_ id: ConnectionID, from peer: PeerAddress) {}
    func drained(_ id: ConnectionID) {}
    func mailArrived() {}
    func roundEnded() {}

    func deadlineReached(_ id: ConnectionID) { reactor.close(id, afterDrain: false) }

    func ended(_ id: ConnectionID, _ end: ConnectionEnd) {
        guard let line = lines.removeValue(forKey: id) else { return }
        if line.phase != .open { underWay -= 1 }
        if lineOf[line.voter][line.device] == id { lineOf[line.voter][line.device] = nil }
        if end != .closed { counts.lost += 1 }
        comeBack(line.voter, line.device)
    }

    func timerFired(_ payload: UInt64) {
        switch SwarmTimer(payload: payload) {
        case .connect(let voter, let device): waiting.append((voter, device))
        case .resend(let voter, let item):
            counts.retries += 1
            if voters[voter].items[item].state < .store { say(voter, item) }
        }
    }

    // MARK: Reading

    func received(_ id: ConnectionID, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        guard var line = lines[id] else { return bytes.count }
        var consumed = 0
        if line.phase == .upgrading {
            guard let end = endOfHead(bytes) else { return 0 }
            guard bytes.starts(with: Array("HTTP/1.1 101 ".utf8)) else {
                // Full, or shutting down: as a browser does, try again.
                reactor.close(id, afterDrain: false)
                return bytes.count
            }
            consumed = end
            line.phase = .greeting
            lines[id] = line
        }
        while consumed < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[consumed...])
            let step = line.decoder.next(rest, limits: Self.limits, role: .client)
            lines[id]?.decoder = line.decoder
            switch step {
            case .needMore(let count): return consumed + count
            case .text(let count, let payload):
                take(id, line.voter, line.device, payload)
                consumed += count
            case .ping(let count, let payload):
                sendFrame(id, .pong, Array(payload))
                consumed += count
            case .pong(let count, _): consumed += count
            case .close(_, let code, _):
                noteClose(code, voters[line.voter])
                reactor.close(id, afterDrain: false)
                return bytes.count
            case .binary, .failed:
                breaches.append("the server broke the framing")
                reactor.close(id, afterDrain: false)
                return bytes.count
            }
            // What was taken may have ended the line.
            guard lines[id] != nil else { return bytes.count }
        }
        return consumed
    }

    private func endOfHead(_ bytes: UnsafeMutableRawBufferPointer) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for at in 0...(bytes.count - 4) where bytes[at] == 13 && bytes[at + 1] == 10 {
            if bytes[at + 2] == 13, bytes[at + 3] == 10 { return at + 4 }
        }
        return nil
    }

    private func noteClose(_ code: UInt16?, _ voter: Voter) {
        switch code {
        // Shutting down, try again, and a device's connection that its own next one replaced.
        case 1001, 1013, 4409: break
        default: breaches.append("\(voter.sub) was closed with \(code.map { "\($0)" } ?? "nothing")")
        }
    }

    private func take(_ id: ConnectionID, _ voter: Int, _ device: Int, _ payload: UnsafeRawBufferPointer) {
        let isEvent = payload.starts(with: Array(#"{"ev":""#.utf8))
        // Events of the log are many and say nothing to a voter but their place; the others are read.
        let seq = isEvent ? seq(of: payload) : 0
        if isEvent, seq > 0, !isGreeting(payload) {
            if let cursor = cursors[voter][device] {
                if seq <= cursor.seq { breaches.append("\(voters[voter].sub) got event \(seq) twice") }
                cursors[voter][device]?.seq = seq
            }
            return
        }
        do throws(JSONError) {
            let json = try reader.parse(payload, limits: .document)
            if isEvent { event(id, voter, device, json.root) } else { reply(voter, json.root) }
        } catch {
            breaches.append("not JSON: \(error)")
        }
    }

    /// The place of an event, `{"ev":"…","seq":N,…`; 0 for an ephemeral one.
    private func seq(of payload: UnsafeRawBufferPointer) -> UInt64 {
        let nameStart = 7
        guard payload.count > nameStart,
            let nameEnd = payload[nameStart...].firstIndex(of: UInt8(ascii: "\"")),
            payload[nameEnd...].starts(with: Array(#"","seq":"#.utf8))
        else { return 0 }
        var seq: UInt64 = 0
        for byte in payload[(nameEnd + 8)...] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
            seq = seq * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return seq
    }

    private func isGreeting(_ payload: UnsafeRawBufferPointer) -> Bool {
        payload.starts(with: Array(#"{"ev":"welcome""#.utf8)) || payload.starts(with: Array(#"{"ev":"resumed""#.utf8))
    }

    private func event(_ id: ConnectionID, _ voter: Int, _ device: Int, _ json: JSONValue) {
        switch json["ev"]?.string {
        case "welcome"?:
            if json["reset"] != nil { breaches.append("\(voters[voter].sub) was reset") }
            if let epoch = json["epoch"]?.string, let seq = json["seq"]?.int {
                cursors[voter][device] = Cursor(epoch: epoch, seq: UInt64(seq))
            }
            greeted(id, voter, json)
        case "resumed"?:
            counts.resumes += 1
            if json["from"]?.int.map(UInt64.init) != cursors[voter][device]?.seq {
                breaches.append("\(voters[voter].sub) was resumed elsewhere")
            }
            greeted(id, voter, json)
        case "ballot_stored"?:
            let poll = polls.firstIndex { $0 == json["poll"]?.string }
            let attempt = json["attempt_id"]?.string
            guard let item = voters[voter].items.firstIndex(where: { $0.poll == poll && $0.attempt == attempt }) else {
                breaches.append("ballot_stored for an attempt that was never made")
                return
            }
            counts.storedLater += 1
            settle(voter, item, .store)
        default: break
        }
    }

    private func greeted(_ id: ConnectionID, _ voter: Int, _ json: JSONValue) {
        underWay -= 1
        lines[id]?.phase = .open
        reactor.clearDeadline(id)
        voters[voter].resume = json["resume"]?.string
        // What holds no receipt of the store is said again after each reconnect.
        for item in voters[voter].items.indices {
            let state = voters[voter].items[item].state
            if state == .sent || state == .node { say(voter, item, on: id) }
        }
        goOn(voter)
    }

    private func reply(_ voter: Int, _ json: JSONValue) {
        guard let id = json["re"]?.string, let item = Int(id.prefix { $0 != "." }), item < voters[voter].items.count
        else {
            breaches.append("a reply to nothing: \(json["re"]?.string ?? "-")")
            return
        }
        guard json["ok"]?.bool == true else { return refused(voter, item, json["error"]) }
        let meant = voters[voter].items[item].choice
        if json["choice"]?.int != Int64(meant) {
            breaches.append("a receipt for \(json["choice"]?.int ?? -1) in place of \(meant)")
        }
        if json["duplicate"]?.bool == true { counts.duplicates += 1 }
        switch json["durable"]?.string {
        case "store"?:
            counts.repliesStore += 1
            settle(voter, item, .store)
        case "node"?:
            counts.repliesNode += 1
            settle(voter, item, .node)
        default: breaches.append("a receipt that promises nothing")
        }
    }

    private func refused(_ voter: Int, _ item: Int, _ error: JSONValue?) {
        let code = error?["code"]?.string ?? "-"
        switch code {
        case "rate_limited", "overloaded", "unavailable":
            guard voters[voter].items[item].state < .store else { return }
            let waitMs = UInt32(clamping: error?["retry_after_ms"]?.int ?? 500) + UInt32(random.below(100))
            _ = reactor.schedule(inMs: waitMs, payload: SwarmTimer.resend(voter: voter, item: item).payload)
        default: breaches.append("\(voters[voter].sub) was refused with \(code)")
        }
    }

    // MARK: Saying

    private func settle(_ voter: Int, _ item: Int, _ state: BallotItem.State) {
        if voters[voter].items[item].state < state { voters[voter].items[item].state = state }
        goOn(voter)
    }

    /// Makes the next attempt, or says old ones again as often as was planned; then the voter may leave.
    private func goOn(_ voter: Int) {
        if let item = voters[voter].due {
            let copies = voters[voter].items[item].copies
            for _ in 0..<(1 + random.below(copies)) { say(voter, item) }
        } else if voters[voter].isStored, !voters[voter].isFinished {
            for item in voters[voter].items.indices.shuffled(using: &random) {
                while voters[voter].items[item].sent < voters[voter].items[item].copies, say(voter, item) {}
            }
            if voters[voter].isDone { finish(voter) }
        }
    }

    /// Half of those who are done leave, the others stay to the end.
    private func finish(_ voter: Int) {
        guard random.chance(1, in: 2) else { return }
        voters[voter].isFinished = true
        for id in lineOf[voter] { if let id { reactor.close(id, afterDrain: true) } }
    }

    /// Says an attempt on one of the voter's open connections; false where there is none.
    @discardableResult
    private func say(_ voter: Int, _ item: Int, on given: ConnectionID? = nil) -> Bool {
        let open = lineOf[voter].compactMap { $0 }.filter { lines[$0]?.phase == .open }
        guard !open.isEmpty else { return false }
        let id = given ?? random.pick(open)
        let ballot = voters[voter].items[item]
        voters[voter].items[item].sent += 1
        if ballot.state == .unsent { voters[voter].items[item].state = .sent }
        counts.sends += 1
        sendFrame(
            id, .text,
            Command.bytes(
                "poll_answer", id: "\(item).\(ballot.sent)",
                [
                    "poll": .text(polls[ballot.poll]), "attempt_id": .text(ballot.attempt),
                    "choice": .number(ballot.choice),
                ]))
        if voters[voter].isRestless, random.chance(1, in: 5) { cut(id) }
        return true
    }

    /// The network goes: at once, or after what was sent has left.
    private func cut(_ id: ConnectionID) {
        counts.cuts += 1
        guard let line = lines.removeValue(forKey: id) else { return }
        if line.phase != .open { underWay -= 1 }
        lineOf[line.voter][line.device] = nil
        reactor.close(id, afterDrain: random.chance(1, in: 2))
        comeBack(line.voter, line.device)
    }

    private func sendFrame(_ id: ConnectionID, _ opcode: WebSocketOpcode, _ payload: [UInt8]) {
        var bytes: [UInt8] = []
        WebSocketFrame.append(opcode, payload: payload, mask: UInt32(truncatingIfNeeded: random.next()), to: &bytes)
        bytes.withUnsafeBytes { reactor.send(id, $0) }
    }
}
