// Every bound of a connection to Redis, with its unit and what happens there.

/// The bounds of a connection to Redis.
package enum RedisLimits {
    /// Bytes of one reply that is not whole yet; beyond it the connection is closed. Over the longest stretch of a
    /// room's log that is asked for at once.
    package static let replyBytesMax = 64 << 20
    /// Commands without a reply; beyond it `send` refuses, and the room's participants are told `overloaded`.
    package static let inFlightMax = 8_192
    /// Bytes of commands without a reply; the same.
    package static let inFlightBytesMax = 16 << 20
    /// Time for a reply, from the moment its command was sent, in milliseconds; beyond it the connection is closed: a
    /// Redis that stands still is as good as none.
    package static let replyTimeoutMs: UInt64 = 2_000
    /// Time for connecting and greeting, in milliseconds.
    package static let greetingTimeoutMs: UInt64 = 2_000
}
