// The commands from outside: the built executable is run, its output, exit code and files are looked at.

import Foundation
import LiveTLS
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

/// One finished run of `liveserver`.
private struct Run {
    let code: Int32
    let output: String
    let errors: String

    /// Runs `liveserver` beside the test's own executable, at most a minute, with an environment of its own.
    init(_ arguments: [String], in folder: TemporaryDirectory, environment: [String: String] = [:]) throws {
        let process = Process()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(
            "liveserver")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = environment
        let files = ["out-\(UUID().uuidString)", "err-\(UUID().uuidString)"].map { folder.path($0) }
        for file in files { try Data().write(to: URL(fileURLWithPath: file)) }
        process.standardOutput = FileHandle(forWritingAtPath: files[0])
        process.standardError = FileHandle(forWritingAtPath: files[1])
        try process.run()
        let guardian = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: guardian)
        process.waitUntilExit()
        guardian.cancel()
        code = process.terminationStatus
        output = try String(contentsOfFile: files[0], encoding: .utf8)
        errors = try String(contentsOfFile: files[1], encoding: .utf8)
        for file in files { try FileManager.default.removeItem(atPath: file) }
    }

    var lines: [String] { output.split(separator: "\n").map(String.init) }
}

@Suite struct ConfigurationCommandTests {
    private let folder = TemporaryDirectory("commands")

    private func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Run {
        try Run(arguments, in: folder, environment: environment)
    }

