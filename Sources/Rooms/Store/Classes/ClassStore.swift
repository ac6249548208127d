// Owns: the classes table of live.db, on a thread and a connection of its own.
// Never: blocks its caller (`loadAll` excepted, which is for the start); waits for the store longer than `saveMsMax`.
// Limits: ClassStore.queueMax requests, ClassStore.saveMsMax for each.

internal import LiveIO

/// Keeps classes, so that a link still works after a restart.
package final class ClassStore: Sendable {
    /// Requests that may wait: the guests of several large classes who come in at once. Beyond it a call says false.
    package static let queueMax = 65_536
    /// How long a request waits for a locked store, in ms: as long as a person waits for a page.
    package static let saveMsMax: Int32 = 2_000

    private enum Order: Sendable {
        case save(ClassRecord, ticket: UInt64)
        case guest(ClassGuest)
        case removeExpired(beforeMs: Int64, ticket: UInt64)
    }

    private let path: String
    private let orders: Inbox<Order>
    private let thread: CoreThread

    /// Makes the file where it is missing, and starts the store's thread. A store that does not answer now is no reason
    /// to fail.
    ///
    /// - Parameter deliver: called on the store's thread, once a request; it must not block.
    /// - Throws: `.newerSchema`, `.damaged`, or `.journal` where the data folder cannot be made.
    package init(
        dataDirectory: String, deliver: @escaping @Sendable (ClassOutcome) -> Void
    ) throws(StoreFailure) {
        try makeDirectory(dataDirectory)
        let path = "\(dataDirectory)/live.db"
        do throws(StoreFailure) {
            try ClassTable.create(path: path)
        } catch {
            guard error.isPassing else { throw error }
        }
        let orders = Inbox<Order>(capacity: Self.queueMax)
        self.path = path
        self.orders = orders
        let body: @Sendable () -> Void = { Self.run(ClassTable(path: path), orders, deliver) }
        thread = CoreThread.start(name: "class-store", body: body)
    }

    /// Keeps a record, in place of one with the same code. Any thread; the answer comes when it is durable.
    ///
    /// - Returns: false where too much waits already, or after `stop`.
    package func save(_ record: ClassRecord, ticket: UInt64) -> Bool { orders.post(.save(record, ticket: ticket)) }

    /// Keeps who was let into a class, soon and without an answer: a guest lost in a crash comes in again by the code,
    /// unless the class was locked meanwhile. Any thread; false as in `save`.
    package func keep(_ guest: ClassGuest) -> Bool { orders.post(.guest(guest)) }

    /// Everybody who was let into a class that has not expired at `nowMs`. Blocks: for the start, on any thread.
    package func loadGuests(nowMs: Int64) throws(StoreFailure) -> [ClassGuest] {
        try ClassTable(path: path).loadGuests(nowMs: nowMs)
    }

    /// Removes the classes that expired before `beforeMs` (ms since 1970). Any thread; false as in `save`.
    package func removeExpired(beforeMs: Int64, ticket: UInt64) -> Bool {
        orders.post(.removeExpired(beforeMs: beforeMs, ticket: ticket))
    }

    /// All classes that have not expired at `nowMs` (ms since 1970), by code. Blocks: for the start, on any thread.
    package func loadAll(nowMs: Int64) throws(StoreFailure) -> [ClassRecord] {
        try ClassTable(path: path).load(nowMs: nowMs)
    }

    /// Ends the thread after what waits was answered. Any thread but the store's own.
    package func stop() {
        orders.close()
        thread.join()
    }

    private static func run(_ table: ClassTable, _ orders: Inbox<Order>, _ deliver: (ClassOutcome) -> Void) {
        var waiting: [Order] = []
        while orders.take(into: &waiting, deadlineNs: nil) {
            // What came together is one transaction: a class's guests come within a minute.
            let guests = waiting.compactMap { if case .guest(let guest) = $0 { guest } else { nil } }
            for order in waiting {
                switch order {
                case .guest: break
                case .save(let record, let ticket):
                    deliver(table.save(record) ? .saved(ticket: ticket) : .unavailable(ticket: ticket))
                case .removeExpired(let beforeMs, let ticket):
                    let count = table.removeExpired(beforeMs: beforeMs)
                    deliver(count.map { .removed(ticket: ticket, count: $0) } ?? .unavailable(ticket: ticket))
                }
            }
            if !guests.isEmpty { table.keep(guests) }
            waiting.removeAll()
        }
    }
}
