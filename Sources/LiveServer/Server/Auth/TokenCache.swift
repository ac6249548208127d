// Owns the tokens that were verified lately, found by the SHA-256 of their whole text, so that a reconnect or the next
// command by POST costs one hash. Positive results only; the verifier judges expiry again at every hit. A fixed number
// of slots in sets of four; nothing is allocated before the first token.

/// A bounded four-way cache from the digest of a token to its claims.
package struct TokenCache {
    /// A SHA-256 digest as words.
    package struct Key: Equatable, Sendable {
        var words: (UInt64, UInt64, UInt64, UInt64)

        init(_ digest: UnsafeRawBufferPointer) {
            precondition(digest.count == SHA256Digest.digestBytes, "a cache key is a SHA-256 digest")
            words = (
                digest.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                digest.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                digest.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            )
        }

        /// Looks at all words whatever the first ones say.
        package static func == (left: Key, right: Key) -> Bool {
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) | (left.words.2 ^ right.words.2)
                | (left.words.3 ^ right.words.3) == 0
        }
    }

    private struct Slot {
        let key: Key
        let token: AccessToken
    }

    private static let ways = 4
    private let sets: Int
    private var slots: [Slot?] = []

    /// `capacity` tokens, rounded up to a power of two of at least four.
    init(capacity: Int) {
        precondition((1...1_000_000).contains(capacity), "a token cache holds 1 to 1,000,000 tokens")
        var sets = 1
        while sets * Self.ways < capacity { sets *= 2 }
        self.sets = sets
    }

    /// The token with this digest, expired or not.
    func find(_ key: Key) -> AccessToken? {
        guard !slots.isEmpty else { return nil }
        let first = firstSlot(of: key)
        for index in first..<(first + Self.ways) {
            if let slot = slots[index], slot.key == key { return slot.token }
        }
        return nil
    }

    /// Keeps a token in place of an empty or expired one, else of one that its digest picks.
    mutating func insert(_ key: Key, _ token: AccessToken, nowS: Int64) {
        if slots.isEmpty { slots = [Slot?](repeating: nil, count: sets * Self.ways) }
        let first = firstSlot(of: key)
        var chosen = first + Int(key.words.1 % UInt64(Self.ways))
        for index in first..<(first + Self.ways) {
            guard let slot = slots[index], slot.token.expS > nowS, slot.key != key else {
                chosen = index
                break
            }
        }
        slots[chosen] = Slot(key: key, token: token)
    }

    /// Forgets all tokens.
    mutating func removeAll() { slots.removeAll() }

    private func firstSlot(of key: Key) -> Int { Int(key.words.0 % UInt64(sets)) * Self.ways }
}
