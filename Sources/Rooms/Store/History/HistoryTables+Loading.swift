// Owns: reading a room back from history.db.
// Never: writes.

internal import Rooms

extension HistoryTables {
    /// A room as it stands in one consistent view of the file.
    func load(_ room: RoomKey, tailEntries: Int) throws(SQLiteFailure) -> LoadedRoom {
        try connection.execute("BEGIN")
        defer { connection.rollBack() }
        guard let id = try roomID(room) else {
            return LoadedRoom(
                room: room, snapshot: nil, snapshotSeq: 0, snapshotEpoch: nil, entries: [], lineage: [])
        }
        let snapshot = try snapshot(id, head: try head(id), tailEntries: tailEntries)
        return LoadedRoom(
            room: room, snapshot: snapshot?.bytes, snapshotSeq: snapshot?.seq ?? 0, snapshotEpoch: snapshot?.epoch,
            entries: try entries(id, after: snapshot?.seq ?? 0), lineage: try lineage(id), figures: try figures(id))
    }

    private func figures(_ room: Int64) throws(SQLiteFailure) -> [UInt8]? {
        let select = try connection.prepare("SELECT bytes FROM figures WHERE room_id = ?1")
        select.bind(1, room)
        return try select.step() ? select.bytes(0) : nil
    }

    /// The epochs of a room, oldest first.
    func lineage(of room: RoomKey) throws(SQLiteFailure) -> [EpochSpan] {
        guard let id = try roomID(room) else { return [] }
        return try lineage(id)
    }

    private func head(_ room: Int64) throws(SQLiteFailure) -> Int64 {
        let select = try connection.prepare("SELECT coalesce(max(seq), 0) FROM events WHERE room_id = ?1")
        select.bind(1, room)
        return try select.step() ? select.integer(0) : 0
    }

    /// The newest snapshot from which the whole tail can be replayed. Where there is none, the log is replayed from its
    /// beginning, unless that is too far: then from the oldest snapshot, and the tail is shorter.
    private func snapshot(
        _ room: Int64, head: Int64, tailEntries: Int
    ) throws(SQLiteFailure) -> (seq: UInt64, epoch: String, bytes: [UInt8])? {
        let before = try connection.prepare(
            "SELECT seq, epoch, bytes FROM snapshots WHERE room_id = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1")
        before.bind(1, room)
        before.bind(2, head - Int64(tailEntries))
        if try before.step() { return (UInt64(bitPattern: before.integer(0)), before.text(1), before.bytes(2)) }
        guard head > HistoryLimits.replayEntriesMax else { return nil }
        let oldest = try connection.prepare(
            "SELECT seq, epoch, bytes FROM snapshots WHERE room_id = ?1 ORDER BY seq LIMIT 1")
        oldest.bind(1, room)
        guard try oldest.step() else { return nil }
        return (UInt64(bitPattern: oldest.integer(0)), oldest.text(1), oldest.bytes(2))
    }

    private func lineage(_ room: Int64) throws(SQLiteFailure) -> [EpochSpan] {
        let select = try connection.prepare(
            "SELECT name, first_seq, last_seq FROM epochs WHERE room_id = ?1 ORDER BY id")
        select.bind(1, room)
        var spans: [EpochSpan] = []
        while try select.step() {
            spans.append(
                EpochSpan(
                    epoch: select.text(0), firstSeq: UInt64(bitPattern: select.integer(1)),
                    lastSeq: UInt64(bitPattern: select.integer(2))))
        }
        return spans
    }

    /// All after the snapshot, in order.
    private func entries(_ room: Int64, after snapshotSeq: UInt64) throws(SQLiteFailure) -> [HistoryEntry] {
        let select = try connection.prepare(
            """
            SELECT seq, epochs.name, payload FROM events JOIN epochs ON epochs.id = epoch_id
            WHERE events.room_id = ?1 AND seq > ?2 ORDER BY seq
            """)
        select.bind(1, room)
        select.bind(2, Int64(bitPattern: snapshotSeq))
        var entries: [HistoryEntry] = []
        while try select.step() {
            entries.append(
                HistoryEntry(
                    epoch: select.text(1), seq: UInt64(bitPattern: select.integer(0)), bytes: select.bytes(2)))
        }
        return entries
    }
}
