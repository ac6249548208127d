// Owns the way of bytes to messages: HTTP answers, WebSocket frames, event streams, long polls. Never knows what a
// message means.

import Glibc
import LiveIO
import LiveProtocol

extension LoadDriver {
    /// Bytes of one message of the server: snapshots of large rooms are the longest.
    private static let frameLimits = WebSocketLimits(messageBytesMax: 16 << 20)
    /// A stream has no length.
    private static let httpLimits: HTTPLimits = {
        var limits = HTTPLimits()
        limits.bodyBytesMax = UInt64(Int64.max)
        return limits
    }()
    private static let pollLimits = JSONLimits(bytesMax: 64 << 20, depthMax: 64, nodesMax: 4 << 20)
    /// What is kept of an answer that is no stream.
    private static let bodyBytesMax = 64 << 20
    /// A long poll's wait, seconds, and how much longer its answer may take.
    static let pollWaitS = 20
    private static let pollGraceMs: UInt32 = 15_000

    // MARK: HTTP

    /// Reads what the bytes hold of the answer; how many were taken.
    func readExchange(_ person: Int, _ exchange: Exchange, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        var at = 0
        while people[person].exchange === exchange {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[at...])
            switch exchange.parser.next(rest, limits: Self.httpLimits, head: &exchange.head) {
            case .needMore(let consumed): return at + consumed
            case .head(let consumed):
                at += consumed
                readHead(person, exchange)
            case .body(let consumed, let range):
                at += consumed
                readBody(person, exchange, UnsafeRawBufferPointer(rebasing: rest[range]))
            case .end(let consumed):
                at += consumed
                readEnd(person, exchange)
            case .failed(let failure):
                broken(person, "\(failure.reason)")
                return bytes.count
            }
        }
        return people[person].connection == nil ? bytes.count : at
    }

    private func readHead(_ person: Int, _ exchange: Exchange) {
        exchange.status = exchange.head.status
        exchange.keepsAlive = exchange.head.keepAlive
        if let wait = exchange.head.header("retry-after"), let seconds = Decimal.parse(wait) {
            exchange.retryAfterMs = min(seconds, 600) * 1_000
        }
        switch (exchange.transport, exchange.status) {
        case (.websocket, 101):
            if let failure = WebSocketHandshake.check(exchange.head, key: exchange.key) {
                broken(person, "\(failure.reason)")
                return
            }
            people[person].exchange = nil
            people[person].phase = .greeting
        case (.sse, 200): people[person].phase = .greeting
        default: break
        }
    }

    private func readBody(_ person: Int, _ exchange: Exchange, _ piece: UnsafeRawBufferPointer) {
        measurements.count(.bytesIn, UInt64(piece.count))
        if exchange.transport == .sse, exchange.status == 200 {
            let isFine = exchange.stream.take(piece) { data in message(person, data) }
            if !isFine { broken(person, "an event without end") }
        } else if exchange.body.count + piece.count <= Self.bodyBytesMax {
            exchange.body.append(contentsOf: piece)
        } else {
            broken(person, "an answer without end")
        }
    }

    private func readEnd(_ person: Int, _ exchange: Exchange) {
        if exchange.transport == .longpoll, exchange.status == 200 {
            readPoll(person, exchange)
            return
        }
        if exchange.transport == .sse, exchange.status == 200 { return }
        guard let id = people[person].connection else { return }
        let status = exchange.status
        let mayWait = status == 503 || status == 429
        let wait = exchange.retryAfterMs ?? 1_000
        disown(person)
        reactor.close(id, afterDrain: false)
        attemptOver(person, "HTTP \(status)", retryAfterMs: mayWait ? wait : nil)
    }

    /// `disown` has been done: the phase says whether a join or a stay is over.
    private func attemptOver(_ person: Int, _ reason: String, retryAfterMs: UInt64?) {
        wentAway(person, reason, retryAfterMs: retryAfterMs, mayComeBack: true)
    }

    /// What the server sent is not what the protocol says.
    func broken(_ person: Int, _ reason: String) {
        measurements.count(.malformed)
        guard let id = people[person].connection else { return }
        reactor.close(id, afterDrain: false)
        wentAway(person, "malformed: \(reason)", retryAfterMs: nil, mayComeBack: false)
    }

    // MARK: Long poll

    private func readPoll(_ person: Int, _ exchange: Exchange) {
        var cursor: String?
        let taken: Bool = exchange.body.withUnsafeBytes { body in
            guard let document = try? JSONDocument.parse(body, limits: Self.pollLimits),
                let text = document["cursor"]?.string, let events = document["events"]
            else { return false }
            cursor = text
            for event in events.elements {
                var writer = JSONWriter(reserving: 512)
                writer.value(event)
                writer.bytes.withUnsafeBytes { message(person, $0) }
            }
            return true
        }
        guard taken, let cursor, EventID(cursor) != nil else { return broken(person, "no poll's answer") }
        guard people[person].exchange === exchange, let id = people[person].connection else { return }
        guard exchange.keepsAlive else { return }
        pollAgain(person, id, cursor: cursor)
    }

    /// The next poll goes out on the same connection.
    private func pollAgain(_ person: Int, _ id: ConnectionID, cursor: String) {
        let member = people[person].member
        people[person].exchange = Exchange(.longpoll)
        frame.removeAll(keepingCapacity: true)
        let path = "/v1/rooms/\(plan.room(member.room))/live?device=d\(member.number)"
        HTTPRequestWriter.append(
            "GET", "\(path)&cursor=\(cursor)&wait=\(Self.pollWaitS)", host: plan.target.authority,
            fields: [("Authorization", "Bearer \(token(person))")], to: &frame)
        frame.withUnsafeBytes { reactor.send(id, $0) }
        reactor.setDeadline(id, inMs: UInt32(Self.pollWaitS) * 1_000 + Self.pollGraceMs)
    }

    // MARK: WebSocket

    /// Takes the frames that are complete; how many bytes they were.
    func readFrames(_ person: Int, _ id: ConnectionID, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        var at = 0
        measurements.count(.bytesIn, UInt64(bytes.count))
        while people[person].connection == id {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[at...])
            switch people[person].decoder.next(rest, limits: Self.frameLimits, role: .client) {
            case .needMore(let consumed):
                // What is left is counted when it is whole.
                return at + consumed
            case .text(let consumed, let payload):
                at += consumed
                message(person, payload)
            case .binary: broken(person, "a binary message")
            case .ping(let consumed, let payload):
                at += consumed
                pong(id, payload)
            case .pong(let consumed, _): at += consumed
            case .close(let consumed, let code, let reason):
                at += consumed
                closed(person, id, code, reason)
            case .failed(_, let reason): broken(person, "\(reason)")
            }
        }
        return bytes.count
    }

    private func pong(_ id: ConnectionID, _ payload: UnsafeRawBufferPointer) {
        frame.removeAll(keepingCapacity: true)
        WebSocketFrame.append(.pong, payload: payload, mask: mask(), to: &frame)
        frame.withUnsafeBytes { reactor.send(id, $0) }
    }

    /// The server closes: its code says whether to come back (Docs/protocol.md, section 4).
    private func closed(_ person: Int, _ id: ConnectionID, _ code: UInt16?, _ reason: UnsafeRawBufferPointer) {
        let wait: UInt64?
        switch code {
        case 1001: wait = WireText.number("\"reconnect_after_ms\":", in: reason)
        case 1013: wait = WireText.number("\"retry_after_ms\":", in: reason) ?? 1_000
        default: wait = nil
        }
        frame.removeAll(keepingCapacity: true)
        WebSocketFrame.appendClose(code: code, mask: mask(), to: &frame)
        frame.withUnsafeBytes { reactor.send(id, $0) }
        let isFinal = code == 4401 || code == 4403 || code == 4409
        wentAway(
            person, code.map { "close \($0)" } ?? "close without a code", retryAfterMs: wait, mayComeBack: !isFinal)
        reactor.close(id, afterDrain: true)
    }

    func mask() -> UInt32 { UInt32(truncatingIfNeeded: random(below: 1 << 30)) | 0x4000_0001 }
}
