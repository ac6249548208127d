// Owns an issuer of tokens as the tests play it: its private key, the set that it publishes, and tokens by its hand or
// by a forger's. Never the node's own tokens: those are ServerUnderTest's.

import Foundation
import LiveKeys
import LiveProtocol
import LiveServer
import LiveTestSupport
import Rooms

/// An issuer with one key.
final class TestIssuer {
    let algorithm: TokenAlgorithm
    let key: SigningKey
    let folder = TemporaryDirectory("issuer")
    private let settings: TokenSettings

    init(_ algorithm: TokenAlgorithm) throws {
        guard let signature = algorithm.signature else { throw IntegrationFailure("HMAC has no issuer") }
        self.algorithm = algorithm
        key = try SigningKey.generate(signature)
        settings = TokenSettings(
            key: .development, algorithm: algorithm, issuer: "liveclassroom", audience: "liveclassroom")
        try publish([self])
    }

    /// Where the set stands as a file.
    var file: String { folder.path("jwks.json") }

    /// The set as the issuer publishes it.
    var set: String { String(decoding: KeySet.json(publishing: key.publicKey), as: UTF8.self) }

    /// Puts other keys into the file.
    func publish(_ issuers: [TestIssuer]) throws {
        let keys = issuers.map { $0.set.dropFirst("{\"keys\":[".count).dropLast(2) }
        try folder.write("jwks.json", Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
    }

    /// What a node is told of this issuer.
    var nodeSettings: [String] { ["auth.algorithm=\(algorithm.rawValue)", "auth.jwks_file=\(file)"] }

    /// A token; `by` signs in the issuer's name with another key.
    func token(
        _ sub: String, _ role: Role = .student, room: String, ttlS: Int64 = 3_600, by forger: SigningKey? = nil
    ) throws -> String {
        guard let participant = ParticipantID(sub), let pattern = RoomPattern(room) else {
            throw IntegrationFailure("\(sub) or \(room) is no id")
        }
        let nowS = Int64(Date().timeIntervalSince1970)
        let claims = TokenClaims(
            sub: participant, role: role, rooms: [pattern], expS: nowS + ttlS, iatS: nowS + min(0, ttlS) - 1)
        let token = TokenMint.mint(claims, settings: settings, key: key)
        guard let forger else { return token }
        let message = token.split(separator: ".").prefix(2).joined(separator: ".")
        return message + "." + base64URL(forger.sign(Array(message.utf8)))
    }

    private func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

extension Classroom {
    /// The header that shows a token.
    static func bearer(_ token: String) -> HTTPField { ("Authorization", "Bearer \(token)") }

    /// A WebSocket under any token; returns at once.
    func knock(token: String?, _ options: AttachOptions = AttachOptions()) throws -> LiveSocket {
        try LiveSocket(port: node.port, path: livePath, token: token, options)
    }

    /// A WebSocket under any token, greeted.
    func enter(token: String) throws -> LiveSocket {
        let socket = try knock(token: token)
        _ = try socket.event("welcome")
        return socket
    }

    /// The answer to a request under a token.
    func ask(
        _ method: StaticString, _ path: String, token: String?, _ fields: [HTTPField] = [], body: [UInt8]? = nil
    ) throws -> HTTPResponse {
        let shown = token.map { [Self.bearer($0)] } ?? []
        return try HTTPClient(port: node.port).ask(method, path, shown + fields, body: body)
    }

    /// A ticket of a token.
    func ticket(_ token: String, room: String? = nil) throws -> String {
        let answer = try ask(
            "POST", "/v1/tickets", token: token, body: room.map { Command.object(["room": .text($0)]) } ?? [])
        guard answer.status == 200, let ticket = try answer.message()["ticket"]?.string else {
            throw IntegrationFailure("no ticket: \(answer.status) \(answer.text)")
        }
        return ticket
    }
}
