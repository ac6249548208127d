// Owns several nodes, one room, Redis, the store and the network between them, out of one seed: what is sent arrives
// later or never, what a dead connection had sent may still be carried out, and everything dies now and then. Steps of
// five milliseconds; the clocks of nodes and of every run of Redis differ by up to five seconds.

import LiveTestSupport
import Rooms
import RoomsBackplane
import Synchronization

/// How a run goes.
enum FaultPace {
    /// The next fault comes when everybody is well again: then nothing that was acknowledged may be lost.
    case oneAtATime
    /// At any moment, several at once: order and uniqueness hold all the same.
    case anyTime
}

/// A class of nodes under faults.
struct NodesSimulation {
    struct Node {
        let name: String
        var home: SimulatedHome?
        var skewMs: Int64
        /// Which Redis it speaks to.
        var target = 0
        var isConnected = false
        var startsAtMs: Int64 = 0
        var connectsAtMs: Int64 = 0
        var requests: [(dueMs: Int64, step: Step)] = []
        var answers: [(dueMs: Int64, step: Arrival)] = []
        var news: [(dueMs: Int64, message: RoomMessage?)] = []
        var isSubscribed = false
        var loads: [Int64] = []
        var writes: [(dueMs: Int64, message: RoomMessage)] = []
    }
    enum Step {
        case subscribe
        case request(RoomLogRequest)
    }
    enum Arrival {
        case subscribed
        case answer(RoomLogAnswer)
    }
    struct Person {
        let proposal: Proposal
        var text: String
        /// Where it was sent, and what it is called there.
        var node: Int?
        var tag: UInt64 = 0
        var sentMs: Int64
        var isAcknowledged = false
        var isRefused = false
    }

    /// Twice what an old primary goes on for; so commands leave their outboxes while faults still happen.
    static let keptMs: UInt64 = 3_000
    let key = TestEntry.room
    let pace: FaultPace
    let fault: NodeFault?
    var random: SeededRandom
    var nowMs: Int64 = 1_800_000_000_000
    var nodes: [Node] = []
    /// Every Redis that ever ran, with how much its clock is wrong; nil: it is gone.
    var servers: [(redis: SimulatedRedis, skewMs: Int64)?] = []
    var dump: SimulatedRedis
    var oldPrimaryEndsMs: [Int: Int64] = [:]
    var store = SimulatedStore()
    var storeIsBackAtMs: Int64 = 0
    /// Carried out though nobody waits for the answer.
    var orphans: [(dueMs: Int64, target: Int, request: RoomLogRequest, name: String, sender: SenderTag)] = []
    var people: [UInt64: Person] = [:]
    /// Those without an answer.
    var waiting: [UInt64] = []
    var nextPerson: UInt64 = 1
    var named: [String: [UInt64: RoomMessage]] = [:]
    var runs: UInt64 = 0
    var nextFaultMs: Int64
    var wellSinceMs: Int64 = 0

    /// What went wrong; empty where nothing did.
    private(set) var violations: [String] = []
    /// Commands that were acknowledged.
    var acknowledged: Int { people.values.count { $0.isAcknowledged } }
    /// Faults that happened, by name.
    var faults: [String: Int] = [:]
    /// How many that were.
    var faultCount: Int { faults.values.reduce(0, +) }
    /// Epochs that the room had.
    private(set) var epochs = 0

    init(seed: UInt64, pace: FaultPace, fault: NodeFault? = nil) {
        self.pace = pace
        self.fault = fault
        random = SeededRandom(seed: seed)
        dump = SimulatedRedis(run: "run0", fault: fault)
        nextFaultMs = nowMs + 3_000
        servers.append((dump, 0))
        for index in 0..<3 {
            nodes.append(Node(name: "n\(index)", home: nil, skewMs: Int64(random.below(10_000)) - 5_000))
        }
    }

