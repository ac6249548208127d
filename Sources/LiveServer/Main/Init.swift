// Owns `liveserver init`: a configuration file with a random key, an address that phones can reach and a certificate of
// its own. Never overwrites a file unless told to: the key in it signs everybody in.

import ArgumentParser
import Glibc
import LiveServer
import LiveTLS

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a configuration with a key, TLS and an address that phones can reach.")

    @Option(help: "File to write.")
    var config = "liveclassroom.json"

    @Option(help: "Address or host name that phones use; found by itself where there is only one.")
    var address: String?

    @Option(help: "Port to listen on.")
    var port = 8080

    @Option(help: "Folder of journal and databases.")
    var dataDir = "./data"

    @Option(help: "Certificate with its chain (PEM) to use in place of a self-signed one; needs --key.")
    var certificate: String?

    @Option(help: "Private key (PEM) of --certificate.")
    var key: String?

    @Flag(name: .customLong("no-tls"), help: "Plain HTTP: behind a proxy that speaks TLS, or for a try.")
    var noTLS = false

    @Flag(help: "Replaces an existing file, and its key: everybody has to join again.")
    var force = false

    func run() throws {
        let random = SystemRandom.bytes(ClassroomSetup.randomBytes)
        let address = try reachableAddress()
        let identity = noTLS ? nil : identityFiles
        guard
            let setup = ClassroomSetup(
                random: random, address: address, port: port, dataDir: dataDir, tls: identity)
        else {
            throw ValidationError(
                "--address \(address) --port \(port): an IP address or host name and a port of 1…65535 are needed")
        }
        let file = ConfigurationFile(path: config, bytes: Array(setup.json.utf8))
        // What is written must be what `serve` accepts.
        if case .failure(let failure) = ConfigurationLoader.load(file: file, environment: [:], flags: []) {
            throw ValidationError(failure.description)
        }
        let made = identity != nil && certificate == nil ? try selfSigned(for: address) : nil
        if let problem = file.write(overwrite: force) { throw CommandFailure(problem.description) }
        if let made, let identity { try write(made, identity) }
        StandardStream.output.line(
            """
            wrote \(config) with a new key, readable by you alone
            people will reach the class at \(setup.publicURL)/
            start it with: liveserver serve --config \(config)
            """)
        if made != nil {
            StandardStream.output.line(
                """
                its certificate is self-signed (\(identityFiles.certificate)): browsers ask once whether to go on;
                for a certificate that they know: --certificate and --key; for plain HTTP: --no-tls
                """)
        }
    }

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key belong together")
        }
        guard !noTLS || certificate == nil else { throw ValidationError("--no-tls needs no --certificate") }
    }

    /// Those that were given, or beside the configuration.
    private var identityFiles: TLSIdentityFiles {
        if let certificate, let key { return TLSIdentityFiles(certificate: certificate, key: key) }
        let base = config.hasSuffix(".json") ? String(config.dropLast(5)) : config
        return TLSIdentityFiles(certificate: base + ".crt", key: base + ".key")
    }

    /// For the address, and for this machine itself.
    private func selfSigned(for address: String) throws -> TLSSelfSigned {
        let isLiteral = IPAddress(address) != nil
        do {
            return try TLSSelfSigned(
                names: (isLiteral ? [] : [address]) + ["localhost"],
                addresses: (isLiteral ? [address] : []) + ["127.0.0.1"])
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    /// Writes both files; where one cannot be written, the configuration goes again, so that nothing is half made.
    private func write(_ made: TLSSelfSigned, _ files: TLSIdentityFiles) throws {
        for (path, bytes) in [(files.certificate, made.certificate), (files.key, made.key)] {
            guard let problem = ConfigurationFile(path: path, bytes: bytes).write(overwrite: force) else { continue }
            unlink(config)
            throw CommandFailure(problem.description)
        }
    }

    private func reachableAddress() throws -> String {
        if let address { return address }
        let found = LocalAddress.reachable(among: LocalAddress.all())
        guard let first = found.first else {
            throw CommandFailure("this machine has no address that phones could reach: give one with --address")
        }
        guard found.count == 1 else {
            let list = found.map { "  --address \($0.text)   (\($0.interface))" }.joined(separator: "\n")
            throw CommandFailure("this machine has several addresses; choose the one that phones can reach:\n\(list)")
        }
        return first.text
    }
}
