// Owns the order file < environment < flags and the refusal of everything that is not understood: unknown and duplicate
// keys, other types, values out of range. Pure: contents and environment are arguments. Files are at most 1 MiB.

import LiveProtocol

/// A setting given on the command line.
package struct ConfigurationFlag: Sendable, Equatable {
    /// As it was typed, such as `--port`.
    package let name: String
    package let key: String
    package let value: String

    /// A flag for the setting `key`.
    package init(name: String, key: String, value: String) {
        self.name = name
        self.key = key
        self.value = value
    }
}

/// Puts a configuration together.
package enum ConfigurationLoader {
    /// Variables with our prefix that are no settings: the file's path, and the binary's for load tests.
    package static let otherVariables: Set<String> = ["LIVESERVER_CONFIG", "LIVESERVER_BIN"]
    /// Variables of services that this build can't use: a node that ignored them would run alone unnoticed.
    static let serviceVariables: [String: String] = [
        "LIVESERVER_REDIS_URL": "Redis", "LIVESERVER_POSTGRES_URL": "PostgreSQL",
        "LIVESERVER_KAFKA_BROKERS": "Kafka", "LIVESERVER_CLICKHOUSE_URL": "ClickHouse",
    ]

    /// The defaults, then the file's settings, then the environment's, then the flags', and the rules of the whole.
    /// `environment` may hold foreign variables; only those that begin with `LIVESERVER_` are looked at.
    package static func load(
        file: ConfigurationFile?, environment: [String: String], flags: [ConfigurationFlag]
    ) -> Result<ServerConfiguration, ConfigurationFailure> {
        var configuration = ServerConfiguration()
        var problems: [ConfigurationProblem] = []
        if let file { problems += read(file, into: &configuration) }
        for name in environment.keys.sorted() where name.hasPrefix("LIVESERVER_") {
            guard let value = environment[name], !otherVariables.contains(name) else { continue }
            if let problem = apply(variable: name, value, to: &configuration) { problems.append(problem) }
        }
        for flag in flags {
            let source = ConfigurationSource.flag(name: flag.name)
            if let problem = apply(text: flag.value, to: flag.key, source: source, &configuration) {
                problems.append(problem)
            }
        }
        // Settings that depend on each other are judged once each of them stands.
        if problems.isEmpty {
            problems = ConfigurationRules.faults(configuration).map {
                ConfigurationProblem(source: .whole, key: $0.key, sentence: $0.sentence)
            }
        }
        return problems.isEmpty ? .success(configuration) : .failure(ConfigurationFailure(problems))
    }

    private static func apply(
        variable: String, _ value: String, to configuration: inout ServerConfiguration
    ) -> ConfigurationProblem? {
        let source = ConfigurationSource.environment(name: variable)
        if let service = serviceVariables[variable] {
            let sentence = "this build does not use \(service): unset the variable to run the node on its own"
            return value.isEmpty ? nil : ConfigurationProblem(source: source, sentence: sentence)
        }
        guard let setting = SettingCatalogue.all.first(where: { $0.environmentName == variable }) else {
            let nearest = Spelling.nearest(to: variable, among: SettingCatalogue.all.map(\.environmentName))
            let hint = nearest.map { "; did you mean \($0)?" } ?? "; Config/README.md lists all"
            return ConfigurationProblem(source: source, sentence: "there is no such setting" + hint)
        }
        return apply(text: value, to: setting.key, source: source, &configuration)
    }

    private static func apply(
        text: String, to key: String, source: ConfigurationSource, _ configuration: inout ServerConfiguration
    ) -> ConfigurationProblem? {
        guard let setting = SettingCatalogue.find(key) else { return unknown(key, source: source) }
        guard let value = setting.value(text: text) else { return mistyped(setting, source: source) }
        return put(value, setting, source: source, &configuration)
    }

    private static func read(
        _ file: ConfigurationFile, into configuration: inout ServerConfiguration
    ) -> [ConfigurationProblem] {
        guard file.bytes.count <= ConfigurationFile.bytesMax else {
            return [problem(file, at: nil, nil, "the file is longer than \(ConfigurationFile.bytesMax) bytes")]
        }
        let document: JSONDocument
        do {
            document = try JSONDocument.parse(file.bytes, limits: .batch)
        } catch {
            return [unreadable(file, error)]
        }
        guard document.root.kind == .object else {
            return [problem(file, at: nil, nil, "the file must hold one JSON object")]
        }
        var problems: [ConfigurationProblem] = []
        for member in document.root.members {
            guard SettingCatalogue.groups.contains(member.key) else {
                // A dot at the top would be a second spelling of a key, and the same key could stand twice.
                let problem =
                    member.key.utf8.contains(UInt8(ascii: "."))
                    ? problem(file, at: nil, member.key, "write the dot as an object within its group's object")
                    : put(member.value, key: member.key, file, &configuration)
                if let problem { problems.append(problem) }
                continue
            }
            guard member.value.kind == .object else {
                problems.append(
                    problem(file, at: member.key, member.key, "must hold an object with this group's settings"))
                continue
            }
            for inner in member.value.members {
                let problem = put(inner.value, key: "\(member.key).\(inner.key)", file, &configuration)
                if let problem { problems.append(problem) }
            }
        }
        return problems
    }

    private static func put(
        _ json: JSONValue, key: String, _ file: ConfigurationFile, _ configuration: inout ServerConfiguration
    ) -> ConfigurationProblem? {
        let source = ConfigurationSource.file(path: file.path, line: line(of: key, in: file))
        guard let setting = SettingCatalogue.find(key) else { return unknown(key, source: source) }
        guard let value = setting.value(json: json) else { return mistyped(setting, source: source) }
        return put(value, setting, source: source, &configuration)
    }

    private static func put(
        _ value: SettingValue, _ setting: Setting, source: ConfigurationSource,
        _ configuration: inout ServerConfiguration
    ) -> ConfigurationProblem? {
        setting.set(value, in: &configuration).map { refusal in
            ConfigurationProblem(
                source: source, key: setting.key, sentence: "\(refusal.sentence); allowed: \(setting.allowed)")
        }
    }

    private static func unknown(_ key: String, source: ConfigurationSource) -> ConfigurationProblem {
        let nearest = Spelling.nearest(to: key, among: SettingCatalogue.all.map(\.key))
        let hint = nearest.map { "; did you mean \($0)?" } ?? "; Config/README.md lists all"
        return ConfigurationProblem(source: source, key: key, sentence: "there is no such setting" + hint)
    }

    private static func mistyped(_ setting: Setting, source: ConfigurationSource) -> ConfigurationProblem {
        let type =
            switch setting.kind {
            case .integer: "a whole number"
            case .bool: "true or false"
            case .text, .choice, .secret: "a text"
            case .texts: "a list of texts"
            }
        return ConfigurationProblem(
            source: source, key: setting.key, sentence: "must be \(type); allowed: \(setting.allowed)")
    }

    private static func unreadable(_ file: ConfigurationFile, _ error: JSONError) -> ConfigurationProblem {
        let position = SourcePosition(offset: error.offset, in: file.bytes)
        let source = ConfigurationSource.file(path: file.path, line: position.line)
        if error.reason == .duplicateKey {
            return ConfigurationProblem(
                source: source, key: position.quotedName(in: file.bytes),
                sentence: "the key stands twice; keep one of them")
        }
        return ConfigurationProblem(
            source: source, sentence: "not valid JSON at column \(position.column) (\(error.reason.rawValue))")
    }

    private static func problem(
        _ file: ConfigurationFile, at key: String?, _ name: String?, _ sentence: String
    ) -> ConfigurationProblem {
        let line = key.flatMap { self.line(of: $0, in: file) }
        return ConfigurationProblem(source: .file(path: file.path, line: line), key: name, sentence: sentence)
    }

    private static func line(of key: String, in file: ConfigurationFile) -> Int? {
        SourcePosition.ofKey(key, in: file.bytes)?.line
    }
}
