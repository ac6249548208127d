// Owns the way to the kernel's random numbers. Never a generator of its own.

import COpenSSL

/// Random bytes for keys, codes, epochs and secrets.
package enum SystemRandom {
    /// `count` bytes, 1 to 256, from OpenSSL's generator, which the kernel seeds. Any thread; does not wait.
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition((1...256).contains(count), "at most 256 random bytes a call")
        var bytes = [UInt8](repeating: 0, count: count)
        let made = bytes.withUnsafeMutableBufferPointer { RAND_bytes($0.baseAddress, Int32($0.count)) }
        precondition(made == 1, "the system's random generator is seeded before a server can run")
        return bytes
    }
}
