// What Redis says, as a value of ours. Never knows a command; never holds anything of hiredis.

/// One reply or pushed message (RESP2, redis.io/docs/reference/protocol-spec).
package enum RedisValue: Equatable, Sendable {
    case null
    case integer(Int64)
    /// `+OK` and the like.
    case status(String)
    /// A refusal: the word in front, such as `NOSCRIPT`, and the sentence with it.
    case error(String)
    case bytes([UInt8])
    case array([RedisValue])

    /// A bulk string's bytes.
    package var bytes: [UInt8]? {
        guard case .bytes(let bytes) = self else { return nil }
        return bytes
    }

    /// A bulk or status string as text; nil where it is neither or no UTF-8.
    package var text: String? {
        switch self {
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .status(let text): text
        case .null, .integer, .error, .array: nil
        }
    }

    /// An integer, also one written as a string, as scripts and hashes give it.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bytes, .status: text.flatMap { Int64($0) }
        case .null, .error, .array: nil
        }
    }

    /// The members of an array.
    package var array: [RedisValue]? {
        guard case .array(let members) = self else { return nil }
        return members
    }

    /// The first word of an error, `ERR` where Redis gave none of its own; nil for anything else.
    package var errorCode: Substring? {
        guard case .error(let sentence) = self else { return nil }
        return sentence.prefix { $0 != " " }
    }
}
