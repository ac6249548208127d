// Purity of the room domain: the same events give the same state in any process.
// Swift orders the keys of Dictionary and Set differently in each process: they may be looked into, never walked
// through.

enum PurityRules {
    private static let domain = "Sources/Rooms/Domain/"

    /// Words that bring in time, chance, floating point, threads or the process's own hash seed.
    private static let refusedWords: Set<String> = [
        "import", "Double", "Float", "Float16", "Float32", "Float64", "Float80", "CGFloat", "Date", "Clock", "clock",
        "ContinuousClock", "SuspendingClock", "random", "randomElement", "shuffle", "shuffled",
        "SystemRandomNumberGenerator", "RandomNumberGenerator", "hashValue", "Mutex", "Atomic",
        "ObjectIdentifier", "unsafeBitCast",
    ]

    /// No clock, no chance, no floating point, no import in the domain.
    static let refused = Rule.eachFile { file in
        guard file.isSwift, file.isIn(domain) else { return [] }
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let token = tokens[index]
            let before = index > 0 ? tokens[index - 1].text : ""
            if refusedWords.contains(token.text) {
                return file.finding(line: token.line, "`\(token.text)` in the pure domain")
            }
            if token.text == "Hasher", before != "inout" {
                return file.finding(
                    line: token.line, "`Hasher` is seeded by the process: digests are computed by our own hash")
            }
            if before == ".", ["keys", "values"].contains(token.text) {
                return file.finding(line: token.line, "`.\(token.text)` of a dictionary has no fixed order")
            }
            if isFloatLiteral(token.text) {
                return file.finding(line: token.line, "a floating point number in the pure domain")
            }
            return nil
        }
    }

    private static func isFloatLiteral(_ text: String) -> Bool {
        guard let first = text.utf8.first, first >= 48, first <= 57, !text.hasPrefix("0x") else { return false }
        return text.contains(".") || (text.contains("e") && !text.hasPrefix("0b"))
    }

    /// What may follow the name of a dictionary or set: looking up, changing one key, counting, comparing, replacing.
    /// Everything else (`for … in`, `map`, `sorted`, passing it on) could let its order reach the state.
    private static let allowedMembers: Set<String> = [
        "count", "isEmpty", "contains", "insert", "remove", "removeValue", "removeAll", "updateValue",
        "reserveCapacity",
        "isSubset", "isSuperset", "isDisjoint",
    ]
    private static let allowedMarks: Set<String> = ["[", ":", "=", "!"]

    /// Dictionaries and sets of the domain are looked into by key, never iterated.
    static let keyedCollections = Rule { files in
        let sources = files.filter { $0.isSwift && $0.isIn(domain) }
        let shared = Set(sources.flatMap { keyedNames(in: $0, privateOnes: false) })
        return sources.flatMap { file in
            uses(of: shared.union(keyedNames(in: file, privateOnes: true)), in: file) + escapes(in: file)
        }
    }

    /// Names declared with the type of a dictionary or set, or set to one. Private ones matter in their own file only.
    private static func keyedNames(in file: SourceFile, privateOnes: Bool) -> [String] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard index > 0, tokens[index].text == ":" || tokens[index].text == "=" else { return nil }
            let name = tokens[index - 1].text
            // Before `=` there may stand the end of a type; then the colon before that type gave the name.
            guard isKeyedType(tokens, at: index + 1), name.first?.isLetter == true || name.first == "_" else {
                return nil
            }
            return isPrivate(tokens, at: index - 1) == privateOnes ? name : nil
        }
    }

    /// Whether the name at `index` is declared private on its own line; `private(set)` can still be read elsewhere.
    private static func isPrivate(_ tokens: [Token], at index: Int) -> Bool {
        tokens[max(0, index - 8)..<index].indices.contains { at in
            ["private", "fileprivate"].contains(tokens[at].text) && tokens[at].line == tokens[index].line
                && tokens[at + 1].text != "("
        }
    }

    /// Whether a dictionary or set type, or a call that makes one, starts at `index`.
    private static func isKeyedType(_ tokens: [Token], at index: Int) -> Bool {
        guard index + 1 < tokens.count else { return false }
        let first = tokens[index].text
        if first == "inout" { return isKeyedType(tokens, at: index + 1) }
        if first == "Set" || first == "Dictionary" { return ["<", "("].contains(tokens[index + 1].text) }
        guard first == "[" else { return false }
        var depth = 0
        for at in index..<min(index + 64, tokens.count) {
            switch tokens[at].text {
            case "[", "(", "<": depth += 1
            case "]", ")", ">":
                depth -= 1
                if depth == 0 { return false }
            case ":" where depth == 1: return true
            case "?" where depth == 1: return false  // a conditional inside an array literal also has a colon
            default: break
            }
        }
        return false
    }

    private static func uses(of names: Set<String>, in file: SourceFile) -> [Finding] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let name = tokens[index].text
            guard names.contains(name) else { return nil }
            let next = index + 1 < tokens.count ? tokens[index + 1].text : ""
            let member = index + 2 < tokens.count ? tokens[index + 2].text : ""
            if allowedMarks.contains(next) || (next == "." && allowedMembers.contains(member)) { return nil }
            return file.finding(
                line: tokens[index].line,
                "`\(name)` names a dictionary or set: look up by key, never walk or pass it on")
        }
    }

    /// Functions that hand out a dictionary or set: their callers could walk through it.
    private static func escapes(in file: SourceFile) -> [Finding] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard index > 0, tokens[index - 1].text == "-", tokens[index].text == ">" else { return nil }
            guard isKeyedType(tokens, at: index + 1) else { return nil }
            return file.finding(line: tokens[index].line, "a function of the domain hands out a dictionary or set")
        }
    }
}
