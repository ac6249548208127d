// Owns: one open history.db: the connection, its prepared statements, and the projection of one entry.
// Never: the journal, a thread, a retry.

internal import LiveIO
internal import Rooms

/// The connection and the statements of the history. Belongs to the history's thread.
final class HistoryTables {
    /// The newest epoch of a room.
    private struct Head {
        let room: Int64
        var epoch: Int64
        var name: String
        var lastSeq: UInt64
        var isDirty = false
    }

    let connection: SQLiteConnection
    private var heads: [RoomKey: Head] = [:]
    /// Rooms whose head rose in this transaction.
    private var dirty: [RoomKey] = []
    private let insertRoom: SQLiteStatement
    private let selectRoom: SQLiteStatement
    private let selectHead: SQLiteStatement
    private let selectEpoch: SQLiteStatement
    private let insertEpoch: SQLiteStatement
    private let moveEpoch: SQLiteStatement
    private let cutEpochs: SQLiteStatement
    private let cutEvents: SQLiteStatement
    private let cutSnapshot: SQLiteStatement
    private let insertEvent: SQLiteStatement
    private let selectPayload: SQLiteStatement
    private let replacePayload: SQLiteStatement
    private let insertRedaction: SQLiteStatement
    private let dropSnapshot: SQLiteStatement
    private let putSnapshot: SQLiteStatement
    private let pruneSnapshots: SQLiteStatement
    private let putFigures: SQLiteStatement
    private let selectCursor: SQLiteStatement
    private let moveCursor: SQLiteStatement

    /// Opens and, where needed, migrates the file.
    static func open(path: String, access: SQLiteConnection.Access) throws(StoreFailure) -> HistoryTables {
        let connection = try SQLiteConnection.opened(
            path: path, access: access, durability: .checkpoint, busyTimeoutMs: HistoryLimits.busyTimeoutMs)
        try SQLiteSchema.history.migrate(connection)
        do throws(SQLiteFailure) {
            // Deleted texts are overwritten in the file, not only forgotten.
            try connection.execute("PRAGMA secure_delete = ON")
            return try HistoryTables(connection)
        } catch {
            throw StoreFailure(error)
        }
    }

    private init(_ open: consuming SQLiteConnection) throws(SQLiteFailure) {
        connection = open
        insertRoom = try connection.prepare("INSERT INTO rooms (name) VALUES (?1) ON CONFLICT DO NOTHING")
        selectRoom = try connection.prepare("SELECT id FROM rooms WHERE name = ?1")
        selectHead = try connection.prepare(
            "SELECT id, name, last_seq FROM epochs WHERE room_id = ?1 ORDER BY id DESC LIMIT 1")
        selectEpoch = try connection.prepare("SELECT id, last_seq FROM epochs WHERE room_id = ?1 AND name = ?2")
        insertEpoch = try connection.prepare(
            "INSERT INTO epochs (room_id, name, first_seq, last_seq) VALUES (?1, ?2, ?3, ?3)")
        moveEpoch = try connection.prepare("UPDATE epochs SET last_seq = max(last_seq, ?2) WHERE id = ?1")
        cutEpochs = try connection.prepare(
            "UPDATE epochs SET last_seq = ?2 - 1 WHERE room_id = ?1 AND last_seq >= ?2")
        cutEvents = try connection.prepare("DELETE FROM events WHERE room_id = ?1 AND seq >= ?2")
        cutSnapshot = try connection.prepare("DELETE FROM snapshots WHERE room_id = ?1 AND seq >= ?2")
        insertEvent = try connection.prepare(
            """
            INSERT INTO events (room_id, seq, epoch_id, ts, payload) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO NOTHING
            """)
        selectPayload = try connection.prepare("SELECT payload FROM events WHERE room_id = ?1 AND seq = ?2")
        replacePayload = try connection.prepare("UPDATE events SET payload = ?3 WHERE room_id = ?1 AND seq = ?2")
        insertRedaction = try connection.prepare(
            """
            INSERT INTO redactions (room_id, message_seq, delete_seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
            """)
        dropSnapshot = try connection.prepare(
            "DELETE FROM snapshots WHERE room_id = ?1 AND seq >= ?2 AND seq < ?3")
        putSnapshot = try connection.prepare(
            """
            INSERT INTO snapshots (room_id, seq, epoch, bytes)
            SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
              (SELECT 1 FROM redactions WHERE room_id = ?1 AND message_seq <= ?2 AND delete_seq > ?2)
            ON CONFLICT DO UPDATE SET epoch = ?3, bytes = ?4
            """)
        pruneSnapshots = try connection.prepare(
            """
            DELETE FROM snapshots WHERE room_id = ?1 AND seq < (
              SELECT max(seq) FROM snapshots
              WHERE room_id = ?1 AND seq <= (SELECT max(seq) FROM snapshots WHERE room_id = ?1) - ?2)
            """)
        putFigures = try connection.prepare(
            "INSERT INTO figures (room_id, bytes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bytes = ?2")
        selectCursor = try connection.prepare("SELECT segment, position FROM cursor")
        moveCursor = try connection.prepare("UPDATE cursor SET segment = ?1, position = ?2 WHERE one = 1")
    }

