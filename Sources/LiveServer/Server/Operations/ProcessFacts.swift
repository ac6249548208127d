// Owns what the kernel says of this process, for /metrics: CPU time, memory, descriptors, start. A few small reads from
// /proc, about 50 µs in all: once a scrape, never on the hot path.

import Glibc

/// One look at this process; what can't be read is 0.
package struct ProcessFacts: Sendable, Equatable {
    /// User and system time, seconds.
    package var cpuSeconds = 0.0
    /// Resident memory, bytes.
    package var residentBytes: UInt64 = 0
    /// What it may use before the system ends it: the cgroup's limit, else the machine's memory, bytes.
    package var memoryLimitBytes: UInt64 = 0
    /// Open descriptors.
    package var openDescriptors: UInt64 = 0
    /// The soft limit of descriptors.
    package var descriptorLimit: UInt64 = 0

    /// All zero.
    package init() {}

    /// Looks now. Any thread.
    package static func read() -> ProcessFacts {
        var facts = ProcessFacts()
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
            facts.cpuSeconds =
                Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(microseconds) / 1_000_000
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            facts.descriptorLimit = UInt64(limit.rlim_cur)
        }
        facts.residentBytes = residentMemory()
        facts.memoryLimitBytes = memoryLimit()
        facts.openDescriptors = countDescriptors()
        return facts
    }

    /// Resident memory in bytes, 0 where it can't be read. Any thread.
    package static func residentMemory() -> UInt64 { residentPages() * UInt64(sysconf(Int32(_SC_PAGESIZE))) }

    /// The second number of /proc/self/statm.
    private static func residentPages() -> UInt64 {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 128)
        guard fgets(&text, Int32(text.count), file) != nil, let space = strchr(text, 32) else { return 0 }
        return UInt64(strtoull(space, nil, 10))
    }

    /// What the process may have: the machine's memory, or less where its control group says so. Bytes; any thread.
    package static func memoryLimit() -> UInt64 {
        let machine = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        // cgroup v2, as containers see their own; `max` or no file: no limit.
        guard let file = fopen("/sys/fs/cgroup/memory.max", "re") else { return machine }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 32)
        guard fgets(&text, Int32(text.count), file) != nil else { return machine }
        let limit = UInt64(strtoull(text, nil, 10))
        return limit > 0 ? min(limit, machine) : machine
    }

    private static func countDescriptors() -> UInt64 {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count: UInt64 = 0
        while readdir(folder) != nil { count += 1 }
        // Not counted: `.`, `..` and the descriptor of this folder.
        return count > 3 ? count - 3 : 0
    }
}
