// Owns a set of public keys as an issuer publishes it (JWKS, RFC 7517 §5) and the look-up by id. Immutable: another
// answer of the issuer is another set. Never fetches. At most 64 keys and 256 KiB.

internal import LiveProtocol

/// Why a text is not a usable set.
package enum KeySetError: Error, Equatable, Sendable {
    /// Not one JSON object with a list `keys`, within the limits.
    case malformed
    /// Nothing in it can verify a token of the configured algorithm.
    case noUsableKey

    /// A sentence for the log.
    package var sentence: String {
        switch self {
        case .malformed: "it is not a key set: a JSON object with a list called keys"
        case .noUsableKey: "it holds no key that could verify a token of the configured algorithm"
        }
    }
}

/// Public keys by their ids.
package struct KeySet: Sendable {
    private var byID: [String: VerificationKey] = [:]
    /// The only key of a set of one, which tokens need not name.
    private var only: VerificationKey?
    /// Keys of the set that were left out, and why.
    package private(set) var refused: [JSONWebKeyRefusal] = []

    /// Keys that may verify.
    package var count: Int { byID.isEmpty ? (only == nil ? 0 : 1) : byID.count }

    /// Reads a set for `algorithm`. Keys of other kinds are left out; of two with one id neither is taken.
    package init(_ bytes: [UInt8], for algorithm: SignatureAlgorithm) throws(KeySetError) {
        let limits = JSONLimits(bytesMax: KeyLimits.setBytesMax, depthMax: 8, nodesMax: 8_192)
        guard let document = try? JSONDocument.parse(bytes, limits: limits), let keys = document["keys"],
            keys.kind == .array, keys.count <= KeyLimits.keysMax
        else { throw .malformed }
        var nameless: [VerificationKey] = []
        var twice: Set<String> = []
        for value in keys.elements {
            do throws(JSONWebKeyRefusal) {
                let (kid, key) = try JSONWebKey.read(value, for: algorithm)
                guard let kid else {
                    nameless.append(key)
                    continue
                }
                if byID.updateValue(key, forKey: kid) != nil { twice.insert(kid) }
            } catch {
                refused.append(error)
            }
        }
        for kid in twice {
            byID[kid] = nil
            refused.append(.malformed)
        }
        if nameless.count + byID.count == 1 { only = nameless.first ?? byID.values.first }
        if only == nil { refused += nameless.map { _ in .malformed } }
        guard only != nil || !byID.isEmpty else { throw .noUsableKey }
    }

    /// A set of one key of ours.
    package init(_ key: VerificationKey) {
        byID[KeySet.id(of: key)] = key
        only = key
    }

    /// The key that a token asks for by `kid`; without one the only key of the set.
    package func key(_ kid: String?) -> VerificationKey? {
        guard let kid else { return only }
        return byID[kid]
    }

    /// This set with a key of ours, which issuers' keys don't replace and tokens must name.
    package func adding(_ key: VerificationKey) -> KeySet {
        var set = self
        set.byID[KeySet.id(of: key)] = key
        return set
    }

    /// Whether every key of `old` is still there under its id: then what was verified stays so.
    package func keepsAll(of old: KeySet) -> Bool {
        old.byID.allSatisfy { byID[$0.key]?.spki == $0.value.spki }
            && (old.only == nil || only?.spki == old.only?.spki)
    }

    /// The id of a key of ours: its SHA-256, so that every node computes the same.
    package static func id(of key: VerificationKey) -> String { Base64.encodeURL(SHA256.digest(key.spki)) }

    /// A set with the public half of a key of ours, for those who verify its tokens elsewhere.
    package static func json(publishing key: VerificationKey) -> [UInt8] {
        var json = JSONWriter(reserving: 1_024)
        json.beginObject()
        json.key("keys")
        json.beginArray()
        JSONWebKey.write(key, kid: id(of: key), to: &json)
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
