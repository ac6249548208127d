// Owns: one prepared statement, from prepare to finalize; binding of values and reading of columns.
// Never: SQL text put together from values; a statement shared between threads.
// Limits: bound texts and blobs are copied by SQLite; columns are valid until the next step or reset.

internal import CSQLite

/// A prepared statement that belongs to one connection and, as that does, to one thread at a time.
///
/// Parameters count from 1 and columns from 0, as in SQLite's own interface. A statement is kept prepared for the
/// life of its owner and `reset` between uses.
package struct SQLiteStatement: ~Copyable {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    /// Prepares `sql`, which must be one whole statement.
    init(connection: OpaquePointer, sql: StaticString) throws(SQLiteFailure) {
        var prepared: OpaquePointer?
        let code = sql.withUTF8Buffer { text in
            text.withMemoryRebound(to: CChar.self) { characters in
                sqlite3_prepare_v3(
                    connection, characters.baseAddress, Int32(characters.count),
                    UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
            }
        }
        guard code == SQLITE_OK, let prepared else {
            throw SQLiteFailure(connection: connection, step: "prepare")
        }
        handle = prepared
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    /// Binds an integer.
    package borrowing func bind(_ index: Int32, _ value: Int64) {
        check(sqlite3_bind_int64(handle, index, value))
    }

    /// Binds an integer or NULL.
    package borrowing func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { check(sqlite3_bind_null(handle, index)) }
    }

    /// Binds a text; SQLite keeps a copy.
    package borrowing func bind(_ index: Int32, _ value: String) {
        var value = value
        let code = value.withUTF8 { bytes in
            // An empty buffer may have no address, and SQLite takes a null pointer for NULL.
            guard let base = bytes.baseAddress, !bytes.isEmpty else {
                return sqlite3_bind_text(handle, index, "", 0, copied)
            }
            return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) { characters in
                sqlite3_bind_text(handle, index, characters, Int32(bytes.count), copied)
            }
        }
        check(code)
    }

    /// Binds bytes; SQLite keeps a copy.
    package borrowing func bind(_ index: Int32, _ value: UnsafeRawBufferPointer) {
        guard let base = value.baseAddress, !value.isEmpty else {
            return check(sqlite3_bind_zeroblob(handle, index, 0))
        }
        check(sqlite3_bind_blob64(handle, index, base, UInt64(value.count), copied))
    }

    /// Binds bytes; SQLite keeps a copy.
    package borrowing func bind(_ index: Int32, _ value: [UInt8]) {
        value.withUnsafeBytes { bytes in bind(index, bytes) }
    }

    /// Goes on to the next row; false at the end. After an error the statement is reset by the caller or by `run`.
    package borrowing func step() throws(SQLiteFailure) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw SQLiteFailure(connection: connection, step: "step")
        }
    }

    /// Runs a statement that returns no rows, and makes it ready for the next use.
    package borrowing func run() throws(SQLiteFailure) {
        defer { reset() }
        while try step() {}
    }

    /// Makes the statement ready for the next use. Bound values stay until they are bound anew.
    package borrowing func reset() {
        // The code repeats the failure that `step` has already thrown.
        _ = sqlite3_reset(handle)
    }

    /// An integer column; 0 for NULL.
    package borrowing func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    /// An integer column, nil for NULL.
    package borrowing func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_int64(handle, column)
    }

    /// A text column; empty for NULL.
    package borrowing func text(_ column: Int32) -> String {
        guard let characters = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: characters, count: count), as: UTF8.self)
    }

    /// A blob column, copied; empty for NULL.
    package borrowing func bytes(_ column: Int32) -> [UInt8] {
        guard let base = sqlite3_column_blob(handle, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// How many bytes a text or blob column has.
    package borrowing func byteCount(_ column: Int32) -> Int { Int(sqlite3_column_bytes(handle, column)) }

    private borrowing func check(_ code: Int32) {
        precondition(code == SQLITE_OK || code == SQLITE_NOMEM || code == SQLITE_TOOBIG, "a parameter does not exist")
    }
}

/// SQLITE_TRANSIENT, which the importer cannot see: SQLite copies the value before the call returns.
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
