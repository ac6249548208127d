// Owns: the SQLite wrapper: values in and out, failures by kind, migrations.

import Foundation
import LiveTestSupport
import Testing

@testable import RoomsStore

@Suite(.timeLimit(.minutes(1)))
struct SQLiteTests {
    let directory = TemporaryDirectory("sqlite")

    private func open(_ access: SQLiteConnection.Access = .create, busyMs: Int32 = 10) throws -> SQLiteConnection {
        try SQLiteConnection(
            path: directory.path("test.db"), access: access, durability: .everyCommit, busyTimeoutMs: busyMs)
    }

    @Test func `every kind of value comes back as it was bound`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (i INTEGER, n INTEGER, s TEXT, b BLOB, e TEXT, z BLOB)")
        let insert = try connection.prepare("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        let text = "Ω \u{0} '; DROP TABLE t; -- \u{1F600}"
        insert.bind(1, Int64.min)
        insert.bind(2, Int64?.none)
        insert.bind(3, text)
        insert.bind(4, [0, 255, 7])
        insert.bind(5, "")
        insert.bind(6, [UInt8]())
        try insert.run()
        let changes = connection.changes
        #expect(changes == 1)
        let select = try connection.prepare("SELECT i, n, s, b, e, z, typeof(e), typeof(z) FROM t")
        let hasRow = try select.step()
        #expect(hasRow)
        #expect(select.integer(0) == .min && select.optionalInteger(0) == .min)
        #expect(select.optionalInteger(1) == nil && select.integer(1) == 0)
        #expect(select.text(2) == text)
        #expect(select.bytes(3) == [0, 255, 7] && select.byteCount(3) == 3)
        #expect(select.text(4) == "" && select.bytes(5) == [])
        #expect(select.text(6) == "text" && select.text(7) == "blob")
        let hasMore = try select.step()
        #expect(!hasMore)
    }

    @Test func `failures say what their owner can do about them`() throws {
        let first = try open()
        try first.execute("CREATE TABLE t (i INTEGER UNIQUE); INSERT INTO t VALUES (1)")
        #expect(throws: SQLiteFailure.self) { try first.execute("SELECT nonsense") }
        #expect(Self.kind { () throws(SQLiteFailure) in try first.execute("INSERT INTO t VALUES (1)") } == .constraint)
        let lock = try ForeignLock(directory.path("test.db"))
        #expect(Self.kind { () throws(SQLiteFailure) in try first.execute("INSERT INTO t VALUES (2)") } == .locked)
        try lock.release()
        let reading = try open(.read)
        #expect(
            Self.kind { () throws(SQLiteFailure) in try reading.execute("INSERT INTO t VALUES (3)") } == .unreachable)
        #expect(
            Self.kind { () throws(SQLiteFailure) in
                _ = try SQLiteConnection(
                    path: "\(self.directory.path)/no/such.db", access: .create, durability: .checkpoint,
                    busyTimeoutMs: 0)
            } == .unreachable)
        try directory.write("junk.db", [UInt8](repeating: 0x20, count: 4_096))
        #expect(
            Self.kind { () throws(SQLiteFailure) in
                _ = try SQLiteConnection(
                    path: self.directory.path("junk.db"), access: .write, durability: .checkpoint, busyTimeoutMs: 0)
            } == .damaged)
    }

    private static func kind(_ body: () throws(SQLiteFailure) -> Void) -> SQLiteFailure.Kind? {
        do throws(SQLiteFailure) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `a file that was moved away is noticed`() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (i)")
        let hadMoved = connection.hasMoved
        #expect(!hadMoved)
        try FileManager.default.moveItem(atPath: directory.path("test.db"), toPath: directory.path("gone.db"))
        let hasMoved = connection.hasMoved
        #expect(hasMoved)
    }

    @Test func `migrations run once each, in order, and a failed one leaves the file as it was`() throws {
        let first = SQLiteSchema(name: "test.db", migrations: ["CREATE TABLE a (i); INSERT INTO a VALUES (1)"])
        let second = SQLiteSchema(name: "test.db", migrations: first.migrations + ["ALTER TABLE a ADD COLUMN j"])
        let broken = SQLiteSchema(
            name: "test.db", migrations: second.migrations + ["CREATE TABLE b (i)", "CREATE NONSENSE"])
        let connection = try open()
        try first.migrate(connection)
        try first.migrate(connection)
        try second.migrate(connection)
        #expect(throws: StoreFailure.self) { try broken.migrate(connection) }
        let file = try ForeignConnection(directory.path("test.db"))
        #expect(try file.integer("SELECT count(j) + count(*) FROM a") == 1)
        #expect(try file.integer("PRAGMA user_version") == 2)
        #expect(try file.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'b'") == 0)
        #expect(throws: StoreFailure.newerSchema(file: "test.db", found: 2, known: 1)) {
            try first.migrate(connection)
        }
    }

    @Test func `released migrations are never edited`() {
        // The digest of each released step; a change of the text must come as a further step instead.
        #expect(Self.digests(SQLiteSchema.live) == [12_531_166_592_337_492_431, 5_804_308_883_097_062_768])
        #expect(Self.digests(SQLiteSchema.history) == [11_714_523_842_961_853_178, 12_380_877_829_428_327_967])
    }

    private static func digests(_ schema: SQLiteSchema) -> [UInt64] {
        schema.migrations.map { step in
            step.withUTF8Buffer { $0.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
        }
    }
}
