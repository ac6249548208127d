// Owns: the thread that writes records of classes: it reads a room's log from the history, replays it, answers.
// Never: touches a room in memory, holds up a reactor or the history's own thread; on a busy machine both come first.
// Limits: `queueMax` requests that wait, one under way; `entriesMax` entries of a log.

import Glibc
import LiveIO
import LiveProtocol
import Rooms
import RoomsStore

/// Answers `GET …/record` from the history.
final class RecordDesk: Sendable {
    /// Records asked for at once that wait; beyond it the answer is `overloaded`. A record is read after a class, by
    /// one person.
    static let queueMax = 16
    /// Entries replayed for one record: an hour's class of thousands has some ten thousand. Beyond it the record ends.
    static let entriesMax = 4 << 20
    /// How much less of a busy CPU it gets than the reactors: about a tenth.
    private static let niceness: Int32 = 10

    /// A record to be written.
    struct Order: Sendable {
        var request: RecordRequest
        var epoch: String
        /// As JSON.
        var figures: [UInt8]
    }

    private let orders: Inbox<Order>
    private let thread: CoreThread

    /// Starts the thread; the history's file is opened when it is first needed.
    init(dataDirectory: String, mailboxes: [Mailbox<CoreMessage>]) {
        let orders = Inbox<Order>(capacity: Self.queueMax)
        self.orders = orders
        let body: @Sendable () -> Void = {
            // Linux gives each thread its own (sched(7)); 0 is the caller.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            Self.run(HistoryReader(dataDirectory: dataDirectory), orders, mailboxes)
        }
        thread = CoreThread.start(name: "records", body: body)
    }

    /// Takes an order; any thread. False where too much waits.
    func post(_ order: Order) -> Bool { orders.post(order) }

    /// Answers what waits and ends the thread. Any thread but its own.
    func stop() {
        orders.close()
        thread.join()
    }

    private static func run(_ reader: HistoryReader, _ orders: Inbox<Order>, _ mailboxes: [Mailbox<CoreMessage>]) {
        var waiting: [Order] = []
        while orders.take(into: &waiting, deadlineNs: nil) {
            for order in waiting {
                let origin = order.request.origin
                // A mailbox that is full loses the answer: the request then runs into its time limit.
                _ = mailboxes[Int(origin.reactor)].post(answer(order, reader))
            }
            waiting.removeAll()
        }
    }

    private static func answer(_ order: Order, _ reader: HistoryReader) -> CoreMessage {
        let connection = order.request.origin.connection
        do throws(StoreFailure) {
            return .answer(
                connection, status: 200, contentType: "application/json", body: try page(order, reader))
        } catch {
            let rejection = Rejection(.unavailable, "the room's history cannot be read now", retryAfterMs: 1000)
            return .answer(
                connection, status: UInt16(rejection.code.httpStatus), contentType: "application/problem+json",
                body: Problem.body(rejection))
        }
    }

    private static func page(_ order: Order, _ reader: HistoryReader) throws(StoreFailure) -> [UInt8] {
        let request = order.request
        var page = ClassRecordPage(room: request.room, after: request.after, limit: request.limit)
        var after: UInt64 = 0
        var read = 0
        while read < entriesMax {
            let entries = try reader.entries(of: request.room, after: after)
            guard let last = entries.last else { break }
            for entry in entries { page.take(entry.bytes) }
            after = last.seq
            read += entries.count
        }
        return page.finish(epoch: order.epoch, figures: order.figures, serverTs: WallClock.nowMs())
    }
}
