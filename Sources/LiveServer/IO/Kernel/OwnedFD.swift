// Owns one file descriptor and closes it exactly once. Never shares it: whoever holds the value holds the descriptor.

/// A file descriptor with one owner; closing happens when the owner goes.
package struct OwnedFD: ~Copyable, Sendable {
    /// The descriptor's number, for system calls while this value lives.
    package let raw: Int32

    /// Takes ownership of an open descriptor.
    package init(_ raw: Int32) {
        precondition(raw >= 0, "a descriptor's number is never negative")
        self.raw = raw
    }

    deinit { SystemCall.close(raw) }

    /// Gives the number away; the caller closes it from now on.
    package consuming func take() -> Int32 {
        let number = raw
        discard self
        return number
    }
}
