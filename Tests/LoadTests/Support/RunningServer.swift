// Owns the two programs under test as processes: a node on a free port with a folder of its own, and runs of the load
// tester against it. Nothing of either outlives its test.

import Foundation
import LiveTestSupport

/// A test's own node.
final class RunningServer {
    let port: UInt16
    private let scheme: String
    private let process = Process()
    private let folder = TemporaryDirectory("liveload")

    /// - Parameter settings: `key=value` as `--set` takes them.
    init(settings: [String] = []) throws {
        process.executableURL = URL(fileURLWithPath: Self.program("liveserver"))
        process.arguments =
            ["serve", "--port", "0", "--threads", "1", "--data-dir", folder.path("data"), "--log-level", "warning"]
            + settings.flatMap { ["--set", $0] }
        process.environment = ["PATH": "/usr/bin:/bin"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        var found: UInt16?
        var foundScheme = "http"
        while found == nil {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            text += String(decoding: data, as: UTF8.self)
            for scheme in ["http", "https"] {
                guard let start = text.range(of: "listening on \(scheme)://127.0.0.1:"),
                    let end = text[start.upperBound...].firstIndex(of: "\n")
                else { continue }
                found = UInt16(text[start.upperBound..<end])
                foundScheme = scheme
            }
        }
        guard let found else { throw RunFailure(description: "the server does not listen: \(text)") }
        port = found
        scheme = foundScheme
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    var url: String { "\(scheme)://127.0.0.1:\(port)" }

    /// A program beside the tests.
    static func program(_ name: String) -> String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (own as NSString).deletingLastPathComponent + "/" + name
    }
}

/// A program did not do its part.
struct RunFailure: Error, CustomStringConvertible {
    let description: String
}

/// One run of the load tester.
struct LoadRun {
    let status: Int32
    let output: String
    let errors: String

    /// Longest run, seconds: after that it is ended, with status 124.
    private static let limitS = 120

    /// Runs `liveload` to its end.
    init(_ arguments: [String]) throws {
        let folder = TemporaryDirectory("liveload-run")
        for name in ["out", "err"] { try folder.write(name, []) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["\(Self.limitS)", RunningServer.program("liveload")] + arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("out")))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("err")))
        try process.run()
        process.waitUntilExit()
        status = process.terminationStatus
        output = String(decoding: try folder.read("out"), as: UTF8.self)
        errors = String(decoding: try folder.read("err"), as: UTF8.self)
    }

    /// What the run said, for a test that fails.
    var said: String { output + errors }
}
