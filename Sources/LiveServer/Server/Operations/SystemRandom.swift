// Owns the way to the kernel's random numbers. Never a generator of its own.

import Glibc

/// Random bytes for keys and secrets.
package enum SystemRandom {
    /// `count` bytes from getrandom(2), at most 256 so that a call is never cut short.
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition((1...256).contains(count), "at most 256 random bytes a call")
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        repeat { got = getrandom(&bytes, count, 0) } while got < 0 && errno == EINTR
        precondition(got == count, "the kernel gave no random bytes")
        return bytes
    }
}
