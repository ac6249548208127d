// HTTPReading: drives the parsers as a reactor does, from given pieces of input, and notes what they say.
// Each call gets a block of exactly the unconsumed bytes, so that a sanitizer sees any read beyond them.
@testable import LiveProtocol

enum HTTPEvent: Equatable {
    /// Method or status, target, version, fields, and the conclusions from them.
    case head(String)
    case body([UInt8])
    case end
    case failed(HTTPFailure)
}

/// Cuts `input` at the offsets `cuts`, which rise.
func pieces(_ input: [UInt8], cutAt cuts: [Int]) -> [ArraySlice<UInt8>] {
    var start = 0
    var pieces: [ArraySlice<UInt8>] = []
    for cut in cuts + [input.count] {
        pieces.append(input[start..<cut])
        start = cut
    }
    return pieces
}

enum HTTPReading {
    /// What the request parser makes of `input`. Neighbouring pieces of a body are joined.
    static func requests(_ input: [UInt8], cutAt cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> [HTTPEvent] {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        return drive(pieces(input, cutAt: cuts)) { buffer in
            let step = parser.next(buffer, limits: limits, head: &head)
            return (step, { describe(head) })
        }
    }

    static func requests(_ input: String, limits: HTTPLimits = HTTPLimits()) -> [HTTPEvent] {
        requests(Array(input.utf8), limits: limits)
    }

    /// What the response parser makes of `input`.
    static func responses(
        _ input: [UInt8], cutAt cuts: [Int] = [], limits: HTTPLimits = HTTPLimits(), answersHead: Bool = false
    ) -> [HTTPEvent] {
        var parser = HTTPResponseParser()
        var head = HTTPResponseHead()
        return drive(pieces(input, cutAt: cuts)) { buffer in
            let step = parser.next(buffer, limits: limits, head: &head, answersHead: answersHead)
            return (step, { describe(head) })
        }
    }

    private static func drive(
        _ pieces: [ArraySlice<UInt8>],
        _ next: (UnsafeMutableRawBufferPointer) -> (HTTPStep, describe: () -> String)
    ) -> [HTTPEvent] {
        var pending: [UInt8] = []
        var events: [HTTPEvent] = []
        for piece in pieces {
            pending += piece
            while true {
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pending.count, alignment: 1)
                defer { buffer.deallocate() }
                buffer.copyBytes(from: pending)
                let (step, describe) = next(buffer)
                switch step {
                case .needMore(let consumed):
                    pending.removeFirst(consumed)
                case .head(let consumed):
                    events.append(.head(describe()))
                    pending.removeFirst(consumed)
                    continue
                case .body(let consumed, let range):
                    let bytes = Array(buffer[range])
                    if case .body(let before) = events.last {
                        events[events.count - 1] = .body(before + bytes)
                    } else {
                        events.append(.body(bytes))
                    }
                    pending.removeFirst(consumed)
                    continue
                case .end(let consumed):
                    events.append(.end)
                    pending.removeFirst(consumed)
                    continue
                case .failed(let failure):
                    events.append(.failed(failure))
                    return events
                }
                break
            }
        }
        return events
    }

    static func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func describe(_ head: HTTPRequestHead) -> String {
        let fields = (0..<head.fields.count).map {
            "\(text(head.fields.name(at: $0)))=\(text(head.fields.value(at: $0)))"
        }
        return "\(head.method) \(text(head.targetBytes)) path \(text(head.pathBytes))"
            + " query \(head.query == nil ? "none" : text(head.queryBytes)) 1.\(head.minorVersion)"
            + " host \(head.host.map(text) ?? "none") length \(head.contentLength.map { "\($0)" } ?? "none")"
            + " \(head.isChunked ? "chunked" : "plain") \(head.keepAlive ? "keep" : "close")"
            + "\(head.expectsContinue ? " continue" : "")\(head.upgradesToWebSocket ? " websocket" : "") \(fields)"
    }

    private static func describe(_ head: HTTPResponseHead) -> String {
        let fields = (0..<head.fields.count).map {
            "\(text(head.fields.name(at: $0)))=\(text(head.fields.value(at: $0)))"
        }
        return "\(head.status) 1.\(head.minorVersion) length \(head.contentLength.map { "\($0)" } ?? "none")"
            + " \(head.isChunked ? "chunked" : "plain") \(head.keepAlive ? "keep" : "close") \(fields)"
    }
}
