// Owns one node's home of a room in the simulation: the real log client, a real `Room`, and what people there saw. What
// it wants from the world it puts into `outgoing`.

import Rooms
import RoomsBackplane

/// One node, from its start to its death.
final class SimulatedHome {
    enum Outgoing {
        case subscribe
        case ask(RoomLogRequest)
        case loadFromStore
        case enter(String, RoomLineage)
        case write(RoomMessage)
        case acknowledged(person: UInt64)
        case refused(person: UInt64)
        /// What no server may do.
        case broken(String)
    }

    let name: String
    let sender: SenderTag
    private(set) var client: RoomLogClient
    private(set) var room: Room
    /// What the world is to carry out.
    var outgoing: [Outgoing] = []
    private let key: RoomKey
    private let fault: NodeFault?
    private var tail: [RoomMessage] = []
    private var snapshots: [[UInt8]] = []
    /// What people here saw last; nil after a reset.
    private var shown: UInt64?
    private var nextTag: UInt64 = 1
    private var senders: [UInt64: UInt64] = [:]
    /// Commands whose senders were told that they had their effect.
    private var told: Set<UInt64> = []

    init(
        name: String, run: UInt64, key: RoomKey, fault: NodeFault?,
        nextEpoch: @escaping @Sendable (String) -> String
    ) {
        self.name = name
        self.key = key
        self.fault = fault
        sender = SenderTag(run: run)
        room = Room(key: key)
        client = RoomLogClient(
            position: nil, sender: sender, logMax: 100_000,
            keptMs: fault == .forgetsStored ? 0 : NodesSimulation.keptMs,
            nextEpoch: nextEpoch)
    }

    func connected(runID: String) { carryOut(client.connected(runID: runID)) }
    func subscribed() { carryOut(client.subscribed()) }
    func disconnected() { carryOut(client.disconnected()) }
    func news(_ message: RoomMessage?) { carryOut(client.news(message)) }
    func tick(nowMs: Int64) { carryOut(client.tick(nowMs: UInt64(nowMs))) }
    func answered(_ answer: RoomLogAnswer, nowMs: Int64) {
        carryOut(client.answered(answer, nowMs: UInt64(nowMs)))
    }
    func forget(tag: UInt64) { client.forget(tag: tag) }

    func stored(_ store: inout SimulatedStore) {
        guard let epoch = client.position?.epoch else { return }
        client.stored(upTo: store.count(of: epoch))
    }

    /// Takes a person's command; the tag that it has here, nil where it is not taken.
    func submit(_ proposal: Proposal, of person: UInt64) -> UInt64? {
        let tag = nextTag
        guard let actions = client.submit(OutgoingCommand(tag: tag, proposal: proposal)) else { return nil }
        nextTag += 1
        senders[tag] = person
        carryOut(actions)
        return tag
    }

    /// The store's answer.
    func loaded(epoch: String, _ messages: [RoomMessage]) {
        guard client.isRestoring else { return }
        begin(Room(key: key))
        for message in messages { apply(message, isNew: false) }
        let position = RoomPosition(epoch: epoch, seq: room.seq, ts: room.ts)
        carryOut(client.restored(position, fromStore: true))
    }

    private func restore(_ snapshot: KeptSnapshot?) {
        guard let snapshot else { return outgoing.append(.loadFromStore) }
        guard let restored = try? Room(snapshot: snapshot.bytes) else {
            return outgoing.append(.broken("\(name): a snapshot that is none"))
        }
        if restored.seq != snapshot.seq { outgoing.append(.broken("\(name): a snapshot of another seq than it says")) }
        begin(restored)
        let position = RoomPosition(epoch: snapshot.epoch, seq: snapshot.seq, ts: room.ts)
        carryOut(client.restored(position, fromStore: false))
    }

    private func begin(_ room: Room) {
        self.room = room
        tail = []
        shown = nil
    }

    private func carryOut(_ actions: [RoomLogAction]) {
        for action in actions {
            switch action {
            case .subscribe: outgoing.append(.subscribe)
            case .ask(.sequence(_, let command)) where fault == .forgetsAcknowledged && told.contains(command.tag):
                client.forget(tag: command.tag)
            case .ask(let request): outgoing.append(.ask(request))
            case .loadFromStore: outgoing.append(.loadFromStore)
            case .restore(let snapshot): restore(snapshot)
            case .provideSeed(let plan): seed(plan)
            case .apply(let run): for message in run { apply(message, isNew: true) }
            case .enter(let epoch, let previous):
                if let previous { outgoing.append(.enter(epoch, previous)) }
            case .serve, .degrade: break
            case .refuse(let tag): if let person = senders[tag] { outgoing.append(.refused(person: person)) }
            }
        }
    }

    private func seed(_ plan: SeedPlan) {
        if room.seq != plan.position.seq { outgoing.append(.broken("\(name): claims what it does not hold")) }
        let kept = tail.filter { $0.seq > plan.after && $0.epoch < plan.epoch }
        let bytes = fault == .staleSnapshot ? snapshots.dropLast(5).last ?? Room(key: key).encodeSnapshot() : nil
        carryOut(
            client.seed(
                RoomSeed(
                    position: plan.position, epoch: plan.epoch, tail: kept, snapshot: bytes ?? room.encodeSnapshot())))
    }

    private func apply(_ message: RoomMessage, isNew: Bool) {
        guard let entry = message.logEntry else { return outgoing.append(.broken("\(name): a damaged entry")) }
        if entry.seq != room.seq + 1 { outgoing.append(.broken("\(name): \(entry.seq) behind \(room.seq)")) }
        if entry.ts < room.ts { outgoing.append(.broken("\(name): time fell at \(entry.seq)")) }
        let verdict = room.apply(entry)
        tail.append(message)
        if fault == .staleSnapshot { snapshots.append(room.encodeSnapshot()) }
        guard isNew else { return }
        if let shown, entry.seq <= shown { outgoing.append(.broken("\(name): \(entry.seq) shown after \(shown)")) }
        shown = entry.seq
        outgoing.append(.write(message))
        guard let tag = sender.number(message.tag), let person = senders[tag] else { return }
        told.insert(tag)
        switch verdict {
        case .accepted, .duplicate: outgoing.append(.acknowledged(person: person))
        case .ignored: outgoing.append(.refused(person: person))
        }
    }
}
