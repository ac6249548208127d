// Escapes from the concurrency checker: each says who may touch it when, and is listed in Docs/ARCHITECTURE.md.

enum EscapeRules {
    private static let architecture = "Docs/ARCHITECTURE.md"
    /// How far above the escape its reason may stand.
    private static let reasonLines = 3
    /// A reason shorter than this many characters is none.
    private static let reasonCharactersMin = 24
    private static let reasonWords = [
        "thread", "reactor", "lock", "mutex", "only", "owner", "once", "never", "immutable", "atomic", "queue",
        "before", "after",
    ]

    /// Every `@unchecked Sendable` and `nonisolated(unsafe)` has its reason beside it and its row in ARCHITECTURE.md.
    static let reasons = Rule { files in
        let page = files.first { $0.path == architecture }?.lines.joined(separator: "\n") ?? ""
        return files.filter { $0.isSwift && $0.isIn("Sources/", "Tests/", "LoadTests/") }.flatMap { file in
            escapes(in: file).flatMap { name, line -> [Finding] in
                var findings: [Finding] = []
                if !hasReason(file, line: line) {
                    findings.append(
                        file.finding(line: line, "`\(name)`: say in a comment just above who may touch it and when"))
                }
                if file.isIn("Sources/"), !page.contains("`\(name)`") {
                    findings.append(file.finding(line: line, "`\(name)` is not listed in \(architecture)"))
                }
                return findings
            }
        }
    }

    /// The names of the escapes in one file.
    static func names(in file: SourceFile) -> [String] { escapes(in: file).map(\.name) }

    private static func escapes(in file: SourceFile) -> [(name: String, line: Int)] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let rest = tokens[index...].prefix(4).map(\.text)
            if rest.starts(with: ["@", "unchecked", "Sendable"]) {
                return (typeName(tokens, before: index), tokens[index].line)
            }
            if rest == ["nonisolated", "(", "unsafe", ")"] {
                let name = tokens[(index + 4)...].prefix(6).drop { $0.text != "let" && $0.text != "var" }.dropFirst()
                    .first
                return (name?.text ?? "nonisolated(unsafe)", tokens[index].line)
            }
            return nil
        }
    }

    private static func typeName(_ tokens: [Token], before index: Int) -> String {
        let kinds: Set<String> = ["class", "struct", "enum", "extension"]
        guard let kind = tokens[..<index].lastIndex(where: { kinds.contains($0.text) }) else { return "?" }
        return tokens[kind + 1].text
    }

    private static func hasReason(_ file: SourceFile, line: Int) -> Bool {
        file.lines[max(0, line - 1 - reasonLines)..<line].contains { text in
            guard let comment = text.firstRange(of: "//") else { return false }
            let reason = text[comment.upperBound...].lowercased()
            return reason.count >= reasonCharactersMin && reasonWords.contains { reason.contains($0) }
        }
    }
}
