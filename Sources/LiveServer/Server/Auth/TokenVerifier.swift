// Owns the judgement of access tokens: compact JWS (RFC 7515) with a JWT payload (RFC 7519), checked as RFC 8725
// advises. The algorithm comes from the settings, `none` and `crit` are refused, the payload is not parsed before the
// signature holds. Never fetches keys, never reads the clock. At most 4 KiB a token; one verifier a reactor, on its
// thread.

import LiveProtocol
import Rooms

/// Verifies access tokens under one key.
///
/// Costs about three microseconds for a new token and one hash for a token seen lately. Not Sendable: each reactor has
/// its own, with its own contexts, JSON storage and cache.
package final class TokenVerifier {
    /// Tokens that the cache remembers by default: about 600 bytes each with their claims.
    package static let cacheCapacityDefault = 2_048

    private let settings: TokenSettings
    private let mac: HMACSHA256
    private let digest = SHA256Digest()
    private let reader = JSONReader()
    private var cache: TokenCache
    /// The last header segment that was found good: issuers send the same one with every token.
    private var goodHeader: [UInt8] = []
    private let jsonLimits = JSONLimits(
        bytesMax: TokenLimits.compactBytesMax, depthMax: TokenLimits.jsonDepthMax, nodesMax: TokenLimits.jsonNodesMax)

    /// A verifier with an empty cache of at least `cacheCapacity` tokens.
    package init(settings: TokenSettings, cacheCapacity: Int = TokenVerifier.cacheCapacityDefault) {
        self.settings = settings
        mac = HMACSHA256(key: settings.key.secret)
        cache = TokenCache(capacity: cacheCapacity)
    }

    /// Judges a compact token at `nowS`, seconds since 1970. `.expired` is given only where all else is right, so that
    /// a holder may be told to renew.
    package func verify(_ compact: UnsafeRawBufferPointer, nowS: Int64) -> Result<AccessToken, TokenError> {
        guard (1...TokenLimits.compactBytesMax).contains(compact.count) else { return .failure(.malformed) }
        let key = withUnsafeTemporaryAllocation(byteCount: SHA256Digest.digestBytes, alignment: 8) { space in
            digest.hash(compact, into: space)
            return TokenCache.Key(UnsafeRawBufferPointer(space))
        }
        if let known = cache.find(key) { return known.expS > nowS ? .success(known) : .failure(.expired) }
        do {
            let token = try judge(compact, nowS: nowS)
            cache.insert(key, token, nowS: nowS)
            return .success(token)
        } catch {
            return .failure(error)
        }
    }

    /// The same for text.
    package func verify(_ compact: String, nowS: Int64) -> Result<AccessToken, TokenError> {
        var compact = compact
        return compact.withUTF8 { verify(UnsafeRawBufferPointer($0), nowS: nowS) }
    }

    private func judge(_ compact: UnsafeRawBufferPointer, nowS: Int64) throws(TokenError) -> AccessToken {
        let dot = UInt8(ascii: ".")
        guard let headerEnd = compact.firstIndex(of: dot),
            let payloadEnd = compact[(headerEnd + 1)...].firstIndex(of: dot)
        else { throw .malformed }
        let header = UnsafeRawBufferPointer(rebasing: compact[..<headerEnd])
        let payload = UnsafeRawBufferPointer(rebasing: compact[(headerEnd + 1)..<payloadEnd])
        let signature = UnsafeRawBufferPointer(rebasing: compact[(payloadEnd + 1)...])
        try checkHeader(header)
        try checkSignature(signature, of: UnsafeRawBufferPointer(rebasing: compact[..<payloadEnd]))
        let claims = try ClaimReader(object(payload))
        return try claims.token(settings: settings, nowS: nowS)
    }

    private func checkHeader(_ segment: UnsafeRawBufferPointer) throws(TokenError) {
        if !goodHeader.isEmpty, segment.elementsEqual(goodHeader) { return }
        let header = try object(segment)
        guard header["crit"] == nil else { throw .criticalExtension }
        guard header["alg"]?.string == settings.algorithm.rawValue else { throw .badAlgorithm }
        goodHeader = [UInt8](segment)
    }

    private func checkSignature(
        _ segment: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer
    ) throws(TokenError) {
        guard let signature = Base64.decodeURL(segment) else { throw .malformed }
        let holds = withUnsafeTemporaryAllocation(byteCount: HMACSHA256.tagBytes, alignment: 8) { tag in
            mac.authenticate(message, into: tag)
            return signature.withUnsafeBytes { equalInConstantTime(UnsafeRawBufferPointer(tag), $0) }
        }
        guard holds else { throw .badSignature }
    }

    private func object(_ segment: UnsafeRawBufferPointer) throws(TokenError) -> JSONValue {
        guard let bytes = Base64.decodeURL(segment), let document = try? reader.parse(bytes, limits: jsonLimits),
            document.root.kind == .object
        else { throw .malformed }
        return document.root
    }
}
