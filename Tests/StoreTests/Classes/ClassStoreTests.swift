// Owns: the promises of the class store against a real file.

import Foundation
import LiveTestSupport
import RoomsStore
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ClassStoreTests {
    let directory = TemporaryDirectory("classes")
    let answers = ClassLog()

    func store() throws -> ClassStore {
        let answers = answers
        return try ClassStore(dataDirectory: directory.path("data")) { answers.append($0) }
    }

    func record(_ code: String, name: String = "Algebra", locked: Int64 = 0, expiresMs: Int64 = 2_000) -> ClassRecord {
        ClassRecord(
            code: code, room: "guest/\(code)/live", name: name, guests: "named", cap: 500, locked: locked,
            teacherSecretHash: "0123abcd", createdMs: 1_000, expiresMs: expiresMs)
    }

    @Test func `a class is durable when its answer comes, and the last record of a code stays`() throws {
        let first = try store()
        #expect(try first.loadAll(nowMs: 0).isEmpty)
        #expect(first.save(record("ABC234", name: "Größe \"π\" '; DROP TABLE classes"), ticket: 1))
        #expect(first.save(record("XYZ567"), ticket: 2))
        #expect(first.save(record("XYZ567", locked: 1), ticket: 3))
        #expect(answers.wait(3) == [.saved(ticket: 1), .saved(ticket: 2), .saved(ticket: 3)])
        // A second store sees it while the first still runs: what was answered is in the file.
        let second = try store()
        #expect(
            try second.loadAll(nowMs: 1_999) == [
                record("ABC234", name: "Größe \"π\" '; DROP TABLE classes"), record("XYZ567", locked: 1),
            ])
        first.stop()
        second.stop()
        #expect(!first.save(record("LATE22"), ticket: 9))
    }

    @Test func `expired classes are not shown and can be removed`() throws {
        let store = try store()
        defer { store.stop() }
        _ = store.save(record("OLD234", expiresMs: 1_500), ticket: 1)
        _ = store.save(record("NEW234"), ticket: 2)
        _ = answers.wait(2)
        #expect(try store.loadAll(nowMs: 1_500).map(\.code) == ["NEW234"])
        #expect(try store.loadAll(nowMs: 1_499).map(\.code) == ["NEW234", "OLD234"])
        _ = store.removeExpired(beforeMs: 1_600, ticket: 3)
        #expect(answers.wait(3).last == .removed(ticket: 3, count: 1))
        #expect(try store.loadAll(nowMs: 0).map(\.code) == ["NEW234"])
    }

    @Test func `guests of a class are there after a restart, and go with it`() throws {
        let first = try store()
        #expect(first.save(record("ABC234"), ticket: 1))
        for guest in [1, 2, .max, 2] as [UInt64] { #expect(first.keep(ClassGuest(code: "ABC234", guest: guest))) }
        first.stop()
        let second = try store()
        #expect(Set(try second.loadGuests(nowMs: 0).map(\.guest)) == [1, 2, .max])
        #expect(try second.loadGuests(nowMs: 2_000).isEmpty, "the class has expired")
        // The same class once more keeps them; another one under its code does not.
        #expect(second.save(record("ABC234", locked: 1), ticket: 2))
        _ = answers.wait(2)
        #expect(try second.loadGuests(nowMs: 0).count == 3)
        let another = ClassRecord(
            code: "ABC234", room: "guest/ABC234/live", name: "Other", guests: "named", cap: 5, locked: 0,
            teacherSecretHash: "ff", createdMs: 1_500, expiresMs: 2_000)
        #expect(second.save(another, ticket: 3))
        _ = answers.wait(3)
        #expect(try second.loadGuests(nowMs: 0).isEmpty)
        second.stop()
    }

    @Test func `a locked store is waited for, a lost one is not made anew`() throws {
        let store = try store()
        defer { store.stop() }
        let database = directory.path("data/live.db")
        let lock = try ForeignLock(database)
        #expect(store.save(record("ABC234"), ticket: 1))
        try lock.release()
        #expect(answers.wait(1) == [.saved(ticket: 1)])
        try FileManager.default.removeItem(atPath: database)
        #expect(store.save(record("XYZ567"), ticket: 2))
        #expect(answers.wait(2).last == .unavailable(ticket: 2))
        #expect(!FileManager.default.fileExists(atPath: database))
    }
}

/// Answers in the order of delivery; any thread.
///
/// Unchecked, because `all` is touched under `condition`'s lock only.
final class ClassLog: @unchecked Sendable {
    private let condition = NSCondition()
    private var all: [ClassOutcome] = []

    func append(_ outcome: ClassOutcome) {
        condition.lock()
        all.append(outcome)
        condition.broadcast()
        condition.unlock()
    }

    /// The answers once there are `count`, or after twenty seconds.
    func wait(_ count: Int) -> [ClassOutcome] {
        let limit = Date(timeIntervalSinceNow: 20)
        condition.lock()
        defer { condition.unlock() }
        while all.count < count {
            if !condition.wait(until: limit) { break }
        }
        return all
    }
}
