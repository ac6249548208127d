// The web client: text never becomes HTML, nothing the content security policy would block, every file is served.

enum WebRules {
    private static let folder = "Sources/LiveServer/Web/"
    private static let table = "Sources/LiveServer/CWeb/web.c"

    private static let refusedInScripts = [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment", "eval(",
        "new Function", "setAttribute(\"style\"", "srcdoc",
    ]

    /// Scripts build the page from nodes and text only.
    static let scripts = Rule.eachFile { file in
        guard file.isIn(folder), ["js", "ts", "html"].contains(file.suffix) else { return [] }
        return file.lines.enumerated().flatMap { offset, line -> [Finding] in
            let text = line.drop { $0 == " " }
            guard !text.hasPrefix("//"), !text.hasPrefix("*"), !text.hasPrefix("/*") else { return [] }
            return refusedInScripts.filter { text.contains($0) }
                .map { file.finding(line: offset + 1, "`\($0)`: text is never inserted as HTML") }
        }
    }

    /// Pages hold no script, style or handler of their own and load nothing from elsewhere.
    static let pages = Rule.eachFile { file in
        guard file.isIn(folder), file.suffix == "html" else { return [] }
        return tags(file).flatMap { line, tag -> [Finding] in
            let name = tag.prefix { $0.isLetter || $0 == "-" || $0 == "/" || $0 == "!" }.lowercased()
            let attributes = tag.dropFirst(name.count).lowercased()
            var findings: [Finding] = []
            if name == "script", !attributes.contains("src=") {
                findings.append(file.finding(line: line, "an inline script"))
            }
            if name == "style" || attributes.contains(" style=") {
                findings.append(file.finding(line: line, "an inline style"))
            }
            if attributes.contains("javascript:") || hasHandler(attributes) {
                findings.append(file.finding(line: line, "an inline event handler"))
            }
            if ["script", "link", "img"].contains(name), attributes.contains("=\"http") || attributes.contains("=\"//")
            {
                findings.append(file.finding(line: line, "something loaded from another host"))
            }
            return findings
        }
    }

    private static func tags(_ file: SourceFile) -> [(line: Int, tag: Substring)] {
        let text = file.lines.joined(separator: "\n")
        var line = 1
        var found: [(Int, Substring)] = []
        for (index, part) in text.split(separator: "<", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { found.append((line, part.prefix { $0 != ">" })) }
            line += part.count { $0 == "\n" }
        }
        return found
    }

    private static func hasHandler(_ attributes: String) -> Bool {
        attributes.split { $0 == " " || $0 == "\n" }.contains { word in
            word.hasPrefix("on") && word.contains("=") && word.dropFirst(2).prefix { $0 != "=" }.allSatisfy(\.isLetter)
        }
    }

    /// Every file of the web client stands in the table that the server serves from.
    static let served = Rule { files in
        let listed = files.first { $0.path == table }?.lines.joined(separator: "\n") ?? ""
        return files.filter { $0.isIn(folder) && !["md", "json"].contains($0.suffix) }.compactMap { file in
            let path = file.path.dropFirst(folder.count)
            return listed.contains("/\(path)\"") || listed.contains("\"\(path)\"") || listed.contains("(\(path)")
                ? nil : file.finding(line: 0, "not listed in \(table): the server would not serve it")
        }
    }
}
