// Owns the way to the kernel's random numbers. Never a generator of its own.

import Glibc

/// Random bytes for keys and secrets.
package enum SystemRandom {
    /// `count` bytes from getentropy(3), which gives at most 256 a call.
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition((1...256).contains(count), "at most 256 random bytes a call")
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(getentropy(&bytes, count) == 0, "the kernel gave no random bytes")
        return bytes
    }
}
