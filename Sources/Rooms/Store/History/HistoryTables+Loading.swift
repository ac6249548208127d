// Owns: reading a room back from history.db.
// Never: writes.

internal import Rooms

extension HistoryTables {
    /// A room as it stands in one consistent view of the file.
    func load(_ room: RoomKey) throws(SQLiteFailure) -> LoadedRoom {
        try connection.execute("BEGIN")
        defer { connection.rollBack() }
        guard let id = try roomID(room) else {
            return LoadedRoom(
                room: room, snapshot: nil, snapshotSeq: 0, snapshotEpoch: nil, entries: [], lineage: [])
        }
        let snapshot = try snapshot(id)
        return LoadedRoom(
            room: room, snapshot: snapshot?.bytes, snapshotSeq: snapshot?.seq ?? 0, snapshotEpoch: snapshot?.epoch,
            entries: try entries(id, after: snapshot?.seq ?? 0), lineage: try lineage(id))
    }

    /// The epochs of a room, oldest first.
    func lineage(of room: RoomKey) throws(SQLiteFailure) -> [EpochSpan] {
        guard let id = try roomID(room) else { return [] }
        return try lineage(id)
    }

    private func snapshot(_ room: Int64) throws(SQLiteFailure) -> (seq: UInt64, epoch: String, bytes: [UInt8])? {
        let select = try connection.prepare("SELECT seq, epoch, bytes FROM snapshots WHERE room_id = ?1")
        select.bind(1, room)
        guard try select.step() else { return nil }
        return (UInt64(bitPattern: select.integer(0)), select.text(1), select.bytes(2))
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

    /// From the newest back: all after the snapshot, then as far as the tail's bounds say.
    private func entries(_ room: Int64, after snapshotSeq: UInt64) throws(SQLiteFailure) -> [HistoryEntry] {
        let select = try connection.prepare(
            """
            SELECT seq, epochs.name, ts, payload FROM events JOIN epochs ON epochs.id = epoch_id
            WHERE events.room_id = ?1 ORDER BY seq DESC
            """)
        select.bind(1, room)
        var entries: [HistoryEntry] = []
        var tailBytes = 0
        var newestTs: Int64?
        while try select.step() {
            let seq = UInt64(bitPattern: select.integer(0))
            let ts = select.integer(2)
            let newest = newestTs ?? ts
            newestTs = newest
            if seq <= snapshotSeq {
                if entries.count >= HistoryLimits.tailEntriesMin && ts < newest - HistoryLimits.tailMs { break }
                tailBytes += select.byteCount(3)
                if tailBytes > HistoryLimits.tailBytesMax { break }
            }
            entries.append(HistoryEntry(epoch: select.text(1), seq: seq, bytes: select.bytes(3)))
        }
        entries.reverse()
        return entries
    }
}
