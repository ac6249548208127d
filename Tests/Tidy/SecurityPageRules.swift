// The security page: each attack's row ends with the tests that hold its defence, and each of them exists. Never judges
// whether a test is good enough.

enum SecurityPageRules {
    private static let page = "Docs/security.md"
    /// Rows of the tables of attacks: attack, defence, tests.
    private static let columns = 3
    private static let head = "held by the test"

    /// Every test that a row names is the name of one below `Tests/`, and a row names at least one.
    static let tests = Rule { files in
        guard let file = files.first(where: { $0.path == page }) else { return [] }
        let names = testNames(files)
        var isTable = false
        return file.lines.enumerated().flatMap { offset, line -> [Finding] in
            guard line.hasPrefix("|") else {
                isTable = false
                return []
            }
            if line.contains(head) {
                isTable = true
                return []
            }
            guard isTable, !line.hasPrefix("|---") else { return [] }
            let cells = line.split(separator: " | ")
            guard cells.count == columns else { return [file.finding(line: offset + 1, "not \(columns) columns")] }
            let named = cells[columns - 1].split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
            guard !named.isEmpty else { return [file.finding(line: offset + 1, "no test holds this")] }
            return named.filter { !names.contains($0) }
                .map { file.finding(line: offset + 1, "there is no test `\($0)`") }
        }
    }

    /// Names between the backticks of Swift Testing's functions, and Python's functions.
    private static func testNames(_ files: [SourceFile]) -> Set<Substring> {
        var names: Set<Substring> = []
        for file in files where file.isIn("Tests/") {
            for line in file.lines {
                if file.isSwift, let start = line.firstRange(of: "func `")?.upperBound {
                    names.insert(line[start...].prefix { $0 != "`" })
                } else if file.suffix == "py", let start = line.firstRange(of: "def ")?.upperBound {
                    names.insert(line[start...].prefix { $0 != "(" })
                }
            }
        }
        return names
    }
}
