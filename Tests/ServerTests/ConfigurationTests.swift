// The configuration: what each source may say, which one wins, and what refuses the start with which words.

import Foundation
import LiveTestSupport
import Testing

@testable import LiveServer

/// Loads from literals.
private func load(
    _ json: String? = nil, environment: [String: String] = [:], flags: [ConfigurationFlag] = []
) -> Result<ServerConfiguration, ConfigurationFailure> {
    let file = json.map { ConfigurationFile(path: "live.json", bytes: Array($0.utf8)) }
    return ConfigurationLoader.load(file: file, environment: environment, flags: flags)
}

/// The lines of a refusal; none where the configuration is accepted.
private func refusals(
    _ json: String? = nil, environment: [String: String] = [:], flags: [ConfigurationFlag] = []
) -> [String] {
    load(json, environment: environment, flags: flags).error?.problems.map(\.description) ?? []
}

@Suite struct ConfigurationTests {
    private static let key = String(repeating: "ab", count: 32)

    @Test func `nothing configured gives the embedded default`() throws {
        let configuration = try load().get()
        #expect(configuration == ServerConfiguration())
        #expect(configuration.listen.host == "127.0.0.1")
        #expect(configuration.auth.key.isDevelopment)
        #expect(configuration.limits.frameBytes == 16_384)
        #expect(configuration.limits.studentRate == 5 && configuration.limits.studentBurst == 20)
        #expect(configuration.studentRate == TokenRate(perSecond: 5, burst: 20))
    }

    @Test func `the environment overrides the file and flags override both`() throws {
        let json = #"{"listen": {"port": 1, "threads": 1, "host": "::1"}, "origins": ["https://a.example"]}"#
        let environment = [
            "LIVESERVER_LISTEN_PORT": "2", "LIVESERVER_LISTEN_THREADS": "2", "HOME": "/x", "LIVESERVER_BIN": "/y",
            "LIVESERVER_ORIGINS": "https://b.example,https://c.example",
        ]
        let flags = [ConfigurationFlag(name: "--port", key: "listen.port", value: "3")]
        let configuration = try load(json, environment: environment, flags: flags).get()
        #expect(configuration.listen.port == 3)
        #expect(configuration.listen.threads == 2)
        #expect(configuration.listen.host == "::1")
        #expect(configuration.origins == ["https://b.example", "https://c.example"])
    }

