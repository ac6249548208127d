// FuzzHTTP: libFuzzer target for the HTTP parsers. The first byte seeds the cuts, the rest is the input.
// Promises: whatever the cuts, the same heads, bodies and failure; nothing beyond the input is read or consumed;
// a request that was taken is taken again when written anew, with the same meaning.
// Built by run.sh together with the sources of LiveProtocol, as one module.

@c(LLVMFuzzerTestOneInput)
public func fuzzHTTP(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let seed = data[0]
    let input = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    var limits = HTTPLimits()
    // Small, so that the limits are met with short inputs.
    if seed & 1 == 1 {
        limits.headBytesMax = 200
        limits.targetBytesMax = 40
        limits.fieldsMax = 5
        limits.bodyBytesMax = 50
        limits.chunkLineBytesMax = 20
        limits.trailerBytesMax = 40
    }
    let requests = FuzzedHTTP.requests(input, cuts: [], limits: limits)
    let responses = FuzzedHTTP.responses(input, cuts: [], limits: limits)
    for cuts in FuzzedHTTP.cuts(input.count, seed: seed) {
        precondition(FuzzedHTTP.requests(input, cuts: cuts, limits: limits) == requests, "requests depend on cuts")
        precondition(FuzzedHTTP.responses(input, cuts: cuts, limits: limits) == responses, "responses depend on cuts")
    }
    FuzzedHTTP.rewrite(requests)
    _ = Array(input).withUnsafeBytes { raw in
        let query = HTTPQuery(raw)
        if query.isWellFormed { for pair in query.pairs { _ = pair.isNamed("cursor") } }
        _ = HTTPETag.ifNoneMatch(raw, names: Array("\"a\"".utf8))
        precondition((0...1000).contains(HTTPAccept.encodingWeight("gzip", in: raw)))
        precondition((0...1000).contains(HTTPAccept.typeWeight("text/event-stream", in: raw)))
        if let seconds = HTTPDate.parse(raw) { precondition(HTTPDate.format(seconds: seconds) == Array(raw)) }
        if let id = EventID(raw) {
            var again: [UInt8] = []
            id.append(to: &again)
            precondition(again == Array(raw), "an event id is not what was read")
        }
        return Base64.decodeURL(raw).map { precondition(Array(Base64.encodeURL($0).utf8) == Array(raw), "base64url") }
    }
    return 0
}

enum FuzzedHTTP {
    enum Event: Equatable {
        case head([[UInt8]], HTTPFraming.Summary)
        case body([UInt8])
        case end
        case failed(HTTPFailure)
    }

    /// In the middle, at three places that the seed chooses, and everywhere.
    static func cuts(_ count: Int, seed: UInt8) -> [[Int]] {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let three = [below(count + 1), below(count + 1), below(count + 1)].sorted()
        return [[below(count + 1)], three] + (count <= 600 ? [Array(1..<max(count, 1))] : [])
    }

    static func requests(_ input: [UInt8], cuts: [Int], limits: HTTPLimits) -> [Event] {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        return drive(input, cuts: cuts) { buffer in
            let step = parser.next(buffer, limits: limits, head: &head)
            guard case .head = step else { return (step, .end) }
            let lines = [Array(head.targetBytes)] + fields(head.fields)
            precondition(head.pathBytes.count <= head.targetBytes.count)
            return (step, .head(lines, HTTPFraming.Summary(head)))
        }
    }

    static func responses(_ input: [UInt8], cuts: [Int], limits: HTTPLimits) -> [Event] {
        var parser = HTTPResponseParser()
        var head = HTTPResponseHead()
        return drive(input, cuts: cuts) { buffer in
            let step = parser.next(buffer, limits: limits, head: &head)
            guard case .head = step else { return (step, .end) }
            return (step, .head(fields(head.fields), HTTPFraming.Summary(head)))
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
                    precondition(consumed > 0)
                    start += consumed
                    events.append(event)
                    continue
                case .body(let consumed, let range):
                    precondition(!range.isEmpty && range.upperBound <= consumed)
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
                    precondition([400, 413, 414, 417, 431, 501, 505].contains(failure.status))
                    return events + [.failed(failure)]
                }
                precondition(start <= end, "more consumed than given")
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
            precondition(again == expected, "a request changed when written anew")
        }
    }
}

extension HTTPFraming {
    /// What the parser concluded from a head.
    struct Summary: Equatable {
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
}