    /// Runs `body` in one transaction; what was remembered of a transaction that failed is forgotten.
    func transaction(_ body: () throws(SQLiteFailure) -> Void) throws(SQLiteFailure) {
        do throws(SQLiteFailure) {
            try connection.execute("BEGIN IMMEDIATE")
            try body()
            try flushHeads()
            try connection.execute("COMMIT")
        } catch {
            heads.removeAll()
            dirty.removeAll()
            connection.rollBack()
            throw error
        }
        if heads.count > HistoryLimits.roomsCachedMax { heads.removeAll() }
    }

    // MARK: - The cursor

    func cursor() throws(SQLiteFailure) -> JournalPosition {
        defer { selectCursor.reset() }
        guard try selectCursor.step() else { return .beginning }
        return JournalPosition(
            segment: UInt64(bitPattern: selectCursor.integer(0)), offset: UInt64(bitPattern: selectCursor.integer(1)))
    }

    func move(to cursor: JournalPosition) throws(SQLiteFailure) {
        moveCursor.bind(1, Int64(bitPattern: cursor.segment))
        moveCursor.bind(2, Int64(bitPattern: cursor.offset))
        try moveCursor.run()
    }

    // MARK: - Entries

    /// Takes one entry in; one that is here already changes nothing, also where it was redacted since.
    func project(_ header: LogEntryHeader, _ payload: [UInt8]) throws(SQLiteFailure) {
        let head = try head(header)
        guard let epoch = try epoch(of: header, head) else { return }
        insertEvent.bind(1, head.room)
        insertEvent.bind(2, Int64(bitPattern: header.seq))
        insertEvent.bind(3, epoch)
        insertEvent.bind(4, header.ts)
        insertEvent.bind(5, payload)
        try insertEvent.run()
    }

    /// The room's newest epoch, after this entry: an epoch that was never seen begins here and ends those before it.
    private func head(_ header: LogEntryHeader) throws(SQLiteFailure) -> Head {
        if var head = heads[header.room], head.name == header.epoch {
            head.lastSeq = max(head.lastSeq, header.seq)
            mark(&head, of: header.room)
            return head
        }
        let room = try makeRoom(header.room)
        try flush(header.room)
        if try epochID(room, header.epoch) == nil { try begin(header.epoch, room, at: header.seq) }
        defer { selectHead.reset() }
        selectHead.bind(1, room)
        guard try selectHead.step() else {
            throw SQLiteFailure(code: 11, message: "a room without an epoch", step: "project")
        }
        var head = Head(
            room: room, epoch: selectHead.integer(0), name: selectHead.text(1),
            lastSeq: UInt64(bitPattern: selectHead.integer(2)))
        if head.name == header.epoch { head.lastSeq = max(head.lastSeq, header.seq) }
        mark(&head, of: header.room)
        return head
    }

    /// The epoch to file an entry under; nil for one of an older epoch that a newer one has replaced.
    private func epoch(of header: LogEntryHeader, _ head: Head) throws(SQLiteFailure) -> Int64? {
        if head.name == header.epoch { return head.epoch }
        guard let older = try epochID(head.room, header.epoch) else { return nil }
        return header.seq <= older.lastSeq ? older.id : nil
    }

    private func begin(_ epoch: String, _ room: Int64, at seq: UInt64) throws(SQLiteFailure) {
        try Self.run(cutEvents, room, seq)
        try Self.run(cutSnapshot, room, seq)
        try Self.run(cutEpochs, room, seq)
        insertEpoch.bind(1, room)
        insertEpoch.bind(2, epoch)
        insertEpoch.bind(3, Int64(bitPattern: seq))
        try insertEpoch.run()
    }

