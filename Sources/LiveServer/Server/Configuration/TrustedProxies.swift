// Owns whom a node believes when it says for whom it speaks: ranges of addresses (CIDR, RFC 4632, RFC 4291 §2.3), and
// the reading of X-Forwarded-For from the right, as far as those who wrote it are believed. Pure.

import LiveProtocol

/// Ranges of addresses of the proxies in front of a node.
package struct TrustedProxies: Sendable, Equatable {
    /// Most ranges.
    package static let entriesMax = 64
    /// Entries of X-Forwarded-For that are read: a chain of proxies is short.
    static let hopsMax = 16

    /// An entry that is no address or range.
    package struct EntryError: Error, Equatable {
        /// The entry as it was written.
        package let entry: String
    }

    private struct Range: Equatable {
        let prefix: [UInt8]
        let bits: Int

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == prefix.count else { return false }
            for at in 0..<(bits / 8) where address[at] != prefix[at] { return false }
            let rest = bits % 8
            return rest == 0 || (address[bits / 8] ^ prefix[bits / 8]) >> (8 - rest) == 0
        }
    }

    private let ranges: [Range]

    /// `10.0.0.0/8`, `2001:db8::/32`, or a single address. Bits behind the prefix must be zero.
    package init(_ entries: [String]) throws(EntryError) {
        var ranges: [Range] = []
        for entry in entries {
            guard let range = Self.range(entry) else { throw EntryError(entry: entry) }
            ranges.append(range)
        }
        self.ranges = ranges
    }

    private static func range(_ entry: String) -> Range? {
        let parts = entry.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = bytes(String(parts[0])) else { return nil }
        var bits = address.count * 8
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]),
                number <= bits
            else { return nil }
            bits = number
        }
        for bit in bits..<(address.count * 8) where address[bit / 8] >> (7 - UInt8(bit % 8)) & 1 == 1 { return nil }
        return Range(prefix: address, bits: bits)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        Array(text.utf8).withUnsafeBytes { IPText.address($0) }
    }

    /// Whether nobody is believed.
    package var isEmpty: Bool { ranges.isEmpty }

    /// Whether an address of 4 or 16 bytes is a proxy's; a mapped IPv4 address is that IPv4 address.
    package func contains(_ address: [UInt8]) -> Bool {
        let plain = Self.plain(address)
        return ranges.contains { $0.contains(plain) }
    }

    /// For whom a proxy speaks: the last address of X-Forwarded-For that is no proxy's. Nil where the lists name none:
    /// then the proxy itself is the peer. What stands left of something unreadable was written by nobody known.
    package func client(_ lists: [UnsafeRawBufferPointer]) -> [UInt8]? {
        var nearest: [UInt8]?
        var hops = 0
        for list in lists.reversed() {
            for element in list.split(separator: 0x2C, omittingEmptySubsequences: false).reversed() {
                hops += 1
                guard hops <= Self.hopsMax, let address = Self.element(element) else { return nearest }
                nearest = address
                if !contains(address) { return address }
            }
        }
        return nearest
    }

    /// One element: an address, perhaps in brackets, perhaps with a port, as proxies write it.
    private static func element(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text = text.dropFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
        if text.first == 0x5B {
            guard let end = text.firstIndex(of: 0x5D) else { return nil }
            text = text[(text.startIndex + 1)..<end]
        } else if text.filter({ $0 == 0x3A }).count == 1, let colon = text.firstIndex(of: 0x3A) {
            text = text[..<colon]
        }
        return IPText.address(UnsafeRawBufferPointer(rebasing: text)).map { plain($0) }
    }

    /// The IPv4 address within a mapped one (RFC 4291 §2.5.5.2).
    static func plain(_ address: [UInt8]) -> [UInt8] {
        let isMapped =
            address.count == 16 && address[..<10].allSatisfy { $0 == 0 } && address[10] == 0xFF && address[11] == 0xFF
        return isMapped ? Array(address[12...]) : address
    }

    /// What limits per address count by, as `PeerAddress.limitKey`: the IPv4 address, or the /64 of an IPv6 one.
    static func limitKey(_ address: [UInt8]) -> UInt64 {
        plain(address).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
