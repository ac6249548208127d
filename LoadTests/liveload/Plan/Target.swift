// Owns whom the load goes to: the URL taken apart, its address found, and the rule that only this machine is loaded
// without a word of its owner. Never connects.

import Glibc
import LiveIO

/// What is wrong with a URL, as a sentence.
struct TargetProblem: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// A server under load.
struct Target: Codable, Sendable, Equatable {
    /// `https` or `wss`.
    var isSecure: Bool
    /// The host as it was given; goes into the Host header.
    var host: String
    /// An IPv4 or IPv6 literal.
    var address: String
    var port: UInt16

    /// The Host header's value.
    var authority: String { port == (isSecure ? 443 : 80) ? host : "\(host):\(port)" }

    /// The URL for people.
    var url: String { "\(isSecure ? "https" : "http")://\(host):\(port)" }

    /// Whether the address is 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        if address.contains(":") { return address == "::1" || address.hasPrefix("::ffff:127.") }
        return address.hasPrefix("127.")
    }

    /// 127.0.0.0/8: connections can come from many addresses of this machine.
    var hasManySources: Bool { !address.contains(":") && address.hasPrefix("127.") }

    /// Takes a URL apart and finds the address; may wait for a name server where the host is a name.
    ///
    /// - Parameter ownsServer: a server that is not on this machine may be loaded.
    static func parse(_ url: String, ownsServer: Bool) throws(TargetProblem) -> Target {
        let schemes: [(String, Bool)] = [("http://", false), ("https://", true), ("ws://", false), ("wss://", true)]
        guard let (scheme, isSecure) = schemes.first(where: { url.hasPrefix($0.0) }) else {
            throw TargetProblem(description: "--url \(url): write it as http://127.0.0.1:8080")
        }
        let rest = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !rest.isEmpty, !rest.contains("@"), !rest.contains(" ") else {
            throw TargetProblem(description: "--url \(url): names no host")
        }
        var host = String(rest)
        var port: UInt16 = isSecure ? 443 : 80
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            guard let given = UInt16(rest[rest.index(after: colon)...]), given > 0 else {
                throw TargetProblem(description: "--url \(url): the port is a number from 1 to 65535")
            }
            port = given
            host = String(rest[..<colon])
        }
        guard let address = resolve(host) else {
            throw TargetProblem(description: "--url \(url): the host \(host) has no address")
        }
        let target = Target(isSecure: isSecure, host: host, address: address, port: port)
        guard target.isLoopback || ownsServer else {
            throw TargetProblem(
                description: "\(url) is not on this machine. Load from here can put a server out of service: "
                    + "only if it is yours, or its owner agreed, add --i-own-this-server")
        }
        return target
    }

    /// The address as the reactor wants it.
    var socketAddress: SocketAddress? { SocketAddress(host: address, port: port) }

    private static func resolve(_ host: String) -> String? {
        let literal = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        if SocketAddress(host: literal, port: 1) != nil { return literal }
        if literal == "localhost" { return "127.0.0.1" }
        var found: UnsafeMutablePointer<addrinfo>?
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        guard getaddrinfo(literal, nil, &hints, &found) == 0, let first = found else { return nil }
        defer { freeaddrinfo(found) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let length = socklen_t(text.count)
        guard getnameinfo(first.pointee.ai_addr, first.pointee.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }
}
