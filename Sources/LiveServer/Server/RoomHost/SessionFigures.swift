// Owns the five figures of a session (delivery p95, reconnects, failed connects, video error rate, peak participants):
// what heartbeats say, added up, and what the room's home sees itself; their kept form and their form in a record.
// Pure: time is an argument. Never who said it: no figure names a person. Limits: a fixed number of integers a room.

package import LiveProtocol

/// What clients' heartbeats say of one session, added up.
package struct HeartbeatFigures: Equatable, Sendable {
    /// Heartbeats.
    package var beats: UInt64 = 0
    /// Heartbeats by `ClientTransport.rawValue`.
    package var byTransport = [UInt64](repeating: 0, count: ClientTransport.allCases.count)
    /// Connects that failed, as the clients counted them.
    package var failedConnects: UInt64 = 0
    /// Heartbeats of somebody who watches a video (it names a position, or an error).
    package var videoReports: UInt64 = 0
    /// Of them, those with an error.
    package var videoErrors: UInt64 = 0
    /// Delivery lags; each is the 95th percentile of what one client saw since its last beats.
    package var lag = LagHistogram()

    /// All zero.
    package init() {}

    /// Nothing was reported.
    package var isEmpty: Bool { beats == 0 }

    /// Adds one heartbeat.
    package mutating func add(_ beat: Heartbeat) {
        beats += 1
        byTransport[Int(beat.transport.rawValue)] += 1
        failedConnects &+= UInt64(clamping: beat.failedConnects)
        if beat.reportsVideo { videoReports += 1 }
        if beat.videoError { videoErrors += 1 }
        if let lagMs = beat.lagMs { lag.record(ms: lagMs) }
    }

    /// Adds what others reported.
    package mutating func merge(_ other: HeartbeatFigures) {
        beats += other.beats
        for transport in byTransport.indices { byTransport[transport] += other.byTransport[transport] }
        failedConnects &+= other.failedConnects
        videoReports += other.videoReports
        videoErrors += other.videoErrors
        lag.merge(other.lag)
    }
}

