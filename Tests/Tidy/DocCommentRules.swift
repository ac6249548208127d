// Doc comments: what other targets may call is explained where it is declared.

enum DocCommentRules {
    /// Members that a protocol of the standard library already explains.
    private static let explained: Set<String> = [
        "hash", "description", "debugDescription", "deinit", "==", "<", "rawValue", "makeIterator", "next",
    ]
    private static let modifiers: Set<String> = [
        "static", "final", "mutating", "nonmutating", "consuming", "borrowing", "override", "convenience", "required",
        "indirect", "lazy", "weak", "unowned", "nonisolated", "class", "private", "fileprivate", "internal", "set", "(",
        ")",
    ]

    /// Every `package` declaration in Sources has a doc comment right above it. One comment may speak for a block of
    /// one-line members that follow each other without a blank line.
    static let packageDeclarations = Rule.eachFile { file in
        guard file.isSwift, file.isIn("Sources/") else { return [] }
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard tokens[index].text == "package", index + 1 < tokens.count else { return nil }
            guard let name = declaredName(tokens, after: index), !explained.contains(name) else { return nil }
            guard !hasDocComment(file, line: tokens[index].line) else { return nil }
            return file.finding(line: tokens[index].line, "`package \(name)` has no doc comment")
        }
    }

    /// The name that the declaration behind `package` introduces; nil where nothing needs explaining (`import`).
    private static func declaredName(_ tokens: [Token], after index: Int) -> String? {
        var at = index + 1
        while at < tokens.count, modifiers.contains(tokens[at].text) {
            // `class` is a modifier in `class func`, a declaration in `class Room`.
            if tokens[at].text == "class", at + 1 < tokens.count, !["func", "var"].contains(tokens[at + 1].text) {
                break
            }
            at += 1
        }
        guard at + 1 < tokens.count else { return nil }
        switch tokens[at].text {
        case "import", "extension", ".", ":", ",", "=": return nil
        case "init", "subscript", "deinit": return tokens[at].text
        case "func" where tokens[at + 1].text == "=": return "=="
        case "func", "var", "let", "struct", "class", "enum", "protocol", "typealias", "actor":
            return tokens[at + 1].text
        default: return nil
        }
    }

    private static func isOneLineMember(_ text: Substring) -> Bool {
        text.hasPrefix("package ") && (!text.hasSuffix("{") && !text.hasSuffix("(") && !text.hasSuffix(","))
    }

    private static func hasDocComment(_ file: SourceFile, line: Int) -> Bool {
        var at = line - 2
        while at >= 0 {
            let text = file.lines[at].drop { $0 == " " }
            if text.hasPrefix("///") || text.hasSuffix("*/") { return true }
            guard text.hasPrefix("@") || text.hasPrefix("#if") || isOneLineMember(text) else { return false }
            at -= 1
        }
        return false
    }
}
