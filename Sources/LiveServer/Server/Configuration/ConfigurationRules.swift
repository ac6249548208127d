// Owns what settings must satisfy beyond their own ranges: forms of addresses and origins, settings that depend on each
// other, and the refusal to serve other machines under the public development key. Pure.

/// A fault between settings, with the key that is to be changed and what to do.
package struct ConfigurationFault: Sendable, Equatable {
    /// The setting to change.
    package let key: String
    /// What is wrong and what to do.
    package let sentence: String
}

/// Rules of the configuration as a whole.
package enum ConfigurationRules {
    /// All faults, in the order of the catalogue; empty: the node may start.
    package static func faults(_ configuration: ServerConfiguration) -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        func require(_ holds: Bool, _ key: String, _ sentence: @autoclosure () -> String) {
            if !holds { faults.append(ConfigurationFault(key: key, sentence: sentence())) }
        }
        let limits = configuration.limits
        let host = configuration.listen.host
        require(
            isAddress(host), "listen.host",
            "\(host) is not an IPv4 or IPv6 address; allowed: such as 127.0.0.1, 0.0.0.0, ::1")
        require(
            !configuration.auth.key.isDevelopment || isLoopback(host), "auth.key",
            "\(host) can be reached from other machines, but the token key is the public development key: anybody "
                + "could sign in as a teacher. Run `liveserver init`, or set LIVESERVER_TOKEN_KEY to the output of "
                + "`openssl rand -hex 32`, or listen on 127.0.0.1")
        let tls = configuration.tls
        require(
            tls.certificate.count == tls.key.count, "tls.key",
            "\(tls.key.count) keys for \(tls.certificate.count) certificates: each certificate needs its own, in the "
                + "same order")
        require(
            tls.port == 0 || tls.isOn, "tls.port",
            "there is no certificate: set tls.certificate and tls.key, or tls.port to 0")
        require(
            tls.port == 0 || tls.port != configuration.listen.port, "tls.port",
            "\(tls.port) is listen.port, which speaks plain HTTP: choose another, or 0 to have it speak TLS")
        require(
            limits.targetBytes <= limits.headBytes, "limits.target_bytes",
            "a target of \(limits.targetBytes) bytes does not fit in a head of \(limits.headBytes): raise "
                + "limits.head_bytes or lower limits.target_bytes")
        require(
            limits.silentMs >= 2 * limits.pingMs, "limits.silent_ms",
            "a peer must have time for two pings: at least \(2 * limits.pingMs) ms with limits.ping_ms "
                + "\(limits.pingMs)")
        require(
            limits.gatherBytes >= limits.frameBytes, "limits.gather_bytes",
            "one write must hold one message: at least limits.frame_bytes, \(limits.frameBytes) bytes")
        require(
            configuration.classes.capDefault <= configuration.classes.capMax, "classes.cap_default",
            "must not be above classes.cap_max, \(configuration.classes.capMax)")
        return faults + AuthRules.faults(configuration.auth)
    }

    /// Whether an address is reached from this machine alone. Names are never resolved: `localhost` is not an address.
    package static func isLoopback(_ host: String) -> Bool {
        guard let address = IPAddress(host) else { return false }
        return address.isLoopback
    }

    static func isAddress(_ host: String) -> Bool { IPAddress(host) != nil }

    /// What is wrong with a public URL, or nil; empty is right.
    @Sendable static func publicURL(_ text: String) -> String? {
        let sentence =
            "must be http:// or https:// with a host and perhaps a port, such as https://class.school.example"
        return text.isEmpty || WebOrigin(Array(text.utf8)) != nil ? nil : sentence
    }

    /// What is wrong with a list of files, or nil.
    @Sendable static func paths(_ paths: [String]) -> String? {
        paths.allSatisfy { !$0.isEmpty && $0.utf8.count <= 1_024 && !$0.utf8.contains(0) }
            ? nil : "each entry is the path of a file, at most 1,024 bytes"
    }

    /// What is wrong with a list of origins, or nil.
    @Sendable static func origins(_ entries: [String]) -> String? {
        do {
            _ = try OriginPolicy(entries)
            return nil
        } catch {
            switch error {
            case .tooMany: return "at most \(OriginPolicy.entriesMax) origins are allowed"
            case .notAnOrigin(let entry):
                return
                    "\(entry) is not an origin; allowed: http:// or https://, a host and perhaps a port, without a path"
            }
        }
    }
}
