// Owns: the making of a data folder.
// Never: changes one that is there.

internal import Glibc

/// Makes a folder, and the folders above it, where they are missing; for the owner alone.
///
/// - Throws: `.journal`, since nothing can be kept without it.
package func makeDirectory(_ path: String) throws(StoreFailure) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
        made += made.isEmpty || made.hasSuffix("/") ? String(part) : "/\(part)"
        if mkdir(made, 0o700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES {
            throw .journal("the folder \(made) cannot be made: \(String(cString: strerror(errno)))")
        }
    }
    var found = stat()
    guard stat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else {
        throw .journal("\(path) is no folder that can be used")
    }
}
