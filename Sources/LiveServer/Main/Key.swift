// Owns `liveserver key`: a private key to sign access tokens with, and its public half as a set for whoever verifies
// them elsewhere. Never overwrites a file.

import ArgumentParser
import LiveKeys
import LiveServer

struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a private key for auth.signing_key, or shows the public half of one, as a key set (JWKS).")

    @Option(help: "ES256, RS256 or EdDSA.")
    var algorithm: String

    @Option(help: ArgumentHelp("New file for a new key, readable by its owner alone.", valueName: "file"))
    var out: String?

    @Option(name: .customLong("in"), help: ArgumentHelp("File with a key that exists.", valueName: "file"))
    var input: String?

    func run() throws {
        let algorithm = try known()
        if let out {
            let key = try SigningKey.generate(algorithm)
            if let failure = KeyFile.create(out, key.pem()) {
                throw CommandFailure("\(out): cannot be made: \(failure.sentence)")
            }
            return show(key)
        }
        guard let input else { throw ValidationError("--out for a new key, or --in for one that exists, is needed") }
        switch KeyFile.read(input, bytesMax: KeyLimits.pemBytesMax) {
        case .fresh(let pem, _, _):
            do throws(SigningKeyError) {
                show(try SigningKey(algorithm, pem: pem))
            } catch {
                throw CommandFailure("\(input): \(error.sentence)")
            }
        case .failed(let failure): throw CommandFailure("\(input): \(failure.sentence)")
        case .unchanged: preconditionFailure("a file is read whole")
        }
    }

    func validate() throws {
        _ = try known()
        guard (out == nil) != (input == nil) else {
            throw ValidationError("either --out for a new key or --in for one that exists is needed")
        }
    }

    private func known() throws -> SignatureAlgorithm {
        guard let algorithm = SignatureAlgorithm(rawValue: algorithm) else {
            let names = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--algorithm \(algorithm): allowed are \(names)")
        }
        return algorithm
    }

    private func show(_ key: SigningKey) {
        StandardStream.output.line(String(decoding: KeySet.json(publishing: key.publicKey), as: UTF8.self))
    }
}
