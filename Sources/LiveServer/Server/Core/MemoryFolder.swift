// The folder of ballots for a node whose rooms live in memory only. Such rooms begin anew with each process and number
// their polls from the beginning, so the ballots of the process before must not be there: they would be taken for those
// of other polls.
//
// Owns: that folder, `memory` in the data folder. Never: touches anything beside it; nothing else may lie there.

import Glibc

enum MemoryFolder {
    /// The folder's path, emptied. What cannot be removed stays: then opening the store says what is wrong.
    static func emptied(in dataDirectory: String) -> String {
        let path = dataDirectory + "/memory"
        removeFiles(in: path + "/ballots")
        removeFiles(in: path)
        return path
    }

    private static func removeFiles(in path: String) {
        guard let folder = opendir(path) else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { unlink(path + "/" + name) }
        }
    }
}
