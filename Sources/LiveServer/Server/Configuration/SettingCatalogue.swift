// Owns the list of all settings: key, allowed values, unit and reason of each. Config/README.md is made of it and tests
// hold both against ServerConfiguration. Environment variables are LIVESERVER_ and the key in capitals, dots as
// underscores; the token key alone is LIVESERVER_TOKEN_KEY.

/// Every setting of a node, in the order of the reference.
package enum SettingCatalogue {
    /// General settings first, then limits, classes, disk and operations.
    package static let all: [Setting] =
        general + auth + encryption + webSocket + connectionLimits + roomLimits + classes + disk + operations

    /// The setting with a key; nil for an unknown one.
    package static func find(_ key: String) -> Setting? { byKey[key] }

    /// Groups, that is the keys that hold an object in the file.
    package static let groups: Set<String> = Set(
        all.compactMap { setting in setting.key.firstIndex(of: ".").map { String(setting.key[..<$0]) } })

    private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    private static let general: [Setting] = [
        .text(
            "listen.host", \.listen.host, bytesMax: 64,
            "IPv4 or IPv6 address to listen on; loopback by default, so that nothing is reachable before it has a key.",
            rule: { $0.isEmpty ? "an address is needed, such as 127.0.0.1 or 0.0.0.0" : nil }),
        .integer(
            "listen.port", \.listen.port, 0...65_535, "", "TCP port; 0 takes a free one, which the node prints."),
        .integer(
            "listen.threads", \.listen.threads, 0...256, "threads",
            "Reactors, each with its own listener and connections; 0 takes one for each CPU."),
        .bool(
            "listen.proxy_protocol", \.listen.proxyProtocol,
            "true: every connection of a trusted proxy begins with a PROXY header (version 1 or 2) that says for whom "
                + "it speaks; from others none is expected."),
        .texts(
            "trusted_proxies", \.trustedProxies, countMax: TrustedProxies.entriesMax,
            "Addresses and ranges (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` and PROXY header are believed, for "
                + "limits per address.",
            rule: ConfigurationRules.trustedProxies),
        .text(
            "public_url", \.publicURL, bytesMax: 256,
            "Where people reach the node, for join links and QR codes; empty: the address it listens on.",
            rule: ConfigurationRules.publicURL),
        .text(
            "data_dir", \.dataDir, bytesMax: 1_024,
            "Folder of journal and databases, made where it is missing; one node at a time holds it.",
            rule: { $0.isEmpty ? "a folder is needed" : nil }),
        .texts(
            "origins", \.origins, countMax: OriginPolicy.entriesMax,
            "Web pages of other origins that may connect from a browser, such as `https://school.example`; `*` for all."
                + " The node's own pages always may.",
            rule: ConfigurationRules.origins),
    ]

    private static let webSocket: [Setting] = [
        .bool(
            "websocket.deflate", \.websocket.deflate,
            "Compression (permessage-deflate) for those who offer it; frames of rooms are compressed once for all."),
        .integer(
            "websocket.deflate_bytes_min", \.websocket.deflateBytesMin, 0...1_048_576, "bytes",
            "Shorter events are sent plain: alone they hardly shrink."),
    ]

    private static let connectionLimits: [Setting] = [
        .integer(
            "limits.frame_bytes", \.limits.frameBytes, 1_024...1_048_576, "bytes",
            "Longest message of a client; a longer one closes the connection with 1009."),
        .integer(
            "limits.frame_rate", \.limits.frameRate, 100...500_000, "frames/s",
            "Messages, control frames and requests of one connection that are looked at, good or bad: five times what "
                + "any role may say. Beyond it the rest waits its turn, so that a flood holds up nobody else."),
        .integer(
            "limits.inflate_ratio", \.limits.inflateRatio, 8...1_032, "bytes",
            "What one byte of a compressed message may become, from 4 KiB on: more is a bomb, which closes with 1009."),
        .integer(
            "limits.head_bytes", \.limits.headBytes, 2_048...65_536, "bytes",
            "Longest request head; a token takes up to 4 KiB of it. Beyond: 431."),
        .integer(
            "limits.body_bytes", \.limits.bodyBytes, 1_024...67_108_864, "bytes",
            "Longest request body, where a route takes data; one JSON object has at most limits.frame_bytes, and other "
                + "routes take none. Beyond: 413."),
        .integer(
            "limits.header_count", \.limits.headerCount, 16...1_000, "headers", "Headers of a request. Beyond: 431."),
        .integer(
            "limits.target_bytes", \.limits.targetBytes, 1_024...65_536, "bytes",
            "Longest request target, query included: resume token and cursor must fit. Beyond: 414."),
        .integer(
            "limits.http_idle_ms", \.limits.httpIdleMs, 1_000...3_600_000, "ms",
            "How long a connection may wait between requests; longer than proxies keep theirs."),
        .integer(
            "limits.head_timeout_ms", \.limits.headTimeoutMs, 500...300_000, "ms",
            "Time for a whole request head, so that slow senders hold no slots."),
        .integer(
            "limits.body_timeout_ms", \.limits.bodyTimeoutMs, 500...3_600_000, "ms", "Time for a whole request body."),
        .integer(
            "limits.connections", \.limits.connections, 16...10_000_000, "connections",
            "Connections of the node; beyond it newcomers get 503 or close 1013. "
                + "Descriptors bound it too: see `doctor`."
        ),
        .integer(
            "limits.connections_per_participant", \.limits.connectionsPerParticipant, 1...1_000, "devices",
            "Devices of one participant in one room; the oldest gets 4409."),
        .integer(
            "limits.joins_in_progress", \.limits.joinsInProgress, 100...1_000_000, "joins",
            "Joins at once, divided among the reactors; beyond it newcomers are told when to come again."),
        .integer(
            "limits.join_lag_ms", \.limits.joinLagMs, 10...60_000, "ms",
            "A loop round that takes longer on average: newcomers are told when to come again, so that those inside "
                + "are served."),
        .integer(
            "limits.accept_portion", \.limits.acceptPortion, 1...4_096, "connections",
            "Connections accepted in one loop round of a reactor; the rest waits in the kernel's queue."),
        .integer(
            "limits.newcomer_portion", \.limits.newcomerPortion, 1...512, "events",
            "Events of connections that have not joined yet, served in one loop round after those of all who have; "
                + "more only in an eighth of a long round's time. A join storm delays those inside by so many."),
        .integer(
            "limits.round_rest_us", \.limits.roundRestUs, 0...10_000, "µs",
            "Rest between two loop rounds under a hail of small messages (over ten thousand a second): those that come "
                + "meanwhile share a round, for half of the CPU. 0: none."),
        .integer(
            "limits.memory_bytes", \.limits.memoryBytes, 0...1_125_899_906_842_624, "bytes",
            "Resident memory of the process; near it joins are refused, then tails shortened, then slow readers and "
                + "observers closed. 0: four fifths of what the machine or its control group has."),
        .integer(
            "limits.address_failures", \.limits.addressFailures, 1...1_000_000, "attempts",
            "Failed attempts of one address at once: bad tokens, wrong codes. Good ones never count, since a whole "
                + "school sits behind one address."),
        .integer(
            "limits.address_refill_s", \.limits.addressRefillS, 1...3_600, "s",
            "Time after which an address may fail once more."),
        .integer(
            "limits.student_rate", \.limits.studentRate, 1...1_000_000, "messages/s", "Commands of a student."),
        .integer(
            "limits.student_burst", \.limits.studentBurst, 1...1_000_000, "messages", "Commands of a student at once."),
        .integer(
            "limits.moderator_rate", \.limits.moderatorRate, 1...1_000_000, "messages/s",
            "Commands of a moderator or service."),
        .integer(
            "limits.moderator_burst", \.limits.moderatorBurst, 1...1_000_000, "messages",
            "Commands of a moderator or service at once."),
        .integer(
            "limits.connection_rate", \.limits.connectionRate, 1...1_000_000, "messages/s",
            "Heartbeats and malformed messages of one connection, which no room is asked about. Beyond: "
                + "`rate_limited`."),
        .integer(
            "limits.connection_burst", \.limits.connectionBurst, 1...1_000_000, "messages",
            "Heartbeats and malformed messages of one connection at once."),
        .integer(
            "limits.malformed_messages", \.limits.malformedMessages, 1...65_535, "messages",
            "Malformed messages of one WebSocket; with the last of them it is closed with 1008."),
        .integer(
            "limits.sse_heartbeat_ms", \.limits.sseHeartbeatMs, 1_000...60_000, "ms",
            "Time between comments on an event stream: proxies cut silent ones."),
        .integer(
            "limits.ping_ms", \.limits.pingMs, 1_000...60_000, "ms", "Time between pings to a WebSocket that is silent."
        ),
        .integer(
            "limits.silent_ms", \.limits.silentMs, 2_000...300_000, "ms",
            "A peer silent for so long is dead; two pings fit in it."),
        .integer(
            "limits.heartbeat_s", \.limits.heartbeatS, 5...300, "s",
            "How often clients send `heartbeat`; told in `welcome`."),
        .integer(
            "limits.longpoll_wait_max_s", \.limits.longpollWaitMaxS, 1...120, "s",
            "Longest wait of a long poll; proxies cut at 30 s."),
        .integer(
            "limits.drain_ms", \.limits.drainMs, 0...600_000, "ms",
            "How long SIGTERM lets connections end by themselves before the node goes."),
    ]

    private static let roomLimits: [Setting] = [
        .integer(
            "limits.room_participants", \.limits.roomParticipants, 1...10_000_000, "people",
            "People in one room; beyond it newcomers get `overloaded` (1013 or 503), moderators come in."),
        .integer(
            "limits.rooms", \.limits.rooms, 1...1_000_000, "rooms", "Rooms in memory at once. Beyond: `overloaded`."),
        .integer(
            "limits.pending_proposals", \.limits.pendingProposals, 64...10_000_000, "commands",
            "Commands that wait for the log. Beyond: `overloaded`."),
        .integer(
            "limits.tail_events", \.limits.tailEvents, 16...1_000_000, "events",
            "Events of a room kept in memory for cursors to resume from."),
        .integer(
            "limits.tail_bytes_node", \.limits.tailBytesNode, 1_048_576...1_099_511_627_776, "bytes",
            "Memory of all tails; the oldest events go first."),
        .integer(
            "limits.gather_bytes", \.limits.gatherBytes, 4_096...1_048_576, "bytes",
            "Most that is written to one connection at once, so that one far behind doesn't hold up the others."),
        .integer(
            "limits.reset_interval_ms", \.limits.resetIntervalMs, 1_000...600_000, "ms",
            "A reader that falls off the tail twice within this time is closed with 4408."),
        .integer(
            "limits.presence_ms", \.limits.presenceMs, 100...60_000, "ms",
            "Shortest time between presence events of a room: a join storm costs linear work."),
        .integer(
            "limits.tally_ms", \.limits.tallyMs, 50...60_000, "ms",
            "Shortest time between tallies of a poll: five a second."),
        .integer(
            "limits.idle_room_unload_s", \.limits.idleRoomUnloadS, 1...86_400, "s",
            "A room without participants leaves memory after this time; it returns with the next join."),
    ]

    private static let classes: [Setting] = [
        .integer(
            "classes.count_max", \.classes.countMax, 1...1_000_000, "classes",
            "Classes that teachers made and that have not expired."),
        .integer(
            "classes.cap_default", \.classes.capDefault, 1...100_000, "guests", "Guests of a class that names no cap."),
        .integer("classes.cap_max", \.classes.capMax, 1...100_000, "guests", "Largest cap that a class may name."),
        .integer("classes.lifetime_days", \.classes.lifetimeDays, 1...3_650, "days", "How long a class exists."),
        .integer(
            "classes.token_hours", \.classes.tokenHours, 1...720, "h",
            "Validity of a guest's token: a long school day; the device gets a new one with the code."),
    ]

    private static let disk: [Setting] = [
        .bool(
            "journal.enabled", \.journal.enabled,
            "false: rooms live in memory only and end with the process. For measurements."),
        .integer(
            "journal.segment_bytes", \.journal.segmentBytes, 1_048_576...1_073_741_824, "bytes",
            "Size of a journal file; whole files are removed once the store has them."),
        .integer(
            "journal.free_bytes_min", \.journal.freeBytesMin, 0...1_099_511_627_776, "bytes",
            "Free disk space below which the event journal stops: commands get `unavailable`, ballots go on."),
        .integer(
            "journal.fsync_ms", \.journal.fsyncMs, 10...60_000, "ms",
            "How often the event journal is synced: what a power cut may cost. Ballots are synced at once."),
        .integer(
            "journal.reserve_segments", \.journal.reserveSegments, 1...64, "files",
            "Journal files preallocated for ballots, so that a full disk loses none."),
        .integer(
            "store.answer_timeout_ms", \.store.answerTimeoutMs, 10...10_000, "ms",
            "A store that takes longer has ballots written to the journal instead."),
        .integer(
            "store.queue", \.store.queue, 64...1_000_000, "ballots",
            "Ballots that wait for the store. Beyond: `overloaded`."),
        .integer(
            "store.snapshot_events", \.store.snapshotEvents, 16...65_536, "events",
            "Events after which a room's snapshot is written: bounds the work of loading it."),
    ]

    private static let operations: [Setting] = [
        .choice("log.level", \.log.level, "The least important level that is written."),
        .choice(
            "log.format", \.log.format, "Form of the lines on standard error: `logfmt`, or one JSON object a line."),
        .bool(
            "log.names", \.log.names,
            "true: names, ids and addresses of people may stand in the log. For a developer's machine."),
        .bool("features.chat", \.features.chat, "Chat messages may be sent; `liveserver set` changes it at run time."),
        .bool("features.polls", \.features.polls, "Polls may be opened and answered."),
        .bool("features.questions", \.features.questions, "Questions may be asked and voted for."),
        .bool("features.hands", \.features.hands, "Hands may be raised."),
        .bool("features.reactions", \.features.reactions, "Chat messages may be reacted to."),
        .bool("features.guests", \.features.guests, "Classes may be joined by their code."),
        .bool(
            "features.echo", \.features.echo,
            "`/echo` sends back what it gets, without rate limits: for conformance suites, never in production."),
    ]
}
