// Owns how many descriptors the process may open, and how many it has room for. Never lowers either.

internal import Glibc

/// The limit on open descriptors, before and after it was raised.
package struct DescriptorLimit: Sendable, Equatable {
    /// The limit in force now.
    package let current: UInt64
    /// The most that this process may set without privilege.
    package let ceiling: UInt64
}

/// Raises the soft limit on descriptors to the hard one; answers what is in force then. Any thread, at start.
@discardableResult
package func raiseDescriptorLimit() -> DescriptorLimit {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
        return DescriptorLimit(current: 0, ceiling: 0)
    }
    if limit.rlim_cur < limit.rlim_max {
        var raised = limit
        raised.rlim_cur = raised.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    return DescriptorLimit(current: UInt64(limit.rlim_cur), ceiling: UInt64(limit.rlim_max))
}

/// Makes room in the process's table for descriptors up to `count`, or to the limit in force. At start, before
/// anybody waits for the process.
///
/// The kernel doubles the table as descriptors are opened, and where threads share it, waits each time until all CPUs
/// have passed a quiet state: 13 to 20 ms in which the thread that accepts stands still (Linux, fs/file.c,
/// expand_fdtable). A table never shrinks; it takes 8 bytes a descriptor.
package func makeRoomForDescriptors(_ count: Int) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    let highest = min(Int(clamping: limit.rlim_cur), count) - 1
    guard highest > 2 else { return }
    // The lowest free number from there on; refused, the table grows by and by as ever.
    let copy = fcntl(2, F_DUPFD_CLOEXEC, Int32(clamping: highest))
    if copy >= 0 { close(copy) }
}
