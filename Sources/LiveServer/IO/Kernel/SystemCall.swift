// Owns every system call of this module: each stands here once, retries EINTR, and answers its error as a value. It is
// also the seam where a test's FaultPlan strikes. Never decides what an error means. Without a plan a call costs one
// load and one branch beside the kernel.

internal import CLinux
internal import Glibc

/// The kernel, as this module calls it. Every function answers a number ≥ 0, or `-errno`.
enum SystemCall {
    /// The calling thread's plan; nil in production.
    @inline(__always)
    private static var plan: FaultPlan? {
        guard let pointer = live_fault_plan_get() else { return nil }
        return Unmanaged<FaultPlan>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Runs a call that may be interrupted, until it answers.
    @inline(__always)
    private static func retried(_ kind: SystemCallKind, _ call: () -> Int) -> Int {
        if let plan, case .fail(let error) = plan.strike(kind), error != EINTR { return -Int(error) }
        return answer(call)
    }

    /// The same for a call that moves up to `count` bytes.
    @inline(__always)
    private static func retried(_ kind: SystemCallKind, _ count: Int, _ call: (Int) -> Int) -> Int {
        var count = count
        if let plan, let fault = plan.strike(kind) {
            switch fault {
            case .fail(let error): if error != EINTR { return -Int(error) }
            case .short(let most): count = min(count, most)
            }
        }
        return answer { call(count) }
    }

    @inline(__always)
    private static func answer(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 { return result }
            let error = errno
            if error != EINTR { return -Int(error) }
        }
    }

    /// Notes a new descriptor in the plan's ledger.
    @inline(__always)
    private static func opened(_ result: Int) -> Int {
        if result >= 0, let plan { plan.opened(Int32(result)) }
        return result
    }

    // MARK: Sockets

    static func socket(_ domain: Int32, _ type: Int32) -> Int {
        opened(retried(.socket) { Int(Glibc.socket(domain, type, 0)) })
    }

    static func bind(_ fd: Int32, _ address: UnsafePointer<sockaddr>, _ length: UInt32) -> Int {
        retried(.bind) { Int(Glibc.bind(fd, address, length)) }
    }

    static func listen(_ fd: Int32, _ backlog: Int32) -> Int {
        retried(.listen) { Int(Glibc.listen(fd, backlog)) }
    }

    /// Begins a connect on a non-blocking socket; `-EINPROGRESS` is the usual answer. An interrupted connect goes on by
    /// itself, so EINTR is not retried but told as `-EINPROGRESS`.
    static func connect(_ fd: Int32, _ address: UnsafePointer<sockaddr>, _ length: UInt32) -> Int {
        if let plan, case .fail(let error) = plan.strike(.connect), error != EINTR { return -Int(error) }
        if Glibc.connect(fd, address, length) == 0 { return 0 }
        return errno == EINTR ? -Int(EINPROGRESS) : -Int(errno)
    }

    /// accept4, non-blocking and close-on-exec.
    static func accept(_ fd: Int32, _ address: inout sockaddr_storage, _ length: inout UInt32) -> Int {
        length = UInt32(MemoryLayout<sockaddr_storage>.size)
        return opened(retried(.accept) { Int(live_accept(fd, &address, &length)) })
    }

    static func setOption(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Int {
        var value = value
        return retried(.socketOption) {
            Int(setsockopt(fd, level, name, &value, UInt32(MemoryLayout<Int32>.size)))
        }
    }

    /// SO_ERROR of a socket: the pending errno (0 for none), or `-errno` where even that could not be read.
    static func pendingError(_ fd: Int32) -> Int {
        var value: Int32 = 0
        var length = UInt32(MemoryLayout<Int32>.size)
        let result = retried(.socketOption) { Int(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length)) }
        return result < 0 ? result : Int(value)
    }

