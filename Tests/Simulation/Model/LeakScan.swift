// Searches peers' bytes for what must not stand in them, without knowing how they were encoded: by the marks that
// random histories put into secrets, and by the names of members and events.

import RoomHistories
import Rooms

/// Knows which polls were revealed, and searches the bytes of peers.
struct LeakScan {
    private var revealed: [PollID] = []
    private var withResults: [PollID] = []

    private static let secret = Array(Cast.secretMark.utf8)
    private static let correct = Array(#""correct""#.utf8)
    private static let moderation: [[UInt8]] = ["muted", "unmuted", "removed", "banned"].map {
        Array(#""ev":"participant_\#($0)""#.utf8)
    }
    private static let lists: [[UInt8]] = [Array(#","muted":["#.utf8), Array(#","banned":["#.utf8)]

    /// Notes what an accepted entry made known.
    mutating func note(_ event: Event) {
        if case .pollClosed(let poll, true) = event { revealed.append(poll) }
        if case .pollResults(let published) = event { withResults.append(published.results.poll) }
    }

    /// Checks one event of a peer's view.
    func check(event bytes: [UInt8], _ event: Event) throws {
        try checkCommon(bytes)
        guard Self.contains(bytes, Self.correct) else { return }
        guard case .pollResults(let published) = event, revealed.contains(published.results.poll) else {
            throw Violation("right options in a peer's event: \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    /// Checks a state of a peer's view; `room` is the truth that it shows.
    func check(state bytes: [UInt8], of room: Room) throws {
        try checkCommon(bytes)
        for list in Self.lists where Self.contains(bytes, list) {
            throw Violation("moderators' lists in a peer's state")
        }
        guard Self.contains(bytes, Self.correct) else { return }
        let allowed = room.polls.contains {
            $0.draft.correct != nil && revealed.contains($0.id) && withResults.contains($0.id)
        }
        if !allowed { throw Violation("right options in a peer's state") }
    }

    private func checkCommon(_ bytes: [UInt8]) throws {
        if Self.contains(bytes, Self.secret) {
            throw Violation("a hidden author in a peer's bytes: \(String(decoding: bytes, as: UTF8.self))")
        }
        for name in Self.moderation where Self.contains(bytes, name) {
            throw Violation("a moderators' event in a peer's bytes: \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    static func contains(_ bytes: [UInt8], _ pattern: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            pattern.withUnsafeBufferPointer { pattern in
                guard bytes.count >= pattern.count else { return false }
                let first = pattern[0]
                var at = 0
                let last = bytes.count - pattern.count
                while at <= last {
                    if bytes[at] == first {
                        var length = 1
                        while length < pattern.count, bytes[at + length] == pattern[length] { length += 1 }
                        if length == pattern.count { return true }
                    }
                    at += 1
                }
                return false
            }
        }
    }
}
