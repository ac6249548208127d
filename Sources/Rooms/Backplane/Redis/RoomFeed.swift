// How the entries of one room come from Redis to one home: every one, once, in order. Pub/sub delivers, the stream
// repairs: what is published may be lost, doubled or late, what stands in the log may not. A state machine: what
// arrived goes in, what is to be asked for and what may be applied comes out. Never a connection, never a clock.
//
//   down ──start──► subscribing ──subscribed──► reading ──range to the end──► live ──gap──► reading
//
// Every message is held against the room's lineage: after a change of epoch the log begins with entries of the one
// before.
// Subscribing comes first and reading second, so that what is published meanwhile waits here and nothing falls between.
// Limits: `bufferMax` messages ahead; beyond it the farthest are let go, since the log has them.

/// What a home asks Redis for, and what it may apply.
package enum RoomFeedAction: Equatable, Sendable {
    /// Subscribe to the room's news; `subscribed` answers.
    case subscribe
    /// Read the room's log behind this seq; `range` answers.
    case read(after: UInt64)
    /// Apply these, in this order: each follows the one before without a gap.
    case deliver([RoomMessage])
    /// All that was in the log when it was read has been delivered: the room may be served.
    case caughtUp
    /// The log no longer reaches back to what comes next: load a snapshot, then `start` behind its seq.
    case reload
    /// A message of another epoch: what was applied may not be what Redis holds. Look at the head, and `start` anew.
    case otherEpoch(String)
}

/// The feed of one room at one home. One thread.
package struct RoomFeed: Sendable {
    /// Messages ahead of what was applied that are kept.
    package static let bufferMax = 1_024

    private enum Phase {
        case down
        case subscribing
        case reading
        case live
    }

    /// The last seq that was delivered.
    package private(set) var applied: UInt64
    private let epoch: String
    private let previous: RoomLineage?
    private var phase = Phase.down
    /// News ahead of a gap, by seq.
    private var ahead: [UInt64: RoomMessage] = [:]
    /// The greatest seq that was heard of.
    private var heard: UInt64
    /// The same when the log was asked last: it stood in the log by then.
    private var heardWhenAsked: UInt64 = 0

    /// A feed of a room that stands at `applied` in `epoch`, or in the one before where both are still the same.
    /// - Parameter head: where Redis stands: a log that does not reach there from `applied` has lost what lies between.
    package init(epoch: String, previous: RoomLineage? = nil, applied: UInt64, head: UInt64 = 0) {
        self.epoch = epoch
        self.previous = previous
        self.applied = applied
        heard = max(applied, head)
    }

    /// Whether everything that was heard of has been delivered.
    package var isLive: Bool { phase == .live }

    /// Messages that wait for others before them.
    package var waiting: Int { ahead.count }

    /// The connection stands.
    package mutating func start() -> [RoomFeedAction] {
        phase = .subscribing
        return [.subscribe]
    }

    /// The connection is gone: what it had not brought comes with the next.
    package mutating func lost() {
        phase = .down
        ahead.removeAll(keepingCapacity: true)
    }

    /// The subscription stands: from now on news are heard, so what was before them can be read.
    package mutating func subscribed() -> [RoomFeedAction] {
        guard phase == .subscribing else { return [] }
        return [ask()]
    }

    /// Something was published.
    package mutating func news(_ message: RoomMessage) -> [RoomFeedAction] {
        guard phase != .down else { return [] }
        guard belongs(message) else { return stop(.otherEpoch(message.epoch), delivering: []) }
        // Doubled, or read from the log already.
        guard message.seq > applied else { return [] }
        heard = max(heard, message.seq)
        keep(message)
        guard phase == .live else { return [] }
        var actions = drain()
        if !ahead.isEmpty { actions.append(ask()) }
        return actions
    }

    /// A stretch of the log behind the seq that was asked for.
    /// - Parameter isEnd: nothing stood behind the last of these when they were read.
    package mutating func range(_ messages: [RoomMessage], isEnd: Bool) -> [RoomFeedAction] {
        guard phase == .reading else { return [] }
        var run: [RoomMessage] = []
        for message in messages where message.seq > applied {
            guard message.seq == applied + 1 else { return stop(.reload, delivering: run) }
            guard belongs(message) else { return stop(.otherEpoch(message.epoch), delivering: run) }
            applied = message.seq
            ahead[message.seq] = nil
            run.append(message)
        }
        heard = max(heard, applied)
        var actions: [RoomFeedAction] = run.isEmpty ? [] : [.deliver(run)]
        actions += drain()
        guard isEnd else { return actions + [ask()] }
        if heard <= applied {
            phase = .live
            return actions + [.caughtUp]
        }
        // What had been heard of before the log was asked is in it, or it is not that log any more.
        guard heardWhenAsked <= applied else { return actions + stop(.reload, delivering: []) }
        // News that came while the log was read, and a gap before them: the log has it by now.
        return actions + [ask()]
    }

    /// The head of the room in Redis, asked for now and then: a message that was lost and had no successor is found so.
    package mutating func head(_ seq: UInt64) -> [RoomFeedAction] {
        guard phase == .live, seq > applied else { return [] }
        heard = max(heard, seq)
        return [ask()]
    }

    private mutating func ask() -> RoomFeedAction {
        phase = .reading
        heardWhenAsked = heard
        return .read(after: applied)
    }

    /// Whether a message is of this room's log, as far as its epoch tells.
    private func belongs(_ message: RoomMessage) -> Bool {
        guard let previous, message.seq <= previous.base else { return message.epoch == epoch }
        // What lies before the base is of the one before or of an older one. A later one would have another base.
        return message.epoch < epoch
    }

    private mutating func stop(_ reason: RoomFeedAction, delivering run: [RoomMessage]) -> [RoomFeedAction] {
        phase = .down
        ahead.removeAll(keepingCapacity: true)
        return (run.isEmpty ? [] : [.deliver(run)]) + [reason]
    }

    private mutating func keep(_ message: RoomMessage) {
        ahead[message.seq] = message
        guard ahead.count > Self.bufferMax, let farthest = ahead.keys.max() else { return }
        ahead[farthest] = nil
    }

    /// Delivers what follows without a gap.
    private mutating func drain() -> [RoomFeedAction] {
        var run: [RoomMessage] = []
        while let next = ahead.removeValue(forKey: applied + 1) {
            applied = next.seq
            run.append(next)
        }
        return run.isEmpty ? [] : [.deliver(run)]
    }
}
