// Owns a participant on a WebSocket: the handshake as a browser makes it, frames both ways, pongs, the close. Reads
// with LiveProtocol's decoder in the client role. Every wait has a deadline.

import LiveProtocol

/// What an attach may say beside the token.
struct AttachOptions {
    var cursor: String?
    var resume: String?
    var device: String?
    var origin: String?
    /// Bytes of the kernel's receive buffer, for readers that are slow on purpose.
    var receiveBuffer: Int32?
    /// What is offered in Sec-WebSocket-Extensions.
    var extensions: String?

    init(
        cursor: String? = nil, resume: String? = nil, device: String? = nil, origin: String? = nil,
        receiveBuffer: Int32? = nil, extensions: String? = nil
    ) {
        self.cursor = cursor
        self.resume = resume
        self.device = device
        self.origin = origin
        self.receiveBuffer = receiveBuffer
        self.extensions = extensions
    }

    /// Where another client stood: the attach that follows a lost network.
    init(after reader: LiveReader, device: String? = nil, extensions: String? = nil) {
        self.init(cursor: reader.cursor.description, resume: reader.resume, device: device, extensions: extensions)
    }

    /// As a browser offers compression.
    static let deflate = AttachOptions(extensions: "permessage-deflate; client_max_window_bits")

    /// `?…`, or nothing.
    func query(_ more: [String] = []) -> String {
        var parts = more
        if let resume { parts.append("resume=\(resume)") }
        if let cursor { parts.append("cursor=\(cursor)") }
        if let device { parts.append("device=\(device)") }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }
}

/// How a WebSocket ended.
struct Closing: Equatable, CustomStringConvertible {
    /// nil: an empty close frame, or none.
    var code: UInt16?
    var reason = ""

    var description: String { "closed with \(code.map { "\($0)" } ?? "no code"), \(reason)" }
}

/// A participant on a WebSocket.
final class LiveSocket: LiveReader {
    let wire: WireSocket
    private(set) var closing: Closing?
    /// The subprotocol that the server selected.
    let subprotocol: String?
    /// What the server answered to an offer of compression.
    let extensions: String?
    /// Of each message, whether it came compressed; in step with `messages`.
    private(set) var compressed: [Bool] = []
    private var decoder = WebSocketDecoder()
    private let limits: WebSocketLimits
    private var deflate: SocketDeflate?
    private var commands = 0
    /// Ids of one connection are not those of the next: the node remembers them for a person.
    private let prefix = String(UInt32.random(in: 0 ... .max), radix: 36)

    /// Makes the handshake. Throws `Refused` where the server answers with anything but 101.
    init(port: UInt16, path: String, token: String?, _ options: AttachOptions = AttachOptions()) throws {
        wire = try WireSocket(port: port, receiveBuffer: options.receiveBuffer)
        let key = WebSocketHandshake.key((0..<16).map { _ in UInt8.random(in: 0...255) })
        var bytes: [UInt8] = []
        var fields: [HTTPField] = []
        if let origin = options.origin { fields.append(("Origin", origin)) }
        if let offer = options.extensions { fields.append(("Sec-WebSocket-Extensions", offer)) }
        WebSocketHandshake.appendRequest(
            target: path + options.query(), host: "127.0.0.1:\(port)", key: key,
            subprotocols: ["live.v1"] + (token.map { ["bearer.\($0)"] } ?? []), fields: fields, to: &bytes)
        try wire.send(bytes)
        let response = try Self.answer(wire, key: key)
        subprotocol = response["Sec-WebSocket-Protocol"]
        extensions = response["Sec-WebSocket-Extensions"]
        deflate = try extensions.map { try SocketDeflate(agreed: $0) }
        limits = WebSocketLimits(messageBytesMax: 64 << 20, permitsCompression: deflate != nil)
        super.init()
        if let cursor = options.cursor { begin(at: try Cursor(cursor), resume: options.resume ?? "") }
    }

    /// An HTTP answer in place of the upgrade.
    struct Refused: Error, CustomStringConvertible {
        let response: HTTPResponse
        var description: String { "refused with \(response.status): \(response.text.prefix(200))" }
    }

    private static func answer(_ wire: WireSocket, key: [UInt8]) throws -> HTTPResponse {
        let deadline = Deadline()
        var reading = HTTPReading()
        while true {
            if let response = try reading.step(wire) {
                guard response.status == 101 else { throw Refused(response: response) }
                let expected = key.withUnsafeBytes { WebSocketHandshake.acceptKey(for: $0) }
                guard response["Sec-WebSocket-Accept"] == String(decoding: expected, as: UTF8.self) else {
                    throw IntegrationFailure("Sec-WebSocket-Accept does not fit the key")
                }
                return response
            }
            guard try wire.fill(deadline, waitingFor: "the answer to an upgrade") else {
                throw Refused(response: try reading.closed())
            }
        }
    }

    // MARK: Reading

    override var endReason: String { closing?.description ?? (wire.wasReset ? "reset" : "the connection ended") }

