// Owns reading a configuration file from disk and writing the first one. Never interprets it: see ConfigurationLoader.

import Glibc

/// A configuration file as it was read.
package struct ConfigurationFile: Sendable, Equatable {
    /// Longest file in bytes.
    package static let bytesMax = 1 << 20

    /// As the operator wrote it, for messages.
    package let path: String
    /// At most one more than `bytesMax`, by which a longer file is known.
    package let bytes: [UInt8]

    /// A file's content.
    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// Reads a file. Blocks on the disk: at start only.
    package static func read(path: String) -> Result<ConfigurationFile, ConfigurationProblem> {
        guard let stream = fopen(path, "re") else {
            return .failure(problem(path, "cannot be opened", errno, "give the right path with --config"))
        }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        let count = fread(&bytes, 1, bytes.count, stream)
        guard ferror(stream) == 0 else {
            return .failure(problem(path, "cannot be read", errno, "give the path of a file with --config"))
        }
        return .success(ConfigurationFile(path: path, bytes: Array(bytes[..<count])))
    }

    /// Writes the file anew, readable by its owner alone, since it holds a key. Without `overwrite` an existing file is
    /// left as it is and refused; with it, the file is replaced whole or not at all.
    package func write(overwrite: Bool) -> ConfigurationProblem? {
        let target = overwrite ? path + ".new" : path
        if overwrite { unlink(target) }
        let descriptor = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let hint =
                errno == EEXIST ? "--force replaces it, and its key with it" : "choose another path with --config"
            return Self.problem(target, "cannot be made", errno, hint)
        }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let isSafe = written == bytes.count && fsync(descriptor) == 0
        let failure = errno
        close(descriptor)
        guard isSafe, !overwrite || rename(target, path) == 0 else {
            unlink(target)
            return Self.problem(path, "cannot be written", isSafe ? errno : failure, "is the disk full?")
        }
        return nil
    }

    private static func problem(_ path: String, _ what: String, _ code: Int32, _ hint: String) -> ConfigurationProblem {
        let sentence = "\(what): \(String(cString: strerror(code))); \(hint)"
        return ConfigurationProblem(source: .file(path: path, line: nil), sentence: sentence)
    }
}
