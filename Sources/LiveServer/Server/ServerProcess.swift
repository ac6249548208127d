// A node from start to end: opens the stores in the order in which they need each other, starts the reactors, waits for
// a signal, and ends everything so that nothing acknowledged is lost.

import Glibc
import LiveIO
import LiveProtocol
import LiveTLS
import Rooms
import RoomsBackplane
import RoomsStore
import Synchronization

/// Why a node could not start, in a sentence that says what, where, and what to do.
package struct StartFailure: Error, CustomStringConvertible {
    package let description: String
    /// A sentence for whoever started the node.
    package init(_ description: String) { self.description = description }
}

/// A running node.
package final class ServerProcess {
    /// The port that it listens on, also where a free one was asked for.
    package let port: UInt16
    /// Where the node listens, as a browser would write it.
    package var url: String { node.listenURL }
    /// The address of a port of its own that speaks TLS; nil where there is none.
    package let encryptedURL: String?
    let node: ServerNode
    private let encryption: NodeEncryption?
    /// What SIGHUP renews; parts add their steps while the node starts.
    package private(set) var reloads = ReloadSteps()
    private let threads: [CoreThread]
    private let memory: MemoryWatch
    private let admin: AdminSocket
    private let backplane: any Backplane

    /// Starts a node.
    /// - Throws: `StartFailure` naming what is in the way.
    package init(configuration: ServerConfiguration, log: ServerLog) throws(StartFailure) {
        let descriptors = raiseDescriptorLimit().current
        let configuration = configuration.within(descriptors: descriptors)
        makeRoomForDescriptors(configuration.descriptorsUsed)
        let directory = configuration.dataDir
        try ServerProcess.makeFolder(directory)
        let cpus = availableCPUs()
        let count = configuration.listen.threads > 0 ? configuration.listen.threads : max(1, cpus.count)

        let encryption = try ServerProcess.openEncryption(configuration.tls)
        self.encryption = encryption
        let extraTLS = encryption != nil && configuration.tls.port != 0

        var wakers: [Waker] = []
        var mailboxes: [Mailbox<CoreMessage>] = []
        var listeners: [ListenerBox] = []
        var port = UInt16(clamping: configuration.listen.port)
        let tlsPort = UInt16(clamping: configuration.tls.port)
        do throws(IOFailure) {
            try ServerProcess.makeSureOfPort(configuration.listen.host, port)
            if extraTLS { try ServerProcess.makeSureOfPort(configuration.listen.host, tlsPort) }
            for _ in 0..<count {
                let listener = try Listener.tcp(host: configuration.listen.host, port: port, reusePort: true)
                port = listener.port
                let second =
                    extraTLS
                    ? try Listener.tcp(host: configuration.listen.host, port: tlsPort, reusePort: true) : nil
                listeners.append(ListenerBox(Listeners(main: listener, encrypted: second)))
                let waker = try Waker()
                wakers.append(waker)
                mailboxes.append(Mailbox(waker: waker, capacity: 1 << 17))
            }
        } catch {
            throw StartFailure(
                "\(configuration.listen.host):\(configuration.listen.port)\(extraTLS ? " or \(tlsPort)" : ""): "
                    + "\(error); is another server there? Choose a port with --port")
        }
        self.port = port

        let opened = try ServerProcess.openStores(configuration, mailboxes: mailboxes)
        backplane = opened.backplane
        let posts = mailboxes
        let tokens = try TokenDesk.open(configuration, log: log) { answer, reactor in
            posts[reactor].post(.tokenJudged(answer))
        }
        let origins: OriginPolicy
        do throws(OriginPolicy.EntryError) {
            origins = try OriginPolicy(configuration.origins)
        } catch {
            throw StartFailure("origins: \(error)")
        }
        let proxies: TrustedProxies
        do throws(TrustedProxies.EntryError) {
            proxies = try TrustedProxies(configuration.trustedProxies)
        } catch {
            throw StartFailure("trusted_proxies: \(error.entry) is neither an address nor a range")
        }
        let switches = try SwitchBoard(dataDirectory: directory, settings: configuration.features)
        let shownHost =
            configuration.listen.host.contains(":") ? "[\(configuration.listen.host)]" : configuration.listen.host
        node = ServerNode(
            configuration: configuration, epoch: opened.epoch.epoch, log: log, mailboxes: mailboxes,
            backplane: opened.backplane, ballots: opened.ballots, history: opened.history,
            classStore: opened.classStore, classes: opened.classes, origins: origins,
            switches: switches, proxies: proxies,
            listenURL: "\(encryption == nil || extraTLS ? "http" : "https")://\(shownHost):\(port)",
            tlsPort: encryption == nil ? nil : extraTLS ? tlsPort : port, tokens: tokens,
            places: SocketPlaces(countMax: ServerConfiguration.socketsMax(descriptors: descriptors)),
            clock: opened.clock)
        encryptedURL = extraTLS ? "https://\(shownHost):\(tlsPort)" : nil
        tokens?.start()
        if let reason = opened.epoch.beganBecause { log.info("new epoch", reason: reason) }

        admin = try AdminSocket(node, dataDirectory: directory)
        var threads: [CoreThread] = []
        for index in 0..<count {
            let node = node
            let box = listeners[index]
            let waker = wakers[index]
            let mailbox = mailboxes[index]
            let cpu = count == cpus.count && count > 1 ? cpus[index] : nil
            threads.append(
                CoreThread.start(name: "reactor-\(index)", cpu: cpu) {
                    ServerProcess.runReactor(
                        index, node: node, listeners: box, tls: encryption?.context, waker: waker, mailbox: mailbox)
                })
        }
        self.threads = threads
        memory = MemoryWatch(node, ceilingBytes: MemoryWatch.ceiling(configuration.limits.memoryBytes))
        addReloadSteps(log)
    }

    /// SIGHUP: every part takes what it can of a new configuration; the rest is read at the next start.
    package func reload(_ configuration: ServerConfiguration) { reloads.run(configuration, log: node.log) }

    private func addReloadSteps(_ log: ServerLog) {
        reloads.add(
            ReloadStep("log.level") {
                log.setLevel($0.log.level)
                return nil
            })
        if let encryption {
            Self.noteExpiry(node.configuration.tls, node)
            reloads.add(Self.certificateStep(encryption, node))
        }
        guard let tokens = node.tokens else { return }
        reloads.add(
            ReloadStep("issuer's keys") { _ in
                tokens.reload()
                return nil
            })
    }

    /// Waits until the reactors have ended after `drain`, then closes the log and the stores.
    package func finish() {
        for thread in threads { thread.join() }
        node.tokens?.stop()
        admin.stop()
        memory.stop()
        backplane.stop()
        let isWhole = !backplane.health.failing
        node.ballots.stop()
        node.history.stop()
        node.records.stop()
        node.classStore.stop()
        guard isWhole else {
            return node.log.error("the log is not known to be on the disk", reason: "its last write or sync failed")
        }
        let configuration = node.configuration
        try? NodeEpoch.leave(
            dataDirectory: configuration.dataDir, epoch: node.epoch, keepsLog: configuration.journal.enabled)
    }

    /// Tells every reactor to send its people away gently and end. On the process's own thread: it waits for room in a
    /// full mailbox, which reactors empty each round.
    package func drain() { ServerProcess.tellAll(.drain, node) }

    /// Ends a drain at once, from any thread: everything acknowledged is on the disk already, but nobody is told
    /// anything any more.
    package var hastening: @Sendable () -> Void {
        let node = node
        return { ServerProcess.tellAll(.stop, node) }
    }

    private static func tellAll(_ message: CoreMessage, _ node: ServerNode) {
        for index in 0..<node.reactorCount {
            while !node.post(message, to: index) { usleep(1_000) }
        }
    }

    // MARK: Parts

    /// Makes a folder and those above it, as far as they are missing.
    private static func makeFolder(_ path: String) throws(StartFailure) {
        var made = path.utf8.first == UInt8(ascii: "/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part + "/"
            guard mkdir(made, 0o750) != 0, errno != EEXIST, access(made, F_OK) != 0 else { continue }
            let reason = String(cString: strerror(errno))
            throw StartFailure("data_dir \(path): cannot be made (\(reason)); choose another with --data-dir")
        }
    }

    /// The reactors' listeners share their port (SO_REUSEPORT), and the kernel would share it with another server of
    /// the same user as well and split people between the two. A listener that shares with nobody finds out: it fails
    /// where anybody listens, and is closed at once where nobody does.
    private static func makeSureOfPort(_ host: String, _ port: UInt16) throws(IOFailure) {
        guard port != 0 else { return }
        _ = try Listener.tcp(host: host, port: port, reusePort: false)
    }

    private static func runReactor(
        _ index: Int, node: ServerNode, listeners: ListenerBox, tls: TLSContext?, waker: Waker,
        mailbox: Mailbox<CoreMessage>
    ) {
        do throws(IOFailure) {
            var io = ServerProcess.reactorConfiguration(node.configuration)
            io.places = node.places
            let reactor = try Reactor(configuration: io, waker: waker)
            let core = ReactorCore(index: index, node: node, reactor: reactor, mailbox: mailbox)
            reactor.attach(core)
            var taken = listeners.take()
            let second = taken.encrypted.take()
            if let second {
                try reactor.listen(taken.main)
                try reactor.listen(second, tls: tls)
            } else {
                try reactor.listen(taken.main, tls: tls)
            }
            core.start()
            reactor.run()
        } catch {
            node.log.error("a reactor could not start", reason: "\(error)")
            exit(1)
        }
    }

    private static func openEncryption(_ settings: TLSSettings) throws(StartFailure) -> NodeEncryption? {
        guard settings.isOn else { return nil }
        do throws(TLSFailure) {
            return try NodeEncryption(settings)
        } catch {
            throw StartFailure("tls.certificate, tls.key: \(error)")
        }
    }

    private struct Stores {
        var epoch: NodeEpoch
        var clock: NodeClock
        var backplane: any Backplane
        var ballots: BallotDesk
        var history: HistoryStore
        var classStore: ClassStore
        var classes: ClassDirectory
    }

    private static func openStores(
        _ configuration: ServerConfiguration, mailboxes: [Mailbox<CoreMessage>]
    ) throws(StartFailure) -> Stores {
        let directory = configuration.dataDir
        do {
            let epoch = try NodeEpoch.enter(
                dataDirectory: directory, keepsLog: configuration.journal.enabled)
            let route = OutcomeRouter(mailboxes: mailboxes)
            // The journal first: opening it recovers a torn tail, which history then reads to the end.
            let historyBox = HistoryBox()
            let clock = NodeClock()
            let log = try openLog(configuration, route, historyBox, clock)
            let history = try HistoryStore(
                dataDirectory: directory, journalDirectory: directory + "/journal", journalEnd: log.end,
                deliver: { route.history($0) })
            historyBox.set(history)
            var desk = BallotDeskConfiguration(
                dataDirectory: configuration.journal.enabled ? directory : MemoryFolder.emptied(in: directory))
            desk.transactionMs = Int64(configuration.store.answerTimeoutMs)
            desk.queueMax = configuration.store.queue
            desk.journal = .preallocated(reserveSegments: configuration.journal.reserveSegments)
            desk.clock = { clock.nowMs() }
            desk.raiseClock = { clock.raise(to: $0) }
            let ballots = try BallotDesk(configuration: desk, deliver: { route.ballots($0) })
            let classStore = try ClassStore(dataDirectory: directory, deliver: { route.classSaved($0) })
            var classes = ClassDirectory(key: configuration.auth.key, limits: configuration.classLimits)
            let nowMs = WallClock.nowMs()
            let guests = Dictionary(grouping: try classStore.loadGuests(nowMs: nowMs), by: \.code)
            for stored in try classStore.loadAll(nowMs: nowMs) {
                guard let record = ClassRecord(stored) else { continue }
                classes.restore(record, guests: Set(guests[stored.code, default: []].map(\.guest)))
            }
            return Stores(
                epoch: epoch, clock: clock, backplane: log.backplane, ballots: ballots, history: history,
                classStore: classStore,
                classes: classes)
        } catch {
            throw StartFailure("data_dir \(directory): \(error)")
        }
    }
}

