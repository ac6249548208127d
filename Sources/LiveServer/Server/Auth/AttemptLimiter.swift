// Owns the limits on guessing from one address: a bucket of failed attempts each, in a table of fixed size whose
// emptiest buckets survive. Only failures count, since a whole school sits behind one address. Addresses never leave
// this table and are never logged.

/// A peer's address as the limits see it: an IPv4 address, or an IPv6 /64, which one household holds whole.
package struct AddressKey: Hashable, Sendable {
    private let family: UInt8
    private let value: UInt64

    /// The IPv4 address in host byte order.
    package init(ipv4: UInt32) {
        self.init(family: 4, value: UInt64(ipv4))
    }

    /// The 16 bytes of an IPv6 address in network order; a mapped IPv4 address (RFC 4291 §2.5.5.2) is that IPv4
    /// address.
    package init(ipv6 bytes: [UInt8]) {
        precondition(bytes.count == 16, "an IPv6 address has 16 bytes")
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
            self.init(ipv4: bytes[12...].reduce(0) { $0 << 8 | UInt32($1) })
            return
        }
        self.init(family: 6, value: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// A peer without address, such as one on a Unix socket; all of them share one bucket.
    package static let local = AddressKey(family: 0, value: 0)

    private init(family: UInt8, value: UInt64) {
        self.family = family
        self.value = value
    }
}

/// Failed attempts per address. A value type without clock; the owner passes a monotonic one in milliseconds.
package struct AttemptLimiter: Sendable {
    private struct Entry {
        let address: AddressKey
        var bucket: TokenBucket
        /// What this address proved to know already, the latest sixteen; 0 for nothing.
        var known = SIMD16<UInt32>()
        var nextKnown: UInt8 = 0
    }

    private static let ways = 4
    private let rate: TokenRate
    private let sets: Int
    private var entries: [Entry?] = []

    /// `burst` failures at once, then the rate's; at most `addresses` of them are remembered, rounded up to a power of
    /// two. Beyond that the address that owes least is forgotten.
    package init(rate: TokenRate, addresses: Int = 4_096) {
        precondition((Self.ways...1_048_576).contains(addresses), "the table holds 4 to 1,048,576 addresses")
        var sets = 1
        while sets * Self.ways < addresses { sets *= 2 }
        self.rate = rate
        self.sets = sets
    }

    /// Milliseconds that the address has to wait before it may try; nil when it may now. Takes nothing.
    package func waitMs(_ address: AddressKey, nowMs: UInt64) -> UInt32? {
        guard let index = find(address), let entry = entries[index], !entry.bucket.hasToken(nowMs: nowMs) else {
            return nil
        }
        return entry.bucket.retryAfterMs(nowMs: nowMs)
    }

    /// Counts one attempt against the address; false when it had none left.
    package mutating func count(_ address: AddressKey, nowMs: UInt64) -> Bool {
        let index = place(address, nowMs: nowMs)
        return entries[index]?.bucket.take(nowMs: nowMs) ?? false
    }

    /// Remembers what the address proved to know, so that its failures by others behind it don't lock it out of that.
    /// Sixteen such numbers are kept, the oldest goes; 0 is not one.
    package mutating func remember(_ known: UInt32, of address: AddressKey, nowMs: UInt64) {
        let index = place(address, nowMs: nowMs)
        guard var entry = entries[index], known != 0, !any(entry.known .== known) else { return }
        entry.known[Int(entry.nextKnown)] = known
        entry.nextKnown = (entry.nextKnown + 1) % 16
        entries[index] = entry
    }

    /// Whether the address proved lately that it knows this.
    package func remembers(_ known: UInt32, of address: AddressKey) -> Bool {
        guard known != 0, let index = find(address), let entry = entries[index] else { return false }
        return any(entry.known .== known)
    }

    private func find(_ address: AddressKey) -> Int? {
        guard !entries.isEmpty else { return nil }
        let first = firstEntry(of: address)
        return (first..<(first + Self.ways)).first { entries[$0]?.address == address }
    }

    /// The address's entry, made where there is none in place of the one of its set that owes least.
    private mutating func place(_ address: AddressKey, nowMs: UInt64) -> Int {
        if let index = find(address) { return index }
        if entries.isEmpty { entries = [Entry?](repeating: nil, count: sets * Self.ways) }
        let first = firstEntry(of: address)
        var chosen = first
        var least = UInt64.max
        for index in first..<(first + Self.ways) {
            let owed = entries[index]?.bucket.owedMs(nowMs: nowMs) ?? 0
            if owed < least || entries[index] == nil {
                chosen = index
                least = owed
            }
            if entries[index] == nil { break }
        }
        entries[chosen] = Entry(address: address, bucket: TokenBucket(rate))
        return chosen
    }

    /// Swift's hash is seeded anew in each process: nobody outside can aim at a set.
    private func firstEntry(of address: AddressKey) -> Int {
        Int(UInt(bitPattern: address.hashValue) % UInt(sets)) * Self.ways
    }
}
