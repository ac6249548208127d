// One run from a seed: participants of all roles send random commands to a node that crashes, loses its power, drops
// connections and falls behind, while clients send again, come back with cursors and are checked at every step.
// The same seed gives the same run, whatever process it runs in.

import RoomHistories
import Rooms

/// What a run has shown, for the line that two processes must print alike.
package struct SimulationReport: Equatable, Sendable, CustomStringConvertible {
    package var seed: UInt64
    /// Commands that clients sent for the first time.
    package var commands = 0
    /// Copies that clients sent again.
    package var resends = 0
    package var accepted = 0
    package var duplicates = 0
    package var ignored = 0
    package var acknowledged = 0
    /// Events that clients got and that were checked.
    package var deliveries = 0
    package var crashes = 0
    package var powerCuts = 0
    package var resumes = 0
    package var resets = 0
    /// Digest of the room at the end.
    package var digest: UInt64 = 0
    /// Hash over all that every view was told.
    package var history: UInt64 = 0

    package var description: String {
        "seed \(seed): \(commands) commands, \(resends) resends, \(accepted) accepted, \(duplicates) duplicates, "
            + "\(ignored) ignored, \(acknowledged) acknowledged, \(deliveries) deliveries, \(crashes) crashes, "
            + "\(powerCuts) power cuts, \(resumes) resumes, \(resets) resets, "
            + "digest \(String(digest, radix: 16)), history \(String(history, radix: 16))"
    }
}

