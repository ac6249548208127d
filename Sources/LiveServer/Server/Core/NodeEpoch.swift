// The epoch of a node's log, kept in the data directory. A process that was killed goes on in its epoch: what it wrote
// is in the page cache. A machine that was reset may have lost writes that were already shown, so what follows is
// another epoch, and no (epoch, seq) ever names two events.

import Foundation
import LiveProtocol

/// Which epoch the node writes now, and which start it is.
struct NodeEpoch: Sendable {
    /// `[a-z0-9]{12}`.
    let epoch: String
    /// Why a new epoch began, nil where the old one goes on.
    let beganBecause: String?

    private static let fileName = "epoch.json"
    /// Stands for a kernel that is never met again.
    private static let noBoot = ""
    private static let bootPath = "/proc/sys/kernel/random/boot_id"

    /// Reads the epoch of a data directory, beginning a new one where it must. A log that is not kept (`keepsLog`
    /// false) ends with its process, so its epoch is nobody's afterwards, whatever kernel runs and however it ended.
    /// - Throws: where the directory cannot be written.
    static func enter(dataDirectory: String, keepsLog: Bool) throws -> NodeEpoch {
        let url = URL(fileURLWithPath: dataDirectory).appendingPathComponent(fileName)
        let bootID = try String(contentsOfFile: bootPath, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard keepsLog else { return try begin(noBoot, url, because: "the log is not kept") }
        if let data = try? Data(contentsOf: url), let held = try? JSONDecoder().decode(Held.self, from: data),
            isEpoch(held.epoch)
        {
            if held.bootID == bootID || held.clean {
                try write(Held(epoch: held.epoch, bootID: bootID, clean: false), to: url)
                return NodeEpoch(epoch: held.epoch, beganBecause: nil)
            }
            return try begin(bootID, url, because: "the machine was reset while the node ran")
        }
        return try begin(bootID, url, because: "a new data directory")
    }

    /// Notes that everything written has reached the disk; of a log that is not kept there is nothing to note.
    static func leave(dataDirectory: String, epoch: String, keepsLog: Bool) throws {
        guard keepsLog else { return }
        let url = URL(fileURLWithPath: dataDirectory).appendingPathComponent(fileName)
        try write(Held(epoch: epoch, bootID: "", clean: true), to: url)
    }

    private struct Held: Codable {
        var epoch: String
        var bootID: String
        var clean: Bool
    }

    private static func begin(_ bootID: String, _ url: URL, because reason: String) throws -> NodeEpoch {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        let epoch = String(SystemRandom.bytes(12).map { letters[Int($0) % letters.count] })
        try write(Held(epoch: epoch, bootID: bootID, clean: false), to: url)
        return NodeEpoch(epoch: epoch, beganBecause: reason)
    }

    private static func isEpoch(_ text: String) -> Bool {
        (8...16).contains(text.utf8.count)
            && text.utf8.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) }
    }

    private static func write(_ held: Held, to url: URL) throws {
        try JSONEncoder().encode(held).write(to: url, options: .atomic)
    }
}
