// Owns what breaks in the simulation, and the people who go on speaking meanwhile.

import LiveTestSupport
import Rooms
import RoomsBackplane

extension NodesSimulation {
    var isWell: Bool {
        nowMs >= storeIsBackAtMs && servers.count { $0 != nil } == 1
            && nodes.allSatisfy { $0.home?.client.isServed == true && $0.target == servers.count - 1 }
    }

    mutating func breakSomething() {
        if pace == .oneAtATime, nowMs < wellSinceMs + 300 { return }
        nextFaultMs = nowMs + Int64(random.below(1_200))
        let victim = random.below(nodes.count)
        let kind = random.below(7)
        faults[["node", "cut", "empty", "dump", "failover", "store", "flush"][kind], default: 0] += 1
        switch kind {
        case 0: kill(victim)
        case 1: disconnect(victim, forMs: Int64(random.below(3_000)))
        case 2: replaceRedis { [fault] run in SimulatedRedis(run: run, fault: fault) }
        case 3: replaceRedis { [dump] run in dump.revived(run: run) }
        case 4: failOver()
        case 5: storeIsBackAtMs = nowMs + Int64(random.below(3_000))
        default:
            guard let last = servers.indices.last, let (redis, skewMs) = servers[last] else { return }
            servers[last] = (SimulatedRedis(run: redis.run, fault: fault), skewMs)
        }
    }

    mutating func kill(_ index: Int) {
        disconnect(index, forMs: 0)
        nodes[index].home = nil
        nodes[index].writes = []
        nodes[index].loads = []
        nodes[index].startsAtMs = nowMs + 100 + Int64(random.below(2_000))
        for tag in people.keys where people[tag]?.node == index { people[tag]?.node = nil }
    }

    mutating func disconnect(_ index: Int, forMs: Int64) {
        nodes[index].connectsAtMs = nowMs + 20 + forMs
        guard nodes[index].isConnected else { return }
        nodes[index].isConnected = false
        nodes[index].isSubscribed = false
        if let home = nodes[index].home {
            for (dueMs, step) in nodes[index].requests {
                // Half of it was on its way already.
                guard case .request(let request) = step, random.below(2) == 0 else { break }
                orphans.append(
                    (dueMs + Int64(random.below(400)), nodes[index].target, request, home.name, home.sender))
            }
        }
        nodes[index].requests = []
        nodes[index].answers = []
        nodes[index].news = []
        nodes[index].home?.disconnected()
    }

    /// The Redis that all use is gone; another run takes its place after a while.
    mutating func replaceRedis(_ make: (String) -> SimulatedRedis) {
        guard let last = servers.indices.last else { return }
        servers[last] = nil
        orphans.removeAll { $0.target == last }
        servers.append((make("run\(servers.count)"), Int64(random.below(10_000)) - 5_000))
        let awayMs = Int64(random.below(1_000))
        for index in nodes.indices {
            disconnect(index, forMs: awayMs + Int64(random.below(200)))
            nodes[index].target = servers.count - 1
        }
    }

    /// A replica becomes the primary while the old one still serves some: each node goes over at a time of its own.
    mutating func failOver() {
        guard let last = servers.indices.last, let (old, _) = servers[last] else { return }
        let copy = random.below(2) == 0 ? dump : old
        servers.append((copy.revived(run: "run\(servers.count)"), Int64(random.below(10_000)) - 5_000))
        for index in nodes.indices where random.below(3) > 0 {
            disconnect(index, forMs: Int64(random.below(300)))
            nodes[index].target = servers.count - 1
        }
        oldPrimaryEndsMs[last] = nowMs + Int64(random.below(1_500))
    }

    /// Who stayed with an old primary goes over when that is gone for good.
    mutating func endOldPrimaries() {
        for (old, endsMs) in oldPrimaryEndsMs.sorted(by: { $0.key < $1.key }) where nowMs >= endsMs {
            for index in nodes.indices where nodes[index].target == old {
                disconnect(index, forMs: Int64(random.below(200)))
                nodes[index].target = servers.count - 1
            }
            servers[old] = nil
            orphans.removeAll { $0.target == old }
            oldPrimaryEndsMs[old] = nil
        }
    }

    // MARK: People

    mutating func speak() {
        let tag = nextPerson
        guard let participant = ParticipantID("p\(tag % 40)"), let id = CommandID("c\(tag)") else { return }
        nextPerson += 1
        let text = "text \(tag)"
        let actor = Actor(participant: participant, name: "P", role: .student)
        let proposal = Proposal(actor: actor, id: id, command: .chatSend(text: text, replyTo: nil))
        people[tag] = Person(proposal: proposal, text: text, sentMs: 0)
        waiting.append(tag)
    }

    /// Whoever has no answer sends again, under the same id, wherever the class is served.
    mutating func askAgain() {
        waiting.removeAll { people[$0].map { $0.isAcknowledged || $0.isRefused } ?? true }
        for tag in waiting {
            guard let person = people[tag] else { continue }
            if let node = person.node {
                guard nowMs - person.sentMs > 1_500 else { continue }
                nodes[node].home?.forget(tag: person.tag)
                people[tag]?.node = nil
            }
            let index = random.below(nodes.count)
            guard let home = nodes[index].home, home.client.isServed else { continue }
            var proposal = person.proposal
            if fault == .dedupeOff, person.sentMs > 0, let id = CommandID("c\(tag)-\(nowMs)") {
                proposal = Proposal(actor: proposal.actor, id: id, command: proposal.command)
            }
            if let taken = home.submit(proposal, of: tag) {
                people[tag]?.node = index
                people[tag]?.tag = taken
                people[tag]?.sentMs = nowMs
            }
        }
    }
}
