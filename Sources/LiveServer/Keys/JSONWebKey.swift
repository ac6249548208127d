// Owns one public key as a JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037 §2): reading one strictly for the configured
// algorithm, and writing ours. Never a symmetric or private key: one that shows its secret is refused.

import LiveProtocol

/// Why a key of a set is left out.
package enum JSONWebKeyRefusal: String, Error, Sendable {
    /// Another kind of key, curve, use or algorithm: a set may hold keys that are not ours.
    case notForUs
    /// A member is missing or of another form.
    case malformed
    /// It shows a private member: it is no secret any more.
    case privateMember
    /// Too small, too large, or not on its curve.
    case unsound
}

enum JSONWebKey {
    /// The key with its id, nil where it has none.
    static func read(
        _ value: JSONValue, for algorithm: SignatureAlgorithm
    ) throws(JSONWebKeyRefusal) -> (kid: String?, key: VerificationKey) {
        guard value.kind == .object else { throw .malformed }
        try checkPurpose(value, algorithm)
        guard value["d"] == nil, value["p"] == nil, value["q"] == nil, value["k"] == nil else { throw .privateMember }
        var kid: String?
        if let id = value["kid"] {
            guard let text = id.string, (1...KeyLimits.kidBytesMax).contains(text.utf8.count) else { throw .malformed }
            kid = text
        }
        let key: VerificationKey?
        switch algorithm {
        case .es256: key = VerificationKey(p256X: try bytes(value["x"]), y: try bytes(value["y"]))
        case .rs256: key = VerificationKey(rsaModulus: try bytes(value["n"]), exponent: try bytes(value["e"]))
        case .edDSA: key = VerificationKey(ed25519: try bytes(value["x"]))
        }
        guard let key else { throw .unsound }
        return (kid, key)
    }

    /// Kind, curve, use, operations and algorithm, each where it is there.
    private static func checkPurpose(_ value: JSONValue, _ algorithm: SignatureAlgorithm) throws(JSONWebKeyRefusal) {
        guard let kind = value["kty"]?.string else { throw .malformed }
        let isOurs =
            switch algorithm {
            case .es256: kind == "EC" && value["crv"]?.string == "P-256"
            case .rs256: kind == "RSA"
            case .edDSA: kind == "OKP" && value["crv"]?.string == "Ed25519"
            }
        guard isOurs, value["use"].map({ $0.string == "sig" }) ?? true,
            value["alg"].map({ $0.string == algorithm.rawValue }) ?? true
        else { throw .notForUs }
        if let operations = value["key_ops"] {
            guard operations.kind == .array else { throw .malformed }
            guard operations.elements.contains(where: { $0.string == "verify" }) else { throw .notForUs }
        }
    }

    private static func bytes(_ value: JSONValue?) throws(JSONWebKeyRefusal) -> [UInt8] {
        guard let text = value?.string, !text.isEmpty, let bytes = Base64.decodeURL(text) else { throw .malformed }
        return bytes
    }

    /// Writes a public key of ours.
    static func write(_ key: VerificationKey, kid: String, to json: inout JSONWriter) {
        json.beginObject()
        switch key.algorithm {
        case .es256:
            json.field("kty", "EC")
            json.field("crv", "P-256")
            json.field("x", Base64.encodeURL(Array(key.spki.suffix(64).prefix(32))))
            json.field("y", Base64.encodeURL(Array(key.spki.suffix(32))))
        case .edDSA:
            json.field("kty", "OKP")
            json.field("crv", "Ed25519")
            json.field("x", Base64.encodeURL(Array(key.spki.suffix(32))))
        case .rs256:
            let numbers = rsaNumbers(key.spki)
            json.field("kty", "RSA")
            json.field("n", Base64.encodeURL(numbers.n))
            json.field("e", Base64.encodeURL(numbers.e))
        }
        json.field("use", "sig")
        json.field("alg", key.algorithm.rawValue)
        json.field("kid", kid)
        json.endObject()
    }

    private static func rsaNumbers(_ spki: [UInt8]) -> (n: [UInt8], e: [UInt8]) {
        var rest = spki[...]
        guard var whole = DER.take(DER.sequence, from: &rest), DER.take(DER.sequence, from: &whole) != nil,
            let bits = DER.take(DER.bitString, from: &whole)
        else { preconditionFailure("OpenSSL took this key apart before") }
        var inner = bits.dropFirst()
        guard var numbers = DER.take(DER.sequence, from: &inner), let n = DER.take(DER.integer, from: &numbers),
            let e = DER.take(DER.integer, from: &numbers)
        else { preconditionFailure("OpenSSL took this key apart before") }
        return (Array(n.drop { $0 == 0 }), Array(e.drop { $0 == 0 }))
    }
}
