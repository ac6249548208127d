// HTTPFieldWriter: appends field lines to an array of bytes.
// Never lets a value end its line: control characters come out as spaces, so no input can add a field.

/// Field lines, CRLF included. Source: RFC 9112 §5.
enum HTTPFieldWriter {
    static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    static func append(name: StaticString, to bytes: inout [UInt8]) {
        append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(0x20)
    }

    static func append(value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: value)
        if HTTPCharacters.isFieldValue(value) { return }
        for at in start..<bytes.count where bytes[at] < 0x20 || bytes[at] == 0x7F { bytes[at] = 0x20 }
    }

    static func append(value: String, to bytes: inout [UInt8]) {
        var value = value
        value.withUTF8 { append(value: UnsafeRawBufferPointer($0), to: &bytes) }
    }

    static func appendLineEnd(to bytes: inout [UInt8]) {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }
}

/// Framing of chunked bodies. Source: RFC 9112 §7.1.
package enum HTTPChunk {
    /// Appends one chunk. An empty payload appends nothing: as a chunk it would end the body.
    package static func append(_ payload: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        if payload.isEmpty { return }
        appendSize(payload.count, to: &bytes)
        bytes.append(contentsOf: payload)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }

    /// As above, for an array.
    package static func append(_ payload: [UInt8], to bytes: inout [UInt8]) {
        payload.withUnsafeBytes { append($0, to: &bytes) }
    }

    /// Appends the last chunk, which ends the body; there are no trailers.
    package static func appendLast(to bytes: inout [UInt8]) {
        HTTPFieldWriter.append("0\r\n\r\n", to: &bytes)
    }

    /// Appends the line before a chunk of `count` bytes, which must be followed by those bytes and CRLF.
    package static func appendSize(_ count: Int, to bytes: inout [UInt8]) {
        precondition(count > 0, "a chunk of no bytes would end the body")
        let digits = (Int.bitWidth - count.leadingZeroBitCount + 3) / 4
        for place in stride(from: digits - 1, through: 0, by: -1) {
            bytes.append(Hex.digit(UInt8(truncatingIfNeeded: count >> (place * 4)) & 15))
        }
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }
}
