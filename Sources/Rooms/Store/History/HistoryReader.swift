// Owns: reading a room's whole log from history.db, on a connection of its own, in portions.
// Never: writes; holds a view of the file open between two portions, which would keep its journal from shrinking.
// Limits: HistoryLimits.readEntriesMax and readBytesMax a portion.

package import Rooms

/// Reads entries of rooms for those who may wait: records and replays. Belongs to one thread.
package final class HistoryReader {
    private final class Queries {
        let connection: SQLiteConnection
        let entries: SQLiteStatement

        init(path: String) throws(SQLiteFailure) {
            connection = try SQLiteConnection(
                path: path, access: .read, durability: .checkpoint, busyTimeoutMs: HistoryLimits.busyTimeoutMs)
            entries = try connection.prepare(
                """
                SELECT seq, epochs.name, payload FROM events JOIN epochs ON epochs.id = epoch_id
                WHERE events.room_id = (SELECT id FROM rooms WHERE name = ?1) AND seq > ?2 ORDER BY seq LIMIT ?3
                """)
        }
    }

    private let path: String
    private var queries: Queries?

    /// A reader of the history in a data folder; the file is opened when it is first needed.
    package init(dataDirectory: String) { path = "\(dataDirectory)/history.db" }

    /// The entries of a room behind a seq, rising, at most one portion; none behind the last or in an unknown room.
    /// Deleted messages come in their redacted form.
    package func entries(of room: RoomKey, after seq: UInt64) throws(StoreFailure) -> [HistoryEntry] {
        if let moved = queries?.connection.hasMoved, moved { queries = nil }
        do throws(SQLiteFailure) {
            let open = if let queries { queries } else { try Queries(path: path) }
            queries = open
            return try Self.read(open.entries, room, seq)
        } catch {
            queries = nil
            throw StoreFailure(error)
        }
    }

    private static func read(
        _ select: borrowing SQLiteStatement, _ room: RoomKey, _ seq: UInt64
    ) throws(SQLiteFailure) -> [HistoryEntry] {
        defer { select.reset() }
        select.bind(1, room.raw)
        select.bind(2, Int64(bitPattern: seq))
        select.bind(3, Int64(HistoryLimits.readEntriesMax))
        var entries: [HistoryEntry] = []
        var bytes = 0
        while bytes < HistoryLimits.readBytesMax, try select.step() {
            let entry = HistoryEntry(
                epoch: select.text(1), seq: UInt64(bitPattern: select.integer(0)), bytes: select.bytes(2))
            bytes += entry.bytes.count
            entries.append(entry)
        }
        return entries
    }
}