    static func localName(_ fd: Int32, _ address: inout sockaddr_storage) -> Int {
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        return retried(.socketName) {
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Int(getsockname(fd, $0, &length)) }
            }
        }
    }

    static func peerName(_ fd: Int32, _ address: inout sockaddr_storage) -> Int {
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        return retried(.socketName) {
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Int(getpeername(fd, $0, &length)) }
            }
        }
    }

    static func shutdownWrites(_ fd: Int32) -> Int {
        retried(.shutdown) { Int(Glibc.shutdown(fd, Int32(SHUT_WR))) }
    }

    static func send(_ fd: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        retried(.send, count) { Glibc.send(fd, bytes, $0, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
    }

    /// Two buffers in one call. A plan's short count cuts within the first.
    static func send(_ fd: Int32, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Int {
        let both = first.count + second.count
        return retried(.send, both) {
            let fromFirst = min($0, first.count)
            return live_send_two(fd, first.baseAddress, fromFirst, second.baseAddress, $0 - fromFirst)
        }
    }

    static func receive(_ fd: Int32, _ into: UnsafeMutableRawPointer, _ count: Int) -> Int {
        retried(.receive, count) { recv(fd, into, $0, Int32(MSG_DONTWAIT)) }
    }

    // MARK: epoll, eventfd, signalfd

    static func epollCreate() -> Int { opened(retried(.epollCreate) { Int(epoll_create1(Int32(O_CLOEXEC))) }) }

    static func epollControl(
        _ epoll: Int32, _ operation: Int32, _ fd: Int32, events: UInt32, token: UInt64
    ) -> Int {
        retried(.epollControl) { Int(live_epoll_ctl(epoll, operation, fd, events, token)) }
    }

    /// Waits once; `-EINTR` is an answer here, because the caller's clock has moved.
    static func epollWait(
        _ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>, _ max: Int32, timeoutMs: Int32
    ) -> Int {
        if let plan, case .fail(let error) = plan.strike(.epollWait) { return -Int(error) }
        let count = epoll_wait(epoll, events, max, timeoutMs)
        return count >= 0 ? Int(count) : -Int(errno)
    }

    /// Rests for so long, or less where a signal comes between; at most a second.
    static func sleep(ns: UInt64) {
        var time = timespec(tv_sec: 0, tv_nsec: Int(min(ns, 999_999_999)))
        nanosleep(&time, nil)
    }

    static func eventDescriptor() -> Int {
        opened(retried(.eventDescriptor) { Int(eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))) })
    }

    static func signalDescriptor(_ signals: inout sigset_t) -> Int {
        opened(
            retried(.signalDescriptor) {
                Int(signalfd(-1, &signals, Int32(SFD_NONBLOCK | SFD_CLOEXEC)))
            })
    }

    static func read(_ fd: Int32, _ into: UnsafeMutableRawPointer, _ count: Int) -> Int {
        retried(.read, count) { Glibc.read(fd, into, $0) }
    }

    static func write(_ fd: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        retried(.write, count) { Glibc.write(fd, bytes, $0) }
    }

    // MARK: Files

    static func open(_ path: String, _ flags: Int32) -> Int {
        opened(retried(.open) { Int(Glibc.open(path, flags | O_CLOEXEC, 0o640)) })
    }

    /// Closes; never retried, because the number is free again whatever the kernel answers.
    @discardableResult
    static func close(_ fd: Int32) -> Int {
        let result = Glibc.close(fd) == 0 ? 0 : -Int(errno)
        guard let plan else { return result }
        plan.closed(fd)
        if case .fail(let error) = plan.strike(.close) { return -Int(error) }
        return result
    }

    static func write(_ fd: Int32, _ bytes: UnsafeRawPointer, _ count: Int, at offset: Int) -> Int {
        retried(.positionedWrite, count) { pwrite(fd, bytes, $0, offset) }
    }

    static func read(_ fd: Int32, _ into: UnsafeMutableRawPointer, _ count: Int, at offset: Int) -> Int {
        retried(.positionedRead, count) { pread(fd, into, $0, offset) }
    }

    static func dataSync(_ fd: Int32) -> Int { retried(.dataSync) { Int(fdatasync(fd)) } }

    static func sync(_ fd: Int32) -> Int { retried(.sync) { Int(fsync(fd)) } }

    static func truncate(_ fd: Int32, to size: Int) -> Int { retried(.truncate) { Int(ftruncate(fd, size)) } }

    static func allocate(_ fd: Int32, _ count: Int) -> Int {
        retried(.allocate) { Int(live_allocate(fd, 0, count)) }
    }

    static func size(_ fd: Int32) -> Int {
        var status = stat()
        let result = retried(.fileStatus) { Int(fstat(fd, &status)) }
        return result < 0 ? result : Int(status.st_size)
    }

    /// Bytes that an unprivileged writer may still use on the file system of `fd`.
    static func freeBytes(_ fd: Int32) -> Int {
        var status = statvfs()
        let result = retried(.freeSpace) { Int(fstatvfs(fd, &status)) }
        if result < 0 { return result }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? Int.max : Int(min(bytes, UInt64(Int.max)))
    }

    /// An exclusive advisory lock, without waiting: `-EWOULDBLOCK` where another holds it.
    static func lock(_ fd: Int32) -> Int { retried(.lock) { Int(flock(fd, LOCK_EX | LOCK_NB)) } }

    static func unlock(_ fd: Int32) -> Int { retried(.lock) { Int(flock(fd, LOCK_UN)) } }

    static func makeDirectory(_ path: String) -> Int { retried(.makeDirectory) { Int(mkdir(path, 0o750)) } }

    static func remove(_ path: String) -> Int { retried(.remove) { Int(unlink(path)) } }

    static func rename(_ path: String, to newPath: String) -> Int {
        retried(.rename) { Int(Glibc.rename(path, newPath)) }
    }

    /// Names in a folder, unsorted, without "." and "..".
    static func names(in path: String) -> Result<[String], IOFailure> {
        if let plan, case .fail(let error) = plan.strike(.listDirectory) {
            return .failure(IOFailure("list", errno: error))
        }
        guard let folder = opendir(path) else { return .failure(IOFailure("list", errno: errno)) }
        defer { closedir(folder) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        return errno == 0 ? .success(names) : .failure(IOFailure("list", errno: errno))
    }

    // MARK: Clocks (they cannot fail; a plan moves them)

    static func monotonicNs() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
        guard let plan else { return now }
        return plan.frozenMonotonicNs ?? now &+ plan.monotonicAheadNs
    }

    static func wallMs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        guard let plan else { return now }
        return now &+ plan.wallAheadMs
    }
}
