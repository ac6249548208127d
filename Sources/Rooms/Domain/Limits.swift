// Every bound of the domain: unit, reason and what happens there. A room's memory is bounded by this file alone,
// whatever the log holds. Limits of characters are the wire's; here are bytes (a scalar has at most four).

/// The named limits of one room.
package enum RoomLimits {
    // Names.

    /// Bytes of one part of a room path, from the contract.
    package static let pathPartBytesMax = 64
    /// Bytes of a participant id.
    package static let participantBytesMax = 64
    /// Bytes of a command id, from the contract.
    package static let commandIDBytesMax = 64
    /// Bytes of a display name; the door cuts longer ones, the decoder of the log refuses them.
    package static let nameBytesMax = 256
    /// Bytes of an epoch, `[a-z0-9]{8,16}`.
    package static let epochBytesMin = 8
    /// Bytes of an epoch, `[a-z0-9]{8,16}`.
    package static let epochBytesMax = 16

    /// The greatest timestamp in milliseconds: exact in every JSON reader (2^53 - 1), and far from overflow.
    package static let timestampMax: Int64 = 9_007_199_254_740_991

    // Texts: beyond it `bad_request`.

    /// Bytes of a chat message: 2,000 characters.
    package static let chatTextBytesMax = 8_000
    /// Bytes of a question: 1,000 characters.
    package static let questionTextBytesMax = 4_000
    /// Bytes of an answer to a question: 2,000 characters.
    package static let answerTextBytesMax = 8_000
    /// Bytes of a poll's question: 1,000 characters.
    package static let pollQuestionBytesMax = 4_000
    /// Bytes of one option of a poll: 200 characters.
    package static let optionBytesMax = 800
    /// Bytes of an announcement: 2,000 characters.
    package static let announcementBytesMax = 8_000
    /// Bytes of an announcement's link: what browsers carry without trouble.
    package static let linkBytesMax = 2_048
    /// Bytes of an emoji, from the contract: room for joined families and flags.
    package static let emojiBytesMax = 32

    // Chat.

    /// Messages kept in state; the oldest leaves.
    package static let chatKept = 50
    /// Seqs for which the room knows whether they are chat messages (a bit each): beyond it replies get `not_found`,
    /// and a moderator's deletion is taken on trust.
    package static let messageIndexSeqs = 16_384
    /// Different emoji on one message; beyond it `overloaded`.
    package static let emojiPerMessageMax = 20
    /// Reactions on all kept messages together; beyond it `overloaded`.
    package static let reactionsMax = 50_000
    /// Seconds between two messages in slow mode.
    package static let slowSecondsMax = 3_600
    /// Students whose last message slow mode remembers; beyond it the oldest is forgotten and may write early.
    package static let slowWritersMax = 20_000

    // Polls.

    /// Options of a poll, at least.
    package static let optionsMin = 2
    /// Options of a poll, at most.
    package static let optionsMax = 20
    /// Seconds a poll may run, at least.
    package static let pollSecondsMin = 5
    /// Seconds a poll may run, at most: a day.
    package static let pollSecondsMax = 86_400
    /// Polls open at once; beyond it `overloaded`.
    package static let pollsOpenMax = 20
    /// Closed polls kept, so that results that drain late still find theirs; the first closed leaves.
    package static let pollsClosedKept = 32
    /// Closed polls shown in a snapshot, from the contract.
    package static let pollsClosedShown = 10
    /// Nodes that a result may wait for; beyond it `bad_request`.
    package static let pendingNodesMax = 64
    /// Bytes of a node's name in `pending`.
    package static let nodeNameBytesMax = 64
    /// The greatest count or revision: exact in every JSON reader (2^53 - 1).
    package static let countMax = 9_007_199_254_740_991

    // Questions, hands, announcements, moderation.

    /// Open questions; beyond it `overloaded`.
    package static let questionsOpenMax = 500
    /// Answered and dismissed questions kept and shown; the first settled leaves.
    package static let questionsSettledKept = 50
    /// Upvotes on all kept questions together; beyond it `overloaded`.
    package static let upvotesMax = 100_000
    /// Raised hands; beyond it `overloaded`.
    package static let handsMax = 5_000
    /// Announcements kept; the oldest leaves.
    package static let announcementsKept = 5
    /// Muted participants; beyond it `overloaded`.
    package static let mutedMax = 5_000
    /// Banned participants; beyond it `overloaded`.
    package static let bannedMax = 5_000

    // Idempotency.

    /// Outcomes a participant who still speaks is sure of, announced in `welcome`.
    package static let outcomesKept = 128
    /// Milliseconds for which an outcome is kept beyond its participant's last 128, and a silent participant's table
    /// at all; announced in `welcome` as minutes.
    package static let outcomeWindowMs: Int64 = 600_000
    /// Outcomes of one participant: over what a student can send in the window (5/s and a burst of 20). A faster
    /// sender keeps its last 3,072.
    package static let outcomesPerParticipantMax = 3_072
    /// Outcomes of a room (about 6 MiB). There the speaker is cut to its last 128, then the longest silent
    /// participant loses its oldest.
    package static let outcomesPerRoomMax = 65_536
    /// Milliseconds a sender is asked to wait after `overloaded`: state frees by people's acts, not by time.
    package static let overloadedRetryMs: Int64 = 5_000
}
