// IPv4 and IPv6 addresses as text (RFC 4291 §2.2, RFC 6943 §3.1.1: dotted decimal with four numbers alone). Bytes in,
// bytes out; no system call.

/// Reads addresses.
package enum IPText {
    /// The 4 or 16 bytes of an address in network order; nil for anything else. No brackets, zone, port or prefix.
    package static func address(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard (2...45).contains(text.count) else { return nil }
        return text.contains(0x3A) ? six(text) : four(text[...])
    }

    private static func four(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        let parts = text.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
                part.count == 1 || part.first != 0x30
            else { return nil }
            let value = part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            guard value <= 255 else { return nil }
            bytes.append(UInt8(value))
        }
        return bytes
    }

    private static func six(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var front: [UInt8] = []
        var back: [UInt8]?
        let groups = text.split(separator: 0x3A, omittingEmptySubsequences: false)
        // `::` gives one empty group in the middle, and one more where it stands at an end.
        guard (3...9).contains(groups.count) else { return nil }
        var at = 0
        if groups[0].isEmpty {
            guard groups[1].isEmpty else { return nil }
            at = 1
        }
        while at < groups.count {
            let group = groups[at]
            let isLast = at == groups.count - 1
            if group.isEmpty {
                if isLast, at >= 1, groups[at - 1].isEmpty { break }
                guard back == nil, !isLast else { return nil }
                back = []
            } else {
                guard let bytes = isLast && group.contains(0x2E) ? four(group) : hex(group) else { return nil }
                if back == nil { front += bytes } else { back? += bytes }
            }
            at += 1
        }
        guard let back else { return front.count == 16 ? front : nil }
        let missing = 16 - front.count - back.count
        return missing >= 2 ? front + [UInt8](repeating: 0, count: missing) + back : nil
    }

    private static func hex(_ group: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        guard (1...4).contains(group.count) else { return nil }
        var value = 0
        for byte in group {
            guard let digit = Hex.value(byte) else { return nil }
            value = value << 4 | Int(digit)
        }
        return [UInt8(value >> 8), UInt8(value & 255)]
    }
}
