// Owns: which deletions in the journal had their effect. The journal holds proposals; whether the room took one is
// known only by applying the entries up to it, as the room itself did.
// Never: writes. Limits: `roomsMax` rooms remembered; a room costs a load and a replay, once for many deletions.

internal import Rooms

/// Rooms as the projection has brought them, as far as a deletion made it look.
struct DeletionJudge {
    /// Rooms remembered between deletions; beyond it all are forgotten.
    static let roomsMax = 16

    private var rooms: [RoomKey: (epoch: String, room: Room)] = [:]

    /// Forgets everything: the transaction that it looked into was undone.
    mutating func reset() { rooms.removeAll() }

    /// Whether the entry at `header`, which proposes a deletion and was projected just now, took the message away. One
    /// that met no such message counts as well: what is not there any more must not be in the history either.
    mutating func hadEffect(_ header: LogEntryHeader, _ tables: HistoryTables) throws(SQLiteFailure) -> Bool {
        var room: Room
        // A new epoch may have cut what the room was made of.
        if let held = rooms[header.room], held.epoch == header.epoch, held.room.seq < header.seq {
            room = held.room
        } else {
            room = try tables.roomBefore(header)
        }
        var hadEffect = false
        for bytes in try tables.payloads(header.room, after: room.seq, upTo: header.seq) {
            guard let entry = Self.decode(bytes) else { continue }
            switch room.apply(entry) {
            case .accepted: hadEffect = entry.seq == header.seq
            case .duplicate: hadEffect = false
            case .ignored(let rejection): hadEffect = entry.seq == header.seq && rejection.code == .notFound
            }
        }
        if rooms.count >= Self.roomsMax { rooms.removeAll() }
        rooms[header.room] = (header.epoch, room)
        return hadEffect
    }

    /// An entry of another version is passed over, as the room does when it is loaded.
    private static func decode(_ bytes: [UInt8]) -> LogEntry? {
        bytes.withUnsafeBytes { (try? LogEntryCodec.decode($0))?.entry }
    }
}

extension HistoryTables {
    /// The room at its newest snapshot before an entry; empty where there is none that can be read.
    func roomBefore(_ header: LogEntryHeader) throws(SQLiteFailure) -> Room {
        let select = try connection.prepare(
            """
            SELECT bytes FROM snapshots JOIN rooms ON rooms.id = room_id
            WHERE rooms.name = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1
            """)
        select.bind(1, header.room.raw)
        select.bind(2, Int64(bitPattern: header.seq))
        guard try select.step(), let room = try? Room(snapshot: select.bytes(0)) else { return Room(key: header.room) }
        return room
    }

    /// A room's entries after one seq and up to another, in order.
    func payloads(_ room: RoomKey, after: UInt64, upTo last: UInt64) throws(SQLiteFailure) -> [[UInt8]] {
        guard let id = try roomID(room) else { return [] }
        let select = try connection.prepare(
            "SELECT payload FROM events WHERE room_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq")
        select.bind(1, id)
        select.bind(2, Int64(bitPattern: after))
        select.bind(3, Int64(bitPattern: last))
        var payloads: [[UInt8]] = []
        while try select.step() { payloads.append(select.bytes(0)) }
        return payloads
    }
}
