// HTTPHeadScanner: finds the end of a head, and its lines.
// Never reads a byte twice while a head arrives in pieces. Limits: HTTPLimits.headBytesMax.
import Glibc

/// What a scan for the end of a head found.
enum HTTPHeadEnd {
    case incomplete
    /// The head ends before this offset, its empty line included.
    case found(Int)
    /// A line feed without a carriage return ends before this offset: the head up to there is at fault.
    case bareLineFeed(Int)
    case tooLong
}

enum HTTPHeadScanner {
    /// Looks for the empty line after `start`. `scanned` bytes from `start` on were looked at before.
    static func findEnd(
        _ bytes: UnsafeRawBufferPointer, from start: Int, scanned: inout UInt32, bytesMax: Int
    ) -> HTTPHeadEnd {
        guard let base = bytes.baseAddress else { return .incomplete }
        let end = min(bytes.count, start + bytesMax)
        var at = start + Int(scanned)
        while at < end, let found = memchr(base + at, Int32(HTTPCharacters.lineFeed), end - at) {
            let feed = UnsafeRawPointer(found) - base
            if feed == start || bytes[feed - 1] != HTTPCharacters.carriageReturn { return .bareLineFeed(feed + 1) }
            if feed - start >= 3, bytes[feed - 2] == HTTPCharacters.lineFeed { return .found(feed + 1) }
            at = feed + 1
        }
        scanned = UInt32(truncatingIfNeeded: end - start)
        return bytes.count >= start + bytesMax ? .tooLong : .incomplete
    }

    /// The line that begins at `at`: without its CRLF, and where the next begins. Nil if it has no CRLF before `end`.
    static func line(
        _ bytes: UnsafeRawBufferPointer, at: Int, end: Int
    ) -> (line: Range<Int>, next: Int)? {
        guard let base = bytes.baseAddress, at < end,
            let found = memchr(base + at, Int32(HTTPCharacters.lineFeed), end - at)
        else { return nil }
        let feed = UnsafeRawPointer(found) - base
        guard feed > at, bytes[feed - 1] == HTTPCharacters.carriageReturn else { return nil }
        return (at..<(feed - 1), feed + 1)
    }
}
