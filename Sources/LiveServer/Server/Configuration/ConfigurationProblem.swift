// Owns how a fault in the configuration is told: where it stands, which key, what is wrong, what is allowed. Never the
// value of a secret. Pure.

/// Where a value came from.
package enum ConfigurationSource: Sendable, Equatable, CustomStringConvertible {
    case file(path: String, line: Int?)
    case environment(name: String)
    case flag(name: String)
    /// Several settings together.
    case whole

    /// Such as `liveclassroom.json line 12`.
    package var description: String {
        switch self {
        case .file(let path, let line): line.map { "\(path) line \($0)" } ?? path
        case .environment(let name): "environment variable \(name)"
        case .flag(let name): "flag \(name)"
        case .whole: "configuration"
        }
    }
}

/// One reason not to start.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where the value came from.
    package let source: ConfigurationSource
    /// The setting's key; nil where the fault is the file's as a whole.
    package let key: String?
    /// What is wrong and what is allowed or to be done.
    package let sentence: String

    /// A problem with one value or source.
    package init(source: ConfigurationSource, key: String? = nil, sentence: String) {
        self.source = source
        self.key = key
        self.sentence = sentence
    }

    /// One line: where, which key, what.
    package var description: String {
        if let key { return "\(source): \(key): \(sentence)" }
        return "\(source): \(sentence)"
    }
}

/// All problems found at once, so that nobody mends a file fault by fault.
package struct ConfigurationFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// Most problems that are told.
    package static let problemsMax = 20

    /// 1…`problemsMax` problems, in the order of file, environment, flags, whole.
    package let problems: [ConfigurationProblem]

    /// Keeps the first `problemsMax`.
    package init(_ problems: [ConfigurationProblem]) { self.problems = Array(problems.prefix(Self.problemsMax)) }

    /// One line each.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
