// Words that do not belong into the sources: empty names, marks of unfinished work, bare ends, machine paths.
// The words are put together from halves, so that this file does not contain what it refuses.

enum WordRules {
    private static let emptyNames = ["Util", "Helper", "Manager"]

    /// No file and no type is named after nothing in particular.
    static let names = Rule.eachFile { file in
        var findings: [Finding] = []
        if ["swift", "js", "py", "c", "h"].contains(file.suffix),
            let word = emptyNames.first(where: { file.name.contains($0) })
        {
            findings.append(file.finding(line: 0, "the file is named \(word): name the idea it holds"))
        }
        let kinds: Set<String> = ["class", "struct", "enum", "protocol", "actor"]
        for (kind, name) in zip(file.tokens, file.tokens.dropFirst()) where kinds.contains(kind.text) {
            if let word = emptyNames.first(where: { name.text.hasSuffix($0) || name.text.hasSuffix($0 + "s") }) {
                findings.append(file.finding(line: name.line, "the type is named \(word): name the idea it holds"))
            }
        }
        return findings
    }

    private static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"]

    /// Nothing unfinished is marked in the text: finish it, or write it up where work is planned.
    static let unfinished = Rule.eachFile { file in
        guard ["swift", "c", "h", "js", "ts", "css", "html", "py", "sh", "sql"].contains(file.suffix) else { return [] }
        return file.lines.enumerated().flatMap { offset, line in
            marks.filter { line.contains($0) }.map { file.finding(line: offset + 1, "the mark \($0)") }
        }
    }

    /// A process ends with a sentence, and no cast or error is forced, in what ships.
    static let forced = Rule.eachFile { file in
        guard file.isSwift, file.isIn("Sources/", "LoadTests/") else { return [] }
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let next = index + 1 < tokens.count ? tokens[index + 1].text : ""
            let isGlued = index + 1 < tokens.count && tokens[index + 1].isGlued
            let afterNext = index + 2 < tokens.count ? tokens[index + 2].text : ""
            switch (tokens[index].text, next, afterNext) {
            case ("fatalError", "(", ")"), ("preconditionFailure", "(", ")"), ("assertionFailure", "(", ")"):
                return file.finding(line: tokens[index].line, "`\(tokens[index].text)()` without a sentence")
            case ("try", "!", _) where isGlued, ("as", "!", _) where isGlued:
                return file.finding(line: tokens[index].line, "`\(tokens[index].text)!`: handle the other outcome")
            default: return nil
            }
        }
    }

    private static let machinePaths = ["/wo" + "rk/", "/ro" + "ot/", "/opt/swift-" + "packages", "/tmp/bash" + "_"]

    /// No path of somebody's machine stands in a file.
    static let noMachinePaths = Rule.eachFile { file in
        file.lines.enumerated().flatMap { offset, line in
            machinePaths.filter { line.contains($0) }.map { file.finding(line: offset + 1, "the machine path \($0)") }
        }
    }
}
