// Owns every setting of a node with its default: one struct, read once at start, then shared unchanged by all threads.
// Reasons, units and allowed ranges stand in SettingCatalogue, which a test compares with this struct. Never reads files.

/// All settings of one node. The defaults are the embedded default: one machine, loopback, the demo class.
package struct ServerConfiguration: Sendable, Equatable {
    package var listen = ListenSettings()
    /// `http(s)://host[:port]` under which people reach the node; empty: made of the address it listens on.
    package var publicURL = ""
    /// Folder of journal and databases.
    package var dataDir = "./data"
    package var auth = AuthSettings()
    /// Browser origins besides the node's own; `*` for all.
    package var origins: [String] = []
    package var limits = LimitSettings()
    package var classes = ClassSettings()
    package var journal = JournalSettings()
    package var store = StoreSettings()
    package var log = LogSettings()
    package var features = FeatureSettings()

    package init() {}

    /// What verifies and mints this node's access tokens.
    package var tokenSettings: TokenSettings {
        TokenSettings(
            key: auth.key, algorithm: .hs256, issuer: auth.issuer, audience: auth.audience,
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
    package var host = "127.0.0.1"
    /// 0 takes a free port.
    package var port = 8080
    /// Reactors; 0 takes one for each CPU.
    package var threads = 0
}

/// How access tokens are judged.
package struct AuthSettings: Sendable, Equatable {
    package var key = TokenKey.development
    package var issuer = "liveclassroom"
    package var audience = "liveclassroom"
    /// Seconds, for `nbf` and `iat`.
    package var leewayS = 60
}

/// Every bound on what peers may send, hold and cost.
package struct LimitSettings: Sendable, Equatable {
    package var frameBytes = 16_384
    package var headBytes = 16_384
    package var bodyBytes = 1_048_576
    package var headerCount = 100
    package var targetBytes = 8_192
    package var httpIdleMs = 60_000
    package var headTimeoutMs = 10_000
    package var bodyTimeoutMs = 30_000
    package var connections = 200_000
    package var connectionsPerParticipant = 3
    package var rooms = 10_000
    package var joinsInProgress = 10_000
    package var loopLagMs = 1_000
    package var pendingProposals = 65_536
    package var addressFailures = 30
    package var addressRefillS = 2
    package var studentRate = 5
    package var studentBurst = 20
    package var moderatorRate = 100
    package var moderatorBurst = 200
    package var tailEvents = 4_096
    package var tailMinutes = 10
    package var tailBytesNode = 268_435_456
    package var gatherBytes = 65_536
    package var resetIntervalMs = 10_000
    package var sseHeartbeatMs = 10_000
    package var pingMs = 10_000
    package var silentMs = 25_000
    package var heartbeatS = 30
    package var longpollWaitMaxS = 25
    package var presenceMs = 1_000
    package var tallyMs = 200
    package var idleRoomUnloadS = 300
    package var drainMs = 10_000
}

/// Classes that teachers make for guests.
package struct ClassSettings: Sendable, Equatable {
    package var countMax = 10_000
    package var capDefault = 2_000
    package var capMax = 10_000
    package var lifetimeDays = 30
    package var tokenHours = 12
}

/// The log of events on disk.
package struct JournalSettings: Sendable, Equatable {
    package var enabled = true
    package var segmentBytes = 67_108_864
    package var freeBytesMin = 1_073_741_824
    package var fsyncMs = 1_000
    package var reserveSegments = 2
}

/// The database of ballots, history and classes.
package struct StoreSettings: Sendable, Equatable {
    package var answerTimeoutMs = 100
    package var queue = 65_536
    package var batch = 4_096
    package var snapshotEvents = 256
}

/// What the node writes about itself to standard error.
package struct LogSettings: Sendable, Equatable {
    package var level = LogLevelName.info
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

/// What is off unless asked for.
package struct FeatureSettings: Sendable, Equatable {
    package var echo = false
}
