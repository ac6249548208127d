// Owns a reactor's door for access tokens: the cache of those seen lately, the tokens that are judged at once, and the
// questions for those whose signature takes a worker. Never fetches keys, never reads the clock, never waits. One a
// reactor, on its thread.

import LiveProtocol

/// A token that a worker must judge.
package struct TokenQuestion: Sendable {
    /// The SHA-256 under which the reactor will remember it.
    let key: TokenCache.Key
    /// The token.
    let compact: [UInt8]
}

/// What the door says at once.
package enum TokenStart: Sendable {
    case done(TokenVerdict)
    case asked(TokenQuestion)
}

/// Verifies access tokens.
///
/// Costs about three microseconds for a new token by HMAC and one hash for any token seen lately. Not Sendable: each
/// reactor has its own, with its own contexts, JSON storage and cache.
package final class TokenVerifier {
    /// Tokens that the cache remembers by default: about 600 bytes each with their claims.
    package static let cacheCapacityDefault = 2_048

    private let judge: TokenJudge
    private let digest = SHA256Digest()
    private var cache: TokenCache
    /// Keys lost when the cache was last emptied.
    private var lossesSeen: UInt64 = 0

    /// A verifier with an empty cache of at least `cacheCapacity` tokens.
    package init(settings: TokenSettings, cacheCapacity: Int = TokenVerifier.cacheCapacityDefault) {
        judge = TokenJudge(settings: settings)
        cache = TokenCache(capacity: cacheCapacity)
    }

    /// Judges a compact token at `nowS`, seconds since 1970, as far as that takes no worker. `.expired` is given only
    /// where all else is right, so that a holder may be told to renew. `keyLosses`: see `KeyRing.lossCount`.
    package func begin(_ compact: UnsafeRawBufferPointer, nowS: Int64, keyLosses: UInt64 = 0) -> TokenStart {
        guard (1...TokenLimits.compactBytesMax).contains(compact.count) else { return .done(.bad(.malformed)) }
        if keyLosses != lossesSeen {
            // What a lost key signed is not to be trusted any longer than the key.
            cache.removeAll()
            lossesSeen = keyLosses
        }
        let key = withUnsafeTemporaryAllocation(byteCount: SHA256Digest.digestBytes, alignment: 8) { space in
            digest.hash(compact, into: space)
            return TokenCache.Key(UnsafeRawBufferPointer(space))
        }
        if let known = cache.find(key) { return .done(known.expS > nowS ? .good(known) : .bad(.expired)) }
        guard judge.isOwn(compact) else { return .asked(TokenQuestion(key: key, compact: [UInt8](compact))) }
        do throws(TokenError) {
            let token = try judge.own(compact, nowS: nowS)
            cache.insert(key, token, nowS: nowS)
            return .done(.good(token))
        } catch {
            return .done(.bad(error))
        }
    }

    /// Remembers what a worker found good. `keyLosses` is that of the moment at which it was asked: a key that was lost
    /// since may be the one.
    package func learn(_ key: TokenCache.Key, _ token: AccessToken, nowS: Int64, keyLosses: UInt64) {
        if keyLosses == lossesSeen { cache.insert(key, token, nowS: nowS) }
    }

    /// Judges a token that takes no worker; one that does is refused.
    package func verify(_ compact: UnsafeRawBufferPointer, nowS: Int64) -> Result<AccessToken, TokenError> {
        switch begin(compact, nowS: nowS) {
        case .done(.good(let token)): .success(token)
        case .done(.bad(let error)): .failure(error)
        case .done(.unavailable), .asked: .failure(.badAlgorithm)
        }
    }

    /// The same for text.
    package func verify(_ compact: String, nowS: Int64) -> Result<AccessToken, TokenError> {
        var compact = compact
        return compact.withUTF8 { verify(UnsafeRawBufferPointer($0), nowS: nowS) }
    }
}
