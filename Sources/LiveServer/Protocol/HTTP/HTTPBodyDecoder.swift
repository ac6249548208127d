// HTTPBodyDecoder: delivers the body of one message piece by piece and finds its end.
// Never copies: pieces are ranges of the input. State is four numbers; limits are HTTPLimits'.
import Glibc

/// The body of a message: none, of known length, chunked (RFC 9112 §7.1), or until the connection closes.
struct HTTPBodyDecoder {
    enum Phase: UInt8 { case done, fixed, chunkLine, chunkData, chunkEnd, trailers, untilClose }

    /// Bytes that the fixed body or the chunk still has.
    private var remaining: UInt64 = 0
    /// Bytes delivered of a body whose length is not known in advance.
    private var delivered: UInt64 = 0
    private var trailerBytes: UInt32 = 0
    private(set) var phase = Phase.done

    init() {}

    init(_ framing: HTTPFraming) {
        remaining = framing.contentLength ?? 0
        phase = framing.isChunked ? .chunkLine : remaining > 0 ? .fixed : .done
    }

    static var untilClose: HTTPBodyDecoder {
        var decoder = HTTPBodyDecoder()
        decoder.phase = .untilClose
        return decoder
    }

    /// The next piece, the end, or what is wrong. Never `.head`.
    mutating func next(_ bytes: UnsafeRawBufferPointer, limits: HTTPLimits) -> HTTPStep {
        var at = 0
        while true {
            switch phase {
            case .done: return .end(consumed: at)
            case .fixed, .chunkData, .untilClose: return data(bytes, at: at, limits: limits)
            case .chunkLine:
                if let step = chunkLine(bytes, at: &at, limits: limits) { return step }
            case .chunkEnd:
                if let step = chunkEnd(bytes, at: &at) { return step }
            case .trailers:
                if let step = trailer(bytes, at: &at, limits: limits) { return step }
            }
        }
    }

    private mutating func data(_ bytes: UnsafeRawBufferPointer, at: Int, limits: HTTPLimits) -> HTTPStep {
        if phase == .fixed, remaining > limits.bodyBytesMax { return .failed(Self.tooLarge) }
        let available = UInt64(bytes.count - at)
        if available == 0 { return .needMore(consumed: at) }
        let count: UInt64
        if phase == .untilClose {
            // What the limit lets through is delivered first: how much must not depend on how the input was split.
            count = min(available, limits.bodyBytesMax - min(delivered, limits.bodyBytesMax))
            if count == 0 { return .failed(Self.tooLarge) }
            delivered += count
        } else {
            count = min(remaining, available)
            remaining -= count
            if remaining == 0 { phase = phase == .fixed ? .done : .chunkEnd }
        }
        let end = at + Int(count)
        return .body(consumed: end, range: at..<end)
    }

    private static var tooLarge: HTTPFailure { HTTPFailure(413, "the body is larger than is allowed here") }

    private mutating func chunkLine(
        _ bytes: UnsafeRawBufferPointer, at: inout Int, limits: HTTPLimits
    ) -> HTTPStep? {
        let end: Int
        switch Self.lineEnd(bytes, at: at, bytesMax: limits.chunkLineBytesMax) {
        case .incomplete: return .needMore(consumed: at)
        case .tooLong: return .failed(HTTPFailure(400, "a chunk's first line is too long"))
        case .bareLineFeed: return .failed(HTTPFailure(400, "a chunk's first line does not end with CRLF"))
        case .found(let found): end = found
        }
        guard let size = Self.chunkSize(UnsafeRawBufferPointer(rebasing: bytes[at..<(end - 2)])) else {
            return .failed(HTTPFailure(400, "a chunk has no proper size"))
        }
        at = end
        if size == 0 {
            phase = .trailers
            return nil
        }
        guard size <= limits.bodyBytesMax, delivered <= limits.bodyBytesMax - size else {
            return .failed(Self.tooLarge)
        }
        delivered += size
        remaining = size
        phase = .chunkData
        return nil
    }

    /// The size in a chunk's first line; nil if there is none or what follows is no extension. RFC 9112 §7.1.1.
    private static func chunkSize(_ line: UnsafeRawBufferPointer) -> UInt64? {
        var size: UInt64 = 0
        var digits = 0
        while digits < line.count, let value = Hex.value(line[digits]) {
            // 15 digits are beyond any body; a 16th could turn the value negative somewhere.
            guard digits < 15 else { return nil }
            size = size << 4 | UInt64(value)
            digits += 1
        }
        guard digits > 0 else { return nil }
        guard digits < line.count else { return size }
        var at = digits
        while at < line.count, HTTPCharacters.isSpace(line[at]) { at += 1 }
        let rest = UnsafeRawBufferPointer(rebasing: line[at...])
        guard rest.first == UInt8(ascii: ";"), rest.count > 1, HTTPCharacters.isFieldValue(rest) else { return nil }
        return size
    }

    private mutating func chunkEnd(_ bytes: UnsafeRawBufferPointer, at: inout Int) -> HTTPStep? {
        let available = bytes.count - at
        if available > 0, bytes[at] != HTTPCharacters.carriageReturn {
            return .failed(HTTPFailure(400, "a chunk is longer than its size"))
        }
        if available < 2 { return .needMore(consumed: at) }
        guard bytes[at + 1] == HTTPCharacters.lineFeed else {
            return .failed(HTTPFailure(400, "a chunk is longer than its size"))
        }
        at += 2
        phase = .chunkLine
        return nil
    }

    /// One line after the last chunk; the empty one ends the message. RFC 9112 §7.1.2.
    private mutating func trailer(
        _ bytes: UnsafeRawBufferPointer, at: inout Int, limits: HTTPLimits
    ) -> HTTPStep? {
        let end: Int
        switch Self.lineEnd(bytes, at: at, bytesMax: max(2, limits.trailerBytesMax - Int(trailerBytes))) {
        case .incomplete: return .needMore(consumed: at)
        case .tooLong: return .failed(HTTPFailure(431, "the trailers are too long"))
        case .bareLineFeed: return .failed(HTTPFailure(400, "a trailer line does not end with CRLF"))
        case .found(let found): end = found
        }
        let line = at..<(end - 2)
        if line.isEmpty {
            phase = .done
        } else {
            if case .failure(let failure) = HTTPFieldTable.split(bytes, line: line) { return .failed(failure) }
            trailerBytes += UInt32(truncatingIfNeeded: end - at)
        }
        at = end
        return nil
    }

    /// Looks for one line's CRLF; `.found` is the offset after it.
    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, at: Int, bytesMax: Int) -> HTTPHeadEnd {
        let end = min(bytes.count, at + bytesMax)
        if at < end, let base = bytes.baseAddress,
            let found = memchr(base + at, Int32(HTTPCharacters.lineFeed), end - at)
        {
            let feed = UnsafeRawPointer(found) - base
            let isWhole = feed > at && bytes[feed - 1] == HTTPCharacters.carriageReturn
            return isWhole ? .found(feed + 1) : .bareLineFeed(feed + 1)
        }
        return bytes.count >= at + bytesMax ? .tooLong : .incomplete
    }
}
