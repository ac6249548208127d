// One tracked text file as the rules see it: path, lines, and for Swift the tokens that are code.
// Never judges; the rules do.

/// A text file of the repository, or a small sample that a test plants.
struct SourceFile: Sendable {
    /// Path from the repository's root, with `/`.
    let path: String
    /// The lines without their newline, comments and strings included.
    let lines: [String]
    /// Identifiers, numbers and single punctuation marks of the code, without comments and string contents. Swift only.
    let tokens: [Token]

    init(_ path: String, _ text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        tokens = path.hasSuffix(".swift") ? SwiftTokens.scan(text) : []
    }

    /// The part after the last dot of the name, or an empty string.
    var suffix: String {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return String(name[name.index(after: dot)...])
    }

    /// The last component of the path.
    var name: Substring { path.split(separator: "/").last ?? "" }

    var isSwift: Bool { suffix == "swift" }

    /// Whether the file lies in one of these folders (each ends in `/`).
    func isIn(_ folders: String...) -> Bool {
        folders.contains { path.hasPrefix($0) }
    }

    func finding(line: Int, _ message: String) -> Finding {
        Finding(path: path, line: line, message: message)
    }
}

/// What a rule has against one place.
struct Finding: Sendable, CustomStringConvertible {
    let path: String
    /// Counted from 1; 0 = the file as a whole.
    let line: Int
    let message: String

    var description: String { line == 0 ? "\(path): \(message)" : "\(path):\(line): \(message)" }
}

/// A rule looks at all files at once, since some compare files with each other.
struct Rule: Sendable {
    let check: @Sendable ([SourceFile]) -> [Finding]

    /// A rule about single files.
    static func eachFile(_ check: @escaping @Sendable (SourceFile) -> [Finding]) -> Rule {
        Rule { files in files.flatMap(check) }
    }
}
