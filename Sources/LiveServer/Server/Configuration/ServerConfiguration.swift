// Owns every setting of a node with its default: one struct, read once at start, then shared unchanged by all threads.
// Reasons, units and allowed ranges stand in SettingCatalogue, which a test compares with this struct. Never reads
// files.

/// All settings of one node. The defaults are the embedded default: one machine, loopback, the demo class.
package struct ServerConfiguration: Sendable, Equatable {
    /// Where the node listens.
    package var listen = ListenSettings()
    /// Encryption.
    package var tls = TLSSettings()
    /// `http(s)://host[:port]` under which people reach the node; empty: made of the address it listens on.
    package var publicURL = ""
    /// Folder of journal and databases.
    package var dataDir = "./data"
    /// How access tokens are judged.
    package var auth = AuthSettings()
    /// Browser origins besides the node's own; `*` for all.
    package var origins: [String] = []
    /// Addresses and ranges of proxies that are believed when they say for whom they speak.
    package var trustedProxies: [String] = []
    /// How WebSockets are served.
    package var websocket = WebSocketSettings()
    /// Bounds on what peers send, hold and cost.
    package var limits = LimitSettings()
    /// Classes for guests.
    package var classes = ClassSettings()
    /// The log of events on disk.
    package var journal = JournalSettings()
    /// The database.
    package var store = StoreSettings()
    /// Log lines.
    package var log = LogSettings()
    /// What is on.
    package var features = FeatureSettings()

    /// The embedded default.
    package init() {}

    /// Descriptors that connections leave to files, listeners, threads and those who are being turned away.
    package static let descriptorsBeside = 64

    /// Sockets of listeners at once, handshakes included: half of what stands beside the people is for files alone.
    static func socketsMax(descriptors: UInt64) -> Int {
        descriptors > 0 ? max(32, Int(clamping: descriptors) - descriptorsBeside / 2) : .max
    }

    /// The most descriptors that such a node opens: people, those who are only told to come again, and files.
    package var descriptorsUsed: Int { limits.connections + CoreLimits.surplusCeiling + Self.descriptorsBeside }

    /// The same with no more connections than the process has descriptors for: beyond its own limit a node tells
    /// newcomers when to come again; at the kernel's it could not even take them to say so.
    package func within(descriptors: UInt64) -> ServerConfiguration {
        guard descriptors > 0 else { return self }
        let forPeople = Int(clamping: descriptors) - Self.descriptorsBeside
        var fitting = self
        // An eighth more, a thousand at most, is let in as far as its first request, to be told.
        let toBeTold = min(CoreLimits.surplusCeiling, forPeople / 9)
        fitting.limits.connections = max(16, min(limits.connections, forPeople - toBeTold))
        return fitting
    }

    /// What verifies and mints this node's access tokens.
    package var tokenSettings: TokenSettings {
        TokenSettings(
            key: auth.key, algorithm: auth.algorithm, issuer: auth.issuer, audience: auth.audience,
            leewayS: Int64(auth.leewayS))
    }

    /// Bounds of the class directory.
    package var classLimits: ClassLimits {
        var limits = ClassLimits()
        limits.classesMax = classes.countMax
        limits.capDefault = classes.capDefault
        limits.capMax = classes.capMax
        limits.lifetimeMs = Int64(classes.lifetimeDays) * 86_400_000
        limits.tokenLifetimeS = Int64(classes.tokenHours) * 3_600
        limits.guesses = failureRate
        return limits
    }

    /// Failed attempts of one address: bad tokens, wrong codes.
    package var failureRate: TokenRate {
        TokenRate(everySeconds: limits.addressRefillS, burst: limits.addressFailures)
    }

    /// Commands of a student.
    package var studentRate: TokenRate { TokenRate(perSecond: limits.studentRate, burst: limits.studentBurst) }

    /// Commands of a moderator or service.
    package var moderatorRate: TokenRate { TokenRate(perSecond: limits.moderatorRate, burst: limits.moderatorBurst) }
}

/// Where the node listens, and with how many threads.
package struct ListenSettings: Sendable, Equatable {
    /// An IPv4 or IPv6 literal.
    package var host = "127.0.0.1"
    /// 0 takes a free port.
    package var port = 8080
    /// Reactors; 0 takes one for each CPU.
    package var threads = 0
    /// Whether trusted proxies put a PROXY header in front of each connection.
    package var proxyProtocol = false
}

/// How WebSockets are served.
package struct WebSocketSettings: Sendable, Equatable {
    /// Whether permessage-deflate is negotiated in rooms.
    package var deflate = true
    /// Shortest event that is compressed, bytes.
    package var deflateBytesMin = 256
}

/// Classes that teachers make for guests.
package struct ClassSettings: Sendable, Equatable {
    /// Classes at once.
    package var countMax = 10_000
    /// Guests of a class that names no cap.
    package var capDefault = 2_000
    /// Largest cap.
    package var capMax = 10_000
    /// Life of a class, days.
    package var lifetimeDays = 30
    /// Validity of a guest's token, hours.
    package var tokenHours = 12
}

/// The log of events on disk.
package struct JournalSettings: Sendable, Equatable {
    /// False: rooms live in memory only.
    package var enabled = true
    /// Size of a journal file, bytes.
    package var segmentBytes = 67_108_864
    /// Free space below which the event journal stops, bytes.
    package var freeBytesMin = 1_073_741_824
    /// Time between syncs of the event journal, ms.
    package var fsyncMs = 100
    /// Preallocated files for ballots.
    package var reserveSegments = 2
}

/// The database of ballots, history and classes.
package struct StoreSettings: Sendable, Equatable {
    /// Time after which ballots go to the journal, ms.
    package var answerTimeoutMs = 100
    /// Ballots that wait.
    package var queue = 65_536
    /// Events between snapshots of a room.
    package var snapshotEvents = 256
}

/// What the node writes about itself to standard error.
package struct LogSettings: Sendable, Equatable {
    /// Least important level that is written.
    package var level = LogLevelName.info
    /// Form of a line.
    package var format = LogFormat.logfmt
    /// Whether names, ids and addresses of people may stand in a line.
    package var names = false
}

/// How much is logged; each level includes those behind it.
package enum LogLevelName: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

/// The form of a log line.
package enum LogFormat: String, Sendable, CaseIterable {
    case logfmt, json
}

/// What is on; `liveserver set` changes it while the node runs.
package struct FeatureSettings: Sendable, Equatable {
    /// Sending chat messages.
    package var chat = true
    /// Opening and answering polls.
    package var polls = true
    /// Asking and upvoting questions.
    package var questions = true
    /// Raising hands.
    package var hands = true
    /// Reactions to chat messages.
    package var reactions = true
    /// Joining by a class's code.
    package var guests = true
    /// Whether `/echo` exists.
    package var echo = false
}
