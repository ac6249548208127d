// Owns the promises of issuers' keys: any text is a key set or none; a key that is taken is published and read again as
// the same key; DER is never read beyond its end, and a signature has one DER form.

@testable import LiveKeys
@testable import LiveProtocol

enum FuzzedKeys {
    static func run(_ input: [UInt8]) {
        elements(input)
        signatures(input)
        for algorithm in [SignatureAlgorithm.es256, .rs256, .edDSA] {
            guard let set = try? KeySet(input, for: algorithm) else { continue }
            promise(set.count > 0, "a set without keys")
            promise(set.keepsAll(of: set), "a set that differs from itself")
            if let key = set.key(nil) { publish(key) }
        }
    }

    private static func publish(_ key: VerificationKey) {
        guard let again = try? KeySet(KeySet.json(publishing: key), for: key.algorithm) else {
            preconditionFailure("a published key is refused")
        }
        promise(again.key(KeySet.id(of: key))?.spki == key.spki, "a published key is another")
        let message: [UInt8] = [1, 2, 3]
        let isValid = message.withUnsafeBytes { text in
            [UInt8](repeating: 7, count: 64).withUnsafeBytes { key.verifies($0, of: text) }
        }
        promise(!isValid, "a signature by chance holds")
    }

    private static func elements(_ input: [UInt8]) {
        for tag in [DER.sequence, DER.integer, DER.bitString] {
            var rest = input[...]
            guard let content = DER.take(tag, from: &rest) else {
                promise(rest.count == input.count, "takes where it refuses")
                continue
            }
            promise(content.count + rest.count < input.count, "an element without a head")
            promise(content.endIndex == rest.startIndex, "an element beyond its end")
        }
    }

    private static func signatures(_ input: [UInt8]) {
        let raw = Array(input.prefix(64))
        if let der = raw.withUnsafeBytes({ ECDSASignature.der(raw: $0) }) {
            promise(ECDSASignature.raw(der: der) == raw, "a signature is another in DER")
        }
        if let raw = ECDSASignature.raw(der: input) { promise(raw.count == 64, "a signature of another length") }
    }
}
