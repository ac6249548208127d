// The epoch of a node's log, kept in the data directory. A process that was killed goes on in its epoch: what it wrote
// is in the page cache. A machine that was reset may have lost writes that were already shown, so what follows is
// another epoch, and no (epoch, seq) ever names two events.

import Glibc
import LiveIO
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
    static func enter(dataDirectory: String, keepsLog: Bool) throws(IOFailure) -> NodeEpoch {
        let path = "\(dataDirectory)/\(fileName)"
        guard keepsLog else { return try begin(noBoot, path, because: "the log is not kept") }
        let bootID = String(decoding: (try read(bootPath) ?? []).filter { $0 > 0x20 }, as: UTF8.self)
        guard let held = try read(path).flatMap({ Held(json: $0) }) else {
            return try begin(bootID, path, because: "a new data directory")
        }
        guard held.bootID == bootID || held.clean else {
            return try begin(bootID, path, because: "the machine was reset while the node ran")
        }
        try write(Held(epoch: held.epoch, bootID: bootID, clean: false), to: path)
        return NodeEpoch(epoch: held.epoch, beganBecause: nil)
    }

    /// Notes that everything written has reached the disk; of a log that is not kept there is nothing to note.
    static func leave(dataDirectory: String, epoch: String, keepsLog: Bool) throws(IOFailure) {
        guard keepsLog else { return }
        try write(Held(epoch: epoch, bootID: noBoot, clean: true), to: "\(dataDirectory)/\(fileName)")
    }

    private static func begin(_ bootID: String, _ path: String, because reason: String) throws(IOFailure) -> NodeEpoch {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        let epoch = String(SystemRandom.bytes(12).map { letters[Int($0) % letters.count] })
        try write(Held(epoch: epoch, bootID: bootID, clean: false), to: path)
        return NodeEpoch(epoch: epoch, beganBecause: reason)
    }

    // MARK: The file

    /// What the file says.
    private struct Held {
        var epoch: String
        var bootID: String
        var clean: Bool

        init(epoch: String, bootID: String, clean: Bool) {
            self.epoch = epoch
            self.bootID = bootID
            self.clean = clean
        }

        /// Nil for anything but what `json` writes: then a new epoch begins, which is always right.
        init?(json: [UInt8]) {
            guard let document = try? JSONDocument.parse(json), let epoch = document["epoch"]?.string,
                let bootID = document["bootID"]?.string, let clean = document["clean"]?.bool, NodeEpoch.isEpoch(epoch)
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

    private static func isEpoch(_ text: String) -> Bool {
        (8...16).contains(text.utf8.count)
            && text.utf8.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) }
    }

    /// A small file's bytes, nil where there is none.
    private static func read(_ path: String) throws(IOFailure) -> [UInt8]? {
        let handle = open(path, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else {
            if errno == ENOENT { return nil }
            throw IOFailure("open \(path)", errno: errno)
        }
        defer { close(handle) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(handle, &bytes, bytes.count)
        guard count >= 0 else { throw IOFailure("read \(path)", errno: errno) }
        return Array(bytes[..<count])
    }

    /// Replaces the file as a whole, on the disk before anything is written under the new epoch: a power cut that
    /// brought back an older file could make the next start go on in an epoch whose last writes are gone.
    private static func write(_ held: Held, to path: String) throws(IOFailure) {
        let fresh = path + ".new"
        let handle = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard handle >= 0 else { throw IOFailure("open \(fresh)", errno: errno) }
        defer { close(handle) }
        let bytes = held.json
        guard Glibc.write(handle, bytes, bytes.count) == bytes.count, fsync(handle) == 0 else {
            throw IOFailure("write \(fresh)", errno: errno)
        }
        guard rename(fresh, path) == 0 else { throw IOFailure("rename \(fresh)", errno: errno) }
        let folder = open(String(path.dropLast(fileName.utf8.count + 1)), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw IOFailure("open the folder of \(path)", errno: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw IOFailure("sync the folder of \(path)", errno: errno) }
    }
}