    @Test func `version and help end with 0, a wrong command line with 2`() throws {
        let version = try run("--version")
        #expect(version.code == 0 && version.output == "liveserver \(ServerVersion.text)\n")
        let help = try run("--help")
        #expect(help.code == 0)
        for command in ["serve", "init", "token", "doctor"] { #expect(help.output.contains(command)) }
        for wrong in [["frobnicate"], ["serve", "--nonsense"], ["token", "--sub", "a"], ["serve", "--port", "x"]] {
            let result = try Run(wrong, in: folder)
            #expect(result.code == 2 && result.output.isEmpty && !result.errors.isEmpty, "\(wrong)")
        }
    }

    @Test func `token prints the bare token and nothing else`() throws {
        let key = String(repeating: "5a", count: 32)
        let result = try run(
            "token", "--sub", "ada", "--role", "instructor", "--room", "demo/*/live", "--room", "uni/a/b", "--name",
            "Ada",
            "--cohort", "a", "--ttl", "90m", environment: ["LIVESERVER_TOKEN_KEY": key])
        #expect(result.code == 0 && result.errors.isEmpty)
        let settings = TokenSettings(key: try TokenKey(text: key), issuer: "liveclassroom", audience: "liveclassroom")
        let nowS = Int64(Date().timeIntervalSince1970)
        let token = try TokenVerifier(settings: settings).verify(try #require(result.lines.first), nowS: nowS).get()
        #expect(result.output == result.lines[0] + "\n")
        #expect(token.sub.raw == "ada" && token.name == "Ada" && token.role == .instructor && token.cohort == "a")
        #expect(token.rooms.map(\.description) == ["demo/*/live", "uni/a/b"])
        #expect((5_390...5_400).contains(token.expS - nowS))
    }

    @Test func `token with a count prints one line for each of ID-1 to ID-N`() throws {
        let result = try run("token", "--sub", "load", "--role", "student", "--room", "*/*/*", "--count", "2500")
        #expect(result.code == 0 && result.errors.isEmpty && result.lines.count == 2_500)
        let settings = ServerConfiguration().tokenSettings
        let verifier = TokenVerifier(settings: settings)
        let nowS = Int64(Date().timeIntervalSince1970)
        for (index, line) in result.lines.enumerated() {
            #expect(try verifier.verify(line, nowS: nowS).get().sub.raw == "load-\(index + 1)")
        }
    }

    @Test(arguments: [
        ["--sub", "a b", "--role", "student", "--room", "a/b/c"],
        ["--sub", "system", "--role", "student", "--room", "a/b/c"],
        ["--sub", "a", "--role", "king", "--room", "a/b/c"], ["--sub", "a", "--role", "student", "--room", "a/b"],
        ["--sub", "a", "--role", "student", "--room", "a/b/c", "--ttl", "2"],
        ["--sub", "a", "--role", "student", "--room", "a/b/c", "--ttl", "367d"],
        ["--sub", "a", "--role", "student", "--room", "a/b/c", "--count", "0"],
        ["--sub", "a", "--role", "student", "--room", "a/b/c", "--cohort", "ä"],
    ])
    func `token refuses what no server would accept`(arguments: [String]) throws {
        let result = try Run(["token"] + arguments, in: folder)
        #expect(result.code == 2 && result.output.isEmpty && result.errors.contains("--"))
    }

    @Test func `init writes what serve accepts, for its owner's eyes alone, and never twice`() throws {
        let made = try run("init", "--address", "192.168.1.20", "--port", "9000")
        #expect(made.code == 0 && made.output.contains("https://192.168.1.20:9000/"))
        let path = folder.path("liveclassroom.json")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let first = try folder.read("liveclassroom.json")
        let configuration = try ConfigurationLoader.load(
            file: ConfigurationFile(path: path, bytes: first), environment: [:], flags: []
        ).get()
        #expect(configuration.listen.host == "0.0.0.0" && configuration.listen.port == 9_000)
        #expect(configuration.publicURL == "https://192.168.1.20:9000")
        let keyMode = try FileManager.default.attributesOfItem(atPath: folder.path("liveclassroom.key"))
        #expect(keyMode[.posixPermissions] as? Int == 0o600)
        #expect(
            configuration.tls.certificate == ["liveclassroom.crt"] && configuration.tls.key == ["liveclassroom.key"])
        let certificate = try folder.read("liveclassroom.crt")
        #expect(try TLSCertificate.read(folder.path("liveclassroom.crt")).isSelfSigned)
        #expect(configuration.auth.key.secret.count == 32 && !configuration.auth.key.isDevelopment)

        let again = try run("init", "--address", "192.168.1.20")
        #expect(again.code == 1 && again.errors.contains("--force"))
        #expect(try folder.read("liveclassroom.json") == first)
        let forced = try run("init", "--address", "class.example", "--force")
        #expect(forced.code == 0)
        let second = try folder.read("liveclassroom.json")
        #expect(second != first && !String(decoding: second, as: UTF8.self).contains("issuer"))
        #expect(
            try folder.names().filter { $0.hasPrefix("liveclassroom") }
                == ["liveclassroom.crt", "liveclassroom.json", "liveclassroom.key"])
        #expect(try folder.read("liveclassroom.crt") != certificate)

        let token = try run("token", "--config", path, "--sub", "a", "--role", "student", "--room", "a/b/c")
        let key = try ConfigurationLoader.load(
            file: ConfigurationFile(path: path, bytes: second), environment: [:], flags: []
        ).get()
        let nowS = Int64(Date().timeIntervalSince1970)
        #expect(
            TokenVerifier(settings: key.tokenSettings).verify(try #require(token.lines.first), nowS: nowS).value != nil)
    }

    @Test func `init takes a certificate that there is, or none`() throws {
        let given = try run(
            "init", "--address", "class.example", "--config", "given.json", "--certificate", "a.crt", "--key", "a.key")
        #expect(given.code == 0 && !given.output.contains("self-signed"))
        let plain = try run("init", "--address", "class.example", "--config", "plain.json", "--no-tls")
        #expect(plain.code == 0 && plain.output.contains("http://class.example:8080/"))
        #expect(try folder.names().filter { $0.hasSuffix(".crt") || $0.hasSuffix(".key") }.isEmpty)
        #expect(try run("init", "--address", "class.example", "--certificate", "a.crt").code == 2)
        #expect(try run("init", "--address", "class.example", "--no-tls", "--certificate", "a", "--key", "b").code == 2)
    }

    @Test func `doctor looks at certificates and keys`() throws {
        let made = try TLSSelfSigned(names: ["localhost"], addresses: [])
        try folder.write("a.crt", made.certificate)
        try folder.write("a.key", made.key)
        var settings = TLSSettings()
        func grades(_ production: Bool) -> [DoctorFinding.Grade] {
            DoctorChecks.encryption(settings, production).map(\.grade)
        }
        #expect(grades(true) == [.ok], "plain HTTP is no fault")
        settings.certificate = [folder.path("a.crt")]
        settings.key = [folder.path("a.key")]
        #expect(chmod(folder.path("a.key"), 0o600) == 0)
        #expect(grades(false) == [.ok])
        #expect(grades(true) == [.warn], "self-signed")
        #expect(chmod(folder.path("a.key"), 0o644) == 0)
        #expect(grades(true) == [.warn, .fail], "readable by others")
        try folder.write("a.key", try TLSSelfSigned(names: ["localhost"], addresses: []).key)
        #expect(grades(false).contains(.fail), "another certificate's key")
        settings.certificate = [folder.path("none.crt")]
        #expect(grades(false).first == .fail)
    }

    @Test func `init refuses addresses that are none and folders that are missing`() throws {
        for address in ["a b", "http://x", "", "1.2.3.4:80"] {
            #expect(try run("init", "--address", address).code == 2, "\(address)")
        }
        #expect(try run("init", "--address", "192.168.1.20", "--config", "missing/live.json").code == 1)
        #expect(try folder.names().isEmpty)
    }

    @Test func `serve refuses a bad configuration before it opens anything`() throws {
        try folder.write("bad.json", Array(#"{"listen": {"port": "x"}, "nonsense": 1}"#.utf8))
        let result = try run("serve", "--config", "bad.json")
        #expect(result.code == 1 && result.output.isEmpty)
        #expect(result.errors.contains("bad.json line 1: listen.port: must be a whole number"))
        #expect(result.errors.contains("nonsense"))
        let missing = try run("serve", environment: ["LIVESERVER_CONFIG": "nowhere.json"])
        #expect(missing.code == 1 && missing.errors.contains("nowhere.json: cannot be opened"))
        let open = try run("serve", "--host", "0.0.0.0")
        #expect(open.code == 1 && open.errors.contains("liveserver init"))
        #expect(try run("serve", "--set", "x").code == 2)
    }

    @Test func `doctor ends with 1 where something must be done and says what`() throws {
        let trial = try run("doctor", "--set", "listen.port=0", "--set", "journal.free_bytes_min=0")
        #expect(trial.code == 0, "\(trial.output)")
        #expect(trial.output.contains("libraries: OpenSSL 3"))
        let production = try run("doctor", "--production", "--set", "listen.port=0", "--set", "features.echo=on")
        #expect(production.code == 1)
        #expect(production.output.contains("FAIL  key") && production.output.contains("FAIL  features.echo"))
        #expect(production.output.contains("openssl rand -hex 32"))
        #expect(try folder.names().isEmpty, "doctor leaves nothing behind")
    }
}

@Suite struct ConfigurationSetupTests {
    @Test func `spans of time are read in their four units and nothing else`() {
        #expect(TimeSpan("90s")?.seconds == 90)
        #expect(TimeSpan("15m")?.seconds == 900)
        #expect(TimeSpan("2h")?.seconds == 7_200)
        #expect(TimeSpan("366d")?.seconds == TimeSpan.secondsMax)
        for wrong in ["", "h", "2", "0s", "-1h", "+1h", "1.5h", "2 h", "2H", "367d", "9999999999s", "2hh", "٢h", "1w"] {
            #expect(TimeSpan(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `the address for phones is a private one of a real interface`() {
        let wifi = LocalAddress(interface: "wlan0", text: "192.168.1.20")
        let cable = LocalAddress(interface: "enp3s0", text: "10.0.0.7")
        let docker = LocalAddress(interface: "docker0", text: "172.17.0.1")
        let tunnel = LocalAddress(interface: "tun0", text: "10.8.0.2")
        let lost = LocalAddress(interface: "eth1", text: "169.254.3.4")
        let open = LocalAddress(interface: "eth0", text: "198.51.100.3")
        #expect(LocalAddress.reachable(among: [docker, wifi, tunnel, lost]) == [wifi])
        #expect(LocalAddress.reachable(among: [wifi, cable, open]) == [wifi, cable])
        #expect(LocalAddress.reachable(among: [open, docker]) == [open])
        #expect(LocalAddress.reachable(among: [docker, lost]) == [docker])
        #expect(LocalAddress.reachable(among: []) == [])
        for address in LocalAddress.all() {
            #expect(IPAddress(address.text)?.isLoopback == false && !address.interface.isEmpty)
        }
    }

    @Test func `a setup for IPv6 has brackets in its URL`() throws {
        let random = [UInt8](repeating: 1, count: 32)
        let setup = try #require(ClassroomSetup(random: random, address: "fd00::7", port: 8080, dataDir: "./d\"x"))
        #expect(setup.publicURL == "http://[fd00::7]:8080")
        let loaded = ConfigurationLoader.load(
            file: ConfigurationFile(path: "x", bytes: Array(setup.json.utf8)), environment: [:], flags: [])
        #expect(try loaded.get().dataDir == "./d\"x")
    }
}
