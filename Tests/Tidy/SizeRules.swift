// Sizes: a file is one idea, a line is read without scrolling.

enum SizeRules {
    /// Lines past which a file fails.
    static let fileLinesMax = 600
    /// Lines past which a file is named as a candidate for splitting.
    static let fileLinesSuggested = 400
    /// Characters in one line.
    static let lineCharactersMax = 120

    private static let sourceSuffixes: Set<String> = ["swift", "c", "h", "js", "ts", "css", "py", "sh"]

    /// No source file has more than `fileLinesMax` lines.
    static let fileLength = Rule.eachFile { file in
        guard sourceSuffixes.contains(file.suffix), file.lines.count > fileLinesMax else { return [] }
        return [file.finding(line: 0, "\(file.lines.count) lines; split it by idea (at most \(fileLinesMax))")]
    }

    /// Files worth a look; not a failure.
    static func longFiles(_ files: [SourceFile]) -> [String] {
        files.filter { sourceSuffixes.contains($0.suffix) && $0.lines.count > fileLinesSuggested }
            .map { "\($0.path): \($0.lines.count) lines" }
    }

    /// No line of source is longer than `lineCharactersMax`, long literals and URLs included.
    static let lineLength = Rule.eachFile { file in
        guard sourceSuffixes.contains(file.suffix) else { return [] }
        return file.lines.enumerated().filter {
            $0.element.utf8.count > lineCharactersMax && $0.element.count > lineCharactersMax
        }
        .map { file.finding(line: $0.offset + 1, "\($0.element.count) characters (at most \(lineCharactersMax))") }
    }

    /// Every Swift file opens with a comment that says what it owns. Test suites say it by their names.
    static let headComment = Rule.eachFile { file in
        guard file.isSwift, file.isIn("Sources/", "Tests/", "LoadTests/"), !file.name.hasSuffix("Tests.swift")
        else { return [] }
        guard let first = file.lines.first(where: { !$0.isEmpty }), !first.hasPrefix("//") else { return [] }
        return [file.finding(line: 1, "open the file with a comment: what it owns, what it never does, its limits")]
    }
}
