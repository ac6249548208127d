// Owns one fresh folder for one test and removes it with all it holds. Never shared between tests, so they run in
// parallel. Lies under TMPDIR, or /tmp where that is unset.

import Foundation

/// A folder of a test's own, removed when the last reference goes.
package final class TemporaryDirectory: Sendable {
    /// The folder's absolute path, without a slash at the end.
    package let path: String

    /// Makes the folder; `label` shows in its name for whoever looks at one that was left behind.
    ///
    /// With `inMemory` it lies on a memory file system where the machine has one: for tests that sync thousands of
    /// times and do not pull the plug.
    package init(_ label: String = "live", inMemory: Bool = false) {
        let memory = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil
        let base = memory ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = "\(base)/\(label)-XXXXXX".utf8CString.map { $0 }
        precondition(mkdtemp(&template) != nil, "no temporary folder under \(base): errno \(errno)")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of `name` inside this folder; nothing is made.
    package func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Names of what lies directly in the folder (or in `subfolder`), sorted.
    package func names(in subfolder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(subfolder)).sorted()
    }

    /// The whole content of one file.
    package func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// Writes one file as a whole.
    package func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    /// Writes the content of one file that others have open: the same file, not another of its name.
    package func write(_ name: String, inPlace bytes: [UInt8]) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
    }
}
