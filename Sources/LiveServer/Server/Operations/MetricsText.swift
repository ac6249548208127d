// Owns what `/metrics` says: the families of the node's numbers, in Prometheus' text format 0.0.4. Numbers and fixed
// words only: no room, person or address is ever a label, so the number of series is bounded.

import LiveIO
import Rooms

/// The node's numbers as Prometheus reads them.
package enum MetricsText {
    /// The whole page. Seconds and bytes are the units throughout; every reactor is a series.
    package static func render(
        _ reactors: [(reactor: Int, counters: ReactorCounters)], node: NodeFacts,
        process: ProcessFacts = ProcessFacts.read()
    ) -> [UInt8] {
        var writer = MetricsWriter()
        connections(reactors, &writer)
        encryption(reactors, node, &writer)
        rooms(reactors, &writer)
        messages(reactors, &writer)
        loops(reactors, &writer)
        clients(reactors, &writer)
        shared(node, &writer)
        own(process, node, &writer)
        return writer.bytes
    }

    private typealias Reactors = [(reactor: Int, counters: ReactorCounters)]

    private static func connections(_ reactors: Reactors, _ writer: inout MetricsWriter) {
        writer.family("liveclassroom_connections", .gauge, "Open connections by transport.")
        for (reactor, counters) in reactors {
            let open = counters.connections
            let byTransport: [(StaticString, UInt64)] = [
                ("websocket", open.webSocket), ("sse", open.eventStream), ("longpoll", open.longPoll),
                ("http", open.http),
            ]
            for (transport, count) in byTransport {
                writer.sample(reactor: reactor, "transport", transport, count)
            }
        }
        each(reactors, &writer, "accepted_total", .counter, "Connections taken.", \.accepted)
        each(reactors, &writer, "closed_total", .counter, "Connections ended.", \.closed)
        each(reactors, &writer, "requests_total", .counter, "HTTP requests read.", \.requests)
        each(reactors, &writer, "answers_total", .counter, "HTTP answers written.", \.answers)
        each(reactors, &writer, "upgrades_total", .counter, "WebSocket upgrades.", \.upgrades)
        each(reactors, &writer, "streams_total", .counter, "Event streams opened.", \.streamsOpened)
        each(
            reactors, &writer, "protocol_errors_total", .counter, "Connections closed for what they sent.",
            \.protocolErrors)
        each(reactors, &writer, "silent_ends_total", .counter, "Connections ended for silence.", \.silentEnds)
        each(reactors, &writer, "slow_closes_total", .counter, "Readers closed as too slow (4408).", \.slowClosed)
    }

    private static func encryption(_ reactors: Reactors, _ node: NodeFacts, _ writer: inout MetricsWriter) {
        writer.family(
            "liveclassroom_tls_handshakes_total", .counter, "TLS handshakes: in full, resumed, or failed.")
        for (reactor, counters) in reactors {
            writer.sample(reactor: reactor, "kind", "full", counters.reactor.handshakes)
            writer.sample(reactor: reactor, "kind", "resumed", counters.reactor.handshakesResumed)
            writer.sample(reactor: reactor, "kind", "failed", counters.reactor.handshakesFailed)
        }
        writer.family("liveclassroom_tls_handshakes_waiting", .gauge, "Handshakes that wait for their turn.")
        for (reactor, counters) in reactors {
            writer.sample(reactor: reactor, UInt64(clamping: counters.reactor.handshakesWaiting))
        }
        guard let expiryS = node.certificateExpiryS else { return }
        one(
            &writer, "tls_certificate_expiry_timestamp_seconds", .gauge,
            "When the first certificate ends, seconds since 1970.", UInt64(clamping: expiryS))
    }

    private static func rooms(_ reactors: Reactors, _ writer: inout MetricsWriter) {
        each(reactors, &writer, "rooms", .gauge, "Rooms in memory, at their home.", \.rooms)
        each(reactors, &writer, "tail_bytes", .gauge, "Memory of the rooms' tails.", \.tailBytes)
        each(reactors, &writer, "joins_total", .counter, "Participants admitted with a snapshot.", \.joins)
        each(
            reactors, &writer, "joins_refused_total", .counter, "Newcomers told to come again.", \.joinsRefused)
        each(reactors, &writer, "resumes_total", .counter, "Participants who came back where they were.", \.resumes)
        each(reactors, &writer, "connects_total", .counter, "Times that somebody came into a room.", \.connects)
        each(
            reactors, &writer, "reconnects_total", .counter, "Of them, those who came back with a position.",
            \.reconnects)
        each(reactors, &writer, "stale_resumes_total", .counter, "Resume tokens that proved nothing.", \.staleResumes)
        each(reactors, &writer, "resets_total", .counter, "Readers that fell off the tail.", \.resets)
        each(reactors, &writer, "rooms_opened_total", .counter, "Rooms taken into memory.", \.roomsOpened)
        each(reactors, &writer, "rooms_unloaded_total", .counter, "Idle rooms that left memory.", \.roomsUnloaded)
        each(
            reactors, &writer, "tokens_asked_total", .counter, "Tokens whose signature took a worker.", \.tokensAsked)
        each(reactors, &writer, "renewals_total", .counter, "Tokens renewed on live connections.", \.renewals)
        each(reactors, &writer, "classes_created_total", .counter, "Classes made by teachers.", \.classesCreated)
    }

    private static func messages(_ reactors: Reactors, _ writer: inout MetricsWriter) {
        each(reactors, &writer, "messages_total", .counter, "Commands read.", \.messages)
        writer.family("liveclassroom_rejections_total", .counter, "Refusals by the contract's error code.")
        for (reactor, counters) in reactors {
            for code in RejectionCode.allCases {
                writer.sample(reactor: reactor, "reason", dynamic: code.text, counters.rejections[Int(code.rawValue)])
            }
        }
        each(reactors, &writer, "events_total", .counter, "Events of rooms applied at their home.", \.events)
        each(
            reactors, &writer, "deliveries_total", .counter, "Events handed to the kernel, once a reader.", \.deliveries
        )
        each(reactors, &writer, "delivered_bytes_total", .counter, "Bytes of those events.", \.deliveredBytes)
        each(reactors, &writer, "short_writes_total", .counter, "Writes that the kernel took in part.", \.shortWrites)
        each(
            reactors, &writer, "mailbox_refusals_total", .counter, "Messages between reactors refused.",
            \.mailboxRefusals)
        each(reactors, &writer, "repairs_total", .counter, "Gaps asked again from a room's home.", \.repairs)
        each(
            reactors, &writer, "undecodable_entries_total", .counter, "Log entries that were not understood.",
            \.undecodableEntries)
        writer.family("liveclassroom_ballots_total", .counter, "Receipts for ballots by what they survive.")
        for (reactor, counters) in reactors {
            writer.sample(reactor: reactor, "durable", "store", counters.ballotsStored)
            writer.sample(reactor: reactor, "durable", "node", counters.ballotsOnNode)
        }
        deflate(reactors, &writer)
        histogram(
            reactors, &writer, "delivery_latency_seconds",
            "From the read of a command to the last write of its event at this reactor.", \.deliveryLatency)
    }

    private static func deflate(_ reactors: Reactors, _ writer: inout MetricsWriter) {
        each(
            reactors, &writer, "deflate_connections", .gauge, "WebSockets in rooms that take compressed frames.",
            \.connections.deflated)
        each(
            reactors, &writer, "deflated_frames_total", .counter, "Frames compressed, once for all readers.",
            \.deflate.frames)
        each(
            reactors, &writer, "deflate_in_bytes_total", .counter, "Bytes of those frames before.",
            \.deflate.bytesBefore)
        each(
            reactors, &writer, "deflate_out_bytes_total", .counter, "Bytes of those frames after.",
            \.deflate.bytesAfter)
        each(
            reactors, &writer, "inflated_messages_total", .counter, "Compressed messages of clients.",
            \.deflate.inflated)
        each(
            reactors, &writer, "inflate_refusals_total", .counter,
            "Compressed messages that were too large, or no deflate, or no text.", \.deflate.refused)
    }

    private static func loops(_ reactors: Reactors, _ writer: inout MetricsWriter) {
        writer.family(
            "liveclassroom_loop_lag_seconds", .gauge,
            "Time of a loop round: moving average, and longest since last asked.")
        for (reactor, counters) in reactors {
            writer.sample(reactor: reactor, "stat", "average", ns: counters.reactor.lagAverageNs)
            writer.sample(reactor: reactor, "stat", "max", ns: counters.reactor.lagMaxNs)
        }
        each(reactors, &writer, "loop_rounds_total", .counter, "Rounds of the loop.", \.reactor.rounds)
        each(reactors, &writer, "received_bytes_total", .counter, "Bytes read from sockets.", \.reactor.bytesIn)
        each(reactors, &writer, "sent_bytes_total", .counter, "Bytes that the kernel took.", \.reactor.bytesOut)
        each(reactors, &writer, "sends_total", .counter, "Calls that send.", \.reactor.sends)
        each(reactors, &writer, "refused_connections_total", .counter, "Newcomers beyond the limit.", \.reactor.refused)
        writer.family("liveclassroom_accept_failures_total", .counter, "Accepts that failed, by errno.")
        for (reactor, counters) in reactors {
            for (code, count) in counters.reactor.acceptFailures.sorted(by: { $0.key < $1.key }) {
                writer.sample(reactor: reactor, "errno", dynamic: "\(code)", count)
            }
        }
    }

    private static func clients(_ reactors: Reactors, _ writer: inout MetricsWriter) {
        each(reactors, &writer, "heartbeats_total", .counter, "Heartbeats of clients.", \.heartbeats)
        each(
            reactors, &writer, "client_failed_connects_total", .counter, "Failed connects as clients report them.",
            \.failedConnects)
        each(
            reactors, &writer, "client_video_reports_total", .counter, "Heartbeats of people who watch a video.",
            \.videoReports)
        each(
            reactors, &writer, "client_video_errors_total", .counter, "Video errors as clients report them.",
            \.videoErrors)
        histogram(reactors, &writer, "client_lag_seconds", "Delivery lag as clients report it.", \.clientLag)
        histogram(reactors, &writer, "round_trip_seconds", "Ping to pong.", \.roundTrip)
        sessions(reactors, &writer)
    }

    /// Sessions as a whole: the figures of each are in its record, since a room's name is never a label.
    private static func sessions(_ reactors: Reactors, _ writer: inout MetricsWriter) {
        each(reactors, &writer, "participants", .gauge, "People in rooms.", \.sessions.participants)
        each(reactors, &writer, "sessions", .gauge, "Rooms with somebody in them.", \.sessions.active)
        each(
            reactors, &writer, "session_peak_participants", .gauge,
            "The most people at once of any session in memory.", \.sessions.peakParticipants)
        writer.family(
            "liveclassroom_session_worst_delivery_p95_seconds", .gauge,
            "Greatest delivery p95 of a session with people in it, since its first participant.")
        for (reactor, counters) in reactors {
            writer.sample(reactor: reactor, thousandths: counters.sessions.worstP95Ms)
        }
        writer.family(
            "liveclassroom_session_worst_failed_connect_ratio", .gauge,
            "Greatest share of failed connects of a session with people in it.")
        for (reactor, counters) in reactors {
            writer.sample(reactor: reactor, millionths: counters.sessions.worstFailedConnectPPM)
        }
        writer.family(
            "liveclassroom_session_worst_video_error_ratio", .gauge,
            "Greatest share of video errors of a session with people in it.")
        for (reactor, counters) in reactors {
            writer.sample(reactor: reactor, millionths: counters.sessions.worstVideoErrorPPM)
        }
    }

    private static func shared(_ node: NodeFacts, _ writer: inout MetricsWriter) {
        one(&writer, "log_entries_total", .counter, "Events written to the journal.", node.logEntries)
        one(&writer, "log_rounds_total", .counter, "Writes to the journal.", node.logRounds)
        one(&writer, "log_failures_total", .counter, "Writes to the journal that failed.", node.logFailures)
        one(&writer, "log_queue", .gauge, "Commands that wait for the journal.", UInt64(clamping: node.logDepth))
        one(&writer, "log_failing", .gauge, "1 while the journal takes nothing.", node.logFailing ? 1 : 0)
        one(&writer, "ballots_in_journal", .gauge, "1 while ballots go to the journal.", node.ballotsInJournal ? 1 : 0)
        one(
            &writer, "ballots_undrained", .gauge, "Ballots in the journal and not yet in the store.",
            UInt64(clamping: node.ballotsUndrained))
        one(&writer, "ballot_queue", .gauge, "Ballots that wait.", UInt64(clamping: node.ballotQueueDepth))
        one(&writer, "ballot_commits_total", .counter, "Transactions of ballots.", UInt64(clamping: node.ballotCommits))
        one(&writer, "token_queue", .gauge, "Tokens that wait for a worker.", UInt64(clamping: node.tokenDepth))
        one(&writer, "issuer_keys", .gauge, "Public keys of the issuer in force.", UInt64(clamping: node.issuerKeys))
        one(
            &writer, "issuer_key_failures", .gauge, "Looks for the issuer's keys that failed in a row.",
            UInt64(clamping: node.issuerKeyFailures))
        one(&writer, "history_failures_total", .counter, "Times that the history failed.", node.historyFailures)
        one(
            &writer, "history_failing", .gauge, "1 while the history cannot be written or read.",
            node.historyFailing ? 1 : 0)
        one(&writer, "ready", .gauge, "1 while /readyz answers 200.", node.isReady ? 1 : 0)
        one(&writer, "classes", .gauge, "Classes that exist.", UInt64(clamping: node.classes))
        one(&writer, "log_lines_dropped_total", .counter, "Log lines dropped.", LogOutput.droppedEver)
    }

    private static func own(_ process: ProcessFacts, _ node: NodeFacts, _ writer: inout MetricsWriter) {
        writer.family("liveclassroom_build_info", .gauge, "The build, as a label.")
        writer.sample("version", ServerVersion.text, 1)
        writer.family("process_cpu_seconds_total", .counter, "User and system CPU time.")
        writer.sample(seconds: process.cpuSeconds)
        writer.family("process_resident_memory_bytes", .gauge, "Resident memory.")
        writer.sample(process.residentBytes)
        writer.family("process_memory_limit_bytes", .gauge, "Memory that the process may use: cgroup's or machine's.")
        writer.sample(process.memoryLimitBytes)
        writer.family("process_open_fds", .gauge, "Open descriptors.")
        writer.sample(process.openDescriptors)
        writer.family("process_max_fds", .gauge, "Limit of open descriptors.")
        writer.sample(process.descriptorLimit)
        writer.family("process_start_time_seconds", .gauge, "Start, seconds since 1970.")
        writer.sample(seconds: Double(node.startedMs) / 1_000)
    }

    private static func each(
        _ reactors: Reactors, _ writer: inout MetricsWriter, _ name: StaticString, _ kind: MetricsWriter.Kind,
        _ help: StaticString, _ field: KeyPath<ReactorCounters, UInt64>
    ) {
        writer.family("liveclassroom_\(name)", kind, help)
        for (reactor, counters) in reactors { writer.sample(reactor: reactor, counters[keyPath: field]) }
    }

    private static func histogram(
        _ reactors: Reactors, _ writer: inout MetricsWriter, _ name: StaticString, _ help: StaticString,
        _ field: KeyPath<ReactorCounters, DurationHistogram>
    ) {
        writer.family("liveclassroom_\(name)", .histogram, help)
        for (reactor, counters) in reactors { writer.histogram(reactor: reactor, counters[keyPath: field]) }
    }

    private static func one(
        _ writer: inout MetricsWriter, _ name: StaticString, _ kind: MetricsWriter.Kind, _ help: StaticString,
        _ value: UInt64
    ) {
        writer.family("liveclassroom_\(name)", kind, help)
        writer.sample(value)
    }
}
