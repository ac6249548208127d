// Owns the version that the program tells.

/// This build's version.
package enum ServerVersion {
    /// Semantic version of the program; the wire protocol has its own.
    package static let text = "0.1.0"
}
