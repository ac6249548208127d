// Owns: one SQLite connection, from open to close; its settings; transactions.
// Never: used by two threads at once (opened without SQLite's own mutex); a retry; a schema of its own.
// Limits: a lock is waited for no longer than `busyTimeoutMs`.

internal import CSQLite

/// One connection to one database file.
///
/// It belongs to one thread at a time: it is opened with SQLITE_OPEN_NOMUTEX. Statements prepared from it may outlive
/// it (`sqlite3_close_v2`), so the order in which an owner lets go of them does not matter.
package struct SQLiteConnection: ~Copyable {
    /// How a file is opened.
    package enum Access: Sendable {
        /// Made where it does not exist.
        case create
        /// Must exist.
        case write
        /// Must exist; nothing is written to the tables.
        case read
    }

    /// How long a commit waits for the disk.
    package enum Durability: Sendable {
        /// Every commit is synced before it returns (synchronous=FULL).
        case everyCommit
        /// A power cut may take the last commits, never the consistency (synchronous=NORMAL).
        case checkpoint
    }

    private let handle: OpaquePointer

    /// Opens `path` in WAL mode.
    ///
    /// - Parameter busyTimeoutMs: how long a statement waits for another connection's lock before it throws.
    package init(
        path: String, access: Access, durability: Durability, busyTimeoutMs: Int32
    ) throws(SQLiteFailure) {
        let flags: Int32
        switch access {
        case .create: flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .write: flags = SQLITE_OPEN_READWRITE
        case .read: flags = SQLITE_OPEN_READONLY
        }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            let failure = opened.map { SQLiteFailure(connection: $0, step: "open") }
            sqlite3_close_v2(opened)
            throw failure ?? SQLiteFailure(code: code, message: "out of memory", step: "open")
        }
        sqlite3_busy_timeout(opened, busyTimeoutMs)
        do {
            try Self.configure(opened, access: access, durability: durability)
        } catch {
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
    }

    /// Opens `path` for a store, whose failures are its caller's to hear.
    static func opened(
        path: String, access: Access, durability: Durability, busyTimeoutMs: Int32
    ) throws(StoreFailure) -> SQLiteConnection {
        do throws(SQLiteFailure) {
            return try SQLiteConnection(
                path: path, access: access, durability: durability, busyTimeoutMs: busyTimeoutMs)
        } catch {
            throw StoreFailure(error)
        }
    }

    deinit { sqlite3_close_v2(handle) }

    private static func configure(
        _ handle: OpaquePointer, access: Access, durability: Durability
    ) throws(SQLiteFailure) {
        try run("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF", on: handle)
        switch access {
        case .read:
            break
        case .create, .write:
            // Setting the mode needs the lock only where the file is not yet in WAL mode. The WAL is cut back to the
            // given size after a checkpoint, so that a burst does not hold the disk for ever.
            try run("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216", on: handle)
        }
        switch durability {
        case .everyCommit: try run("PRAGMA synchronous = FULL", on: handle)
        case .checkpoint: try run("PRAGMA synchronous = NORMAL", on: handle)
        }
    }

    private static func run(_ sql: StaticString, on handle: OpaquePointer) throws(SQLiteFailure) {
        let code = sql.withUTF8Buffer { text in
            text.withMemoryRebound(to: CChar.self) { characters in
                // A StaticString's storage ends with a zero byte.
                sqlite3_exec(handle, characters.baseAddress, nil, nil, nil)
            }
        }
        if code != SQLITE_OK { throw SQLiteFailure(connection: handle, step: "execute") }
    }

    /// Runs one or more statements that take no values; rows are dropped.
    package borrowing func execute(_ sql: StaticString) throws(SQLiteFailure) {
        try Self.run(sql, on: handle)
    }

    /// Runs one statement whose text was made by this program, for what cannot be bound (PRAGMA). Never with values
    /// that came from outside.
    package borrowing func execute(text: String) throws(SQLiteFailure) {
        if sqlite3_exec(handle, text, nil, nil, nil) != SQLITE_OK {
            throw SQLiteFailure(connection: handle, step: "execute")
        }
    }

    /// Prepares a statement to be kept by the caller.
    package borrowing func prepare(_ sql: StaticString) throws(SQLiteFailure) -> SQLiteStatement {
        try SQLiteStatement(connection: handle, sql: sql)
    }

    /// Ends the transaction that is open, if one is, and undoes what it wrote.
    ///
    /// Some errors make SQLite do that by itself. When a COMMIT has thrown, the transaction may all the same be found
    /// in the file after a crash: whoever repeats it must be idempotent.
    package borrowing func rollBack() {
        if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    }

    /// Rows that the last INSERT, UPDATE or DELETE changed.
    package var changes: Int { Int(sqlite3_changes64(handle)) }

    /// Row id of the last INSERT.
    package var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

    /// True when the file was renamed, unlinked or replaced since it was opened: what is committed now would be lost.
    package var hasMoved: Bool {
        var moved: Int32 = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code == SQLITE_OK && moved != 0
    }

    /// Moves what the WAL holds into the database and syncs both.
    ///
    /// - Returns: true when every commit so far is in the synced database file.
    package borrowing func checkpoint() throws(SQLiteFailure) -> Bool {
        var logged: Int32 = 0
        var moved: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &logged, &moved)
        guard code == SQLITE_OK else {
            if code & 0xFF == SQLITE_BUSY { return false }
            throw SQLiteFailure(connection: handle, step: "checkpoint")
        }
        return logged == moved
    }
}

extension SQLiteFailure {
    /// Reads the last failure of a connection.
    init(connection: OpaquePointer, step: String) {
        self.init(
            code: sqlite3_extended_errcode(connection), message: String(cString: sqlite3_errmsg(connection)),
            step: step)
    }
}
