// Owns IPv4 and IPv6 literals as the kernel reads them (inet_pton(3)). Never resolves a name.

import Glibc

/// An IP address given as text.
package struct IPAddress: Sendable, Equatable {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// Reads a literal without brackets, zone or port; nil for anything else.
    package init?(_ text: String) {
        // To C the text would end at a NUL, and what follows it would be overlooked.
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = withUnsafeBytes(of: v4) { Array($0) }
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            bytes = withUnsafeBytes(of: v6) { Array($0) }
        } else {
            return nil
        }
    }

    /// Whether it has 16 bytes.
    package var isIPv6: Bool { bytes.count == 16 }

    /// 127.0.0.0/8 or ::1, also as a mapped address.
    package var isLoopback: Bool {
        if bytes.count == 4 { return bytes[0] == 127 }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        if isMapped { return bytes[12] == 127 }
        return bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// 0.0.0.0 or ::, that is every address of the machine.
    package var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }
}
