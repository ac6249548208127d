// Owns: how a database file comes to the schema that this program knows: numbered steps, each once, in order.
// Never: edits a step that was released; goes back; touches a file of a newer program.

/// The numbered migrations of one database file; `PRAGMA user_version` says how many it has seen.
package struct SQLiteSchema: Sendable {
    /// The file's name for messages.
    package let name: String
    /// The steps; the n-th brings version n to n + 1. Released steps never change.
    package let migrations: [StaticString]

    /// A schema from its steps.
    package init(name: String, migrations: [StaticString]) {
        self.name = name
        self.migrations = migrations
    }

    /// Brings the file to this schema, in one transaction; a file that has it is only read.
    ///
    /// - Throws: `.newerSchema` for a file of a newer program, `.damaged`, or `.unavailable` while it is locked.
    package func migrate(_ connection: borrowing SQLiteConnection) throws(StoreFailure) {
        do {
            let found = try version(of: connection)
            if found > migrations.count {
                throw StoreFailure.newerSchema(file: name, found: found, known: migrations.count)
            }
            guard found < migrations.count else { return }
            try connection.execute("BEGIN IMMEDIATE")
            // Another process may have been quicker; the version is read again under the lock.
            let before = try version(of: connection)
            for migration in migrations.dropFirst(before) { try connection.execute(migration) }
            try setVersion(migrations.count, of: connection)
            try connection.execute("COMMIT")
        } catch let failure as SQLiteFailure {
            connection.rollBack()
            throw StoreFailure(failure)
        } catch let failure as StoreFailure {
            throw failure
        } catch {
            preconditionFailure("only the two failures above are thrown here")
        }
    }

    private func version(of connection: borrowing SQLiteConnection) throws(SQLiteFailure) -> Int {
        let statement = try connection.prepare("PRAGMA user_version")
        return try statement.step() ? Int(statement.integer(0)) : 0
    }

    private func setVersion(_ version: Int, of connection: borrowing SQLiteConnection) throws(SQLiteFailure) {
        // A pragma takes no bound values; the number is the count of an array.
        try connection.execute(text: "PRAGMA user_version = \(version)")
    }
}
