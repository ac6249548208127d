// Owns one worker: this program again as a child, its two pipes, its end. Never leaves a child behind: a worker ends
// when its standard input does, and is killed by its id when this value goes.

import Glibc
import LiveIO

/// A child process under orders.
final class WorkerProcess {
    let pid: pid_t
    private let orders: Int32
    let reports: Int32
    private var frames = PipeFrames()
    /// The worker's end of its reports is closed.
    private(set) var hasEnded = false

    /// Starts this program as a worker.
    init() throws(IOFailure) {
        let orders = try Self.pipe()
        let reports: (read: Int32, write: Int32)
        do throws(IOFailure) {
            reports = try Self.pipe()
        } catch {
            close(orders.read)
            close(orders.write)
            throw error
        }
        defer {
            close(orders.read)
            close(reports.write)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, orders.read, 0)
        posix_spawn_file_actions_adddup2(&actions, reports.write, 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("liveload"), strdup("worker"), nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = -1
        let result = posix_spawn(&pid, "/proc/self/exe", &actions, nil, &arguments, environ)
        guard result == 0 else {
            close(orders.write)
            close(reports.read)
            throw IOFailure("start a worker", errno: result)
        }
        self.pid = pid
        self.orders = orders.write
        self.reports = reports.read
    }

    deinit {
        close(orders)
        close(reports)
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// Sends an order; false where the worker is gone.
    func order(_ order: Order) throws -> Bool { try PipeFrames.write(order, to: orders) }

    /// Takes what the pipe holds now; call when it can be read.
    func read() throws -> [Report] {
        var buffer = [UInt8](repeating: 0, count: 64 * 1_024)
        let count = Glibc.read(reports, &buffer, buffer.count)
        if count <= 0 {
            hasEnded = count == 0 || errno != EINTR
            return []
        }
        frames.append(buffer[..<count])
        var all: [Report] = []
        while let report = try frames.next(Report.self) { all.append(report) }
        return all
    }

    /// Both ends close when another program starts, but for those that it is given.
    private static func pipe() throws(IOFailure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw IOFailure("pipe", errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
