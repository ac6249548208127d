// DeflateParameters: what both ends of a connection agreed on for permessage-deflate, and its form in the handshake.
// Never compresses. Source: RFC 7692 §7.1.

/// The parameters in force on one connection.
package struct DeflateParameters: Equatable, Sendable {
    /// The bits of a window that zlib and RFC 7692 know at most: 32 KiB.
    package static let windowBitsMax = 15
    /// The fewest: 256 bytes.
    package static let windowBitsMin = 8

    /// Each message of the server can be read without those before it.
    package var serverForgets: Bool
    /// Each message of the client can be read without those before it.
    package var clientForgets: Bool
    /// Window of what the server sends, 8–15 bits.
    package var serverWindowBits: Int
    /// Window of what the client sends, 8–15 bits.
    package var clientWindowBits: Int
    /// The answer must name the server's window, since the offer did.
    var namesServerWindow: Bool

    /// Parameters of one's own; the default is the extension without any.
    package init(
        serverForgets: Bool = false, clientForgets: Bool = false, serverWindowBits: Int = windowBitsMax,
        clientWindowBits: Int = windowBitsMax, namesServerWindow: Bool = false
    ) {
        let bits = Self.windowBitsMin...Self.windowBitsMax
        precondition(bits.contains(serverWindowBits) && bits.contains(clientWindowBits), "a window has 8 to 15 bits")
        self.serverForgets = serverForgets
        self.clientForgets = clientForgets
        self.serverWindowBits = serverWindowBits
        self.clientWindowBits = clientWindowBits
        self.namesServerWindow = namesServerWindow
    }

    /// Appends the value of Sec-WebSocket-Extensions that says so.
    package func append(to bytes: inout [UInt8]) {
        HTTPFieldWriter.append("permessage-deflate", to: &bytes)
        if serverForgets { HTTPFieldWriter.append("; server_no_context_takeover", to: &bytes) }
        if clientForgets { HTTPFieldWriter.append("; client_no_context_takeover", to: &bytes) }
        if namesServerWindow || serverWindowBits < Self.windowBitsMax {
            HTTPFieldWriter.append("; server_max_window_bits=", to: &bytes)
            Decimal.append(UInt64(serverWindowBits), to: &bytes)
        }
        if clientWindowBits < Self.windowBitsMax {
            HTTPFieldWriter.append("; client_max_window_bits=", to: &bytes)
            Decimal.append(UInt64(clientWindowBits), to: &bytes)
        }
    }

    /// The value as bytes.
    package var field: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }
}

/// The parameters of one offer or answer as they were sent.
struct DeflateFieldParameters {
    var serverForgets = false
    var clientForgets = false
    /// Nil: not named.
    var serverWindowBits: Int?
    var clientWindowBits: Int?
    /// `client_max_window_bits` stood there without a value.
    var leavesClientWindow = false

    /// Nil where a parameter is unknown, stands twice, or has a value that is not allowed: the offer counts as not
    /// made, an answer fails the connection (RFC 7692 §7.1).
    init?(_ parameters: [ExtensionParameter]) {
        for parameter in parameters {
            let isNew: Bool
            if Bytes.equalIgnoringCase(parameter.name, "server_no_context_takeover") {
                isNew = !serverForgets && parameter.value == nil
                serverForgets = true
            } else if Bytes.equalIgnoringCase(parameter.name, "client_no_context_takeover") {
                isNew = !clientForgets && parameter.value == nil
                clientForgets = true
            } else if Bytes.equalIgnoringCase(parameter.name, "server_max_window_bits") {
                guard let value = parameter.value, let bits = Self.bits(value) else { return nil }
                isNew = serverWindowBits == nil
                serverWindowBits = bits
            } else if Bytes.equalIgnoringCase(parameter.name, "client_max_window_bits") {
                isNew = clientWindowBits == nil && !leavesClientWindow
                if let value = parameter.value {
                    guard let bits = Self.bits(value) else { return nil }
                    clientWindowBits = bits
                } else {
                    leavesClientWindow = true
                }
            } else {
                return nil
            }
            guard isNew else { return nil }
        }
    }

    /// A decimal number from 8 to 15 without a zero in front.
    private static func bits(_ value: UnsafeRawBufferPointer) -> Int? {
        switch value.count {
        case 1 where value[0] == UInt8(ascii: "8"): return 8
        case 1 where value[0] == UInt8(ascii: "9"): return 9
        case 2 where value[0] == UInt8(ascii: "1") && (0x30...0x35).contains(value[1]): return 10 + Int(value[1] - 0x30)
        default: return nil
        }
    }
}
