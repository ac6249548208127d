// Owns what one setting is: its key, unit, allowed values and reason, and how a value from JSON or from text gets into
// the configuration. Never where the value came from: see ConfigurationLoader.

package import LiveProtocol

/// A value of a setting, as it stands in a file or on a command line.
package enum SettingValue: Sendable, Equatable {
    case integer(Int)
    case bool(Bool)
    case text(String)
    case texts([String])

    /// The value as JSON.
    package var json: String {
        var writer = JSONWriter()
        switch self {
        case .integer(let value): writer.integer(value)
        case .bool(let value): writer.bool(value)
        case .text(let value): writer.string(value)
        case .texts(let values):
            writer.beginArray()
            for value in values { writer.string(value) }
            writer.endArray()
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// Which values a setting takes.
package enum SettingKind: Sendable, Equatable {
    case integer(ClosedRange<Int>)
    case bool
    /// Any text of at most so many bytes; the setting's own rule may say more.
    case text(bytesMax: Int)
    case texts(countMax: Int)
    case choice([String])
    /// A text that is never repeated in a message or a reference.
    case secret

    /// What is allowed, in words.
    package func allowed(unit: String) -> String {
        switch self {
        case .integer(let range):
            "\(range.lowerBound)…\(range.upperBound)" + (unit.isEmpty ? "" : " \(unit)")
        case .bool: "true or false"
        case .text(let bytesMax): "a text of at most \(bytesMax) bytes"
        case .texts(let countMax): "a list of at most \(countMax) texts"
        case .choice(let names): names.joined(separator: ", ")
        case .secret: "hex or base64url, at least \(TokenKey.secretBytesMin) bytes"
        }
    }
}

/// A value that a setting does not take: what is wrong with it, as a sentence without the key.
package struct SettingRefusal: Error, Sendable, Equatable {
    /// Without the setting's key.
    package let sentence: String
}

/// One setting.
package struct Setting: Sendable {
    /// Dotted, such as `limits.frame_bytes`.
    package let key: String
    package let kind: SettingKind
    /// Empty where there is none.
    package let unit: String
    /// Why it exists and why the default is what it is: one sentence.
    package let reason: String
    /// The setting's environment variable.
    package let environmentName: String
    /// The value that a configuration holds; nil for a secret.
    package let read: @Sendable (ServerConfiguration) -> SettingValue?
    let write: @Sendable (inout ServerConfiguration, SettingValue) -> SettingRefusal?

    /// Puts a value into the configuration, or says why not.
    package func set(_ value: SettingValue, in configuration: inout ServerConfiguration) -> SettingRefusal? {
        if let refusal = check(value) { return refusal }
        return write(&configuration, value)
    }

    /// Reads a JSON value of the setting's type; nil for one of another type.
    package func value(json: JSONValue) -> SettingValue? {
        switch kind {
        case .integer: json.int.flatMap { Int(exactly: $0) }.map { .integer($0) }
        case .bool: json.bool.map { .bool($0) }
        case .text, .choice, .secret: json.string.map { .text($0) }
        case .texts:
            json.array.flatMap { elements in
                let texts = elements.compactMap(\.string)
                return texts.count == elements.count ? .texts(texts) : nil
            }
        }
    }

    /// Reads the text of an environment variable or flag; lists are separated by commas. Nil for a text of another
    /// type.
    package func value(text: String) -> SettingValue? {
        switch kind {
        case .integer: Int(text).map { .integer($0) }
        case .bool:
            switch text {
            case "true", "1", "on", "yes": .bool(true)
            case "false", "0", "off", "no": .bool(false)
            default: nil
            }
        case .text, .choice, .secret: .text(text)
        case .texts: .texts(text.split(separator: ",").map(String.init))
        }
    }

    /// What is allowed, in words.
    package var allowed: String { kind.allowed(unit: unit) }

    private func check(_ value: SettingValue) -> SettingRefusal? {
        switch (kind, value) {
        case (.integer(let range), .integer(let number)) where !range.contains(number):
            SettingRefusal(sentence: "\(number) is out of range")
        case (.text(let bytesMax), .text(let text)) where text.utf8.count > bytesMax || text.utf8.contains(0):
            SettingRefusal(sentence: "the text is too long or holds a NUL")
        case (.texts(let countMax), .texts(let texts)) where texts.count > countMax:
            SettingRefusal(sentence: "\(texts.count) entries are too many")
        case (.choice(let names), .text(let text)) where !names.contains(text):
            SettingRefusal(sentence: "this is not one of the choices")
        default: nil
        }
    }
}

extension Setting {
    private init(
        _ key: String, _ kind: SettingKind, unit: String = "", _ reason: String, environment: String? = nil,
        read: @escaping @Sendable (ServerConfiguration) -> SettingValue?,
        write: @escaping @Sendable (inout ServerConfiguration, SettingValue) -> SettingRefusal?
    ) {
        self.key = key
        self.kind = kind
        self.unit = unit
        self.reason = reason
        self.read = read
        self.write = write
        let spelled = String(key.map { $0 == "." ? "_" : $0 }).uppercased()
        environmentName = environment ?? "LIVESERVER_" + spelled
    }

    typealias Field<Value> = any WritableKeyPath<ServerConfiguration, Value> & Sendable

    static func integer(
        _ key: String, _ field: Field<Int>, _ range: ClosedRange<Int>, _ unit: String, _ reason: String
    ) -> Setting {
        Setting(
            key, .integer(range), unit: unit, reason,
            read: { .integer($0[keyPath: field]) },
            write: { configuration, value in
                guard case .integer(let number) = value else { return mismatch }
                configuration[keyPath: field] = number
                return nil
            })
    }

    static func bool(_ key: String, _ field: Field<Bool>, _ reason: String) -> Setting {
        Setting(
            key, .bool, reason,
            read: { .bool($0[keyPath: field]) },
            write: { configuration, value in
                guard case .bool(let on) = value else { return mismatch }
                configuration[keyPath: field] = on
                return nil
            })
    }

    /// `rule` says what is wrong with a text, or nil.
    static func text(
        _ key: String, _ field: Field<String>, bytesMax: Int, _ reason: String,
        rule: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Setting {
        Setting(
            key, .text(bytesMax: bytesMax), reason,
            read: { .text($0[keyPath: field]) },
            write: { configuration, value in
                guard case .text(let text) = value else { return mismatch }
                if let sentence = rule(text) { return SettingRefusal(sentence: sentence) }
                configuration[keyPath: field] = text
                return nil
            })
    }

    static func texts(
        _ key: String, _ field: Field<[String]>, countMax: Int, _ reason: String,
        rule: @escaping @Sendable ([String]) -> String?
    ) -> Setting {
        Setting(
            key, .texts(countMax: countMax), reason,
            read: { .texts($0[keyPath: field]) },
            write: { configuration, value in
                guard case .texts(let texts) = value else { return mismatch }
                if let sentence = rule(texts) { return SettingRefusal(sentence: sentence) }
                configuration[keyPath: field] = texts
                return nil
            })
    }

    static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ key: String, _ field: Field<Choice>, _ reason: String
    ) -> Setting where Choice.RawValue == String {
        Setting(
            key, .choice(Choice.allCases.map(\.rawValue)), reason,
            read: { .text($0[keyPath: field].rawValue) },
            write: { configuration, value in
                guard case .text(let text) = value, let choice = Choice(rawValue: text) else { return mismatch }
                configuration[keyPath: field] = choice
                return nil
            })
    }

    static func tokenKey(
        _ key: String, _ field: Field<TokenKey>, environment: String, _ reason: String
    ) -> Setting {
        Setting(
            key, .secret, reason, environment: environment,
            read: { _ in nil },
            write: { configuration, value in
                guard case .text(let text) = value else { return mismatch }
                switch TokenKey.parse(text) {
                case .success(let parsed): configuration[keyPath: field] = parsed
                case .failure(let error): return SettingRefusal(sentence: error.sentence)
                }
                return nil
            })
    }

    private static let mismatch = SettingRefusal(sentence: "the value is of another type")
}
