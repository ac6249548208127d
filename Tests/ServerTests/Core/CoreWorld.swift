// Owns what the tests of the server's heart share: reactors with real sockets and stores, turned by hand on the test's
// thread, whose log and history answer when the test says so. Never sleeps, never waits without a bound.

import Glibc
import LiveIO
import LiveKeys
import LiveProtocol
import LiveTestSupport
import Rooms
import RoomsBackplane
import RoomsStore
import Synchronization
import Testing

@testable import LiveServer

/// Something did not happen in time.
struct Overdue: Error {
    let what: String
}

/// A log whose answers come when the test lets them.
final class HeldLog: Backplane {
    struct State {
        var waiting: [Submission] = []
        var isOpen = true
        var fails = false
        var capacity = Int.max
        var ts: Int64 = 0
    }

    let state = Mutex(State())
    let clock = NodeClock()

    func submit(_ round: [Submission]) -> Bool {
        state.withLock {
            guard $0.waiting.count + round.count <= $0.capacity else { return false }
            $0.waiting += round
            return true
        }
    }

    /// What may be answered now, by home.
    func answers() -> [(home: Int, outcomes: [Sequenced])] {
        state.withLock { held in
            guard held.isOpen, !held.waiting.isEmpty else { return [] }
            held.ts = max(held.ts, clock.nowMs())
            let (fails, ts) = (held.fails, held.ts)
            defer { held.waiting.removeAll() }
            return Set(held.waiting.map(\.home)).sorted().map { home in
                let mine = held.waiting.filter { $0.home == home }
                return (home, mine.map { Sequenced(room: $0.room, seq: $0.seq, ts: fails ? 0 : ts, failed: fails) })
            }
        }
    }

    var health: BackplaneHealth { BackplaneHealth(entries: 0, rounds: 0, failures: 0, failing: false, depth: 0) }

    func stop() {}
}

/// Answers of the stores on their way to the reactors, held back where the test wants.
final class HeldStores: Sendable {
    struct State {
        var historyHeld: [HistoryOutcome] = []
        var holdsHistory = false
        var ballotsHeld: [BallotOutcome] = []
        var holdsBallots = false
    }

    let state = Mutex(State())
    let mailboxes: [Mailbox<CoreMessage>]

    init(_ mailboxes: [Mailbox<CoreMessage>]) { self.mailboxes = mailboxes }

    func history(_ outcome: HistoryOutcome) {
        let goes = state.withLock { held in
            if held.holdsHistory { held.historyHeld.append(outcome) }
            return !held.holdsHistory
        }
        if goes { post(outcome) }
    }

    func letHistoryGo() {
        let held = state.withLock { state in
            state.holdsHistory = false
            defer { state.historyHeld = [] }
            return state.historyHeld
        }
        for outcome in held { post(outcome) }
    }

    private func post(_ outcome: HistoryOutcome) {
        guard case .loaded(let ticket, _) = outcome else { return }
        _ = mailboxes[TicketTable.reactor(of: ticket)].post(.history(outcome))
    }

    func ballots(_ outcomes: [BallotOutcome]) {
        let goes = state.withLock { held in
            if held.holdsBallots { held.ballotsHeld += outcomes }
            return !held.holdsBallots
        }
        if goes { post(outcomes) }
    }

    func letBallotsGo() {
        let held = state.withLock { state in
            state.holdsBallots = false
            defer { state.ballotsHeld = [] }
            return state.ballotsHeld
        }
        post(held)
    }

    private func post(_ outcomes: [BallotOutcome]) {
        for outcome in outcomes {
            switch outcome {
            case .stored(let room, _, _, _, _), .drained(let room, _):
                _ = mailboxes[RoomHash.reactor(of: room, count: mailboxes.count)].post(.ballots([outcome]))
            default:
                _ = mailboxes[TicketTable.reactor(of: outcome.ticket ?? 0)].post(.ballots([outcome]))
            }
        }
    }
}

/// A node whose reactors the test turns.
final class CoreWorld {
    let folder = TemporaryDirectory("core", inMemory: true)
    let log = HeldLog()
    let stores: HeldStores
    let node: ServerNode
    let cores: [ReactorCore]
    let ports: [UInt16]
    let mailboxes: [Mailbox<CoreMessage>]
    private let serverLog: ServerLog

