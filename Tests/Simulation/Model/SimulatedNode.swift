// The node under test: the real room, log codec and encoders, with a model of everything around them: proposals that
// wait for the log, tails for each view, cursors over them, snapshots, restarts. Its order of acts is the real
// server's: log, apply, encode, tail, reply.

import LiveServer
import RoomHistories
import Rooms

/// A tail of one view.
struct ViewTail {
    var items: [(seq: UInt64, bytes: [UInt8])] = []
    /// Every event of the view after this seq, up to the room's, is in `items`.
    var floor: UInt64 = 0

    mutating func append(_ seq: UInt64, _ bytes: [UInt8], max: Int) {
        items.append((seq, bytes))
        guard items.count > max else { return }
        floor = items.removeFirst().seq
    }

    /// Takes the text of a message away, where the tail still holds it.
    mutating func redact(_ seq: UInt64) {
        let place = place(after: seq - 1)
        guard place < items.count, items[place].seq == seq else { return }
        if let bare = items[place].bytes.withUnsafeBytes({ EventEncoder.redacted($0) }) { items[place].bytes = bare }
    }

    /// The place of the first event after a seq.
    func place(after seq: UInt64) -> Int {
        var low = 0
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if items[middle].seq <= seq { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A proposal that waits for the log.
struct PendingProposal {
    let proposal: Proposal
    /// The id as the client sent it, and its connection; nil for the server's own.
    let origin: (connection: Int, id: CommandID)?
}

/// One node with one room.
struct SimulatedNode {
    var room: Room
    var log: SimulatedLog
    var pending: [PendingProposal] = []
    var connections: [Connection] = []
    var tails: [ViewTail] = [ViewTail(), ViewTail(), ViewTail()]
    /// Snapshots by seq, oldest first; they live as long as the log does.
    var snapshots: [(seq: UInt64, bytes: [UInt8])] = []
    /// Older epochs and the last seq that each of them still names.
    var lineage: [Cursor] = []
    var nowMs: Int64
    let tailMax: Int
    let fault: Fault?
    private var nextConnection = 0
    private var relabelled = 0
    private var arrived: Set<CommandKey> = []
    /// What a fault holds back or repeats.
    var unlogged: [LogEntry] = []
    var staleStates: [[UInt8]] = [[], [], []]
    private var sentEvents = 0
    /// A replica that is behind: some decisions are made on it, and `apply` has to judge them.
    private var behind: Room

    init(key: RoomKey, nowMs: Int64, tailMax: Int, fault: Fault?) {
        room = Room(key: key)
        behind = room
        log = SimulatedLog(room: key, epoch: Self.epoch(0))
        self.nowMs = nowMs
        self.tailMax = tailMax
        self.fault = fault
    }

    static func epoch(_ number: Int) -> String { "epoch\(1_000 + number)" }

    // MARK: Connections

    /// A client attaches, with its cursor if it has one. A tail that no longer reaches back gives a welcome.
    mutating func attach(_ client: SimulatedClient, _ truth: GroundTruth) throws -> Int {
        nextConnection += 1
        var connection = Connection(number: nextConnection, client: client.index, view: client.view, sent: room.seq)
        if let cursor = client.cursor, recognizes(cursor), tails[Int(client.view.rawValue)].floor <= cursor.seq {
            connection.sent = cursor.seq
            if fault == .resumeRepeats, cursor.seq > 0 { connection.sent = cursor.seq - 1 }
            if fault == .resumeSkips { connection.sent = cursor.seq + 1 }
            connection.toClient.append(.resumed(from: cursor.seq, epoch: log.epoch))
        } else {
            connection.toClient.append(try welcome(client.view, truth))
        }
        connections.append(connection)
        return nextConnection
    }

    private func recognizes(_ cursor: Cursor) -> Bool {
        if cursor.epoch == log.epoch { return cursor.seq <= room.seq }
        return lineage.contains { $0.epoch == cursor.epoch && cursor.seq <= $0.seq }
    }

    func welcome(_ view: View, _ truth: GroundTruth) throws -> Delivery {
        let stale = staleStates[Int(view.rawValue)]
        let state = fault == .staleWelcome && !stale.isEmpty ? stale : SnapshotEncoder.state(room, view: view)
        try truth.check(state: state, seq: room.seq, view)
        return .welcome(Cursor(epoch: log.epoch, seq: room.seq), state: state)
    }

    mutating func detach(_ number: Int) { connections.removeAll { $0.number == number } }

    func place(of number: Int) -> Int? { connections.firstIndex { $0.number == number } }

    // MARK: Commands

    /// The replica that is behind catches up.
    mutating func refresh() { behind = room }

    /// A command arrives on a connection; `stale`: it is decided on the replica that is behind.
    mutating func receive(_ proposal: Proposal, on number: Int, stale: Bool) {
        var judged = proposal
        let key = CommandKey(participant: proposal.actor.participant, id: proposal.id)
        if fault == .dedupeOff, !arrived.insert(key).inserted {
            relabelled += 1
            judged = Proposal(
                actor: proposal.actor, id: Self.relabel(proposal.id, relabelled), digest: proposal.digest,
                command: proposal.command)
        }
        switch (stale ? behind : room).decide(judged, nowTs: nowMs) {
        case .propose:
            pending.append(PendingProposal(proposal: judged, origin: (number, proposal.id)))
            if fault == .ackBeforeLog {
                reply(number, proposal.id, .ok(seq: log.head + UInt64(pending.count)), after: 0)
            }
        case .replay(let outcome): reply(number, proposal.id, .ok(seq: outcome.seq), after: outcome.seq)
        case .reject(let rejection): reply(number, proposal.id, .refused(rejection.code), after: 0)
        }
    }

    private static func relabel(_ id: CommandID, _ number: Int) -> CommandID {
        guard let other = CommandID("\(id.raw)~\(number)") else { preconditionFailure("ids of the history are short") }
        return other
    }

    private mutating func reply(_ number: Int, _ id: CommandID, _ outcome: Reply.Outcome, after: UInt64) {
        guard let place = place(of: number) else { return }
        connections[place].waiting.append((after, Reply(id: id, outcome: outcome)))
    }

    /// The log takes the first proposals. `survives`: the process lives on to apply them; else it dies right after the
    /// write, and nobody was told.
    mutating func commit(_ count: Int, survives: Bool, _ truth: inout GroundTruth) throws {
        for proposal in pending.prefix(count) {
            let entry = LogEntry(seq: log.head + UInt64(unlogged.count) + 1, ts: nowMs, proposal: proposal.proposal)
            if fault == .fanOutBeforeLog { unlogged.append(entry) } else { log.append(entry) }
            guard survives else { continue }
            try truth.catchUp(log)
            apply(entry, proposal.origin)
        }
        pending.removeFirst(min(count, pending.count))
        // A node with this fault writes late: it has told everyone already.
        if unlogged.count > 3 {
            for entry in unlogged { log.append(entry) }
            unlogged = []
            try truth.catchUp(log)
        }
    }

    private mutating func apply(_ entry: LogEntry, _ origin: (connection: Int, id: CommandID)?) {
        if fault == .staleWelcome, entry.seq % 7 == 0 {
            for view in View.allCases { staleStates[Int(view.rawValue)] = SnapshotEncoder.state(room, view: view) }
        }
        let seen =
            fault == .clockInState
            ? LogEntry(seq: entry.seq, ts: entry.ts + 1, proposal: entry.proposal) : entry
        switch room.apply(seen) {
        case .accepted(let event):
            append(SequencedEvent(seq: entry.seq, ts: entry.ts, event: event))
            if let origin { reply(origin.connection, origin.id, .ok(seq: entry.seq), after: entry.seq) }
        case .duplicate(let seq):
            if let origin { reply(origin.connection, origin.id, .ok(seq: seq), after: seq) }
        case .ignored(let rejection):
            if let origin { reply(origin.connection, origin.id, .refused(rejection.code), after: 0) }
        }
    }

    mutating func append(_ event: SequencedEvent) {
        for view in View.allCases {
            guard let bytes = ViewBytes.encode(event, view, fault) else { continue }
            tails[Int(view.rawValue)].append(event.seq, bytes, max: tailMax)
            if let seq = event.event.redacts, fault != .keepsDeletedText { tails[Int(view.rawValue)].redact(seq) }
        }
    }

    // MARK: Delivery

    /// Puts up to `count` events on the way to a client, and the replies whose turn has come.
    mutating func pump(_ place: Int, _ count: Int, _ truth: GroundTruth) throws {
        let view = connections[place].view
        let tail = tails[Int(view.rawValue)]
        if connections[place].sent < tail.floor {
            connections[place].toClient.append(try welcome(view, truth))
            connections[place].sent = room.seq
        }
        let first = tail.place(after: connections[place].sent)
        for item in tail.items[first...].prefix(count) {
            sentEvents += 1
            connections[place].sent = item.seq
            let bytes = faultyBytes(item.seq, item.bytes, view)
            connections[place].toClient.append(.event(seq: item.seq, bytes: bytes, head: room.seq))
        }
        if first + count >= tail.items.count { connections[place].sent = max(connections[place].sent, room.seq) }
        swapIfFaulty(place)
        releaseReplies(place)
    }

    private func faultyBytes(_ seq: UInt64, _ bytes: [UInt8], _ view: View) -> [UInt8] {
        guard fault == .wrongView, view != .moderator, sentEvents % 50 == 0 else { return bytes }
        let moderators = tails[Int(View.moderator.rawValue)]
        let place = moderators.place(after: seq - 1)
        return place < moderators.items.count ? moderators.items[place].bytes : bytes
    }

    private mutating func swapIfFaulty(_ place: Int) {
        let count = connections[place].toClient.count
        guard fault == .swapsEvents, count >= 2, sentEvents % 10 == 0 else { return }
        if case .event = connections[place].toClient[count - 1], case .event = connections[place].toClient[count - 2] {
            connections[place].toClient.swapAt(count - 1, count - 2)
        }
    }

    private mutating func releaseReplies(_ place: Int) {
        var kept: [(after: UInt64, reply: Reply)] = []
        for (after, reply) in connections[place].waiting {
            if after <= connections[place].sent || fault == .replyFirst {
                connections[place].toClient.append(.reply(reply))
            } else {
                kept.append((after, reply))
            }
        }
        connections[place].waiting = kept
    }
}
