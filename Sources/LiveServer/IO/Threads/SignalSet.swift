// Owns a signalfd: signals as readable events in place of handlers. Never touches signals that it was not given. Make
// it in the first thread before any other starts, so that every thread inherits the block.

internal import CLinux
internal import Glibc

/// Signals that arrive through a descriptor: watched by a reactor, or waited for by a thread.
package struct SignalSet: ~Copyable, Sendable {
    private let descriptor: OwnedFD

    /// Blocks `signals` (for instance `[SIGTERM, SIGHUP]`) in the calling thread and those it starts from now on.
    package init(_ signals: [Int32]) throws(IOFailure) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        let blocked = pthread_sigmask(SIG_BLOCK, &set, nil)
        guard blocked == 0 else { throw IOFailure("pthread_sigmask", errno: blocked) }
        let result = SystemCall.signalDescriptor(&set)
        guard result >= 0 else { throw IOFailure("signalfd", errno: Int32(-result)) }
        descriptor = OwnedFD(Int32(result))
    }

    /// Waits for the next signal and answers its number; for a thread that does nothing else.
    package borrowing func wait() throws(IOFailure) -> Int32 {
        while true {
            if let signal = next() { return signal }
            var watched = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
            if poll(&watched, 1, -1) < 0, errno != EINTR { throw IOFailure("poll", errno: errno) }
        }
    }

    /// The next signal that has arrived, without waiting; nil for none.
    package borrowing func next() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard SystemCall.read(descriptor.raw, &info, size) == size else { return nil }
        return Int32(bitPattern: info.ssi_signo)
    }

    /// The descriptor to watch.
    var raw: Int32 { descriptor.raw }
}
