// What all reactors of a node share: the settings, the way to each other's mailboxes, the doors to the log and the
// stores. Everything in it is unchanging or has its own lock or queue.

import LiveIO
import LiveKeys
import LiveProtocol
import Rooms
import RoomsBackplane
import RoomsStore
import Synchronization

/// One node.
final class ServerNode: Sendable {
    let configuration: ServerConfiguration
    let epoch: String
    /// The node's name in `pending` lists and logs.
    let name: String
    let assets: Assets
    let origins: OriginPolicy
    let tokenSettings: TokenSettings
    /// Judges tokens by public keys; nil where HMAC is all.
    let tokens: TokenDesk?
    let usedTickets: UsedTickets
    let httpLimits: HTTPLimits
    /// The same for requests whose body is one JSON object, and for those that have none.
    let messageLimits: HTTPLimits
    let bodilessLimits: HTTPLimits
    let frameLimits: WebSocketLimits
    /// The same where deflate was negotiated.
    let deflatedFrameLimits: WebSocketLimits
    let log: ServerLog
    let backplane: any Backplane
    let ballots: BallotDesk
    let history: HistoryStore
    /// Reads the records of classes.
    let records: RecordDesk
    let classStore: ClassStore
    /// Guests and classes. A lock, not a reactor's property: it is touched on `/v1/classes` and `/v1/join` alone, for
    /// microseconds, never by a message.
    let classes: Mutex<ClassDirectory>
    /// Features that are off.
    let switches: SwitchBoard
    /// Whom the node believes when it says for whom it speaks.
    let proxies: TrustedProxies
    /// What the reactors count together.
    let gauges: NodeGauges
    /// For the sockets of all listeners.
    let places: SocketPlaces
    /// Where the node listens, for links.
    let listenURL: String
    /// Seconds since 1970 at which the first certificate ends, as of the last reload; 0 without TLS.
    let certificateExpiryS = Atomic<Int64>(0)
    /// Which port speaks TLS; nil for none.
    let tlsPort: UInt16?
    /// Whether that is the only one.
    let isAllEncrypted: Bool
    let startedMs: Int64
    /// The date of everything that the node dates: entries, ballots, deadlines.
    let clock: NodeClock

    private let mailboxes: [Mailbox<CoreMessage>]
    private let studentRate: TokenRate
    private let moderatorRate: TokenRate

    init(
        configuration: ServerConfiguration, epoch: String, log: ServerLog, mailboxes: [Mailbox<CoreMessage>],
        backplane: any Backplane, ballots: BallotDesk, history: HistoryStore, classStore: ClassStore,
        classes: ClassDirectory, origins: OriginPolicy, switches: SwitchBoard, proxies: TrustedProxies,
        listenURL: String, tlsPort: UInt16? = nil, tokens: TokenDesk? = nil,
        places: SocketPlaces = SocketPlaces(countMax: .max), clock: NodeClock = NodeClock()
    ) {
        self.clock = clock
        self.configuration = configuration
        gauges = NodeGauges(reactors: mailboxes.count)
        self.places = places
        self.epoch = epoch
        self.log = log
        self.mailboxes = mailboxes
        self.backplane = backplane
        self.ballots = ballots
        self.history = history
        records = RecordDesk(dataDirectory: configuration.dataDir, mailboxes: mailboxes)
        self.classStore = classStore
        self.classes = Mutex(classes)
        self.origins = origins
        self.switches = switches
        self.proxies = proxies
        self.listenURL = listenURL
        self.tlsPort = tlsPort
        isAllEncrypted = tlsPort != nil && configuration.tls.port == 0
        name = "node"
        assets = Assets()
        tokenSettings = configuration.tokenSettings
        self.tokens = tokens
        usedTickets = UsedTickets(capacity: configuration.auth.usedTickets)
        let limits = configuration.limits
        var http = HTTPLimits()
        http.headBytesMax = limits.headBytes
        http.targetBytesMax = limits.targetBytes
        http.fieldsMax = limits.headerCount
        http.bodyBytesMax = UInt64(limits.bodyBytes)
        httpLimits = http
        http.bodyBytesMax = UInt64(min(limits.bodyBytes, limits.frameBytes))
        messageLimits = http
        http.bodyBytesMax = 0
        bodilessLimits = http
        frameLimits = WebSocketLimits(messageBytesMax: limits.frameBytes)
        deflatedFrameLimits = WebSocketLimits(messageBytesMax: limits.frameBytes, permitsCompression: true)
        studentRate = TokenRate(perSecond: limits.studentRate, burst: limits.studentBurst)
        moderatorRate = TokenRate(perSecond: limits.moderatorRate, burst: limits.moderatorBurst)
        startedMs = WallClock.nowMs()
    }

    /// Number of reactors.
    var reactorCount: Int { mailboxes.count }

    /// Posts to a reactor from any thread. False: its mailbox is full.
    func post(_ message: CoreMessage, to reactor: Int) -> Bool { mailboxes[reactor].post(message) }

    /// The reactor where a room lives: the same for everybody on this node.
    func home(of room: RoomKey) -> Int {
        RoomHash.reactor(of: room, count: mailboxes.count)
    }

    /// What metrics and readiness say of the parts that all reactors share.
    func facts() -> NodeFacts {
        let log = backplane.health
        let desk = ballots.statistics
        let keys = tokens?.ring.health
        let past = history.statistics
        var facts = NodeFacts(
            startedMs: startedMs, logFailing: log.failing, logEntries: log.entries, logRounds: log.rounds,
            logFailures: log.failures, logDepth: log.depth, ballotsInJournal: desk.mode != .store,
            ballotsUndrained: desk.undrained, ballotQueueDepth: desk.queueDepth, ballotCommits: desk.commits,
            historyFailures: UInt64(clamping: past.failures), historyFailing: past.lastFailure != nil,
            classes: classes.withLock { $0.count }, tokenDepth: tokens?.depth ?? 0, issuerKeysInForce: keys?.keys,
            issuerKeyFailures: keys?.failures ?? 0)
        let expiryS = certificateExpiryS.load(ordering: .relaxed)
        facts.certificateExpiryS = expiryS > 0 ? expiryS : nil
        return facts
    }

    /// A fresh allowance for a role.
    func bucket(for role: Role) -> TokenBucket {
        TokenBucket(role.isModerator ? moderatorRate : studentRate)
    }

    /// The address under which people reach this node: as configured, or as they asked for it.
    func publicURL(host: String) -> String {
        if !configuration.publicURL.isEmpty { return configuration.publicURL }
        if host.isEmpty { return listenURL }
        let port = WebOrigin.Authority(Array(host.utf8), defaultPort: 443)?.port
        return (isAllEncrypted || (tlsPort != nil && port == tlsPort) ? "https://" : "http://") + host
    }
}

/// Which reactor a room lives on.
enum RoomHash {
    /// FNV-1a over the path: the same for everybody on a node.
    static func reactor(of room: RoomKey, count: Int) -> Int {
        guard count > 1 else { return 0 }
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in room.raw.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int((value ^ value >> 32) % UInt64(count))
    }
}
