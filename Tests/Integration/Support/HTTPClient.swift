// Owns HTTP/1.1 as a client of these tests speaks it: requests one after another or in a pipeline, answers whole. Reads
// with LiveProtocol's parser, so an answer that breaks the grammar fails the test. Never follows redirects.

import LiveProtocol

/// One answer.
struct HTTPResponse {
    var status = 0
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var keepAlive = true

    /// The first value of a header, whatever the name's case.
    subscript(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a message; throws where it is no JSON object.
    func message() throws -> LiveMessage { try LiveMessage(text) }

    /// The code of a problem+json body.
    var problem: String? {
        guard self["Content-Type"]?.hasPrefix("application/problem+json") == true else { return nil }
        return try? message()["code"]?.string
    }
}

/// A field of a request; names are constants as LiveProtocol's writer wants them.
typealias HTTPField = HTTPRequestWriter.Field

/// One connection that speaks HTTP.
final class HTTPClient {
    let wire: WireSocket
    let host: String
    private var limits = HTTPLimits()

    init(port: UInt16) throws {
        wire = try WireSocket(port: port)
        host = "127.0.0.1:\(port)"
        limits.bodyBytesMax = 64 << 20
    }

    /// One request and its answer.
    func ask(
        _ method: StaticString, _ target: String, _ fields: [HTTPField] = [], body: [UInt8]? = nil,
        within seconds: Double = Deadline.usualS
    ) throws -> HTTPResponse {
        try send(method, target, fields, body: body)
        return try answer(toHead: "\(method)" == "HEAD", within: seconds)
    }

    /// Sends a request and does not wait.
    func send(_ method: StaticString, _ target: String, _ fields: [HTTPField] = [], body: [UInt8]? = nil) throws {
        var bytes: [UInt8] = []
        HTTPRequestWriter.append(method, target, host: host, fields: fields, body: body, to: &bytes)
        try wire.send(bytes)
    }

    /// Sends bytes as they are, for requests that no writer makes.
    func send(raw text: String) throws { try wire.send(Array(text.utf8)) }

    /// The next answer; interim ones are passed over.
    func answer(toHead: Bool = false, within seconds: Double = Deadline.usualS) throws -> HTTPResponse {
        while true {
            let response = try next(toHead: toHead, Deadline(seconds: seconds))
            if response.status >= 200 { return response }
        }
    }

    /// The next answer, interim ones included. A switch of protocols ends it behind the head.
    func next(toHead: Bool = false, _ deadline: Deadline) throws -> HTTPResponse {
        var reading = HTTPReading(answersHead: toHead, limits: limits)
        while true {
            if let response = try reading.step(wire) { return response }
            if try !wire.fill(deadline, waitingFor: "an HTTP answer") {
                return try reading.closed()
            }
        }
    }
}

/// One answer in the making.
struct HTTPReading {
    private var parser = HTTPResponseParser()
    private var head = HTTPResponseHead()
    private var response = HTTPResponse()
    private var hasHead = false
    private let answersHead: Bool
    private let limits: HTTPLimits

    init(answersHead: Bool = false, limits: HTTPLimits = HTTPLimits()) {
        self.answersHead = answersHead
        self.limits = limits
    }

    /// Takes what has come; the answer once it is whole. With `headOnly` the answer ends behind its head.
    mutating func step(_ wire: WireSocket, headOnly: Bool = false) throws -> HTTPResponse? {
        while true {
            var bytes = Array(wire.unread)
            var consumed = 0
            var outcome: HTTPStep = .needMore(consumed: 0)
            bytes.withUnsafeMutableBytes { raw in
                outcome = parser.next(raw, limits: limits, head: &head, answersHead: answersHead)
                switch outcome {
                case .head(let count):
                    consumed = count
                    keepHead()
                case .body(let count, let range):
                    consumed = count
                    response.body.append(contentsOf: UnsafeRawBufferPointer(rebasing: raw[range]))
                case .end(let count), .needMore(let count): consumed = count
                case .failed: break
                }
            }
            wire.consume(consumed)
            switch outcome {
            case .head where headOnly || response.status == 101: return response
            case .end: return response
            case .failed(let failure): throw IntegrationFailure("the answer is not HTTP: \(failure.reason)")
            case .needMore: return nil
            case .head, .body: continue
            }
        }
    }

    /// The peer closed: the end of an answer without a length, or a cut.
    mutating func closed() throws -> HTTPResponse {
        guard hasHead, parser.closed() else {
            throw IntegrationFailure("the connection ended within or before an answer")
        }
        return response
    }

    private mutating func keepHead() {
        hasHead = true
        response.status = head.status
        response.keepAlive = head.keepAlive
        for index in 0..<head.fields.count {
            response.fields.append(
                (
                    String(decoding: head.fields.name(at: index), as: UTF8.self),
                    String(decoding: head.fields.value(at: index), as: UTF8.self)
                ))
        }
    }
}