extension ServerProcess {
    /// The node's journal as the log; with `journal.enabled` off nothing but memory.
    private static func openLog(
        _ configuration: ServerConfiguration, _ route: OutcomeRouter, _ history: HistoryBox, _ clock: NodeClock
    ) throws(JournalFailure) -> (backplane: any Backplane, end: JournalPosition) {
        guard configuration.journal.enabled else {
            return (MemorySequencer(clock: clock) { home, outcomes in route.offer(outcomes, home) }, .beginning)
        }
        var options = JournalOptions()
        options.segmentBytes = configuration.journal.segmentBytes
        options.freeBytesMin = configuration.journal.freeBytesMin
        let sequencer = try JournalSequencer(
            directory: configuration.dataDir + "/journal", options: options, clock: clock,
            fsyncEveryMs: UInt32(configuration.journal.fsyncMs), queueMax: configuration.limits.pendingProposals,
            deliver: { home, outcomes in route.sequenced(outcomes, home) },
            committed: { history.committed($0) })
        route.set(sequencer)
        return (sequencer, sequencer.openedAt)
    }
}

/// Carries listeners from the thread that bound them to their reactor.
private final class ListenerBox: @unchecked Sendable {
    // Unchecked because a noncopyable value can't be captured by a sendable closure: filled before the reactor's thread
    // starts, emptied once on it.
    private var listeners: ServerProcess.Listeners?

