// Owns handing values to the process of an exit test. Swift 6.2 refuses a capture list there (6.3 takes one), so they
// go through a file that both name by the parent's pid.

import Foundation
import Glibc

/// What the process of an exit test is told by the test that starts it.
///
/// One test at a time under a name: a suite that uses it is `.serialized` and has a name of its own.
package enum ExitTestInput {
    /// Leaves `value` for the next exit test of `name`, which this process starts.
    package static func leave(_ value: some Encodable, for name: String) throws {
        try JSONEncoder().encode(value).write(to: file(name, parent: getpid()))
    }

    /// What the parent of this process left under `name`; it can be taken once.
    package static func take<Value: Decodable>(_ type: Value.Type, for name: String) throws -> Value {
        let file = file(name, parent: getppid())
        defer { try? FileManager.default.removeItem(at: file) }
        return try JSONDecoder().decode(type, from: Data(contentsOf: file))
    }

    private static func file(_ name: String, parent: pid_t) -> URL {
        let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        return URL(fileURLWithPath: "\(folder)/live-exit-\(parent)-\(name).json")
    }
}
