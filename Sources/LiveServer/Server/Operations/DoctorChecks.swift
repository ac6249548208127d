// Owns the list of checks that `liveserver doctor` makes, and the judgement of settings, limits and addresses. Never
// changes anything: what it makes in the data folder it removes again. What it measures stands in MachineFacts.

import LiveIO

/// Everything that doctor looks at.
package enum DoctorChecks {
    /// Descriptors of a node beside its connections: journal, databases, epoll, listeners.
    static let descriptorsBeside = 64
    /// Connections below which a school, or a try on a laptop, is not served.
    static let peopleMinProduction: UInt64 = 10_000
    static let peopleMin: UInt64 = 100
    /// Listen queue that a join storm of ten thousand needs.
    static let listenQueueMin = 4_096
    /// An fdatasync slower than this makes answers to polls slow, nanoseconds.
    static let syncSlowNs: UInt64 = 20_000_000
    /// Space beside the journal's own floor: databases, segments.
    static let spareBytes: UInt64 = 512 << 20

    /// All findings, in the order in which they are to be mended. With `production`, what a try on a laptop may do
    /// without is a fault. Takes a fraction of a second; blocks on the disk.
    package static func run(_ configuration: ServerConfiguration, production: Bool) -> [DoctorFinding] {
        let facts = MachineFacts.measure(configuration)
        return [
            key(configuration, production), publicURL(configuration, production), port(configuration, facts),
            dataFolder(configuration, facts), diskSpace(configuration, facts), diskSync(facts, production),
            descriptors(configuration, facts, production), listenQueue(facts, production), clock(facts, production),
            processors(configuration, facts), libraries(facts),
        ] + encryption(configuration.tls, production) + habits(configuration, production)
    }

    static func key(_ configuration: ServerConfiguration, _ production: Bool) -> DoctorFinding {
        guard configuration.auth.key.isDevelopment else {
            return .ok("key", "a secret of \(configuration.auth.key.secret.count) bytes")
        }
        return .bad(
            production ? .fail : .warn, "key", "the public development key, good for a try on this machine alone",
            do: "run `liveserver init`, or set LIVESERVER_TOKEN_KEY to the output of `openssl rand -hex 32`")
    }

    static func publicURL(_ configuration: ServerConfiguration, _ production: Bool) -> DoctorFinding {
        let url = configuration.publicURL
        if production, !url.hasPrefix("https://") {
            return .bad(
                .warn, "public_url", url.isEmpty ? "not set" : "\(url) is not encrypted",
                do: "put a reverse proxy with TLS in front and set public_url to its https:// address")
        }
        if url.isEmpty, IPAddress(configuration.listen.host)?.isUnspecified == true {
            return .bad(
                .warn, "public_url", "not set, while the node listens on every address: join links would not work",
                do: "set public_url to the address that people use, such as http://192.168.1.20:8080")
        }
        return .ok("public_url", url.isEmpty ? "the address it listens on" : url)
    }

    static func port(_ configuration: ServerConfiguration, _ facts: MachineFacts) -> DoctorFinding {
        let place = "\(configuration.listen.host):\(configuration.listen.port)"
        guard let failure = facts.bindFailure else { return .ok("port", "\(place) is free") }
        return .bad(
            .fail, "port", "\(place): \(failure)", do: "end the program that holds it, or choose another with --port")
    }

    static func dataFolder(_ configuration: ServerConfiguration, _ facts: MachineFacts) -> DoctorFinding {
        let path = configuration.dataDir
        guard let failure = facts.folderFailure else { return .ok("data folder", "\(path) can be written") }
        return .bad(
            .fail, "data folder", "\(path): \(failure)",
            do: "give the user that runs the node the right to write there, or choose another with --data-dir")
    }

    static func diskSpace(_ configuration: ServerConfiguration, _ facts: MachineFacts) -> DoctorFinding {
        guard let free = facts.freeBytes else {
            return .bad(.warn, "disk space", "unknown", do: "see that the data folder exists and can be read")
        }
        let floor = UInt64(configuration.journal.freeBytesMin)
        let segments = UInt64(configuration.journal.segmentBytes) * UInt64(configuration.journal.reserveSegments + 1)
        let needed = floor + segments + spareBytes
        let found = "\(free >> 20) MiB free"
        guard free < needed else { return .ok("disk space", found) }
        return .bad(
            free <= floor ? .fail : .warn, "disk space", "\(found), \(needed >> 20) MiB are wanted",
            do: "free some, move data_dir, or lower journal.free_bytes_min: below it the node takes no room events")
    }

    static func diskSync(_ facts: MachineFacts, _ production: Bool) -> DoctorFinding {
        guard let ns = facts.syncNs else {
            return .bad(.warn, "disk sync", "could not be measured", do: "see the data folder above")
        }
        let found = "\(ns / 1_000) µs for an fdatasync"
        guard ns > syncSlowNs else { return .ok("disk sync", found) }
        return .bad(
            production ? .fail : .warn, "disk sync", "\(found): every batch of ballots waits for one",
            do: "put data_dir on a local SSD, not on a network disk")
    }

    static func descriptors(
        _ configuration: ServerConfiguration, _ facts: MachineFacts, _ production: Bool
    ) -> DoctorFinding {
        let wanted = UInt64(configuration.limits.connections + descriptorsBeside)
        let found = "\(facts.descriptorCeiling) at most"
        guard facts.descriptorCeiling < wanted else { return .ok("descriptors", found) }
        let people = facts.descriptorCeiling - min(facts.descriptorCeiling, UInt64(descriptorsBeside))
        return .bad(
            people < (production ? peopleMinProduction : peopleMin) ? .fail : .warn, "descriptors",
            "\(found), enough for \(people) connections of limits.connections \(configuration.limits.connections)",
            do: "raise the hard limit (systemd: LimitNOFILE=\(wanted); shell: ulimit -Hn) or lower limits.connections")
    }

    static func listenQueue(_ facts: MachineFacts, _ production: Bool) -> DoctorFinding {
        guard let queue = facts.listenQueue else {
            return .bad(.warn, "listen queue", "unknown", do: "look at net.core.somaxconn yourself")
        }
        guard queue < listenQueueMin else { return .ok("listen queue", "net.core.somaxconn \(queue)") }
        return .bad(
            production ? .fail : .warn, "listen queue",
            "net.core.somaxconn \(queue): a class that joins at once overflows it",
            do: "sysctl -w net.core.somaxconn=\(listenQueueMin), and in /etc/sysctl.d for the next start")
    }

    static func clock(_ facts: MachineFacts, _ production: Bool) -> DoctorFinding {
        guard facts.wallMs > MachineFacts.plausibleWallMs else {
            return .bad(.fail, "clock", "it is before 2025", do: "set the clock: tokens are judged by it")
        }
        guard let synchronized = facts.clockSynchronized, !synchronized else {
            return .ok("clock", facts.clockSynchronized == true ? "synchronised" : "plausible")
        }
        return .bad(
            .warn, "clock", "not synchronised",
            do: "run chrony or systemd-timesyncd: tokens of other issuers are judged by this clock")
    }

    static func processors(_ configuration: ServerConfiguration, _ facts: MachineFacts) -> DoctorFinding {
        let threads = configuration.listen.threads
        guard threads > facts.processors else {
            return .ok("processors", "\(facts.processors), reactors \(threads == 0 ? facts.processors : threads)")
        }
        return .bad(
            .warn, "processors", "\(facts.processors), fewer than listen.threads \(threads)",
            do: "set listen.threads to 0: one reactor for each")
    }

    static func libraries(_ facts: MachineFacts) -> DoctorFinding {
        .ok("libraries", facts.libraries.joined(separator: ", "))
    }

    /// Settings that suit a developer and no school.
    static func habits(_ configuration: ServerConfiguration, _ production: Bool) -> [DoctorFinding] {
        guard production else { return [] }
        var findings: [DoctorFinding] = []
        if configuration.features.echo {
            findings.append(.bad(.fail, "features.echo", "/echo has no rate limits", do: "switch it off"))
        }
        if configuration.log.names {
            findings.append(.bad(.warn, "log.names", "names of people stand in the log", do: "switch it off"))
        }
        if configuration.origins.contains("*") {
            findings.append(.bad(.warn, "origins", "every web page may connect", do: "list the pages that should"))
        }
        if !configuration.journal.enabled {
            findings.append(.bad(.fail, "journal.enabled", "rooms end with the process", do: "switch it on"))
        }
        return findings
    }
}