    /// Runs for so long with faults, and then until all is quiet.
    mutating func run(forMs: Int64) {
        let endMs = nowMs + forMs
        while nowMs < endMs, violations.isEmpty { step(withFaults: true) }
        let quietMs = nowMs + 10_000 + Int64(Self.keptMs)
        while nowMs < quietMs, violations.isEmpty { step(withFaults: false) }
        if violations.isEmpty { judge() }
    }

    mutating func step(withFaults: Bool) {
        nowMs += 5
        if !isWell { wellSinceMs = nowMs }
        if withFaults {
            if random.below(400) == 0, let current = servers.last ?? nil { dump = current.redis }
            if nowMs >= nextFaultMs { breakSomething() }
            if random.below(4) == 0 { speak() }
        }
        askAgain()
        endOldPrimaries()
        for index in nodes.indices { move(index) }
        moveOrphans()
    }

    // MARK: The network

    mutating func move(_ index: Int) {
        if nodes[index].home == nil, nowMs >= nodes[index].startsAtMs { start(index) }
        guard let home = nodes[index].home else { return }
        if !nodes[index].isConnected, nowMs >= nodes[index].connectsAtMs,
            let (redis, _) = servers[nodes[index].target]
        {
            nodes[index].isConnected = true
            home.connected(runID: redis.run)
        }
        while let first = nodes[index].loads.first, nowMs >= first {
            nodes[index].loads.removeFirst()
            guard nowMs >= storeIsBackAtMs else {
                nodes[index].loads.append(nowMs + 100)
                break
            }
            let (epoch, messages) = store.log
            home.loaded(epoch: epoch, messages)
        }
        while let first = nodes[index].requests.first, nowMs >= first.dueMs {
            nodes[index].requests.removeFirst()
            carryOut(first.step, of: index)
        }
        while let first = nodes[index].answers.first, nowMs >= first.dueMs {
            nodes[index].answers.removeFirst()
            switch first.step {
            case .subscribed: home.subscribed()
            case .answer(let answer): home.answered(answer, nowMs: nowMs)
            }
        }
        while let first = nodes[index].news.first, nowMs >= first.dueMs {
            nodes[index].news.removeFirst()
            home.news(first.message)
        }
        if nowMs % 100 == 0 {
            home.tick(nowMs: nowMs)
            if nowMs >= storeIsBackAtMs { home.stored(&store) }
        }
        // Rarely pub/sub loses something without a word; now and then it cuts a slow reader.
        if !nodes[index].news.isEmpty, random.below(60) == 0 { nodes[index].news.removeFirst() }
        if nodes[index].news.count > 40 { disconnect(index, forMs: 0) }
        while nowMs >= storeIsBackAtMs, let first = nodes[index].writes.first, nowMs >= first.dueMs {
            nodes[index].writes.removeFirst()
            if !store.write(first.message) { violations.append("the store has another entry at \(first.message.seq)") }
        }
        takeOutgoing(home, index)
    }

    mutating func start(_ index: Int) {
        runs += 1
        let skewMs = nodes[index].skewMs
        let fault = fault
        let noise = Mutex(SeededRandom(seed: random.next()))
        let beganMs = nowMs
        nodes[index].home = SimulatedHome(name: nodes[index].name, run: runs, key: key, fault: fault) { latest in
            fault == .epochKept
                ? latest
                : SeededEpoch.after(
                    latest, nowMs: beganMs + skewMs, random: noise.withLock { UInt32(truncatingIfNeeded: $0.next()) })
        }
        nodes[index].connectsAtMs = nowMs
    }

    mutating func later(_ most: Int = 40) -> Int64 { nowMs + 1 + Int64(random.below(most)) }

    mutating func carryOut(_ step: Step, of index: Int) {
        guard let home = nodes[index].home else { return }
        let dueMs = max(later(20), nodes[index].answers.last?.dueMs ?? 0)
        switch step {
        case .subscribe:
            nodes[index].isSubscribed = true
            nodes[index].answers.append((dueMs, .subscribed))
        case .request(let request):
            guard let answer = perform(request, nodes[index].target, home.name, home.sender) else { return }
            nodes[index].answers.append((dueMs, .answer(answer)))
        }
    }

