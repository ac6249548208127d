// The SSE form of what this server itself encoded: JSON of our own writer holds no line ends, so an event
// is one `data:` line and nothing has to be looked for.

import LiveProtocol

enum StreamEncoding {
    private static let idPrefix = Array("id: ".utf8)
    private static let dataPrefix = Array("data: ".utf8)

    /// An event of the log: `id: epoch.seq`, `data: …`.
    static func append(epoch: String, seq: UInt64, json: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: idPrefix)
        bytes.append(contentsOf: epoch.utf8)
        bytes.append(UInt8(ascii: "."))
        Decimal.append(seq, to: &bytes)
        bytes.append(0x0A)
        append(json: json, to: &bytes)
    }

    static func append(epoch: String, seq: UInt64, json: [UInt8], to bytes: inout [UInt8]) {
        json.withUnsafeBytes { append(epoch: epoch, seq: seq, json: $0, to: &bytes) }
    }

    /// An event without a place in the log: the last id stays in force.
    static func append(json: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: dataPrefix)
        bytes.append(contentsOf: json)
        bytes.append(0x0A)
        bytes.append(0x0A)
    }

    static func append(json: [UInt8], to bytes: inout [UInt8]) {
        json.withUnsafeBytes { append(json: $0, to: &bytes) }
    }
}
