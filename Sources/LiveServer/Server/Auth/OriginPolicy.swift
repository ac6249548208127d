// Owns the decision which web pages may talk to this server from a browser: the server's own pages, those on the
// allow-list, or all where the operator said `*`. Never authenticates: programs outside a browser send any Origin.

/// The allow-list of browser origins (RFC 6454); immutable, shared by all reactors.
package struct OriginPolicy: Sendable, Equatable {
    /// Most entries of the list.
    package static let entriesMax = 256
    /// Longest Origin header that is looked at, bytes; longer ones are refused.
    package static let originBytesMax = 512

    /// Why an entry was refused.
    package enum EntryError: Error, Equatable {
        case notAnOrigin(String)
        case tooMany
    }

    private let everything: Bool
    private let allowed: [WebOrigin]

    /// Reads entries such as `https://school.example` or `http://localhost:5173`, or a single `*` for every page.
    package init(_ entries: [String]) throws(EntryError) {
        guard entries.count <= Self.entriesMax else { throw .tooMany }
        everything = entries.contains("*")
        var allowed: [WebOrigin] = []
        for entry in entries where entry != "*" {
            guard let origin = WebOrigin(Array(entry.utf8)) else { throw .notAnOrigin(entry) }
            allowed.append(origin)
        }
        self.allowed = allowed
    }

    /// Only the server's own pages.
    package static let sameOriginOnly = OriginPolicy(everything: false, allowed: [])

    private init(everything: Bool, allowed: [WebOrigin]) {
        self.everything = everything
        self.allowed = allowed
    }

    /// Whether a request with these `Origin` and `Host` header values may go on. No Origin means no browser page:
    /// allowed. `null` (sandboxed frames, files) is allowed by `*` alone.
    package func allows(origin: UnsafeRawBufferPointer?, host: UnsafeRawBufferPointer?) -> Bool {
        guard let origin else { return true }
        if everything { return true }
        guard origin.count <= Self.originBytesMax, let page = WebOrigin([UInt8](origin)) else { return false }
        if let host, host.count <= Self.originBytesMax,
            let own = WebOrigin.Authority([UInt8](host), defaultPort: page.authority.defaultPort), own == page.authority
        {
            return true
        }
        return allowed.contains(page)
    }

    /// The same for text.
    package func allows(origin: String?, host: String?) -> Bool {
        let originBytes = origin.map { Array($0.utf8) }
        let hostBytes = host.map { Array($0.utf8) }
        return withOptionalBytes(originBytes) { origin in
            withOptionalBytes(hostBytes) { allows(origin: origin, host: $0) }
        }
    }
}

/// `scheme://host[:port]` in one canonical form; http and https only, nothing behind the port.
struct WebOrigin: Sendable, Equatable {
    struct Authority: Sendable, Equatable {
        /// Lower-case; an IPv6 literal keeps its brackets.
        let host: [UInt8]
        let port: UInt16
        let defaultPort: UInt16

        init?(_ bytes: [UInt8], defaultPort: UInt16) {
            var host = bytes
            var port = defaultPort
            let hostEnd = bytes.first == UInt8(ascii: "[") ? bytes.firstIndex(of: UInt8(ascii: "]")) : 0
            guard let hostEnd else { return nil }
            if let colon = bytes[hostEnd...].firstIndex(of: UInt8(ascii: ":")) {
                guard let number = Self.port(bytes[(colon + 1)...]) else { return nil }
                port = number
                host = Array(bytes[..<colon])
            }
            guard !host.isEmpty, host.allSatisfy(Self.isHostByte) else { return nil }
            self.host = host.map { (65...90).contains($0) ? $0 + 32 : $0 }
            self.port = port
            self.defaultPort = defaultPort
        }

        static func == (left: Authority, right: Authority) -> Bool {
            left.host == right.host && left.port == right.port
        }

        private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
            guard (1...5).contains(digits.count) else { return nil }
            var value = 0
            for digit in digits {
                guard (48...57).contains(digit) else { return nil }
                value = value * 10 + Int(digit - 48)
            }
            return value > 0 ? UInt16(exactly: value) : nil
        }

        /// Letters, digits, `.-_` and what an IPv6 literal needs.
        private static func isHostByte(_ byte: UInt8) -> Bool {
            switch byte {
            case 48...57, 65...90, 97...122: true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"): true
            default: false
            }
        }
    }

    let secure: Bool
    let authority: Authority

    init?(_ bytes: [UInt8]) {
        let lower = bytes.prefix(8).map { (65...90).contains($0) ? $0 + 32 : $0 }
        let scheme: Int
        if lower.starts(with: "https://".utf8) {
            scheme = 8
            secure = true
        } else if lower.starts(with: "http://".utf8) {
            scheme = 7
            secure = false
        } else {
            return nil
        }
        guard let authority = Authority(Array(bytes[scheme...]), defaultPort: secure ? 443 : 80) else { return nil }
        self.authority = authority
    }
}

private func withOptionalBytes<Result>(
    _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Result
) -> Result {
    guard let bytes else { return body(nil) }
    return bytes.withUnsafeBytes { body($0) }
}
