// Owns writing text to standard output and standard error, whole and at once. Never buffers.

import Glibc

/// The process's two outgoing streams.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// Writes all of `text`, as far as the stream takes it.
    func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR && errno != EAGAIN {
                return
            }
        }
    }

    /// Writes one line.
    func line(_ text: String) { write(text + "\n") }
}