    mutating func perform(
        _ request: RoomLogRequest, _ target: Int, _ name: String, _ sender: SenderTag
    ) -> RoomLogAnswer? {
        guard let (before, skewMs) = servers[target] else { return nil }
        var redis = before
        let (answer, published) = redis.perform(request, room: key, node: name, sender: sender, nowMs: nowMs + skewMs)
        servers[target] = (redis, skewMs)
        for message in published {
            for index in nodes.indices where nodes[index].isSubscribed && nodes[index].target == target {
                nodes[index].news.append((max(later(), nodes[index].news.last?.dueMs ?? 0), message))
            }
        }
        return answer
    }

    mutating func moveOrphans() {
        for orphan in orphans where nowMs >= orphan.dueMs {
            _ = perform(orphan.request, orphan.target, orphan.name, orphan.sender)
        }
        orphans.removeAll { nowMs >= $0.dueMs }
    }

    mutating func takeOutgoing(_ home: SimulatedHome, _ index: Int) {
        let outgoing = home.outgoing
        home.outgoing = []
        for item in outgoing {
            switch item {
            case .subscribe: send(.subscribe, index)
            case .ask(let request): send(.request(request), index)
            case .loadFromStore: nodes[index].loads.append(later(100))
            case .enter(let epoch, let previous):
                epochs += 1
                store.enter(epoch, from: previous)
            case .write(let message):
                name(message)
                nodes[index].writes.append((max(later(300), nodes[index].writes.last?.dueMs ?? 0), message))
            case .acknowledged(let person): people[person]?.isAcknowledged = true
            case .refused(let person): people[person]?.isRefused = true
            case .broken(let what): violations.append(what)
            }
        }
    }

    mutating func send(_ step: Step, _ index: Int) {
        nodes[index].requests.append((max(later(), nodes[index].requests.last?.dueMs ?? 0), step))
    }

    // MARK: What must hold

    /// No (epoch, seq) ever names two events.
    mutating func name(_ message: RoomMessage) {
        if let known = named[message.epoch]?[message.seq] {
            if known != message { violations.append("(\(message.epoch), \(message.seq)) names two events") }
        } else {
            named[message.epoch, default: [:]][message.seq] = message
        }
    }

    mutating func judge() {
        for node in nodes {
            guard let home = node.home, home.client.isServed else {
                violations.append("\(node.name) is not served")
                continue
            }
            if home.client.outbox.unreturned > 0 { violations.append("\(node.name) holds commands back") }
            // Where several die at once, an entry may be left that nobody can give to the store any more.
            if home.client.outbox.count > 0, pace == .oneAtATime {
                violations.append("\(node.name) holds what the store has")
            }
        }
        guard violations.isEmpty else { return }
        let homes = nodes.compactMap(\.home)
        if Set(homes.map(\.room.digest)).count != 1 { violations.append("the replicas differ") }
        guard let epoch = homes[0].client.position?.epoch else { return }
        var room = Room(key: key)
        var effects: [String: Int] = [:]
        for message in store.log(of: epoch) {
            guard let entry = message.logEntry, case .accepted = room.apply(entry),
                case .chatSend(let text, _) = entry.proposal.command
            else { continue }
            effects[text, default: 0] += 1
        }
        if room.seq < homes[0].room.seq, pace == .anyTime { return }
        if room.digest != homes[0].room.digest { violations.append("the store's log leads elsewhere") }
        for (text, count) in effects.sorted(by: { $0.key < $1.key }) where count > 1 {
            violations.append("\"\(text)\" had its effect \(count) times")
        }
        for tag in people.keys.sorted() {
            guard let person = people[tag] else { continue }
            if person.isAcknowledged, effects[person.text] == nil, pace == .oneAtATime {
                violations.append("\"\(person.text)\" was acknowledged and is lost")
            }
            if !person.isAcknowledged, !person.isRefused { violations.append("\"\(person.text)\" got no answer") }
        }
    }
}
