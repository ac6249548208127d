// Owns a lock on the node's database from outside, as a back-up tool or an administrator's shell may hold it.

import CSQLite

/// `BEGIN EXCLUSIVE` on a SQLite file until `release`.
final class StoreLock {
    private var connection: OpaquePointer?

    /// Takes the lock; waits a few seconds for transactions under way.
    init(path: String) throws {
        guard sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
            throw IntegrationFailure("\(path) cannot be opened")
        }
        sqlite3_busy_timeout(connection, 5_000)
        let result = sqlite3_exec(connection, "BEGIN EXCLUSIVE", nil, nil, nil)
        guard result == SQLITE_OK else { throw IntegrationFailure("no lock on \(path): \(result)") }
    }

    deinit { release() }

    func release() {
        guard let connection else { return }
        sqlite3_exec(connection, "ROLLBACK", nil, nil, nil)
        sqlite3_close(connection)
        self.connection = nil
    }
}
