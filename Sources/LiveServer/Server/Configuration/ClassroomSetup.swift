// Owns the configuration that `liveserver init` writes: every address of the machine, a random key, the URL that phones
// use. Pure: randomness and address are arguments.

import LiveProtocol
package import LiveTLS

/// The first configuration of a classroom's node.
package struct ClassroomSetup: Sendable, Equatable {
    /// Random bytes that `init` takes for the key.
    package static let randomBytes = 32

    private let key: [UInt8]
    private let port: Int
    private let dataDir: String
    private let tls: TLSIdentityFiles?
    /// Where people reach the node.
    package let publicURL: String

    /// A setup; `address` is what phones use: an IPv4 or IPv6 literal, or a host name. Nil where it is none of these.
    /// With `tls` the node speaks TLS with these files.
    package init?(random: [UInt8], address: String, port: Int, dataDir: String, tls: TLSIdentityFiles? = nil) {
        precondition(random.count >= Self.randomBytes, "a token key takes 32 random bytes")
        let host = IPAddress(address)?.isIPv6 == true ? "[\(address)]" : address
        let url = "\(tls == nil ? "http" : "https")://\(host):\(port)"
        guard (1...65_535).contains(port), WebOrigin(Array(url.utf8)) != nil else { return nil }
        key = Array(random[..<Self.randomBytes])
        publicURL = url
        self.port = port
        self.dataDir = dataDir
        self.tls = tls
    }

    private var encryption: String {
        guard let tls else { return "" }
        let files = "{\"certificate\": [\(quoted(tls.certificate))], \"key\": [\(quoted(tls.key))]}"
        return "\n    \"tls\": \(files),"
    }

    private func quoted(_ text: String) -> String { SettingValue.text(text).json }

    /// The file's text.
    package var json: String {
        """
        {
            "listen": {"host": "0.0.0.0", "port": \(port)},\(encryption)
            "public_url": \(SettingValue.text(publicURL).json),
            "data_dir": \(SettingValue.text(dataDir).json),
            "auth": {"key": "\(TokenText.hex(key))"}
        }

        """
    }
}
