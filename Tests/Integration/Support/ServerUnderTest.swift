// Owns a real node under test: the built `liveserver` as a child process on a free port with a data folder and a key of
// its own, killed, ended and started again on the same folder and port. Nothing of it outlives the tests.

import Foundation
import LiveServer
import LiveTLS
import LiveTestSupport
import Rooms

/// A `liveserver serve` of the tests' own.
final class ServerUnderTest {
    /// The data folder's parent; standard error lies in it, too.
    let folder: TemporaryDirectory
    private(set) var port: UInt16 = 0
    private(set) var child: ChildProcess
    private let arguments: [String]
    private let environment: [String: String]
    private let tokens: TokenSettings

    /// Starts a node and waits until it says that it listens.
    /// - Parameters:
    ///   - settings: `key=value` as `--set` takes them.
    ///   - developmentKey: without a key of its own, as in the embedded default.
    ///   - tls: with a certificate of its own; `LIVE_TEST_TLS` asks for it everywhere.
    init(
        threads: Int = 1, settings: [String] = [], developmentKey: Bool = false,
        tls: Bool = ProcessInfo.processInfo.environment["LIVE_TEST_TLS"] != nil
    ) throws {
        folder = TemporaryDirectory("live-node")
        var settings = settings
        if tls {
            let made = try TLSSelfSigned(names: ["localhost"], addresses: ["127.0.0.1"])
            try folder.write("tls.crt", made.certificate)
            try folder.write("tls.key", made.key)
            settings += ["tls.certificate=\(folder.path("tls.crt"))", "tls.key=\(folder.path("tls.key"))"]
        }
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255) }
        let key = developmentKey ? TokenKey.development : try TokenKey(secret: secret)
        tokens = TokenSettings(key: key, issuer: "liveclassroom", audience: "liveclassroom")
        arguments =
            ["serve", "--threads", "\(threads)", "--data-dir", folder.path("data")]
            + settings.flatMap { ["--set", $0] }
        var variables = ["TMPDIR": folder.path, "PATH": "/usr/bin:/bin"]
        if !developmentKey { variables["LIVESERVER_TOKEN_KEY"] = secret.map { Self.hex($0) }.joined() }
        environment = variables
        child = try Self.start(arguments + ["--port", "0"], environment, folder)
        port = try Self.listening(child, folder)
    }

    /// The binary: beside the test bundle, or where `LIVESERVER_BIN` says.
    static var binary: String {
        if let path = ProcessInfo.processInfo.environment["LIVESERVER_BIN"] { return path }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (own as NSString).deletingLastPathComponent + "/liveserver"
    }

    /// Runs a command to its end, for those that are expected to refuse.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (ChildProcess.Ending, String)
    {
        let folder = TemporaryDirectory("live-command")
        var variables = environment
        variables["PATH"] = "/usr/bin:/bin"
        let child = try ChildProcess(
            binary, arguments, environment: variables, errorPath: folder.path("stderr"))
        let ending = try child.wait()
        return (ending, String(decoding: (try? folder.read("stderr")) ?? [], as: UTF8.self))
    }

    private static func start(
        _ arguments: [String], _ environment: [String: String], _ folder: TemporaryDirectory
    ) throws -> ChildProcess {
        try ChildProcess(binary, arguments, environment: environment, errorPath: folder.path("stderr"))
    }

    private static func listening(_ child: ChildProcess, _ folder: TemporaryDirectory) throws -> UInt16 {
        let deadline = Deadline(seconds: 30)
        while let line = try child.line(deadline) {
            guard line.hasPrefix("listening on http"), let colon = line.lastIndex(of: ":") else { continue }
            let digits = line[line.index(after: colon)...].prefix { $0.isNumber }
            guard let port = UInt16(digits), port > 0 else { continue }
            EncryptedPorts.note(port, isEncrypted: line.hasPrefix("listening on https:"))
            return port
        }
        let said = String(decoding: (try? folder.read("stderr")) ?? [], as: UTF8.self)
        throw IntegrationFailure("the server ended before it listened: \(said.suffix(2_000))")
    }

    // MARK: Its life

    /// Kills the node as a lost machine does: -9, no last word.
    func kill() throws {
        child.signal(SIGKILL)
        try child.wait()
    }

    /// Starts it again on the same folder and port, after it ended.
    func start() throws {
        precondition(child.ending != nil, "a node is started again after it ended")
        child = try Self.start(arguments + ["--port", "\(port)"], environment, folder)
        port = try Self.listening(child, folder)
    }

    /// Kills it and starts it again.
    func crashAndRestart() throws {
        try kill()
        try start()
    }

    /// Everything that it wrote to standard error, over all its lives.
    var standardError: String { String(decoding: (try? folder.read("stderr")) ?? [], as: UTF8.self) }

    /// Resident memory in KiB.
    func residentKiB() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(child.pid)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let value = line.split(separator: " ").compactMap({ Int($0) }).first
        else { throw IntegrationFailure("the process has no VmRSS") }
        return value
    }

    // MARK: Tokens

    /// An access token under this node's key.
    func token(
        _ sub: String, _ role: Role, room: String, name: String? = nil, ttlS: Int64 = 3_600
    ) throws -> String {
        guard let participant = ParticipantID(sub), let pattern = RoomPattern(room) else {
            throw IntegrationFailure("\(sub) or \(room) is no id")
        }
        let nowS = Int64(Date().timeIntervalSince1970)
        let claims = TokenClaims(
            sub: participant, name: name, role: role, rooms: [pattern], expS: nowS + ttlS,
            iatS: nowS + min(0, ttlS) - 1)
        return TokenMint.mint(claims, settings: tokens)
    }

    /// A token that this node's key did not sign.
    func forgedToken(_ sub: String, _ role: Role, room: String) throws -> String {
        guard let participant = ParticipantID(sub), let pattern = RoomPattern(room) else {
            throw IntegrationFailure("\(sub) or \(room) is no id")
        }
        let other = TokenSettings(
            key: try TokenKey(secret: [UInt8](repeating: 7, count: 32)), issuer: "liveclassroom",
            audience: "liveclassroom")
        let claims = TokenClaims(
            sub: participant, role: role, rooms: [pattern], expS: Int64(Date().timeIntervalSince1970) + 3_600)
        return TokenMint.mint(claims, settings: other)
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }
}
