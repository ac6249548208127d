// Owns the process's limit on open descriptors. Never lowers it.

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
