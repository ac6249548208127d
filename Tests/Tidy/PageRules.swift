// Pages: what the documents name exists. Files, folders, settings, metrics, targets of make, types and escapes are
// looked up in the repository. Never judges prose, and leaves the decisions alone: they tell of their time.

enum PageRules {
    private static let folders = ["Sources/", "Tests/", "Docs/", "Config/", "LoadTests/", "scripts/"]
    private static let reference = "Config/README.md"
    private static let architecture = "Docs/ARCHITECTURE.md"
    private static let metricPrefixes = ["liveclassroom_", "process_"]
    /// What Prometheus adds to a histogram's name.
    private static let histogramEndings = ["_bucket", "_sum", "_count"]

    private static func isPage(_ file: SourceFile) -> Bool {
        file.suffix == "md" && !file.isIn("Docs/decisions/")
    }

    /// Each word between backticks with its line; a span may hold several words.
    private static func spans(_ file: SourceFile) -> [(word: Substring, line: Int)] {
        file.lines.enumerated().flatMap { offset, line in
            line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }
                .flatMap { $0.element.split { $0 == " " || $0 == "," || $0 == ")" || $0 == "(" } }
                .map { ($0, offset + 1) }
        }
    }

    /// A pattern or a name that stands for many: nothing to look up.
    private static func isPattern(_ word: Substring) -> Bool {
        word.contains { "*…<>{}$:=?".contains($0) }
    }

    /// Every Swift file and every path below our folders that a page names is there.
    static func files(existing: Set<String>) -> Rule {
        Rule.eachFile { file in
            guard isPage(file) else { return [] }
            return spans(file).compactMap { word, line in
                let isPath = folders.contains { word.hasPrefix($0) }
                guard !isPattern(word), isPath || word.hasSuffix(".swift") else { return nil }
                let found =
                    isPath
                    ? existing.contains { $0 == word || $0.hasPrefix(word.hasSuffix("/") ? "\(word)" : "\(word)/") }
                    : existing.contains { $0 == word || $0.hasSuffix("/\(word)") }
                return found ? nil : file.finding(line: line, "`\(word)` is not in the repository")
            }
        }
    }

    /// Every setting that a page names stands in the reference, which a test of its own compares with the catalogue.
    static let settings = Rule { files in
        let keys = settingKeys(files)
        let groups = Set(keys.compactMap { $0.split(separator: ".").first })
        return files.filter(isPage).flatMap { file in
            spans(file).compactMap { word, line in
                let parts = word.split(separator: ".", omittingEmptySubsequences: false)
                guard parts.count == 2, groups.contains(parts[0]), isSettingName(parts[1]) else { return nil }
                return keys.contains(String(word)) ? nil : file.finding(line: line, "there is no setting `\(word)`")
            }
        }
    }

    private static func settingKeys(_ files: [SourceFile]) -> Set<String> {
        let lines = files.first { $0.path == reference }?.lines ?? []
        return Set(
            lines.compactMap { line in
                line.hasPrefix("| `") ? line.dropFirst(3).split(separator: "`").first.map(String.init) : nil
            })
    }

    /// Lower case as settings are; a file's ending is none.
    private static func isSettingName(_ text: Substring) -> Bool {
        !["json", "db", "md", "js", "sh", "py", "c", "swift", "html", "svg"].contains(text) && !text.isEmpty
            && text.allSatisfy { $0.isLowercase || $0 == "_" }
    }

    /// Every metric that a page names is written by the server: its name stands as a literal in the sources.
    static let metrics = Rule { files in
        let code = files.filter { $0.isSwift && $0.isIn("Sources/LiveServer/Server/") }
        let literals = Set(
            code.flatMap { file in
                file.lines.flatMap { line in
                    line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                        .filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
                }
            })
        return files.filter(isPage).flatMap { file in
            spans(file).compactMap { span, line in
                let name = span.prefix { $0.isLowercase || $0.isNumber || $0 == "_" }
                guard let prefix = metricPrefixes.first(where: { name.hasPrefix($0) }), !name.hasSuffix("_") else {
                    return nil
                }
                var known = [name, name.dropFirst(prefix.count)]
                for ending in histogramEndings where name.hasSuffix(ending) {
                    known.append(name.dropFirst(prefix.count).dropLast(ending.count))
                }
                return known.contains(where: literals.contains)
                    ? nil : file.finding(line: line, "there is no metric `\(name)`")
            }
        }
    }

    /// Every `make` target that a page names is in the Makefile.
    static let targets = Rule { files in
        let makefile = files.first { $0.path == "Makefile" }?.lines ?? []
        let targets = Set(makefile.compactMap { $0.split(separator: ":", maxSplits: 1).first })
        return files.filter(isPage).flatMap { file in
            var isFenced = false
            return file.lines.enumerated().flatMap { offset, line in
                if line.hasPrefix("```") { isFenced.toggle() }
                return named(line, isFenced: isFenced).filter { !targets.contains($0) }
                    .map { file.finding(line: offset + 1, "the Makefile has no target \($0)") }
            }
        }
    }

    /// What follows `make` in a code span, or at the start of a line of a fenced block.
    private static func named(_ line: String, isFenced: Bool) -> [Substring] {
        line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.element.hasPrefix("make ") && (isFenced || !$0.offset.isMultiple(of: 2)) }
            .compactMap { part in
                part.element.split(separator: " ").dropFirst().first { !$0.contains("=") }
                    .map { $0.prefix { $0.isLowercase || $0 == "-" } }
            }.filter { !$0.isEmpty }
    }

    /// Every type or file that the architecture page names by a word exists, and every row of its table of escapes has
    /// its escape.
    static let types = Rule { files in
        guard let page = files.first(where: { $0.path == architecture }) else { return [] }
        let swift = files.filter { $0.isSwift && $0.isIn("Sources/") }
        let fileNames = files.compactMap { $0.name.split(separator: ".").first.map(String.init) }
        let known = Set(swift.flatMap { $0.tokens.map(\.text) }).union(fileNames)
        let missing = spans(page).compactMap { span, line -> Finding? in
            guard let name = typeName(span), !known.contains(String(name)) else { return nil }
            return page.finding(line: line, "there is no `\(name)` in Sources")
        }
        return missing + strayEscapes(page, Set(swift.flatMap { EscapeRules.names(in: $0) }))
    }

    /// The first part of `Type` or `Type.member`; nil for other words, constants and beginnings such as `RoomJudge…`.
    private static func typeName(_ span: Substring) -> Substring? {
        guard let name = span.split(separator: ".").first, !isPattern(span), !span.contains("/"),
            let first = name.first, first.isUppercase, let second = name.dropFirst().first, second.isLowercase,
            name.allSatisfy({ $0.isLetter || $0.isNumber })
        else { return nil }
        return name
    }

    private static func strayEscapes(_ page: SourceFile, _ escapes: Set<String>) -> [Finding] {
        guard let start = page.lines.firstIndex(where: { $0.hasPrefix("## Escapes") }) else { return [] }
        return page.lines[start...].enumerated().dropFirst().prefix { !$0.element.hasPrefix("## ") }
            .compactMap { offset, line in
                guard line.hasPrefix("| `"), let name = line.dropFirst(3).split(separator: "`").first else {
                    return nil
                }
                return escapes.contains(String(name))
                    ? nil : page.finding(line: start + offset + 1, "`\(name)` is no escape any more")
            }
    }
}
