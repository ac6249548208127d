// Every bound that a reactor keeps: what the configuration sets, and what is fixed, with unit, reason and what happens
// there.

/// The limits of one reactor, from the configuration and from here.
struct CoreLimits: Sendable {
    // From the configuration (units in the names).
    let frameBytes: Int
    let stepsPerWindow: UInt16
    let connections: Int
    let devicesMax: Int
    let participantsMax: Int
    let joinLagNs: UInt64
    let connectionRate: TokenRate
    let malformedMax: Int
    let roomsMax: Int
    let pendingMax: Int
    let tailEvents: Int
    let tailBytesNode: Int
    let tailBytesRoom: Int
    let gatherBytes: Int
    let headTimeoutMs: Int
    let bodyTimeoutMs: Int
    let httpIdleMs: Int
    let resetEveryMs: Int
    let sseHeartbeatMs: Int
    let pingMs: Int
    let silentMs: Int
    let heartbeatS: Int
    let longpollWaitMaxS: Int
    let presenceEveryMs: Int
    let tallyEveryMs: Int
    let idleRoomUnloadMs: Int
    let drainSpreadMs: Int
    let snapshotEveryEvents: Int

    /// Messages that wait for a room to be read from history. Beyond: `overloaded`. One a participant of the largest
    /// class, several times over.
    let waitingMax = 65_536
    /// Proposals that wait here while the log has no room. Beyond: `overloaded`.
    let submissionsMax = 65_536
    /// Members from which on a flush costs more (4 µs each) than the log takes to bring what is under way (50 µs).
    let waitMembersMin = 64
    /// People without a connection whose allowance a room remembers; forgotten as a whole when full.
    let strangersMax = 1024
    /// Rejections for rate in a row after which a connection is not read for a while.
    let rateRejectionsMax = 20
    /// Bytes of replies that wait for a blocked reader before it is no longer read itself.
    let unreadRepliesMax = 16_384
    /// Looks (`limits.ping_ms` apart) in a row that find a blocked reader with nothing taken. From then on it is ended
    /// as soon as the tail no longer reaches back to it, whatever it sends.
    let stuckLooksMax: UInt8 = 3
    /// Bytes of replies that may wait for one reader. Beyond: closed with 4408.
    let replyBytesMax = 1 << 20
    /// Parameters of a query, of which no route knows more than eight. Beyond: 400.
    let queryPairsMax = 64
    /// Longest Host: a name of 253 letters (RFC 1035 §3.1) and a port. Beyond: 400. Links and pictures are made of it.
    let hostBytesMax = 259
    /// One page of `GET …/participants`.
    let rosterPageMax = 1000
    /// The longest that a connection is not read because it went over a rate. A chat's slow mode tells an hour to wait,
    /// and heartbeats, ballots and the peer's end must not wait so long.
    let pauseMsMax: UInt32 = 5_000
    /// Connections beyond `limits.connections` that are still read as far as their first request, so that a browser
    /// hears when to come again. Further ones get 503 at once.
    let surplusMax: Int
    /// The most that a node of any size holds of those.
    static let surplusCeiling = 1_024
    /// Joins under way on this reactor. Beyond: 1013 or 503, and another time to come.
    let joinsMax: Int
    /// What newcomers are told to wait when too many come at once, milliseconds: spread, so that they don't come back
    /// at once.
    let joinRetryMs: ClosedRange<UInt32> = 500...5_000
    /// Most proposals handed to the log at once: no more than its queue can ever take.
    let submitMax: Int
    /// When a lost repair between reactors is asked for again, milliseconds.
    let repairRetryMs: UInt64 = 1_000
    /// When what store or log refused for a poll is tried again, milliseconds.
    let debtRetryMs: UInt32 = 1_000
    /// How long a participant still counts between two long polls: longer than a client needs to come back, shorter
    /// than the 45 s after which a silent loss must be seen.
    let pollLingerMs = 15_000
    /// How long log, store or home may take to answer a request before it is told `unavailable`.
    let answerTimeoutMs = 15_000
    /// How long a peer may take to answer a close, or to read what was sent before it.
    let closeTimeoutMs = 2_000
    /// What `retry:` tells an EventSource.
    let sseRetryMs: UInt32 = 1_000
    /// How often log and store are looked at, to tell rooms that they fail: within a second or so of the first failure.
    let healthEveryMs = 1_000
    /// How often a session's figures are kept where they changed, ms: what a killed process loses of them.
    let figuresEveryMs: UInt64 = 30_000
    /// Events in one page of a record, unless asked for fewer or more.
    let recordPage = 1_000
    /// The most that may be asked for.
    let recordPageMax = 5_000
    /// How often unused rooms are looked for.
    let tidyEveryMs = 5_000
    /// Events of a room and view that stay when tails are shortened: a short absence, and what a round brings.
    let tailEventsMin = 64
    /// Most that a client is told to wait behind the end of a drain, milliseconds: long enough to spread those who were
    /// sent away, short enough for nobody to think of a fault.
    let reconnectSpreadMs: UInt32 = 2_000
    /// How long a draining reactor stays to see its people off.
    let drainLingerMs = 1_000

    /// - Parameter reactors: the node's joins in progress are divided among so many.
    init(_ configuration: ServerConfiguration, reactors: Int) {
        let limits = configuration.limits
        frameBytes = limits.frameBytes
        stepsPerWindow = StepBudget.steps(perSecond: limits.frameRate)
        connections = limits.connections
        surplusMax = min(Self.surplusCeiling, max(16, limits.connections / 8))
        devicesMax = limits.connectionsPerParticipant
        participantsMax = limits.roomParticipants
        joinLagNs = UInt64(limits.joinLagMs) * 1_000_000
        connectionRate = TokenRate(perSecond: limits.connectionRate, burst: limits.connectionBurst)
        malformedMax = limits.malformedMessages
        roomsMax = limits.rooms
        pendingMax = limits.pendingProposals
        submitMax = min(4_096, limits.pendingProposals)
        joinsMax = max(1, (limits.joinsInProgress + reactors - 1) / reactors)
        tailEvents = limits.tailEvents
        tailBytesNode = limits.tailBytesNode
        // One room may hold all that the node keeps, half of it for each of its two logs, while no other needs it.
        tailBytesRoom = max(1 << 19, limits.tailBytesNode / 2)
        gatherBytes = limits.gatherBytes
        headTimeoutMs = limits.headTimeoutMs
        bodyTimeoutMs = limits.bodyTimeoutMs
        httpIdleMs = limits.httpIdleMs
        resetEveryMs = limits.resetIntervalMs
        sseHeartbeatMs = limits.sseHeartbeatMs
        pingMs = limits.pingMs
        silentMs = limits.silentMs
        heartbeatS = limits.heartbeatS
        longpollWaitMaxS = limits.longpollWaitMaxS
        presenceEveryMs = limits.presenceMs
        tallyEveryMs = limits.tallyMs
        idleRoomUnloadMs = limits.idleRoomUnloadS * 1000
        // 0 lets everybody come back at once.
        drainSpreadMs = max(1, limits.drainMs)
        snapshotEveryEvents = configuration.store.snapshotEvents
    }
}