    override func readMore(_ deadline: Deadline, waitingFor what: String) throws -> Bool {
        let before = messages.count
        while true {
            try decode()
            if messages.count > before { return true }
            if closing != nil { return false }
            if try !wire.fill(deadline, waitingFor: what) { return false }
        }
    }

    /// Takes what lies in the kernel now, without waiting.
    func takeWhatIsThere() throws {
        while wire.readNow() {}
        try decode()
    }

    /// Reads until the close frame or the end, and says how it ended.
    func waitForClose(within seconds: Double = Deadline.usualS) throws -> Closing {
        let deadline = Deadline(seconds: seconds)
        while closing == nil, try readMore(deadline, waitingFor: "the close") {}
        return closing ?? Closing(code: nil, reason: wire.wasReset ? "reset" : "ended without a close frame")
    }

    private func decode() throws {
        while closing == nil {
            var bytes = Array(wire.unread)
            guard !bytes.isEmpty else { return }
            var consumed = 0
            var texts: [(text: String, isCompressed: Bool)] = []
            var pongs: [[UInt8]] = []
            var failure: String?
            bytes.withUnsafeMutableBytes { all in
                steps: while consumed < all.count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: all[consumed...])
                    switch decoder.next(rest, limits: limits, role: .client) {
                    case .needMore(let count):
                        consumed += count
                        break steps
                    case .text(let count, let payload):
                        if decoder.isCompressed {
                            texts.append((deflate?.inflate(payload) ?? "no compression was agreed on", true))
                        } else {
                            texts.append((String(decoding: payload, as: UTF8.self), false))
                        }
                        consumed += count
                    case .binary(let count, _):
                        failure = "a binary message"
                        consumed += count
                    case .ping(let count, let payload):
                        pongs.append(Array(payload))
                        consumed += count
                    case .pong(let count, _): consumed += count
                    case .close(let count, let code, let reason):
                        closing = Closing(code: code, reason: String(decoding: reason, as: UTF8.self))
                        consumed += count
                        break steps
                    case .failed(let code, let reason):
                        failure = "\(code) \(reason)"
                        break steps
                    }
                }
            }
            wire.consume(consumed)
            for (text, isCompressed) in texts {
                compressed.append(isCompressed)
                try take(text)
            }
            for pong in pongs { try sendFrame(.pong, pong) }
            if let failure { throw IntegrationFailure("the server broke the protocol: \(failure)") }
            if texts.isEmpty, pongs.isEmpty { return }
        }
    }

    // MARK: Writing

    /// Sends one masked frame.
    @discardableResult
    func sendFrame(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false
    ) throws -> Bool {
        var bytes: [UInt8] = []
        WebSocketFrame.append(
            opcode, payload: payload, isFinal: isFinal, isCompressed: isCompressed,
            mask: UInt32.random(in: 1 ... .max), to: &bytes)
        return try wire.send(bytes)
    }

    /// Sends one text, compressed as was agreed on.
    @discardableResult
    func send(deflated text: String) throws -> Bool {
        guard let deflate else { throw IntegrationFailure("no compression was agreed on") }
        return try sendFrame(.text, deflate.deflate(text), isCompressed: true)
    }

    /// Sends one text.
    @discardableResult
    func send(text: String) throws -> Bool { try sendFrame(.text, Array(text.utf8)) }

    /// Sends a command and does not wait; returns its id.
    @discardableResult
    func send(_ op: String, _ members: Members = [:], id: String? = nil) throws -> String {
        commands += 1
        let id = id ?? "\(prefix)-\(commands)"
        guard try sendFrame(.text, Command.bytes(op, id: id, members)) else {
            throw IntegrationFailure("\(op) could not be sent: \(endReason)")
        }
        return id
    }

    /// Sends a command and waits for its reply.
    @discardableResult
    func ask(
        _ op: String, _ members: Members = [:], id: String? = nil, within seconds: Double = Deadline.usualS
    ) throws -> LiveMessage {
        let start = messages.count
        let id = try send(op, members, id: id)
        return try find("the reply to \(op) (\(id))", from: start, within: seconds) { $0.re == id }.message
    }

    /// Sends a command that must be accepted.
    @discardableResult
    func demand(_ op: String, _ members: Members = [:], id: String? = nil) throws -> LiveMessage {
        let reply = try ask(op, members, id: id)
        guard reply.isOK else { throw IntegrationFailure("\(op) was refused: \(reply)") }
        return reply
    }

    /// A heartbeat: its reply comes behind everything that the room had sent out by then.
    @discardableResult
    func heartbeat() throws -> LiveMessage {
        try demand("heartbeat", ["seq": .number(Int(seq)), "lag_ms": 3, "transport": "ws"])
    }

    /// Says good-bye and waits until the server has, too.
    func leave() throws {
        try sendClose(1000)
        _ = try waitForClose()
        wire.close()
    }

    /// Sends a close frame.
    func sendClose(_ code: UInt16?) throws {
        var bytes: [UInt8] = []
        WebSocketFrame.appendClose(code: code, mask: UInt32.random(in: 1 ... .max), to: &bytes)
        try wire.send(bytes)
    }
}