    /// - Parameter issuer: whose tokens a desk judges, once the test starts it; at most two wait there.
    init(
        reactors: Int = 1, mailboxCapacity: Int = 1 << 16, io: ReactorConfiguration = ReactorConfiguration(),
        issuer: Issuer? = nil,
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = ServerConfiguration()
        configuration.dataDir = folder.path
        if let issuer {
            configuration.auth.algorithm = issuer.settings.algorithm
            configuration.auth.issuer = issuer.settings.issuer
        }
        change(&configuration)
        let wakers = try (0..<reactors).map { _ in try Waker() }
        let mailboxes = wakers.map { Mailbox<CoreMessage>(waker: $0, capacity: mailboxCapacity) }
        let stores = HeldStores(mailboxes)
        serverLog = ServerLog(configuration.log)
        var desk = BallotDeskConfiguration(dataDirectory: folder.path)
        let clock = log.clock
        desk.clock = { clock.nowMs() }
        desk.raiseClock = { clock.raise(to: $0) }
        node = ServerNode(
            configuration: configuration, epoch: "epoch1234567", log: serverLog, mailboxes: mailboxes, backplane: log,
            ballots: try BallotDesk(configuration: desk, deliver: { stores.ballots($0) }),
            history: try HistoryStore(
                dataDirectory: folder.path, journalDirectory: folder.path + "/journal", journalEnd: .beginning,
                deliver: { stores.history($0) }),
            classStore: try ClassStore(dataDirectory: folder.path, deliver: { _ in }),
            classes: ClassDirectory(key: configuration.auth.key, limits: configuration.classLimits),
            origins: try OriginPolicy([]),
            switches: try SwitchBoard(dataDirectory: folder.path, settings: configuration.features),
            proxies: try TrustedProxies(configuration.trustedProxies), listenURL: "http://127.0.0.1",
            tokens: issuer.map { Self.desk($0, configuration, mailboxes) }, clock: clock)
        self.stores = stores
        self.mailboxes = mailboxes
        var cores: [ReactorCore] = []
        var ports: [UInt16] = []
        for index in 0..<reactors {
            let reactor = try Reactor(configuration: io, waker: wakers[index])
            let core = ReactorCore(index: index, node: node, reactor: reactor, mailbox: mailboxes[index])
            reactor.attach(core)
            let listener = try Listener.tcp(host: "127.0.0.1", port: 0, reusePort: false)
            ports.append(listener.port)
            try reactor.listen(listener)
            core.start()
            cores.append(core)
        }
        self.cores = cores
        self.ports = ports
    }

    private static func desk(
        _ issuer: Issuer, _ configuration: ServerConfiguration, _ mailboxes: [Mailbox<CoreMessage>]
    ) -> TokenDesk {
        let ring = KeyRing(
            KeyRefreshSettings(refreshMs: 300_000, refetchMs: 30_000), own: issuer.key.publicKey, hasSource: false)
        return TokenDesk(
            settings: configuration.tokenSettings, ring: ring, keeper: nil, hasLocalKeys: false, threads: 1,
            queueMax: 2
        ) { answer, reactor in mailboxes[reactor].post(.tokenJudged(answer)) }
    }

    deinit {
        node.tokens?.stop()
        for core in cores {
            core.reactor.stop()
            core.reactor.run()
        }
        node.ballots.stop()
        node.history.stop()
        node.records.stop()
        node.classStore.stop()
        serverLog.stop()
    }

    /// A room whose home is at `reactor`.
    func room(at reactor: Int = 0) throws -> RoomKey {
        for number in 0..<1_000 {
            if let key = RoomKey("demo/cs101/r\(number)"), node.home(of: key) == reactor { return key }
        }
        throw Overdue(what: "no room hashes to reactor \(reactor)")
    }

    func home(_ room: RoomKey) -> RoomHome? {
        let core = cores[node.home(of: room)]
        return core.homeOf[room].flatMap { core.homes[$0] }
    }

    /// One round of every reactor, after the log has answered what it may.
    func turn() {
        for answer in log.answers() { _ = mailboxes[answer.home].post(.sequenced(answer.outcomes)) }
        for core in cores { core.reactor.turn(waitMaxMs: 1) }
    }

    /// Turns until `condition` holds.
    func until(_ what: String, seconds: UInt64 = 30, _ condition: () throws -> Bool) throws {
        let limitNs = MonotonicClock.nowNs() + seconds * 1_000_000_000
        while try !condition() {
            guard MonotonicClock.nowNs() < limitNs else { throw Overdue(what: what) }
            turn()
        }
    }

    func token(_ name: String, _ role: Role = .student, expS: Int64 = WallClock.nowMs() / 1000 + 3_600) throws -> String
    {
        let sub = try #require(ParticipantID(name))
        let pattern = try #require(RoomPattern("*/*/*"))
        return TokenMint.mint(
            TokenClaims(
                sub: sub, name: name, role: role, rooms: [pattern], cohort: nil, expS: expS, nbfS: nil, iatS: nil,
                jti: nil), settings: node.tokenSettings)
    }

    func peer(at reactor: Int = 0) throws -> CorePeer { try CorePeer(port: ports[reactor]) }

    /// A WebSocket that has been greeted.
    func member(_ name: String, _ role: Role = .student, of room: RoomKey, at reactor: Int = 0) throws -> CorePeer {
        let peer = try peer(at: reactor)
        peer.upgrade(room, try token(name, role))
        try until("\(name) is greeted") { peer.has("\"ev\":\"welcome\"") }
        return peer
    }
}
