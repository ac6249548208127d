// Owns what a run is judged by: one comparison a service level. Never measures.

/// A promise such as `chat_p99_ms<=40`.
struct ServiceLevel: Sendable, Equatable {
    enum Relation: String, CaseIterable, Sendable {
        // The longer ones first: they begin with the shorter ones.
        case atMost = "<="
        case atLeast = ">="
        case equal = "=="
        case below = "<"
        case above = ">"

        func holds(_ value: Double, _ bound: Double) -> Bool {
            switch self {
            case .atMost: value <= bound
            case .atLeast: value >= bound
            case .equal: value == bound
            case .below: value < bound
            case .above: value > bound
            }
        }
    }

    let figure: String
    let relation: Relation
    let bound: Double

    /// Reads `figure<=number`; nil for anything else.
    init?(_ text: String) {
        let text = text.filter { $0 != " " }
        for relation in Relation.allCases {
            guard let range = text.firstRange(of: relation.rawValue) else { continue }
            guard let bound = Double(text[range.upperBound...]), range.lowerBound > text.startIndex else { return nil }
            figure = String(text[..<range.lowerBound])
            self.relation = relation
            self.bound = bound
            return
        }
        return nil
    }

    var text: String { "\(figure) \(relation.rawValue) \(Figures.text(bound))" }
}

/// How a service level came out.
struct Judgement: Codable, Sendable, Equatable {
    var level: String
    /// What was measured; nil where the run had nothing to measure, which is a miss.
    var value: Double?
    var holds: Bool

    init(_ level: ServiceLevel, figures: [String: Double]) {
        self.level = level.text
        value = figures[level.figure]
        holds = value.map { level.relation.holds($0, level.bound) } ?? false
    }
}
