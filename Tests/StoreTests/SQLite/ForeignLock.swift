// Owns: a connection that is not the store's, to lock its file and to look into it.
// Never: goes through the store's own wrapper, which is under test.

import CSQLite

/// A failure of the foreign connection.
struct ForeignFailure: Error { let message: String }

/// Another program's connection to the store's file.
final class ForeignConnection {
    private var handle: OpaquePointer?

    init(_ path: String) throws {
        guard sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
            throw ForeignFailure(message: "open \(path)")
        }
        sqlite3_busy_timeout(handle, 10_000)
    }

    deinit { close() }

    func close() {
        sqlite3_close_v2(handle)
        handle = nil
    }

    func execute(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw ForeignFailure(message: String(cString: sqlite3_errmsg(handle)))
        }
    }

    /// The first column of the first row.
    func integer(_ sql: String) throws -> Int64 {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
            throw ForeignFailure(message: String(cString: sqlite3_errmsg(handle)))
        }
        defer { sqlite3_finalize(statement) }
        guard sqlite3_step(statement) == SQLITE_ROW else { throw ForeignFailure(message: "no row: \(sql)") }
        return sqlite3_column_int64(statement, 0)
    }
}

/// Holds the write lock of a database until it is released.
final class ForeignLock {
    private let connection: ForeignConnection

    init(_ path: String) throws {
        connection = try ForeignConnection(path)
        try connection.execute("BEGIN EXCLUSIVE")
    }

    func release() throws { try connection.execute("ROLLBACK") }
}
