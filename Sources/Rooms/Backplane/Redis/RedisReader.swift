// Owns hiredis' parser: bytes of a connection in, whole values out. Never a socket. Limits: `RedisLimits`.
//
// hiredis 0.14's own connections block on DNS and know no deadline; its reader and formatter are what we use of it.

internal import CHiredis

/// What a server of Redis' protocol may not do; the connection is closed.
package struct RedisProtocolFailure: Error, Equatable, CustomStringConvertible {
    /// What was wrong.
    package let description: String
}

/// Reads replies out of a stream of bytes. One thread.
package struct RedisReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private var unread = 0

    /// An empty reader.
    package init() {
        guard let reader = redisReaderCreate() else { preconditionFailure("no memory for a reader of replies") }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    /// Adds bytes as they came.
    /// - Throws: where more than `RedisLimits.replyBytesMax` wait for the end of one value.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisProtocolFailure) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        unread += bytes.count
        guard unread <= RedisLimits.replyBytesMax else {
            throw RedisProtocolFailure(description: "a reply of more than \(RedisLimits.replyBytesMax) bytes")
        }
        guard redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else {
            throw failure
        }
    }

    /// The next whole value; nil until more bytes come.
    package mutating func next() throws(RedisProtocolFailure) -> RedisValue? {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw failure }
        guard let reply else { return nil }
        defer { freeReplyObject(reply) }
        // What is left is what hiredis still holds.
        unread = Int(reader.pointee.len) - Int(reader.pointee.pos)
        return try Self.value(reply.assumingMemoryBound(to: redisReply.self))
    }

    private var failure: RedisProtocolFailure {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisProtocolFailure(description: text.isEmpty ? "unreadable reply" : text)
    }

    private static func value(_ reply: UnsafeMutablePointer<redisReply>) throws(RedisProtocolFailure) -> RedisValue {
        switch reply.pointee.type {
        case REDIS_REPLY_NIL: return .null
        case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
        case REDIS_REPLY_STATUS: return .status(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR: return .error(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_STRING: return .bytes(bytes(reply))
        case REDIS_REPLY_ARRAY:
            var members: [RedisValue] = []
            members.reserveCapacity(reply.pointee.elements)
            for index in 0..<reply.pointee.elements {
                guard let member = reply.pointee.element?[index] else {
                    throw RedisProtocolFailure(description: "an array with a hole")
                }
                members.append(try value(member))
            }
            return .array(members)
        default: throw RedisProtocolFailure(description: "a reply of an unknown kind")
        }
    }

    private static func bytes(_ reply: UnsafeMutablePointer<redisReply>) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len))
    }
}
