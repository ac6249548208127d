// Owns the promises of the HTTP parsers: whatever the cuts, the same heads, bodies and failure; nothing beyond the
// input is read or consumed; a request that was taken is taken again when written anew, with the same meaning. The
// first byte of an input chooses limits and cuts.

@testable import LiveProtocol

enum FuzzedHTTP {
    static func runRequests(_ input: [UInt8]) {
        guard let seed = input.first else { return }
        let (text, limits) = (Array(input.dropFirst()), limits(seed))
        let whole = requests(text, cuts: [], limits: limits)
        for cuts in Cuts.of(text.count, seed: seed) {
            promise(requests(text, cuts: cuts, limits: limits) == whole, "requests depend on cuts")
        }
        rewrite(whole)
    }

    static func runResponses(_ input: [UInt8]) {
        guard let seed = input.first else { return }
        let (text, limits) = (Array(input.dropFirst()), limits(seed))
        let whole = responses(text, cuts: [], limits: limits)
        for cuts in Cuts.of(text.count, seed: seed) {
            promise(responses(text, cuts: cuts, limits: limits) == whole, "responses depend on cuts")
        }
    }

    /// The input as what follows a head that announces chunks.
    static func runChunked(_ input: [UInt8]) {
        guard let seed = input.first else { return }
        let head = Array("POST /v1/join HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        runRequests([seed] + head + input.dropFirst())
    }

    /// Small ones for odd seeds, so that the limits are met with short inputs.
    private static func limits(_ seed: UInt8) -> HTTPLimits {
        var limits = HTTPLimits()
        guard seed & 1 == 1 else { return limits }
        limits.headBytesMax = 200
        limits.targetBytesMax = 40
        limits.fieldsMax = 5
        limits.bodyBytesMax = 50
        limits.chunkLineBytesMax = 20
        limits.trailerBytesMax = 40
        return limits
    }

    enum Event: Equatable {
        case head([[UInt8]], FuzzedHead)
        case body([UInt8])
        case end
        case failed(HTTPFailure)
    }

    static func requests(_ input: [UInt8], cuts: [Int], limits: HTTPLimits) -> [Event] {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        return drive(input, cuts: cuts) { buffer in
            let step = parser.next(buffer, limits: limits, head: &head)
            guard case .head = step else { return (step, .end) }
            let lines = [Array(head.targetBytes)] + fields(head.fields)
            promise(head.pathBytes.count <= head.targetBytes.count, "a path longer than its target")
            return (step, .head(lines, FuzzedHead(head)))
        }
    }

    static func responses(_ input: [UInt8], cuts: [Int], limits: HTTPLimits) -> [Event] {
        var parser = HTTPResponseParser()
        var head = HTTPResponseHead()
        return drive(input, cuts: cuts) { buffer in
            let step = parser.next(buffer, limits: limits, head: &head)
            guard case .head = step else { return (step, .end) }
            return (step, .head(fields(head.fields), FuzzedHead(head)))
        }
    }

    private static func fields(_ table: HTTPFieldTable) -> [[UInt8]] {
        (0..<table.count).flatMap { [Array(table.name(at: $0)), Array(table.value(at: $0))] }
    }

    private static func drive(
        _ input: [UInt8], cuts: [Int], _ next: (UnsafeMutableRawBufferPointer) -> (HTTPStep, Event)
    ) -> [Event] {
        var events: [Event] = []
        var start = 0
        for end in cuts + [input.count] {
            while true {
                // A block of exactly what is unconsumed, so that ASan sees the first byte too far.
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 1)
                defer { buffer.deallocate() }
                buffer.copyBytes(from: input[start..<end])
                let (step, event) = next(buffer)
                switch step {
                case .needMore(let consumed): start += consumed
                case .head(let consumed):
                    promise(consumed > 0, "a head of no bytes")
                    start += consumed
                    events.append(event)
                    continue
                case .body(let consumed, let range):
                    promise(!range.isEmpty && range.upperBound <= consumed, "a piece outside of what was consumed")
                    start += consumed
                    var piece = Array(buffer[range])
                    if case .body(let before) = events.last {
                        events.removeLast()
                        piece = before + piece
                    }
                    events.append(.body(piece))
                    continue
                case .end(let consumed):
                    start += consumed
                    events.append(.end)
                    continue
                case .failed(let failure):
                    promise([400, 413, 414, 417, 431, 501, 505].contains(failure.status), "a status of no parser")
                    return events + [.failed(failure)]
                }
                promise(start <= end, "more consumed than given")
                break
            }
        }
        return events
    }

    /// Writes each request that was read to its end once more and reads that.
    static func rewrite(_ events: [Event]) {
        var at = 0
        while at < events.count {
            guard case .head(let lines, let summary) = events[at] else {
                at += 1
                continue
            }
            var body: [UInt8] = []
            at += 1
            if at < events.count, case .body(let bytes) = events[at] {
                body = bytes
                at += 1
            }
            guard at < events.count, events[at] == .end else { return }
            var bytes = summary.method + [0x20] + lines[0] + Array(" HTTP/1.\(summary.minorVersion)\r\n".utf8)
            for index in stride(from: 1, to: lines.count, by: 2) {
                bytes += lines[index] + Array(": ".utf8) + lines[index + 1] + [0x0D, 0x0A]
            }
            bytes += [0x0D, 0x0A]
            if summary.isChunked {
                HTTPChunk.append(body, to: &bytes)
                HTTPChunk.appendLast(to: &bytes)
            } else {
                bytes += body
            }
            var limits = HTTPLimits()
            limits.headBytesMax = 1 << 20
            let again = requests(bytes, cuts: [], limits: limits)
            let expected: [Event] = [.head(lines, summary)] + (body.isEmpty ? [] : [.body(body)]) + [.end]
            promise(again == expected, "a request changed when written anew")
        }
    }
}

/// What the parser concluded from a head.
struct FuzzedHead: Equatable {
    var method: [UInt8] = []
    var minorVersion: UInt8
    var contentLength: UInt64?
    var isChunked: Bool
    var keepAlive: Bool
    var flags: [Bool] = []
    var parts: [[UInt8]] = []

    init(_ head: HTTPRequestHead) {
        let names: [HTTPMethod: String] = [
            .get: "GET", .head: "HEAD", .post: "POST", .put: "PUT", .delete: "DELETE", .options: "OPTIONS",
            .patch: "PATCH",
        ]
        // Of another method the name isn't kept; CONNECT is the one whose target has a form of its own.
        let isAuthority = head.target.count > 0 && head.path.isEmpty && head.authority.isEmpty
        method = Array((names[head.method] ?? (isAuthority ? "CONNECT" : "OTHER")).utf8)
        minorVersion = head.minorVersion
        contentLength = head.contentLength
        isChunked = head.isChunked
        keepAlive = head.keepAlive
        flags = [head.expectsContinue, head.upgradesToWebSocket, head.hasBody, head.query == nil]
        parts = [Array(head.pathBytes), Array(head.queryBytes), Array(head.host ?? .init(start: nil, count: 0))]
    }

    init(_ head: HTTPResponseHead) {
        minorVersion = head.minorVersion
        contentLength = head.contentLength
        isChunked = head.isChunked
        keepAlive = head.keepAlive
        method = Array("\(head.status)".utf8)
    }
}