    @Test func `every setting is taken from file, environment and flag alike`() throws {
        for setting in SettingCatalogue.all where setting.key != "auth.key" {
            let (json, text) = try #require(Self.example(of: setting))
            let path = setting.key.split(separator: ".")
            let nested =
                path.count == 1 ? #"{"\#(path[0])": \#(json)}"# : #"{"\#(path[0])": {"\#(path[1])": \#(json)}}"#
            func read(_ result: Result<ServerConfiguration, ConfigurationFailure>) throws -> String {
                // Some examples contradict other defaults; what counts here is that the value arrived.
                if case .failure(let failure) = result {
                    return try #require(failure.problems.first).source.description
                }
                return try #require(setting.read(try result.get())).json
            }
            let fromFile = try read(load(nested))
            #expect(fromFile == json || fromFile == "configuration", "\(setting.key)")
            let fromEnvironment = try read(load(environment: [setting.environmentName: text]))
            #expect(fromEnvironment == fromFile, "\(setting.key)")
            let flag = ConfigurationFlag(name: "--set", key: setting.key, value: text)
            #expect(try read(load(flags: [flag])) == fromFile, "\(setting.key)")
        }
        let keyed = try load(#"{"auth": {"key": "\#(Self.key)"}}"#).get()
        #expect(keyed.auth.key.secret == [UInt8](repeating: 0xAB, count: 32))
        #expect(try load(environment: ["LIVESERVER_TOKEN_KEY": Self.key]).get().auth.key == keyed.auth.key)
    }

    /// An allowed value that differs from the default, as JSON and as text.
    private static func example(of setting: Setting) -> (json: String, text: String)? {
        let standard = setting.read(ServerConfiguration())
        switch setting.kind {
        case .integer(let range):
            let value = standard == .integer(range.lowerBound) ? range.upperBound : range.lowerBound
            return ("\(value)", "\(value)")
        case .bool: return standard == .bool(true) ? ("false", "off") : ("true", "on")
        case .choice(let names):
            return names.first { standard != .text($0) }.map { ("\"\($0)\"", $0) }
        case .texts:
            let text = ["auth.jwks_private_addresses": "10.0.0.0/8"][setting.key] ?? "https://a.example"
            return ("[\"\(text)\"]", text)
        case .text:
            let texts = [
                "listen.host": "127.0.0.2", "public_url": "https://a.example", "auth.jwks_url": "https://a.example/k",
            ]
            let text = texts[setting.key] ?? "other"
            return ("\"\(text)\"", text)
        case .secret: return nil
        }
    }

    @Test func `an unknown key is refused with its place and the nearest known one`() {
        #expect(
            refusals("{\n  \"limits\": {\n    \"frame_byte\": 2048\n  }\n}") == [
                "live.json line 3: limits.frame_byte: there is no such setting; did you mean limits.frame_bytes?"
            ])
        #expect(
            refusals(#"{"colour": 1}"#) == [
                "live.json line 1: colour: there is no such setting; Config/README.md lists all"
            ])
        #expect(
            refusals(environment: ["LIVESERVER_LISTEN_POTR": "1"]) == [
                "environment variable LIVESERVER_LISTEN_POTR: there is no such setting; "
                    + "did you mean LIVESERVER_LISTEN_PORT?"
            ])
        #expect(
            refusals(flags: [ConfigurationFlag(name: "--set", key: "x", value: "1")]) == [
                "flag --set: x: there is no such setting; Config/README.md lists all"
            ])
    }

    @Test func `a key that stands twice is refused by its name, also in two spellings`() {
        #expect(
            refusals("{\"log\": {\n\"level\": \"info\",\n\"level\": \"debug\"}}") == [
                "live.json line 3: level: the key stands twice; keep one of them"
            ])
        #expect(
            refusals(#"{"log": {"level": "info"}, "log": {}}"#).first?.contains("log: the key stands twice") == true)
        #expect(
            refusals(#"{"log": {"level": "info"}, "log.level": "debug"}"#) == [
                "live.json: log.level: write the dot as an object within its group's object"
            ])
    }

    @Test(arguments: [
        (#"{"listen": {"port": "80"}}"#, "live.json line 1: listen.port: must be a whole number; allowed: 0…65535"),
        (#"{"listen": {"port": 80.0}}"#, "live.json line 1: listen.port: must be a whole number; allowed: 0…65535"),
        (#"{"listen": {"port": 65536}}"#, "live.json line 1: listen.port: 65536 is out of range; allowed: 0…65535"),
        (#"{"listen": {"port": null}}"#, "live.json line 1: listen.port: must be a whole number; allowed: 0…65535"),
        (#"{"listen": 80}"#, "live.json line 1: listen: must hold an object with this group's settings"),
        (#"{"log": {"names": 1}}"#, "live.json line 1: log.names: must be true or false; allowed: true or false"),
        (
            #"{"log": {"level": "loud"}}"#,
            "live.json line 1: log.level: this is not one of the choices; "
                + "allowed: trace, debug, info, notice, warning, error, critical"
        ),
        (
            #"{"origins": [1]}"#,
            "live.json line 1: origins: must be a list of texts; allowed: a list of at most 256 texts"
        ),
        (#"[]"#, "live.json: the file must hold one JSON object"),
    ])
    func `a value of another type or out of range is refused with what is allowed`(json: String, line: String) {
        #expect(refusals(json) == [line])
    }

    @Test func `text that is not JSON is refused with its place`() {
        #expect(
            refusals("{\n \"listen\": {\n}}}").first?.hasPrefix("live.json line 3: not valid JSON at column") == true)
        #expect(refusals("").first?.contains("not valid JSON") == true)
        #expect(refusals("{\"listen\": {} // comment\n}").first?.contains("not valid JSON") == true)
        let huge = String(repeating: " ", count: ConfigurationFile.bytesMax + 1)
        #expect(refusals(huge) == ["live.json: the file is longer than 1048576 bytes"])
    }

    @Test func `all faults are told at once and never more than twenty`() {
        #expect(refusals(#"{"a": 1, "b": 2, "listen": {"port": -1}}"#).count == 3)
        let many = (0..<50).map { "\"x\($0)\": 1" }.joined(separator: ",")
        #expect(refusals("{\(many)}").count == 20)
    }

    @Test(arguments: ["0.0.0.0", "192.168.1.5", "::", "10.0.0.1", "fe80::1"])
    func `the development key is refused where other machines reach the node`(host: String) throws {
        let flags = [ConfigurationFlag(name: "--host", key: "listen.host", value: host)]
        let line = try #require(refusals(flags: flags).first)
        #expect(line.contains("auth.key: \(host) can be reached") && line.contains("liveserver init"))
        #expect(refusals(environment: ["LIVESERVER_TOKEN_KEY": Self.key], flags: flags) == [])
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
    func `the development key is good on loopback`(host: String) {
        #expect(refusals(flags: [ConfigurationFlag(name: "--host", key: "listen.host", value: host)]) == [])
    }

    @Test func `a host must be an address`() {
        for host in ["localhost", "example.org", "127.0.0", "[::1]", "0"] {
            let lines = refusals(flags: [ConfigurationFlag(name: "--host", key: "listen.host", value: host)])
            #expect(lines.first?.contains("is not an IPv4 or IPv6 address") == true, "\(host)")
        }
        #expect(!refusals(flags: [ConfigurationFlag(name: "--host", key: "listen.host", value: "")]).isEmpty)
    }

    @Test func `settings that contradict each other are refused`() {
        #expect(refusals(#"{"limits": {"ping_ms": 20000}}"#).first?.contains("limits.silent_ms") == true)
        #expect(refusals(#"{"limits": {"head_bytes": 4096}}"#).first?.contains("limits.target_bytes") == true)
        #expect(refusals(#"{"limits": {"frame_bytes": 1048576}}"#).first?.contains("limits.gather_bytes") == true)
        #expect(refusals(#"{"classes": {"cap_max": 10}}"#).first?.contains("classes.cap_default") == true)
        for url in ["school.example", "https://school.example/path", "ftp://a"] {
            #expect(refusals("{\"public_url\": \"\(url)\"}").first?.contains("public_url: must be") == true)
        }
    }

    @Test func `services that this build lacks are refused rather than ignored`() {
        #expect(
            refusals(environment: ["LIVESERVER_REDIS_URL": "redis://127.0.0.1"]) == [
                "environment variable LIVESERVER_REDIS_URL: this build does not use Redis: "
                    + "unset the variable to run the node on its own"
            ])
        #expect(refusals(environment: ["LIVESERVER_KAFKA_BROKERS": ""]) == [])
    }

    @Test func `no message repeats a key`() {
        let secret = "c0ffee" + String(repeating: "zz", count: 20)
        for lines in [
            refusals(environment: ["LIVESERVER_TOKEN_KEY": secret]), refusals("{\"auth\": {\"key\": \"\(secret)\"}}"),
            refusals(flags: [ConfigurationFlag(name: "--set", key: "auth.key", value: secret)]),
        ] {
            #expect(lines.count == 1)
            #expect(!lines.joined().contains("c0ffee"))
        }
        #expect(!String(describing: ServerConfiguration()).contains("public, not for production"))
    }
}

@Suite struct ConfigurationReferenceTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Config")

    @Test func `the struct and the catalogue hold the same settings`() {
        var keys: [String] = []
        func walk(_ value: Any, _ path: String) {
            for child in Mirror(reflecting: value).children {
                guard let label = child.label else { continue }
                let name = path.isEmpty ? Self.snake(label) : "\(path).\(Self.snake(label))"
                let isGroup =
                    Mirror(reflecting: child.value).displayStyle == .struct
                    && !(child.value is String || child.value is TokenKey)
                if isGroup { walk(child.value, name) } else { keys.append(name) }
            }
        }
        walk(ServerConfiguration(), "")
        #expect(Set(keys) == Set(SettingCatalogue.all.map(\.key)))
        #expect(Set(SettingCatalogue.all.map(\.key)).count == SettingCatalogue.all.count)
        #expect(Set(SettingCatalogue.all.map(\.environmentName)).count == SettingCatalogue.all.count)
    }

    /// `publicURL` → `public_url`, `frameBytes` → `frame_bytes`.
    private static func snake(_ name: String) -> String {
        var result = ""
        var previousWasUpper = true
        for character in name {
            if character.isUppercase, !previousWasUpper { result += "_" }
            previousWasUpper = character.isUppercase
            result += character.lowercased()
        }
        return result
    }

    @Test func `every default is allowed and every setting has unit and reason`() {
        for setting in SettingCatalogue.all {
            #expect(setting.reason.hasSuffix(".") && !setting.reason.contains("|"), "\(setting.key)")
            guard let value = setting.read(ServerConfiguration()) else {
                #expect(setting.kind == .secret)
                continue
            }
            var configuration = ServerConfiguration()
            let refusal = setting.set(value, in: &configuration)
            #expect(refusal == nil, "\(setting.key)")
            #expect(configuration == ServerConfiguration(), "\(setting.key)")
            if case .integer = setting.kind, !["listen.port", "tls.port"].contains(setting.key) {
                #expect(!setting.unit.isEmpty, "\(setting.key)")
            }
        }
    }

    @Test func `Config/README.md is the catalogue's reference`() throws {
        let page = Self.folder.appendingPathComponent("README.md")
        if ProcessInfo.processInfo.environment["LIVE_WRITE_REFERENCE"] != nil {
            try Data(ConfigurationReference.markdown.utf8).write(to: page)
        }
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(
            text == ConfigurationReference.markdown,
            "run the tests once with LIVE_WRITE_REFERENCE=1 and look at what changed in Config/README.md")
    }

    @Test func `the shipped configurations are accepted and raise every rate`() throws {
        for name in ["bench.json", "bench-memory.json"] {
            let bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(name)))
            let loaded = ConfigurationLoader.load(
                file: ConfigurationFile(path: name, bytes: bytes), environment: [:], flags: [])
            let configuration = try loaded.get()
            let standard = ServerConfiguration().limits
            #expect(configuration.limits.studentRate > standard.studentRate)
            #expect(configuration.limits.moderatorRate > standard.moderatorRate)
            #expect(configuration.limits.connections > standard.connections)
            #expect(configuration.limits.addressFailures > standard.addressFailures)
            #expect(configuration.journal.enabled == (name == "bench.json"))
        }
    }
}
