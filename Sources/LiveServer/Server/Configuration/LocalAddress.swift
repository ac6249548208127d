// Owns the question under which address phones in the same network reach this machine (getifaddrs(3)). Never opens a
// socket and asks nobody.

import Glibc

/// One IPv4 address of this machine.
package struct LocalAddress: Sendable, Equatable {
    /// Such as `wlan0`.
    package let interface: String
    /// Such as `192.168.1.20`.
    package let text: String

    /// An address at an interface.
    package init(interface: String, text: String) {
        self.interface = interface
        self.text = text
    }

    /// Interfaces of containers, virtual machines and private networks: no phone is on the other side.
    private static let virtualPrefixes = [
        "docker", "br-", "veth", "virbr", "vnet", "vmnet", "vbox", "lxc", "lxd", "cni", "podman", "tun", "tap", "wg",
        "tailscale", "zt", "dummy",
    ]

    var isVirtual: Bool { Self.virtualPrefixes.contains { interface.hasPrefix($0) } }

    /// RFC 1918: what a school's or home's network hands out.
    var isPrivate: Bool {
        guard let bytes = IPAddress(text)?.bytes, bytes.count == 4 else { return false }
        return bytes[0] == 10 || (bytes[0] == 172 && (16...31).contains(bytes[1]))
            || (bytes[0] == 192 && bytes[1] == 168)
    }

    /// RFC 3927: the machine found no network.
    var isLinkLocal: Bool { text.hasPrefix("169.254.") }

    /// All IPv4 addresses of interfaces that are up, loopback excepted, in the system's order.
    package static func all() -> [LocalAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: [LocalAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            let flags = Int32(bitPattern: entry.ifa_flags)
            let up = Int32(IFF_UP)
            let loopback = Int32(IFF_LOOPBACK)
            guard flags & up != 0, flags & loopback == 0, let address = entry.ifa_addr,
                address.pointee.sa_family == sa_family_t(AF_INET)
            else { continue }
            var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
            let made = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { socket in
                var number = socket.pointee.sin_addr
                return inet_ntop(AF_INET, &number, &text, socklen_t(text.count)) != nil
            }
            guard made else { continue }
            let spelled = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            addresses.append(
                LocalAddress(
                    interface: String(cString: entry.ifa_name), text: String(decoding: spelled, as: UTF8.self)))
        }
        return addresses
    }

    /// Those that phones are likely to reach: private ones of real interfaces, else any of real interfaces, else any.
    package static func reachable(among all: [LocalAddress]) -> [LocalAddress] {
        let real = all.filter { !$0.isVirtual && !$0.isLinkLocal }
        let likely = real.filter(\.isPrivate)
        if !likely.isEmpty { return likely }
        return real.isEmpty ? all.filter { !$0.isLinkLocal } : real
    }
}
