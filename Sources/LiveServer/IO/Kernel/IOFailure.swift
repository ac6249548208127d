// Owns the one error that the kernel's refusals become. Never carries an address, a path's content or bytes of a
// message: it is safe to log.

internal import Glibc

/// A system call that failed for a reason of the world: what was tried, and the kernel's `errno`.
package struct IOFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The call or step in plain words, for instance "bind".
    package let operation: String
    /// The kernel's error number, for instance `EADDRINUSE`.
    package let errno: Int32

    /// Names the step that failed.
    package init(_ operation: String, errno: Int32) {
        self.operation = operation
        self.errno = errno
    }

    /// One line for people: step, words and number.
    package var description: String { "\(operation): \(errnoText(errno)) (errno \(errno))" }
}

/// The system's words for an error number, without strerror's shared buffer.
package func errnoText(_ number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress, strerror_r(number, base, buffer.count) == 0 else {
            return "unknown error"
        }
        return String(cString: base)
    }
}
