// Owns how far one reader has come in one stream: what arrived twice, or after what it should have preceded. 16 bytes.
// Limit: a message more than 64 behind the newest counts as a duplicate if it comes then; so late is wrong either way.

/// What a message is to its reader.
enum Arrival: Equatable, Sendable {
    case inOrder
    case duplicate
    case outOfOrder
}

/// A reader's place in one stream.
struct StreamCursor: Sendable, Equatable {
    /// One more than the newest message's number; 0 for none.
    private var next: UInt32 = 0
    /// Different messages that arrived.
    private(set) var distinct: UInt32 = 0
    /// Bit k: the message k before the newest arrived.
    private var seen: UInt64 = 0

    /// Takes message `n`.
    mutating func take(_ n: UInt32) -> Arrival {
        if n >= next {
            let step = n - next + 1
            seen = step >= 64 ? 1 : seen << UInt64(step) | 1
            next = n + 1
            distinct += 1
            return .inOrder
        }
        let behind = next - 1 - n
        guard behind < 64, seen >> UInt64(behind) & 1 == 0 else { return .duplicate }
        seen |= 1 << UInt64(behind)
        distinct += 1
        return .outOfOrder
    }

    /// A new snapshot took the place of what was missed: counting begins anew, old messages stay old.
    mutating func restart() { distinct = 0 }
}
