// Owns `liveserver init`: a configuration file with a random key and an address that phones can reach. Never overwrites
// a file unless told to: the key in it signs everybody in.

import ArgumentParser
import LiveServer

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a configuration with a key and an address that phones can reach.")

    @Option(help: "File to write.")
    var config = "liveclassroom.json"

    @Option(help: "Address or host name that phones use; found by itself where there is only one.")
    var address: String?

    @Option(help: "Port to listen on.")
    var port = 8080

    @Option(help: "Folder of journal and databases.")
    var dataDir = "./data"

    @Flag(help: "Replaces an existing file, and its key: everybody has to join again.")
    var force = false

    func run() throws {
        let random = SystemRandom.bytes(ClassroomSetup.randomBytes)
        let address = try reachableAddress()
        guard let setup = ClassroomSetup(random: random, address: address, port: port, dataDir: dataDir) else {
            throw ValidationError(
                "--address \(address) --port \(port): an IP address or host name and a port of 1…65535 are needed")
        }
        let file = ConfigurationFile(path: config, bytes: Array(setup.json.utf8))
        // What is written must be what `serve` accepts.
        if case .failure(let failure) = ConfigurationLoader.load(file: file, environment: [:], flags: []) {
            throw ValidationError(failure.description)
        }
        if let problem = file.write(overwrite: force) { throw CommandFailure(problem.description) }
        StandardStream.output.line(
            """
            wrote \(config) with a new key, readable by you alone
            people will reach the class at \(setup.publicURL)/
            start it with: liveserver serve --config \(config)
            """)
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
