// ServerSentEvent: writes events of a text/event-stream.
// Never lets a value end its line: data is split at line ends, ids and names with control characters are refused.

/// Events of a stream. Source: WHATWG HTML §9.2.
package enum ServerSentEvent {
    /// The media type of a stream.
    package static let contentType: StaticString = "text/event-stream"

    /// Appends one event.
    ///
    /// - Parameters:
    ///   - id: the position that Last-Event-ID will carry; nil leaves the last one in force.
    ///   - event: the type; nil is `message`.
    ///   - data: UTF-8; every line of it (CRLF, CR or LF) becomes a line of its own.
    ///   - retryMs: milliseconds that the client waits before it connects again.
    /// - Returns: false, and nothing appended, if `id` holds CR, LF or NUL, or `event` CR or LF.
    @discardableResult
    package static func append(
        id: UnsafeRawBufferPointer? = nil, event: StaticString? = nil, data: UnsafeRawBufferPointer,
        retryMs: UInt32? = nil, to bytes: inout [UInt8]
    ) -> Bool {
        if let id, !isLine(id) { return false }
        if let event, !isLine(UnsafeRawBufferPointer(start: event.utf8Start, count: event.utf8CodeUnitCount)) {
            return false
        }
        if let retryMs { appendRetryLine(retryMs, to: &bytes) }
        if let id {
            append("id: ", to: &bytes)
            bytes.append(contentsOf: id)
            bytes.append(0x0A)
        }
        if let event {
            append("event: ", to: &bytes)
            append(event, to: &bytes)
            bytes.append(0x0A)
        }
        appendDataLines(data, to: &bytes)
        bytes.append(0x0A)
        return true
    }

    /// As above, for arrays.
    @discardableResult
    package static func append(
        id: [UInt8]?, event: StaticString? = nil, data: [UInt8], retryMs: UInt32? = nil, to bytes: inout [UInt8]
    ) -> Bool {
        data.withUnsafeBytes { data in
            guard let id else { return append(event: event, data: data, retryMs: retryMs, to: &bytes) }
            return id.withUnsafeBytes { append(id: $0, event: event, data: data, retryMs: retryMs, to: &bytes) }
        }
    }

    /// Appends a comment, which clients ignore: the heartbeat. Its text is a constant without line ends.
    package static func appendComment(_ text: StaticString = "", to bytes: inout [UInt8]) {
        precondition(
            isLine(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)), "one line only")
        bytes.append(UInt8(ascii: ":"))
        if text.utf8CodeUnitCount > 0 { bytes.append(0x20) }
        append(text, to: &bytes)
        append("\n\n", to: &bytes)
    }

    /// Appends the reconnection time on its own.
    package static func appendRetry(_ milliseconds: UInt32, to bytes: inout [UInt8]) {
        appendRetryLine(milliseconds, to: &bytes)
        bytes.append(0x0A)
    }

    private static func appendRetryLine(_ milliseconds: UInt32, to bytes: inout [UInt8]) {
        append("retry: ", to: &bytes)
        Decimal.append(UInt64(milliseconds), to: &bytes)
        bytes.append(0x0A)
    }

    private static func appendDataLines(_ data: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var start = 0
        var at = 0
        while true {
            while at < data.count, data[at] != 0x0A, data[at] != 0x0D { at += 1 }
            append("data: ", to: &bytes)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: data[start..<at]))
            bytes.append(0x0A)
            if at == data.count { return }
            at += at + 1 < data.count && data[at] == 0x0D && data[at + 1] == 0x0A ? 2 : 1
            start = at
        }
    }

    private static func isLine(_ text: UnsafeRawBufferPointer) -> Bool {
        !text.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 }
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }
}
