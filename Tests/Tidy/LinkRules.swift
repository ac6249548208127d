// Links in the pages lead somewhere.

enum LinkRules {
    /// Every relative link of a Markdown page leads to a file of the repository.
    static func resolve(existing: Set<String>) -> Rule {
        Rule.eachFile { file in
            guard file.suffix == "md" else { return [] }
            let folder = file.path.split(separator: "/").dropLast().map(String.init)
            return file.lines.enumerated().flatMap { offset, line in
                targets(line).compactMap { target in
                    let path = normalised(folder, target)
                    let found = existing.contains(path) || existing.contains { $0.hasPrefix(path + "/") }
                    return found ? nil : file.finding(line: offset + 1, "the link to \(target) leads nowhere")
                }
            }
        }
    }

    private static func targets(_ line: String) -> [String] {
        line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { part in
            let target = part.prefix { $0 != ")" && $0 != " " && $0 != "#" }
            return target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") ? nil : String(target)
        }
    }

    private static func normalised(_ folder: [String], _ target: String) -> String {
        var parts = folder
        for part in target.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
