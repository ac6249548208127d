// Owns what a test wants system calls of its own thread to do: fail, or come up short. Never installed in production,
// where a thread's plan is null and costs one predictable branch a call. Single-threaded: the plan belongs to the
// thread that installed it, so tests beside it are not disturbed.

internal import CLinux
internal import Glibc

/// The calls that go through the seam, by name.
package enum SystemCallKind: UInt8, Sendable, CaseIterable {
    case accept, send, receive, write, read, connect, socket, bind, listen, socketOption, socketName, shutdown
    case epollCreate, epollControl, epollWait, eventDescriptor, signalDescriptor, open, close
    case positionedWrite, positionedRead, dataSync, sync, truncate, allocate, fileStatus, freeSpace
    case lock, makeDirectory, listDirectory, remove, rename
}

/// A plan for the system calls of one thread: which call fails, how; and a ledger of open descriptors.
///
/// Not Sendable: made, installed and read on one thread.
package final class FaultPlan {
    /// What happens to the call that is hit.
    package enum Fault: Sendable, Equatable {
        /// The call does nothing and answers this errno. `close` still closes, as the kernel does.
        case fail(Int32)
        /// A call that moves bytes moves at most this many.
        case short(Int)
    }

    /// Calls that count; nil for all.
    package let kinds: Set<SystemCallKind>?
    /// The call that is hit first, counted from 1; 0 for none.
    package let at: Int
    /// How many calls in a row are hit.
    package let times: Int
    private let fault: Fault
    private var isDisarmed = false

    /// Calls counted so far.
    package private(set) var calls = 0
    /// Calls hit so far.
    package private(set) var struck = 0
    /// The first call that was hit.
    package private(set) var firstStruck: SystemCallKind?
    /// Descriptors that the thread opened under the plan and has not closed.
    package private(set) var open: Set<Int32> = []
    /// Descriptors closed that were not open: must stay empty.
    package private(set) var closedTwice: [Int32] = []
    /// Nanoseconds added to the monotonic clock as this thread reads it.
    package var monotonicAheadNs: UInt64 = 0
    /// Where set, the monotonic clock stands at this time, whatever happens around the test.
    package var frozenMonotonicNs: UInt64?
    /// Milliseconds added to the wall clock as this thread reads it; may be negative.
    package var wallAheadMs: Int64 = 0

    /// Plans a fault for the `at`-th call among `kinds` and the `times - 1` that follow it.
    package init(_ fault: Fault = .fail(EIO), at: Int, times: Int = 1, kinds: Set<SystemCallKind>? = nil) {
        self.fault = fault
        self.at = at
        self.times = times
        self.kinds = kinds
    }

    /// Runs `body` with this plan in force on the calling thread.
    @discardableResult
    package func during<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let before = live_fault_plan_get()
        live_fault_plan_set(Unmanaged.passUnretained(self).toOpaque())
        defer { live_fault_plan_set(before) }
        return try body()
    }

    /// From now on no call is hit; the ledger goes on.
    package func disarm() { isDisarmed = true }

    /// Runs `body` with no plan in force: what a test does for itself is not counted.
    @discardableResult
    package static func without<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let before = live_fault_plan_get()
        live_fault_plan_set(nil)
        defer { live_fault_plan_set(before) }
        return try body()
    }

    func strike(_ kind: SystemCallKind) -> Fault? {
        if let kinds, !kinds.contains(kind) { return nil }
        calls += 1
        guard at > 0, !isDisarmed, calls >= at, calls - at < times else { return nil }
        struck += 1
        if firstStruck == nil { firstStruck = kind }
        return fault
    }

    func opened(_ fd: Int32) { open.insert(fd) }

    func closed(_ fd: Int32) {
        if open.remove(fd) == nil { closedTwice.append(fd) }
    }
}