    init(_ listeners: consuming ServerProcess.Listeners) { self.listeners = consume listeners }

    func take() -> ServerProcess.Listeners {
        guard let taken = listeners.take() else { preconditionFailure("listeners are taken once, by their reactor") }
        return taken
    }
}

/// The history store is opened after the log that tells it of commits.
private final class HistoryBox: Sendable {
    private let held = Mutex<HistoryStore?>(nil)

    func set(_ store: HistoryStore) { held.withLock { $0 = store } }
    func committed(_ position: JournalPosition) { held.withLock { $0 }?.committed(upTo: position) }
}

/// Sends the answers of log and stores to the reactor that asked, or where the room lives.
private final class OutcomeRouter: Sendable {
    private let mailboxes: [Mailbox<CoreMessage>]
    /// Told what history has taken over, so that its segments go.
    private let sequencer = Mutex<JournalSequencer?>(nil)

    init(mailboxes: [Mailbox<CoreMessage>]) { self.mailboxes = mailboxes }

    func set(_ opened: JournalSequencer) { sequencer.withLock { $0 = opened } }

    func sequenced(_ outcomes: [Sequenced], _ home: Int) { post(.sequenced(outcomes), home) }

    /// For a log that answers on the reactor's own thread, which must not wait for itself.
    func offer(_ outcomes: [Sequenced], _ home: Int) -> Bool { mailboxes[home].post(.sequenced(outcomes)) }