/// The figures of one session since its first participant, restarts of the node included.
package struct SessionFigures: Equatable, Sendable {
    /// What clients reported.
    package var heartbeats = HeartbeatFigures()
    /// Times that somebody came in, on any transport; the polls of one stay are one.
    package private(set) var connects: UInt64 = 0
    /// Of them, those who came back with a position in the log.
    package private(set) var reconnects: UInt64 = 0
    /// The most people at once.
    package private(set) var peakParticipants = 0
    /// When there were so many first, ms since 1970; 0: never.
    package private(set) var peakTs: Int64 = 0
    /// When somebody came in first and last, ms since 1970; 0: never.
    package private(set) var firstTs: Int64 = 0
    package private(set) var lastTs: Int64 = 0

    /// All zero.
    package init() {}

    /// Somebody came in.
    /// - Parameters:
    ///   - returns: whether with a position in the log, from an earlier connection.
    ///   - participants: people in the room now.
    ///   - ts: ms since 1970.
    package mutating func connected(returns: Bool, participants: Int, ts: Int64) {
        connects += 1
        if returns { reconnects += 1 }
        if firstTs == 0 { firstTs = ts }
        lastTs = max(lastTs, ts)
        if participants > peakParticipants {
            peakParticipants = participants
            peakTs = ts
        }
    }

    /// Adds figures of the same session from before.
    package mutating func merge(_ other: SessionFigures) {
        heartbeats.merge(other.heartbeats)
        connects += other.connects
        reconnects += other.reconnects
        if other.peakParticipants >= peakParticipants {
            peakParticipants = other.peakParticipants
            peakTs = other.peakTs
        }
        if firstTs == 0 || (other.firstTs != 0 && other.firstTs < firstTs) { firstTs = other.firstTs }
        lastTs = max(lastTs, other.lastTs)
    }

    /// Failed connects among all attempts, in millionths; 0 without attempts.
    package var failedConnectPPM: UInt64 {
        Self.partsPerMillion(heartbeats.failedConnects, of: heartbeats.failedConnects &+ connects)
    }

    /// Video errors among reports of watching, in millionths; 0 without reports.
    package var videoErrorPPM: UInt64 {
        Self.partsPerMillion(heartbeats.videoErrors, of: heartbeats.videoReports)
    }

    private static func partsPerMillion(_ part: UInt64, of whole: UInt64) -> UInt64 {
        guard whole > 0 else { return 0 }
        let (product, overflows) = part.multipliedReportingOverflow(by: 1_000_000)
        return overflows ? 1_000_000 : product / whole
    }

    // MARK: In a record

    /// The `figures` object of a class's record.
    package func append(to json: inout JSONWriter) {
        json.beginObject()
        if let p95 = heartbeats.lag.p95Ms {
            json.field("delivery_p95_ms", p95)
        } else {
            json.key("delivery_p95_ms")
            json.null()
        }
        json.field("connects", connects)
        json.field("reconnects", reconnects)
        json.field("failed_connects", heartbeats.failedConnects)
        json.field("failed_connect_rate", Double(failedConnectPPM) / 1_000_000)
        json.field("video_reports", heartbeats.videoReports)
        json.field("video_errors", heartbeats.videoErrors)
        json.field("video_error_rate", Double(videoErrorPPM) / 1_000_000)
        json.field("peak_participants", peakParticipants)
        if peakTs > 0 { json.field("peak_ts", peakTs) }
        if firstTs > 0 {
            json.field("first_ts", firstTs)
            json.field("last_ts", lastTs)
        }
        json.field("heartbeats", heartbeats.beats)
        json.key("heartbeats_by_transport")
        json.beginObject()
        for transport in ClientTransport.allCases {
            json.key(transport.text)
            json.integer(heartbeats.byTransport[Int(transport.rawValue)])
        }
        json.endObject()
        json.endObject()
    }

    // MARK: Kept form

    /// The bytes under which the history keeps them: JSON of integers.
    package var kept: [UInt8] {
        var json = JSONWriter(reserving: 512)
        json.beginObject()
        json.field("connects", connects)
        json.field("reconnects", reconnects)
        json.field("peak_participants", peakParticipants)
        json.field("peak_ts", peakTs)
        json.field("first_ts", firstTs)
        json.field("last_ts", lastTs)
        json.field("beats", heartbeats.beats)
        json.field("failed_connects", heartbeats.failedConnects)
        json.field("video_reports", heartbeats.videoReports)
        json.field("video_errors", heartbeats.videoErrors)
        json.key("by_transport")
        json.beginArray()
        for beats in heartbeats.byTransport { json.integer(beats) }
        json.endArray()
        json.key("lag")
        heartbeats.lag.append(to: &json)
        json.endObject()
        return json.bytes
    }

    /// From kept bytes; nil where they are none. A member that is missing or wrong counts as zero.
    package init?(kept: [UInt8]) {
        guard let document = try? JSONDocument.parse(kept, limits: .batch), document.root.kind == .object else {
            return nil
        }
        func count(_ name: StaticString) -> UInt64 { document[name]?.int.flatMap { UInt64(exactly: $0) } ?? 0 }
        connects = count("connects")
        reconnects = count("reconnects")
        peakParticipants = Int(clamping: count("peak_participants"))
        peakTs = Int64(clamping: count("peak_ts"))
        firstTs = Int64(clamping: count("first_ts"))
        lastTs = Int64(clamping: count("last_ts"))
        heartbeats.beats = count("beats")
        heartbeats.failedConnects = count("failed_connects")
        heartbeats.videoReports = count("video_reports")
        heartbeats.videoErrors = count("video_errors")
        if let list = document["by_transport"], list.kind == .array {
            for (transport, beats) in list.elements.prefix(heartbeats.byTransport.count).enumerated() {
                heartbeats.byTransport[transport] = beats.int.flatMap { UInt64(exactly: $0) } ?? 0
            }
        }
        heartbeats.lag = LagHistogram(document["lag"])
    }
}
