// Owns the cutting of a text/event-stream into events, for the one form that matters here: `id:` and `data:` lines.
// Keeps only the piece of an event that has not ended. Source: WHATWG HTML §9.2.6.

import Glibc

/// A stream's reader; empty between events.
struct EventStreamReader {
    /// An event longer than this is no event of ours, bytes.
    static let eventBytesMax = 16 << 20

    private var rest: [UInt8] = []

    /// Takes the next bytes of the stream and hands out the data of each event that they complete; false where an
    /// event is longer than any can be. `data` is valid within the call.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, _ event: (_ data: UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        guard !rest.isEmpty else {
            let end = Self.cut(bytes, event)
            rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[end...]))
            return rest.count <= Self.eventBytesMax
        }
        rest.append(contentsOf: bytes)
        var whole: [UInt8] = []
        swap(&whole, &rest)
        let end = whole.withUnsafeBytes { Self.cut($0, event) }
        rest = Array(whole[end...])
        return rest.count <= Self.eventBytesMax
    }

    /// Hands out the whole events; where they end.
    private static func cut(
        _ bytes: UnsafeRawBufferPointer, _ event: (_ data: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var start = 0
        var lineStart = 0
        var data: Range<Int>?
        while let base = bytes.baseAddress, lineStart < bytes.count,
            let found = memchr(base + lineStart, 0x0A, bytes.count - lineStart)
        {
            let end = UnsafeRawPointer(found) - base
            if end == lineStart {
                if let data { event(UnsafeRawBufferPointer(rebasing: bytes[data])) }
                data = nil
                start = end + 1
            } else if end - lineStart > 5, memcmp(base + lineStart, "data:", 5) == 0 {
                // The server writes each event's JSON on one line.
                let skip = bytes[lineStart + 5] == 0x20 ? 6 : 5
                data = (lineStart + skip)..<end
            }
            lineStart = end + 1
        }
        return start
    }
}
