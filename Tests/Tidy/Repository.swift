// Finds the repository this test stands in and reads its text files.
// Leaves out what git ignores (build products, virtual environments, data) by name, since a source archive has no git.
import Foundation

enum Repository {
    /// The repository's root folder; `TIDY_ROOT` names another tree to look at.
    static let root = ProcessInfo.processInfo.environment["TIDY_ROOT"].map { URL(filePath: $0) } ?? ownRoot

    private static let ownRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Files larger than this are not read: corpora and images are not what the rules are about. Bytes.
    static let fileBytesMax = 1 << 20

    private static let textSuffixes: Set<String> = [
        "swift", "c", "h", "modulemap", "js", "ts", "css", "html", "svg", "json", "md", "sh", "py", "txt", "sql", "yml",
        "yaml", "toml", "conf", "service", "",
    ]
    private static let ignoredFolders: Set<String> = ["data", "node_modules", "__pycache__", "corpus", "results"]
    private static let hiddenKept: Set<String> = [".ci", ".gitignore", ".swift-format"]

    /// Every text file of the repository, sorted by path; read once.
    static let files: [SourceFile] = paths.compactMap { path in
        guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else { return nil }
        return SourceFile(path, text)
    }

    /// Every file's path, images and other binary files included.
    static let allPaths: Set<String> = Set(walk(keep: { _ in true }))

    private static let paths = walk { url in
        let size = (try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
        return textSuffixes.contains(url.pathExtension) && size <= fileBytesMax
    }.sorted()

    private static func walk(keep: (URL) -> Bool) -> [String] {
        var found: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
            for name in names where !name.hasPrefix(".") || hiddenKept.contains(name) {
                let path = folder + name
                let url = root.appending(path: path)
                if (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true {
                    if !ignoredFolders.contains(name) { folders.append(path + "/") }
                } else if keep(url) {
                    found.append(path)
                }
            }
        }
        return found
    }
}
