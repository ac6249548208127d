// The epoch of a node's log, kept in the data directory. A process that was killed goes on in its epoch: what it wrote
// is in the page cache. A machine that was reset may have lost writes that were already shown, so what follows is
// another epoch, and no (epoch, seq) ever names two events.

import Glibc
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
    static func enter(dataDirectory: String, keepsLog: Bool) throws(StartFailure) -> NodeEpoch {
        let bootID = text(of: bootPath)
        guard bootID != noBoot else { throw StartFailure("\(bootPath) cannot be read: the kernel's boot is not known") }
        guard keepsLog else { return try begin(noBoot, dataDirectory, because: "the log is not kept") }
        if let held = Held(text(of: dataDirectory + "/" + fileName)), isEpoch(held.epoch) {
            if held.bootID == bootID || held.clean {
                try write(Held(epoch: held.epoch, bootID: bootID, clean: false), in: dataDirectory)
                return NodeEpoch(epoch: held.epoch, beganBecause: nil)
            }
            return try begin(bootID, dataDirectory, because: "the machine was reset while the node ran")
        }
        return try begin(bootID, dataDirectory, because: "a new data directory")
    }

    /// Notes that everything written has reached the disk; of a log that is not kept there is nothing to note.
    static func leave(dataDirectory: String, epoch: String, keepsLog: Bool) throws(StartFailure) {
        guard keepsLog else { return }
        try write(Held(epoch: epoch, bootID: "", clean: true), in: dataDirectory)
    }

    private struct Held {
        var epoch: String
        var bootID: String
        var clean: Bool

        init(epoch: String, bootID: String, clean: Bool) {
            self.epoch = epoch
            self.bootID = bootID
            self.clean = clean
        }

        /// Nil where the file is not one of ours.
        init?(_ text: String) {
            guard let document = try? JSONDocument.parse(Array(text.utf8)), let epoch = document["epoch"]?.string,
                let bootID = document["bootID"]?.string, let clean = document["clean"]?.bool
            else { return nil }
            self.init(epoch: epoch, bootID: bootID, clean: clean)
        }

        var json: [UInt8] {
            var writer = JSONWriter(reserving: 128)
            writer.beginObject()
            writer.field("epoch", epoch)
            writer.field("bootID", bootID)
            writer.field("clean", clean)
            writer.endObject()
            return writer.bytes
        }
    }

    private static func begin(_ bootID: String, _ directory: String, because reason: String) throws(StartFailure)
        -> NodeEpoch
    {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        let epoch = String(SystemRandom.bytes(12).map { letters[Int($0) % letters.count] })
        try write(Held(epoch: epoch, bootID: bootID, clean: false), in: directory)
        return NodeEpoch(epoch: epoch, beganBecause: reason)
    }

    private static func isEpoch(_ text: String) -> Bool {
        (8...16).contains(text.utf8.count)
            && text.utf8.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) }
    }

    /// On the disk before anything is written under it: a power cut that brought back an older file could make the next
    /// start go on in an epoch whose last writes are gone. The file changes whole or not at all (rename(2)).
    private static func write(_ held: Held, in directory: String) throws(StartFailure) {
        let path = directory + "/" + fileName
        let fresh = path + ".new"
        let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw failure(fresh) }
        let json = held.json
        let isWhole =
            json.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == json.count && fsync(file) == 0
        close(file)
        guard isWhole, rename(fresh, path) == 0 else { throw failure(path) }
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure(directory) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure(directory) }
    }

    private static func failure(_ path: String) -> StartFailure {
        StartFailure("\(path): \(String(cString: strerror(errno)))")
    }

    /// A small file's text without white space at its ends; empty where it cannot be read.
    private static func text(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = read(file, &buffer, buffer.count)
        let text = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