/// A run under way.
package struct Simulation {
    private var random: SeededRandom
    private var node: SimulatedNode
    private var truth: GroundTruth
    private var clients: [SimulatedClient]
    private let cast: Cast
    private var report: SimulationReport
    private var nextCommand = 0
    private var firedResults = 0
    private let fault: Fault?

    /// Runs a seed until its clients have sent that many commands; throws the first broken promise.
    package static func run(seed: UInt64, commands: Int, fault: Fault? = nil) throws(Violation) -> SimulationReport {
        do {
            var simulation = try Simulation(seed: seed, fault: fault)
            while simulation.report.commands < commands { try simulation.step() }
            return try simulation.finish()
        } catch let violation as Violation {
            throw Violation("seed \(seed): \(violation.description)")
        } catch {
            throw Violation("seed \(seed): \(error)")
        }
    }

    private init(seed: UInt64, fault: Fault?) throws {
        random = SeededRandom(seed: seed)
        guard let key = RoomKey("demo/cs101/live") else { throw Violation("the demo room has no valid path") }
        cast = Cast(size: 9 + random.below(8))
        node = SimulatedNode(key: key, nowMs: 1_750_000_000_000, tailMax: 16 + random.below(112), fault: fault)
        truth = GroundTruth(key: key, fault: fault)
        // Some participants have two devices.
        let actors = cast.actors + (0..<3).map { [cast = self.cast] in cast.actors[$0 * 2] }
        clients = actors.enumerated().map { SimulatedClient(index: $0, actor: $1) }
        report = SimulationReport(seed: seed)
        self.fault = fault
    }

    // MARK: Steps

    private mutating func step() throws {
        try moveTime()
        let client = random.below(clients.count)
        switch random.below(200) {
        case 0..<60: try sendNew(client)
        case 60..<66: sendAgain(client)
        case 66..<106: deliverToNode(client)
        case 106..<136: try node.commit(1 + random.below(6), survives: true, &truth)
        case 136..<180: try deliverToClient(client, 1 + random.below(20))
        case 180..<186: drop(client)
        case 186..<192: try comeBack(client)
        case 192: node.saveSnapshot()
        case 193: node.refresh()
        case 194: node.log.sync()
        case 195: try crash()
        case 196: if random.chance(15) { try cutPower() }
        default: try serverActs()
        }
    }

    private mutating func moveTime() throws {
        if random.chance(97) {
            node.nowMs += Int64(random.below(60))
        } else if random.chance(90) {
            node.nowMs += Int64(random.below(4_000))
        } else {
            // A long pause: nothing stays under way for minutes, and the room forgets old outcomes.
            try node.commit(node.pending.count, survives: true, &truth)
            for index in clients.indices { drop(index) }
            node.nowMs += Int64(random.below(700_000))
        }
    }

    private mutating func sendNew(_ index: Int) throws {
        guard let place = clients[index].connection.flatMap({ node.place(of: $0) }) else { return try comeBack(index) }
        let actor = clients[index].actor
        nextCommand += 1
        guard let id = CommandID("c\(nextCommand)") else { throw Violation("a counter is no valid command id") }
        let command = unique(CommandDice.throwFor(actor, in: node.room, cast: cast, &random))
        let proposal = Proposal(actor: actor, id: id, command: command)
        clients[index].remember(proposal, nowMs: node.nowMs)
        node.connections[place].toNode.append(proposal)
        report.commands += 1
    }

    /// Texts are made unique to their command, so that a second effect shows whatever its id.
    private func unique(_ command: Command) -> Command {
        switch command {
        case .chatSend(let text, let replyTo) where text.utf8.count < 1_000:
            .chatSend(text: "\(text) #\(nextCommand)", replyTo: replyTo)
        case .questionAsk(let text, let anonymous) where text.utf8.count < 1_000:
            .questionAsk(text: "\(text) #\(nextCommand)", anonymous: anonymous)
        default: command
        }
    }

    /// An impatient client sends what was not answered yet once more.
    private mutating func sendAgain(_ index: Int) {
        guard let place = clients[index].connection.flatMap({ node.place(of: $0) }) else { return }
        for proposal in clients[index].resends(nowMs: node.nowMs).prefix(3) {
            node.connections[place].toNode.append(proposal)
            report.resends += 1
        }
    }

    private mutating func deliverToNode(_ index: Int) {
        guard let place = clients[index].connection.flatMap({ node.place(of: $0) }) else { return }
        let arriving = node.connections[place].toNode.prefix(1 + random.below(8))
        node.connections[place].toNode.removeFirst(arriving.count)
        let number = node.connections[place].number
        for proposal in arriving { node.receive(proposal, on: number, stale: random.chance(25)) }
    }

    private mutating func deliverToClient(_ index: Int, _ count: Int) throws {
        guard let place = clients[index].connection.flatMap({ node.place(of: $0) }) else { return }
        try node.pump(place, count, truth)
        let arriving = node.connections[place].toClient.prefix(count)
        node.connections[place].toClient.removeFirst(arriving.count)
        for delivery in arriving { try clients[index].receive(delivery, &truth) }
    }

    private mutating func drop(_ index: Int) {
        guard let number = clients[index].connection else { return }
        node.detach(number)
        clients[index].connection = nil
    }

    /// A client attaches with its cursor and sends again what was not answered.
    private mutating func comeBack(_ index: Int) throws {
        if clients[index].connection.flatMap({ node.place(of: $0) }) != nil { return }
        clients[index].connection = try node.attach(clients[index], truth)
        guard let place = clients[index].connection.flatMap({ node.place(of: $0) }) else { return }
        let resends = clients[index].resends(nowMs: node.nowMs)
        report.resends += resends.count
        node.connections[place].toNode.append(contentsOf: resends)
    }

    private mutating func crash() throws {
        report.crashes += 1
        // Some of what waited for the log has reached it, and nobody was told.
        try node.commit(random.below(node.pending.count + 1), survives: false, &truth)
        try node.crash(&truth, &random)
    }

    private mutating func cutPower() throws {
        report.powerCuts += 1
        try node.commit(random.below(node.pending.count + 1), survives: false, &truth)
        try truth.catchUp(node.log)
        try node.cutPower(&truth, epoch: report.powerCuts, &random)
    }

    /// Timers of polls, results of closed ones; twice at times, as two holders of a replica would.
    private mutating func serverActs() throws {
        var proposals: [Proposal] = []
        for (poll, deadline) in node.room.deadlines where deadline <= node.nowMs + 2_000 {
            proposals.append(.timer(poll: poll, deadline: deadline))
        }
        if let poll = node.room.polls.last(where: { !$0.isOpen && !$0.isFinal }) {
            let counts = poll.options.map { _ in random.below(300) }
            proposals.append(
                .results(
                    PollResults(
                        poll: poll.id, counts: counts, total: counts.reduce(0, +),
                        revision: (poll.results?.revision ?? 0) + 1, final: random.chance(70))))
        }
        for proposal in proposals {
            for _ in 0...random.below(2) {
                guard node.room.decide(proposal, nowTs: node.nowMs) == .propose else { continue }
                node.pending.append(PendingProposal(proposal: proposal, origin: nil))
            }
        }
    }

    // MARK: The end

    /// Everything heals: all come back, all is answered, all is seen.
    private mutating func finish() throws -> SimulationReport {
        for _ in 0..<3 {
            for index in clients.indices {
                try comeBack(index)
                sendAgain(index)
                while let place = clients[index].connection.flatMap({ node.place(of: $0) }),
                    !node.connections[place].toNode.isEmpty
                {
                    deliverToNode(index)
                }
            }
            while !node.pending.isEmpty { try node.commit(64, survives: true, &truth) }
            for index in clients.indices {
                for _ in 0..<64 { try deliverToClient(index, 256) }
            }
        }
        for index in clients.indices {
            _ = clients[index].resends(nowMs: node.nowMs)
            try clients[index].checkComplete(truth)
        }
        try truth.checkAcknowledged()
        try node.checkDigest(truth)
        try node.crash(&truth, &random)
        return complete()
    }

    private func complete() -> SimulationReport {
        var report = report
        report.accepted = truth.accepted
        report.duplicates = truth.duplicates
        report.ignored = truth.ignored
        report.acknowledged = truth.acknowledgedCount
        report.deliveries = clients.reduce(0) { $0 + $1.seen }
        report.resumes = clients.reduce(0) { $0 + $1.resumes }
        report.resets = clients.reduce(0) { $0 + $1.resets }
        report.digest = truth.room.digest
        report.history = truth.historyHash
        return report
    }
}
