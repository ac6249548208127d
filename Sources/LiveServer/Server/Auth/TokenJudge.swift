// Owns the judgement of one compact token: JWS (RFC 7515) with a JWT payload (RFC 7519), checked as RFC 8725 advises.
// The algorithm comes from the settings, `none` and `crit` are refused, keys within a token (`jwk`, `jku`, `x5u`) are
// never looked at, and the payload is not parsed before the signature holds. Never fetches, never reads a clock. At
// most 4 KiB a token. One a thread.

package import LiveKeys
import LiveProtocol

/// What became of a token.
package enum TokenVerdict: Sendable {
    case good(AccessToken)
    case bad(TokenError)
    /// Its key is being looked for: nothing can be said now.
    case unavailable
}

/// Judges tokens. Not Sendable: each thread has its own, with its own context and JSON storage.
package final class TokenJudge {
    /// Bytes of a `kid`: longer ones are refused unread.
    static let kidBytesMax = KeyLimits.kidBytesMax

    private let settings: TokenSettings
    private let mac: HMACSHA256
    private let ownHeader: [UInt8]
    private let reader = JSONReader()
    /// The last header segment of HS256 that was found good: issuers send the same one with every token.
    private var goodHeader: [UInt8] = []
    private let jsonLimits = JSONLimits(
        bytesMax: TokenLimits.compactBytesMax, depthMax: TokenLimits.jsonDepthMax, nodesMax: TokenLimits.jsonNodesMax)

    /// A judge under the settings.
    package init(settings: TokenSettings) {
        self.settings = settings
        mac = HMACSHA256(key: settings.ownSecret)
        ownHeader = Array(settings.ownHeader.utf8)
    }

    /// Whether a token is judged here and now, by HMAC: all of them with HS256, else those that the node signed itself,
    /// which all begin with the same bytes.
    func isOwn(_ compact: UnsafeRawBufferPointer) -> Bool {
        if settings.algorithm == .hs256 { return true }
        guard compact.count > ownHeader.count, compact[ownHeader.count] == UInt8(ascii: ".") else { return false }
        return compact[..<ownHeader.count].elementsEqual(ownHeader)
    }

    /// Judges a token that `isOwn`, at `nowS` in seconds since 1970. About three microseconds.
    func own(_ compact: UnsafeRawBufferPointer, nowS: Int64) throws(TokenError) -> AccessToken {
        let parts = try TokenParts(compact)
        try checkOwnHeader(parts.header)
        let holds = withUnsafeTemporaryAllocation(byteCount: HMACSHA256.tagBytes, alignment: 8) { tag in
            mac.authenticate(parts.message, into: tag)
            return parts.signature.withUnsafeBytes { equalInConstantTime(UnsafeRawBufferPointer(tag), $0) }
        }
        guard holds else { throw .badSignature }
        return try claims(parts.payload, issuer: settings.ownIssuer, nowS: nowS)
    }

    /// Judges a token of the issuer by its public keys; on a worker's thread. `lookUp` gives the key of a name.
    package func issued(
        _ compact: UnsafeRawBufferPointer, nowS: Int64, lookUp: (String?) -> KeyLookup
    ) -> TokenVerdict {
        do throws(TokenError) {
            let parts = try TokenParts(compact)
            let header = try object(parts.header)
            try checkType(header)
            guard header["alg"]?.string == settings.algorithm.rawValue, settings.algorithm.signature != nil else {
                throw .badAlgorithm
            }
            let key: VerificationKey
            switch lookUp(try kid(header)) {
            case .found(let known): key = known
            case .coming: return .unavailable
            case .unknown: throw .unknownKey
            }
            precondition(key.algorithm == settings.algorithm.signature, "a ring holds keys of one algorithm")
            guard parts.signature.withUnsafeBytes({ key.verifies($0, of: parts.message) }) else { throw .badSignature }
            return .good(try claims(parts.payload, issuer: settings.issuer, nowS: nowS))
        } catch {
            return .bad(error)
        }
    }

    private func checkOwnHeader(_ segment: UnsafeRawBufferPointer) throws(TokenError) {
        if !goodHeader.isEmpty, segment.elementsEqual(goodHeader) { return }
        let header = try object(segment)
        try checkType(header)
        // With public keys the node's own header has one spelling, and it was compared before.
        guard header["alg"]?.string == TokenAlgorithm.hs256.rawValue else { throw .badAlgorithm }
        _ = try kid(header)
        goodHeader = [UInt8](segment)
    }

    /// What a header may say beside algorithm and key.
    private func checkType(_ header: JSONValue) throws(TokenError) {
        guard header["crit"] == nil else { throw .criticalExtension }
        // A token within a token (RFC 7519 §5.2) is never unpacked.
        guard header["cty"] == nil else { throw .wrongType }
        guard let type = header["typ"] else { return }
        switch type.string?.lowercased() {
        case "jwt", "at+jwt", "application/at+jwt": return
        default: throw .wrongType
        }
    }

    private func kid(_ header: JSONValue) throws(TokenError) -> String? {
        guard let value = header["kid"] else { return nil }
        guard let kid = value.string, (1...Self.kidBytesMax).contains(kid.utf8.count) else { throw .malformed }
        return kid
    }

    private func claims(
        _ segment: UnsafeRawBufferPointer, issuer: String, nowS: Int64
    ) throws(TokenError) -> AccessToken {
        try ClaimReader(object(segment)).token(issuer: issuer, settings: settings, nowS: nowS)
    }

    private func object(_ segment: UnsafeRawBufferPointer) throws(TokenError) -> JSONValue {
        guard let bytes = Base64.decodeURL(segment), let document = try? reader.parse(bytes, limits: jsonLimits),
            document.root.kind == .object
        else { throw .malformed }
        return document.root
    }
}

/// A compact token taken apart; the pieces point into it.
private struct TokenParts {
    let header: UnsafeRawBufferPointer
    let payload: UnsafeRawBufferPointer
    /// Header and payload with their dot: what is signed.
    let message: UnsafeRawBufferPointer
    let signature: [UInt8]

    init(_ compact: UnsafeRawBufferPointer) throws(TokenError) {
        let dot = UInt8(ascii: ".")
        guard (1...TokenLimits.compactBytesMax).contains(compact.count), let headerEnd = compact.firstIndex(of: dot),
            let payloadEnd = compact[(headerEnd + 1)...].firstIndex(of: dot),
            let signature = Base64.decodeURL(UnsafeRawBufferPointer(rebasing: compact[(payloadEnd + 1)...]))
        else { throw .malformed }
        header = UnsafeRawBufferPointer(rebasing: compact[..<headerEnd])
        payload = UnsafeRawBufferPointer(rebasing: compact[(headerEnd + 1)..<payloadEnd])
        message = UnsafeRawBufferPointer(rebasing: compact[..<payloadEnd])
        self.signature = signature
    }
}