    private func epochID(_ room: Int64, _ name: String) throws(SQLiteFailure) -> (id: Int64, lastSeq: UInt64)? {
        defer { selectEpoch.reset() }
        selectEpoch.bind(1, room)
        selectEpoch.bind(2, name)
        guard try selectEpoch.step() else { return nil }
        return (selectEpoch.integer(0), UInt64(bitPattern: selectEpoch.integer(1)))
    }

    private func makeRoom(_ room: RoomKey) throws(SQLiteFailure) -> Int64 {
        if let id = try roomID(room) { return id }
        insertRoom.bind(1, room.raw)
        try insertRoom.run()
        return connection.lastRow
    }

    /// The room's id, nil for a room that was never seen.
    func roomID(_ room: RoomKey) throws(SQLiteFailure) -> Int64? {
        defer { selectRoom.reset() }
        selectRoom.bind(1, room.raw)
        return try selectRoom.step() ? selectRoom.integer(0) : nil
    }

    private func mark(_ head: inout Head, of room: RoomKey) {
        if !head.isDirty { dirty.append(room) }
        head.isDirty = true
        heads[room] = head
    }

    private func flushHeads() throws(SQLiteFailure) {
        for room in dirty { try flush(room) }
        dirty.removeAll(keepingCapacity: true)
    }

    private func flush(_ room: RoomKey) throws(SQLiteFailure) {
        guard let head = heads[room], head.isDirty else { return }
        try Self.run(moveEpoch, head.epoch, head.lastSeq)
        heads[room]?.isDirty = false
    }

    // MARK: - Redaction and snapshots

    /// Takes the text out of a message that the entry at `deletion` deletes, and out of every snapshot between.
    func redact(_ room: RoomKey, message: UInt64, deletion: UInt64) throws(SQLiteFailure) {
        guard let id = try roomID(room), let payload = try payload(id, message) else { return }
        let redacted = payload.withUnsafeBytes { bytes in try? LogEntryCodec.redacted(bytes) }
        guard let redacted else { return }
        try replace(id, message, redacted)
        insertRedaction.bind(3, Int64(bitPattern: deletion))
        try Self.run(insertRedaction, id, message)
        dropSnapshot.bind(3, Int64(bitPattern: deletion))
        try Self.run(dropSnapshot, id, message)
    }

    /// Puts other bytes in an entry's place.
    func replace(_ room: RoomKey, seq: UInt64, with bytes: [UInt8]) throws(SQLiteFailure) {
        guard let id = try roomID(room) else { return }
        try replace(id, seq, bytes)
    }

    private func replace(_ room: Int64, _ seq: UInt64, _ bytes: [UInt8]) throws(SQLiteFailure) {
        replacePayload.bind(3, bytes)
        try Self.run(replacePayload, room, seq)
    }

    private func payload(_ room: Int64, _ seq: UInt64) throws(SQLiteFailure) -> [UInt8]? {
        defer { selectPayload.reset() }
        selectPayload.bind(1, room)
        selectPayload.bind(2, Int64(bitPattern: seq))
        return try selectPayload.step() ? selectPayload.bytes(0) : nil
    }

    /// Keeps a snapshot unless a message in it was deleted since. Of the older ones those stay from which a load can
    /// rebuild the tail: events follow from state, so replay starts before the tail does.
    func put(_ snapshot: HistorySnapshot) throws(SQLiteFailure) {
        let room = try makeRoom(snapshot.room)
        putSnapshot.bind(3, snapshot.epoch)
        putSnapshot.bind(4, snapshot.bytes)
        try Self.run(putSnapshot, room, snapshot.seq)
        try Self.run(pruneSnapshots, room, UInt64(HistoryLimits.tailEntriesMin))
    }

    /// Keeps the figures of a room's session.
    func putFigures(_ room: RoomKey, _ bytes: [UInt8]) throws(SQLiteFailure) {
        putFigures.bind(1, try makeRoom(room))
        putFigures.bind(2, bytes)
        try putFigures.run()
    }

    /// Binds the first two parameters, which all of these statements share, and runs.
    private static func run(
        _ statement: borrowing SQLiteStatement, _ first: Int64, _ second: UInt64
    ) throws(SQLiteFailure) {
        statement.bind(1, first)
        statement.bind(2, Int64(bitPattern: second))
        try statement.run()
    }
}

/// A snapshot on its way into the history.
struct HistorySnapshot: Sendable {
    let room: RoomKey
    let seq: UInt64
    let epoch: String
    let bytes: [UInt8]
}
