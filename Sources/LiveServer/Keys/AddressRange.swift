// Owns which addresses a fetch may connect to: those of the public Internet, and those that an operator lists. Judged
// on the very address of the socket, after DNS, so that a name which changes its mind gains nothing. Never resolves.

import Glibc

/// A block of IPv4 or IPv6 addresses, `address/prefix`, or one address.
package struct AddressRange: Sendable, Equatable {
    private let network: [UInt8]
    private let prefixBits: Int

    /// Reads such as `10.0.0.0/8`, `fd00::/8` or `127.0.0.1`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let bytes = PeerIP.bytes(String(parts[0])) else { return nil }
        let all = bytes.count * 8
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let bits = Int(parts[1]), bits <= all else {
                return nil
            }
            prefixBits = bits
        } else {
            prefixBits = all
        }
        network = bytes
    }

    /// Whether the block holds an address of 4 or 16 bytes in network order. A mapped IPv4 address is the IPv4 one.
    package func contains(_ address: [UInt8]) -> Bool {
        let address = PeerIP.unmapped(address)
        guard address.count == network.count else { return false }
        for bit in 0..<prefixBits where (address[bit / 8] ^ network[bit / 8]) & (0x80 >> UInt8(bit % 8)) != 0 {
            return false
        }
        return true
    }
}

/// What a fetch may connect to.
package struct AddressPolicy: Sendable {
    /// Addresses that are allowed although they are not public, and without TLS.
    package let listed: [AddressRange]

    /// A policy; an empty list allows public addresses over TLS alone.
    package init(listed: [AddressRange] = []) { self.listed = listed }

    /// Whether a socket may connect there; `isPlain`: without TLS.
    package func admits(_ address: [UInt8], isPlain: Bool) -> Bool {
        listed.contains { $0.contains(address) } || (!isPlain && PeerIP.isPublic(address))
    }
}

/// Addresses as bytes in network order.
enum PeerIP {
    /// The bytes of a literal.
    static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return unmapped(withUnsafeBytes(of: six) { Array($0) }) }
        return nil
    }

    /// The IPv4 address within a mapped one (RFC 4291 §2.5.5.2).
    static func unmapped(_ address: [UInt8]) -> [UInt8] {
        let mark: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return address.count == 16 && address.starts(with: mark) ? Array(address[12...]) : address
    }

    /// The address that a socket would connect to; nil for another family than IPv4 and IPv6.
    static func bytes(_ address: UnsafePointer<sockaddr>) -> [UInt8]? {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6:
            return unmapped(withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) })
        default: return nil
        }
    }

    /// Whether an address is one of the public Internet: in none of the blocks that the IANA registers for special
    /// purposes (RFC 6890), nor one that carries such an IPv4 address within (6to4, NAT64).
    static func isPublic(_ address: [UInt8]) -> Bool {
        let address = unmapped(address)
        if address.count == 4 { return !specialFour.contains { $0.contains(address) } }
        guard address.count == 16 else { return false }
        if sixToFour.contains(where: { $0.contains(address) }) { return isPublic(Array(address[2..<6])) }
        if nat64.contains(where: { $0.contains(address) }) { return isPublic(Array(address[12...])) }
        // All that is global unicast lies in 2000::/3 (RFC 4291 §2.4).
        return address[0] & 0xE0 == 0x20 && !specialSix.contains { $0.contains(address) }
    }

    private static let specialFour = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { AddressRange($0) }
    private static let specialSix = ["2001::/23", "2001:db8::/32", "3fff::/20"].compactMap { AddressRange($0) }
    private static let sixToFour = ["2002::/16"].compactMap { AddressRange($0) }
    private static let nat64 = ["64:ff9b::/96"].compactMap { AddressRange($0) }
}
