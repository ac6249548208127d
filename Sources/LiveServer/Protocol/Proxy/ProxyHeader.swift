// The header that a proxy puts in front of a connection's bytes to say whom it speaks for (PROXY protocol, versions 1
// and 2, https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). Bytes in, a value out.
//
// Owns: the header's form. Never: decides whom to believe, touches what follows the header. Limits: 107 bytes in
// version 1, `bytesMax` in version 2; longer ones fail before they are whole.

/// The header of one connection.
package enum ProxyHeader {
    /// Longest header of version 2: the addresses and what proxies usually add (TLS facts, a unique id). Section 2.2
    /// allows 65,551 bytes.
    package static let bytesMax = 2_048
    /// Longest header of version 1 with its line end (section 2.1).
    package static let textBytesMax = 107

    /// The address that the proxy speaks for.
    package struct Source: Equatable, Sendable {
        /// 4 or 16 bytes in network order.
        package let address: [UInt8]
        /// The port at that address.
        package let port: UInt16

        /// Both members; `address` has 4 or 16 bytes.
        package init(address: [UInt8], port: UInt16) {
            precondition(address.count == 4 || address.count == 16, "an IP address has 4 or 16 bytes")
            self.address = address
            self.port = port
        }
    }

    /// What the bytes at the start of a connection are.
    package enum Outcome: Equatable, Sendable {
        /// The beginning of a header: come again with more.
        case needMore
        /// A whole header of so many bytes. No source: the proxy speaks for itself (a health check), or for a peer
        /// without an IP address.
        case header(consumed: Int, source: Source?)
        /// No header, or one that breaks the rules: the connection is to be closed.
        case failed(String)
    }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let textSignature = Array("PROXY ".utf8)

    /// Reads the header at the start of `bytes`. The same bytes in portions give the same outcome.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        if starts(bytes, signature) { return bytes.count < 16 ? .needMore : binary(bytes) }
        if starts(bytes, textSignature) { return bytes.count < textSignature.count ? .needMore : text(bytes) }
        return .failed("no PROXY header")
    }

    /// Whether `bytes` begin like `pattern`, as far as both go.
    private static func starts(_ bytes: UnsafeRawBufferPointer, _ pattern: [UInt8]) -> Bool {
        zip(bytes, pattern).allSatisfy { $0 == $1 }
    }

    // MARK: Version 2

    private static func binary(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard bytes[12] >> 4 == 2 else { return .failed("version of the PROXY header") }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        let total = 16 + length
        guard total <= bytesMax else { return .failed("PROXY header too long") }
        // A health check says LOCAL; its addresses mean nothing.
        let isLocal = bytes[12] & 0xF == 0
        guard isLocal || bytes[12] & 0xF == 1 else { return .failed("command of the PROXY header") }
        // Addresses have the length of their family; what may follow are extensions.
        let addressBytes: Int
        switch bytes[13] {
        case 0x11, 0x12: addressBytes = 4
        case 0x21, 0x22: addressBytes = 16
        case 0x00, 0x31, 0x32: addressBytes = 0
        default: return .failed("address family of the PROXY header")
        }
        guard isLocal || length >= 2 * addressBytes + (addressBytes > 0 ? 4 : 0) else {
            return .failed("PROXY header too short for its addresses")
        }
        guard bytes.count >= total else { return .needMore }
        guard !isLocal, addressBytes > 0 else { return .header(consumed: total, source: nil) }
        let port = 16 + 2 * addressBytes
        return .header(
            consumed: total,
            source: Source(
                address: Array(bytes[16..<(16 + addressBytes)]),
                port: UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1])))
    }

    // MARK: Version 1

    private static func text(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let window = bytes.prefix(textBytesMax)
        guard let newline = window.firstIndex(of: 0x0A) else {
            return bytes.count < textBytesMax ? .needMore : .failed("PROXY line too long")
        }
        guard newline > 0, bytes[newline - 1] == 0x0D else { return .failed("end of the PROXY line") }
        let consumed = newline + 1
        let words = bytes[..<(newline - 1)].split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count >= 2 else { return .failed("PROXY line") }
        let family = String(decoding: words[1], as: UTF8.self)
        if family == "UNKNOWN" { return .header(consumed: consumed, source: nil) }
        guard words.count == 6, family == "TCP4" || family == "TCP6" else { return .failed("PROXY line") }
        guard let from = address(words[2], family), address(words[3], family) != nil, let port = port(words[4]),
            self.port(words[5]) != nil
        else { return .failed("addresses of the PROXY line") }
        return .header(consumed: consumed, source: Source(address: from, port: port))
    }

    private static func address(_ text: Slice<UnsafeRawBufferPointer>, _ family: String) -> [UInt8]? {
        let bytes = IPText.address(UnsafeRawBufferPointer(rebasing: text))
        return bytes?.count == (family == "TCP4" ? 4 : 16) ? bytes : nil
    }

    /// Decimal without leading zeros, 0…65535.
    private static func port(_ text: Slice<UnsafeRawBufferPointer>) -> UInt16? {
        guard (1...5).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }),
            text.count == 1 || text.first != 0x30
        else { return nil }
        return UInt16(String(decoding: text, as: UTF8.self))
    }
}
