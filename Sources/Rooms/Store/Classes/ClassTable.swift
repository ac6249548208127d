// Owns: the statements over the classes table.
// Never: a thread; it belongs to whoever made it.

/// The classes table on one connection, opened when it is first needed and again after a failure.
final class ClassTable {
    private let path: String
    private var connection: SQLiteConnection?

    init(path: String) { self.path = path }

    /// True when the record is in the synced file.
    func save(_ record: ClassRecord) -> Bool {
        let changed = change { connection throws(SQLiteFailure) in
            // A code that is given out again begins without the guests of the class that had it.
            let forget = try connection.prepare(
                """
                DELETE FROM class_guests
                WHERE code = ?1 AND NOT EXISTS (SELECT 1 FROM classes WHERE code = ?1 AND created_ms = ?2)
                """)
            forget.bind(1, record.code)
            forget.bind(2, record.createdMs)
            try forget.run()
            let statement = try connection.prepare(
                """
                INSERT INTO classes
                  (code, room, name, guests, cap, locked, teacher_secret_hash, created_ms, expires_ms)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                ON CONFLICT DO UPDATE SET
                  room = ?2, name = ?3, guests = ?4, cap = ?5, locked = ?6, teacher_secret_hash = ?7,
                  created_ms = ?8, expires_ms = ?9
                """)
            statement.bind(1, record.code)
            statement.bind(2, record.room)
            statement.bind(3, record.name)
            statement.bind(4, record.guests)
            statement.bind(5, record.cap)
            statement.bind(6, record.locked)
            statement.bind(7, record.teacherSecretHash)
            statement.bind(8, record.createdMs)
            statement.bind(9, record.expiresMs)
            try statement.run()
            return connection.changes
        }
        return changed != nil
    }

    /// How many were removed; nil for a failure.
    func removeExpired(beforeMs: Int64) -> Int? {
        change { connection throws(SQLiteFailure) in
            let statement = try connection.prepare("DELETE FROM classes WHERE expires_ms < ?1")
            statement.bind(1, beforeMs)
            try statement.run()
            let removed = connection.changes
            try connection.execute("DELETE FROM class_guests WHERE code NOT IN (SELECT code FROM classes)")
            return removed
        }
    }

    /// Keeps guests in one transaction; those that are there already change nothing. A failure loses them.
    func keep(_ guests: [ClassGuest]) {
        _ = change { connection throws(SQLiteFailure) in
            try connection.execute("BEGIN IMMEDIATE")
            do throws(SQLiteFailure) {
                let insert = try connection.prepare(
                    "INSERT INTO class_guests (code, guest) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
                for guest in guests {
                    insert.bind(1, guest.code)
                    insert.bind(2, Int64(bitPattern: guest.guest))
                    try insert.run()
                }
                try connection.execute("COMMIT")
            } catch {
                connection.rollBack()
                throw error
            }
            return guests.count
        }
    }

    /// The guests of all classes that have not expired.
    func loadGuests(nowMs: Int64) throws(StoreFailure) -> [ClassGuest] {
        try open()
        do throws(SQLiteFailure) {
            guard
                let statement = try connection?.prepare(
                    """
                    SELECT code, guest FROM class_guests
                    WHERE code IN (SELECT code FROM classes WHERE expires_ms > ?1) ORDER BY code
                    """)
            else { return [] }
            statement.bind(1, nowMs)
            var guests: [ClassGuest] = []
            while try statement.step() {
                guests.append(ClassGuest(code: statement.text(0), guest: UInt64(bitPattern: statement.integer(1))))
            }
            return guests
        } catch {
            throw StoreFailure(error)
        }
    }

    /// All that have not expired, by code.
    func load(nowMs: Int64) throws(StoreFailure) -> [ClassRecord] {
        try open()
        guard connection != nil else { return [] }
        do throws(SQLiteFailure) {
            return try read(nowMs: nowMs)
        } catch {
            throw StoreFailure(error)
        }
    }

    private func read(nowMs: Int64) throws(SQLiteFailure) -> [ClassRecord] {
        var records: [ClassRecord] = []
        guard
            let statement = try connection?.prepare(
                """
                SELECT code, room, name, guests, cap, locked, teacher_secret_hash, created_ms, expires_ms
                FROM classes WHERE expires_ms > ?1 ORDER BY code
                """)
        else { return [] }
        statement.bind(1, nowMs)
        while try statement.step() {
            records.append(
                ClassRecord(
                    code: statement.text(0), room: statement.text(1), name: statement.text(2),
                    guests: statement.text(3), cap: statement.integer(4), locked: statement.integer(5),
                    teacherSecretHash: statement.text(6), createdMs: statement.integer(7),
                    expiresMs: statement.integer(8)))
        }
        return records
    }

    private func change(_ body: (borrowing SQLiteConnection) throws(SQLiteFailure) -> Int) -> Int? {
        do {
            try open()
            guard let result = try within(body) else { return nil }
            return result
        } catch {
            connection = nil
            return nil
        }
    }

    private func within(
        _ body: (borrowing SQLiteConnection) throws(SQLiteFailure) -> Int
    ) throws(SQLiteFailure) -> Int? {
        // Taken out while it is used, so that a failure leaves none behind.
        guard let open = connection.take() else { return nil }
        let result = try body(open)
        connection = consume open
        return result
    }

    /// Makes and migrates the file where it is missing; for the start only.
    static func create(path: String) throws(StoreFailure) {
        let opened = try SQLiteConnection.opened(
            path: path, access: .create, durability: .everyCommit, busyTimeoutMs: ClassStore.saveMsMax)
        try SQLiteSchema.live.migrate(opened)
    }

    /// Never makes the file: an empty one in place of one that was lost would make ballots void that wait for it.
    private func open() throws(StoreFailure) {
        if let moved = connection?.hasMoved, moved { connection = nil }
        if connection != nil { return }
        let opened = try SQLiteConnection.opened(
            path: path, access: .write, durability: .everyCommit, busyTimeoutMs: ClassStore.saveMsMax)
        try SQLiteSchema.live.migrate(opened)
        connection = consume opened
    }
}
