// What one reactor counts: plain integers that only its thread touches, copied when somebody asks for metrics.

package import LiveIO
package import Rooms

/// Durations in buckets whose bounds double: enough for percentiles within a factor, cheap enough for the hot path.
package struct DurationHistogram: Sendable {
    /// Upper bound of the first bucket, in nanoseconds: 64 µs.
    package static let firstBoundNs: UInt64 = 65_536
    /// Buckets; the last holds everything above 2^19 times the first bound (34 s).
    package static let bucketCount = 20

    /// Durations in each bucket.
    package private(set) var buckets = [UInt64](repeating: 0, count: DurationHistogram.bucketCount)
    /// Sum of all durations, in nanoseconds.
    package private(set) var sumNs: UInt64 = 0
    /// How many durations.
    package private(set) var count: UInt64 = 0

    /// All zero.
    package init() {}

    /// Upper bound of a bucket in nanoseconds; nil for the last, which has none.
    package static func boundNs(_ bucket: Int) -> UInt64? {
        bucket == bucketCount - 1 ? nil : firstBoundNs << UInt64(bucket)
    }

    /// Adds one duration.
    package mutating func record(ns: UInt64) {
        var bucket = 0
        if ns > DurationHistogram.firstBoundNs {
            bucket = 64 - ((ns - 1) >> 16).leadingZeroBitCount
        }
        buckets[min(bucket, DurationHistogram.bucketCount - 1)] += 1
        sumNs &+= ns
        count += 1
    }

    /// Adds another histogram's durations.
    package static func += (left: inout DurationHistogram, right: DurationHistogram) {
        for bucket in left.buckets.indices { left.buckets[bucket] += right.buckets[bucket] }
        left.sumNs &+= right.sumNs
        left.count += right.count
    }
}

/// Connections by what they speak.
package struct TransportCounts: Sendable {
    /// WebSockets in rooms.
    package var webSocket: UInt64 = 0
    /// Of them, those that take compressed frames.
    package var deflated: UInt64 = 0
    /// Server-sent event streams in rooms.
    package var eventStream: UInt64 = 0
    /// Long polls that wait.
    package var longPoll: UInt64 = 0
    /// Everything else: requests, connections between two requests.
    package var http: UInt64 = 0

    /// All zero.
    package init() {}
}

/// What compressing frames for many came to.
package struct DeflateCounts: Sendable {
    /// Frames that were compressed, once for all who read them.
    package var frames: UInt64 = 0
    /// Their bytes before.
    package var bytesBefore: UInt64 = 0
    /// Their bytes after.
    package var bytesAfter: UInt64 = 0
    /// Clients' messages that were inflated.
    package var inflated: UInt64 = 0
    /// Clients' messages that were refused while being inflated.
    package var refused: UInt64 = 0

    /// All zero.
    package init() {}
}

/// The counters of one reactor.
package struct ReactorCounters: Sendable {
    // Gauges, filled in when asked for.
    /// Open connections by transport.
    package var connections = TransportCounts()
    /// Rooms whose home is here.
    package var rooms: UInt64 = 0
    /// What of the sessions is told when asked.
    package var sessions = SessionGauges()
    /// Bytes of encoded events kept.
    package var tailBytes: UInt64 = 0
    /// Compression in rooms.
    package var deflate = DeflateCounts()
    /// The loop's own counts.
    package var reactor = ReactorStatistics()

    // Connections and requests.
    /// Connections taken.
    package var accepted: UInt64 = 0
    /// Connections ended.
    package var closed: UInt64 = 0
    /// HTTP requests read.
    package var requests: UInt64 = 0
    /// HTTP answers written.
    package var answers: UInt64 = 0
    /// WebSocket handshakes done.
    package var upgrades: UInt64 = 0
    /// Event streams begun.
    package var streamsOpened: UInt64 = 0
    /// Breaches of HTTP or WebSocket.
    package var protocolErrors: UInt64 = 0
    /// Ended because nothing was heard for too long.
    package var silentEnds: UInt64 = 0
    /// Closed with 4408.
    package var slowClosed: UInt64 = 0

    // Rooms.
    /// Attaches to rooms.
    package var joins: UInt64 = 0
    /// Of them, those that went on where they had been.
    package var resumes: UInt64 = 0
    /// Times that somebody came in, on any transport; the polls of one stay are one.
    package var connects: UInt64 = 0
    /// Of them, those who came back with a position in the log.
    package var reconnects: UInt64 = 0
    /// Newcomers told to come again before their token was looked at.
    package var joinsRefused: UInt64 = 0
    /// Resume tokens that proved nothing: too old, or somebody else's.
    package var staleResumes: UInt64 = 0
    /// Readers that fell off the tail and got a snapshot.
    package var resets: UInt64 = 0
    /// Rooms whose home is here.
    package var roomsOpened: UInt64 = 0
    /// Rooms whose home is here.
    package var roomsUnloaded: UInt64 = 0
    /// Tokens given to the workers that check signatures.
    package var tokensAsked: UInt64 = 0
    /// Tokens renewed on live connections.
    package var renewals: UInt64 = 0
    /// Classes made.
    package var classesCreated: UInt64 = 0

    // Messages.
    /// Commands read.
    package var messages: UInt64 = 0
    /// Events that rooms made.
    package var events: UInt64 = 0
    /// Events given to a member's socket.
    package var deliveries: UInt64 = 0
    /// Bytes given to sockets.
    package var deliveredBytes: UInt64 = 0
    /// Writes that the kernel took in part.
    package var shortWrites: UInt64 = 0
    /// Receipts that the store gave.
    package var ballotsStored: UInt64 = 0
    /// Receipts that the node's journal gave.
    package var ballotsOnNode: UInt64 = 0
    /// Messages that a full mailbox refused.
    package var mailboxRefusals: UInt64 = 0
    /// Times that a replica asked for what it had missed.
    package var repairs: UInt64 = 0
    /// Log entries that could not be read.
    package var undecodableEntries: UInt64 = 0
    /// Refusals by `RejectionCode.rawValue`.
    package private(set) var rejections = [UInt64](repeating: 0, count: RejectionCode.allCases.count)

    // Heartbeats, as clients report them.
    /// Heartbeats of clients.
    package var heartbeats: UInt64 = 0
    /// Failed attempts to connect, as clients report them.
    package var failedConnects: UInt64 = 0
    /// Heartbeats of people who watch a video.
    package var videoReports: UInt64 = 0
    /// Of them, those that report an error.
    package var videoErrors: UInt64 = 0

    /// From the read of a command to the last write of its event here.
    package var deliveryLatency = DurationHistogram()
    /// Ping to pong.
    package var roundTrip = DurationHistogram()
    /// Delivery lag as clients report it.
    package var clientLag = DurationHistogram()

    /// All zero.
    package init() {}

    /// Counts what a client reports about itself.
    mutating func heartbeat(_ beat: Heartbeat) {
        heartbeats += 1
        failedConnects += UInt64(clamping: beat.failedConnects)
        if beat.reportsVideo { videoReports += 1 }
        if beat.videoError { videoErrors += 1 }
        if let lagMs = beat.lagMs { clientLag.record(ns: UInt64(clamping: lagMs) &* 1_000_000) }
    }

    /// Counts one refusal.
    package mutating func reject(_ code: RejectionCode) { rejections[Int(code.rawValue)] += 1 }
}
