// Limits of messages in characters (Unicode scalars) and ranges, from Docs/protocol.md; beyond each: `bad_request`.
// The domain bounds the same texts in bytes.

import Rooms

/// The named limits of the wire.
enum WireLimits {
    /// Characters of a chat message.
    static let chatCharactersMax = 2_000
    /// Characters of a question.
    static let questionCharactersMax = 1_000
    /// Characters of an answer to a question.
    static let answerCharactersMax = 2_000
    /// Characters of an announcement.
    static let announcementCharactersMax = 2_000
    /// Characters of a poll's question.
    static let pollQuestionCharactersMax = 1_000
    /// Characters of an option of a poll.
    static let optionCharactersMax = 200
    /// Bytes of an `attempt_id`.
    static let attemptBytesMax = 64
    /// Seconds of slow mode where the command names none.
    static let slowSecondsDefault: Int64 = 10
    /// The greatest integer that every JSON reader holds exactly: 2^53 - 1.
    static let integerMax: Int64 = 9_007_199_254_740_991
    /// Milliseconds of lag that are told apart: an hour. More is taken for an hour, a clock that runs ahead for none.
    static let lagMsMax = 3_600_000
    /// Failed connects that a client may report at once.
    static let failedConnectsMax: Int64 = 1_000_000
    /// Seconds of a position in a video: a year.
    static let positionSecondsMax = 31_536_000.0

    /// The set bits in ascending order.
    static func indices(of bits: UInt64) -> [Int] {
        (0..<RoomLimits.optionsMax).filter { bits & (1 << UInt64($0)) != 0 }
    }
}
