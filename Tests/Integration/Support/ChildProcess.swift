// Owns one child process from spawn to wait: its standard output as a pipe, its standard error in a file, and a guard
// that kills it by its id should the tests themselves be killed. Never leaves a zombie, never kills by name.

import Glibc
import Synchronization

/// A child of the test process.
final class ChildProcess {
    /// How a child ended.
    enum Ending: Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    let pid: pid_t
    private let output: Int32
    private var unread: [UInt8] = []
    private var guardPID: pid_t = -1
    private var guardPipe: Int32 = -1
    private(set) var ending: Ending?

    /// One child at a time: a pipe's end must not slip into another child between its making and its mark.
    private static let spawning = Mutex(())

    /// Starts `path`; `errorPath` takes its standard error, appended.
    init(_ path: String, _ arguments: [String], environment: [String: String], errorPath: String) throws {
        (pid, output) = try Self.spawning.withLock { _ throws -> (pid_t, Int32) in
            let pipe = try Self.makePipe()
            defer { close(pipe.write) }
            let pid = try Self.spawn(path, arguments, environment) { actions in
                posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
                posix_spawn_file_actions_adddup2(&actions, pipe.write, 1)
                posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            }
            return (pid, pipe.read)
        }
        try startGuard()
    }

    deinit {
        if ending == nil {
            Glibc.kill(pid, SIGKILL)
            _ = try? wait(Deadline())
        }
        close(output)
    }

    /// The next line of standard output; nil at its end.
    func line(_ deadline: Deadline) throws -> String? {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeFirst(end + 1)
                return text
            }
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, deadline.remainingMs) > 0 else {
                throw IntegrationFailure("the process printed no line in time")
            }
            guard readOutput() else { return nil }
        }
    }

    /// Takes what the pipe holds; false at its end.
    private func readOutput() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = read(output, &buffer, buffer.count)
        if count > 0 { unread += buffer[..<count] }
        return count > 0
    }

    func signal(_ number: Int32) { Glibc.kill(pid, number) }

    /// Waits for the end and says how it ended.
    @discardableResult
    func wait(_ deadline: Deadline = Deadline()) throws -> Ending {
        if let ending { return ending }
        // The child alone holds the other end of its standard output: the pipe's end is the process's.
        var isOpen = true
        while isOpen {
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, deadline.remainingMs) > 0 else {
                throw IntegrationFailure("the process did not end in time")
            }
            isOpen = readOutput()
        }
        var status: Int32 = 0
        guard waitpid(pid, &status, 0) == pid else { throw IntegrationFailure("waitpid: errno \(errno)") }
        let killer = status & 0x7F
        let result: Ending = killer == 0 ? .exited((status >> 8) & 0xFF) : .signalled(killer)
        ending = result
        endGuard()
        return result
    }

    // MARK: The guard

    /// A shell that waits for the end of a pipe which only the tests hold open, and then ends the child: whatever
    /// becomes of the tests, no server is left behind.
    private func startGuard() throws {
        let command = "read x; kill -9 \(pid)"
        (guardPID, guardPipe) = try Self.spawning.withLock { _ throws -> (pid_t, Int32) in
            let pipe = try Self.makePipe()
            defer { close(pipe.read) }
            let pid = try Self.spawn("/bin/sh", ["-c", command], [:]) { actions in
                posix_spawn_file_actions_adddup2(&actions, pipe.read, 0)
                posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
                posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
            }
            return (pid, pipe.write)
        }
    }

    /// A pipe that no child inherits but through `adddup2`.
    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw IntegrationFailure("pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// The guard ends before its child's id may be used again.
    private func endGuard() {
        guard guardPID > 0 else { return }
        Glibc.kill(guardPID, SIGKILL)
        var status: Int32 = 0
        _ = waitpid(guardPID, &status, 0)
        guardPID = -1
        close(guardPipe)
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String: String],
        _ prepare: (inout posix_spawn_file_actions_t) -> Void
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        prepare(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A child begins with no signal blocked and none ignored, whatever the test runner has set.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + variables { free(text) } }
        var pid: pid_t = -1
        let result = posix_spawn(&pid, path, &actions, &attributes, &argv, &variables)
        guard result == 0 else { throw IntegrationFailure("cannot start \(path): errno \(result)") }
        return pid
    }
}
