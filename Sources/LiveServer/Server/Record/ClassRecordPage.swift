// Owns one page of a class's record in the making: the room's log is applied again, entry by entry, as its home did,
// and what became an event is told as moderators saw it; a deleted message without its text. Pure: entries in, bytes
// out.
// Limits: events a page by its caller, bytes by `bytesMax`; the polls of the page as they stand at the end of the log.

import LiveProtocol
import Rooms

/// A page of `GET …/record`.
struct ClassRecordPage {
    /// Bytes of events at which a page ends.
    static let bytesMax = 1 << 20

    private let after: UInt64
    private let limit: Int
    private var room: Room
    private var events = JSONWriter(reserving: 16_384)
    private var count = 0
    /// The last seq that the page covers; nil while it may take more.
    private var fullAt: UInt64?
    private var polls: [PollID] = []
    private var latest: [PollID: Poll] = [:]
    private(set) var undecodable = 0

    /// An empty page of what stands behind `after`, with at most `limit` events.
    init(room: RoomKey, after: UInt64, limit: Int) {
        self.room = Room(key: room)
        self.after = after
        self.limit = limit
        events.beginArray()
    }

    /// The entry applied last.
    var seq: UInt64 { room.seq }

    /// Applies the log's next entry.
    mutating func take(_ bytes: [UInt8]) {
        let decoded: LogEntry
        do {
            decoded = try bytes.withUnsafeBytes { try LogEntryCodec.decode($0).entry }
        } catch {
            undecodable += 1
            return
        }
        guard decoded.seq > room.seq, case .accepted(let event) = room.apply(decoded) else { return }
        tell(SequencedEvent(seq: decoded.seq, ts: room.ts, event: event))
    }

    private mutating func tell(_ event: SequencedEvent) {
        switch event.event {
        case .pollStarted(let poll):
            if event.seq > after, fullAt == nil { polls.append(poll.id) }
            latest[poll.id] = poll
        case .pollClosed(let id, _): latest[id] = room.poll(id)
        case .pollResults(let published): latest[published.results.poll] = room.poll(published.results.poll)
        default: break
        }
        guard event.seq > after, fullAt == nil else { return }
        // An observer misses some events, moderators none.
        guard EventEncoder.append(event, view: .moderator, to: &events) else { return }
        count += 1
        if count == limit || events.bytes.count >= Self.bytesMax { fullAt = event.seq }
    }

    /// The page as JSON.
    /// - Parameters:
    ///   - figures: the session's, as JSON.
    ///   - serverTs: ms since 1970.
    consuming func finish(epoch: String, figures: [UInt8], serverTs: Int64) -> [UInt8] {
        events.endArray()
        var json = JSONWriter(reserving: events.bytes.count + 4_096)
        json.beginObject()
        json.field("room", room.key.raw)
        json.field("epoch", epoch)
        json.field("head", room.seq)
        json.field("server_ts", serverTs)
        json.key("figures")
        json.raw(figures)
        json.key("polls")
        json.beginArray()
        for id in polls {
            guard let poll = latest[id] else { continue }
            json.beginObject()
            SnapshotEncoder.append(poll, .moderator, &json)
            if let closedTs = poll.closedTs { json.field("closed_ts", closedTs) }
            json.endObject()
        }
        json.endArray()
        json.key("events")
        json.raw(events.bytes)
        if let fullAt, fullAt < room.seq { json.field("next", fullAt) }
        json.endObject()
        return json.bytes
    }
}
