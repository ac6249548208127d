// Owns a worker's life: orders from standard input on a thread of their own, the reactor on the first thread, reports
// on standard output. Ends when the conductor is gone. Never prints anything else.

import Glibc
import LiveIO

/// What the order thread posts to the reactor.
enum WorkerMail: Sendable {
    case order(Order)
    /// The conductor is gone.
    case orphaned
}

/// A worker process.
enum Worker {
    /// Orders that may wait: there are a handful in a run.
    private static let ordersMax = 64

    /// Runs until the load is over; the exit status.
    static func run() -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        // Ctrl-C reaches the whole group: the conductor decides what becomes of it.
        signal(SIGINT, SIG_IGN)
        raiseDescriptorLimit()
        do {
            guard case .prepare(let plan, let worker, let startNs)? = try firstOrder() else { return 1 }
            let waker = try Waker()
            let mailbox = Mailbox<WorkerMail>(waker: waker, capacity: ordersMax)
            var configuration = ReactorConfiguration()
            configuration.readBufferBytes = 256 * 1_024
            configuration.waitMaxMs = 1_000
            let reactor = try Reactor(configuration: configuration, waker: waker)
            let driver = try LoadDriver(
                plan: plan, worker: worker, startNs: startNs, reactor: reactor, mailbox: mailbox)
            reactor.attach(driver)
            CoreThread.start(name: "orders") { listen(mailbox) }
            driver.begin()
            reactor.run()
            return 0
        } catch {
            _ = try? PipeFrames.write(Report.broken("\(error)"), to: 1)
            return 1
        }
    }

    /// The first order, before any thread starts.
    private static func firstOrder() throws -> Order? {
        var frames = PipeFrames()
        while true {
            if let order = try frames.next(Order.self) { return order }
            guard let bytes = readInput() else { return nil }
            frames.append(bytes)
        }
    }

    /// The thread of further orders. The conductor sends nothing between the first order and the first report.
    private static func listen(_ mailbox: Mailbox<WorkerMail>) {
        var frames = PipeFrames()
        while let bytes = readInput() {
            frames.append(bytes)
            while let order = try? frames.next(Order.self) { _ = mailbox.post(.order(order)) }
        }
        _ = mailbox.post(.orphaned)
    }

    private static func readInput() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 64 * 1_024)
        while true {
            let count = read(0, &buffer, buffer.count)
            if count > 0 { return Array(buffer[..<count]) }
            guard count < 0, errno == EINTR else { return nil }
        }
    }
}
