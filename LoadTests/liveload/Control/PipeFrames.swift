// Owns how a message goes through a pipe: four bytes of length (little-endian), then JSON. Never waits by itself.
// Limit: 256 MiB a message, more than the truth of a hundred million messages needs.

import Foundation
import Glibc

/// Cuts a pipe's bytes into messages.
struct PipeFrames {
    static let bytesMax = 256 << 20

    private var waiting: [UInt8] = []

    /// Adds what was read.
    mutating func append(_ bytes: some Sequence<UInt8>) { waiting.append(contentsOf: bytes) }

    /// The next whole message; nil while none is, or where the other end does not keep to the form.
    mutating func next<Message: Decodable>(_ type: Message.Type) throws -> Message? {
        guard waiting.count >= 4 else { return nil }
        let count = (0..<4).reduce(0) { $0 | Int(waiting[$1]) << (8 * $1) }
        guard count <= Self.bytesMax else { throw PipeProblem(description: "a message of \(count) bytes in a pipe") }
        guard waiting.count >= 4 + count else { return nil }
        defer { waiting.removeFirst(4 + count) }
        return try JSONDecoder().decode(type, from: Data(waiting[4..<(4 + count)]))
    }

    /// The bytes of a message.
    static func bytes(_ message: some Encodable) throws -> [UInt8] {
        let body = try JSONEncoder().encode(message)
        guard body.count <= bytesMax else { throw PipeProblem(description: "a message of \(body.count) bytes") }
        return (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (8 * $0)) } + Array(body)
    }

    /// Writes a whole message; false where the other end is gone. Waits while the pipe is full.
    static func write(_ message: some Encodable, to descriptor: Int32) throws -> Bool {
        var rest = try bytes(message)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR && errno != EAGAIN {
                return false
            }
        }
        return true
    }
}

/// A pipe carries what it should not.
struct PipeProblem: Error, CustomStringConvertible {
    let description: String
}