    func history(_ outcome: HistoryOutcome) {
        switch outcome {
        case .loaded(let ticket, _), .unavailable(let ticket), .lineage(let ticket, _):
            post(.history(outcome), TicketTable.reactor(of: ticket))
        case .projected(let position): sequencer.withLock { $0 }?.projected(upTo: position)
        }
    }

    func ballots(_ outcomes: [BallotOutcome]) {
        if mailboxes.count == 1 { return post(.ballots(outcomes), 0) }
        var parts = [[BallotOutcome]](repeating: [], count: mailboxes.count)
        for outcome in outcomes { parts[reactor(of: outcome)].append(outcome) }
        for (index, part) in parts.enumerated() where !part.isEmpty { post(.ballots(part), index) }
    }

    func classSaved(_ outcome: ClassOutcome) {
        switch outcome {
        case .saved(let ticket), .unavailable(let ticket), .removed(let ticket, _):
            post(.classSaved(outcome), TicketTable.reactor(of: ticket))
        }
    }

    private func reactor(of outcome: BallotOutcome) -> Int {
        switch outcome {
        case .receipt(let ticket, _, _, _, _), .rejected(let ticket, _), .opened(let ticket, _, _, _),
            .closed(let ticket, _, _, _), .tally(let ticket, _, _, _), .own(let ticket, _):
            TicketTable.reactor(of: ticket)
        case .stored(let room, _, _, _, _), .drained(let room, _):
            RoomHash.reactor(of: room, count: mailboxes.count)
        }
    }

    /// Answers are never dropped: the mailbox is larger than all that can be asked at once, so a refusal is transient.
    /// Called on the threads of log and stores, never on a reactor's.
    private func post(_ message: CoreMessage, _ reactor: Int) {
        while !mailboxes[reactor].post(message) { usleep(200) }
    }
}
