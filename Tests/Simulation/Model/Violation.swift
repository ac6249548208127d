// What the checker throws: a promise that was broken, in one sentence with what is needed to find it.

/// A broken promise.
package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// The promise and how it was broken.
    package let description: String

    init(_ description: String) { self.description = description }
}
