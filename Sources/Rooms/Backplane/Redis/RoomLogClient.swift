// A room's log in Redis as one node's home of the room lives with it: looks where the room stands, has it seeded where
// nobody has, brings every entry once and in order, sends this node's commands, and takes all of that up again after a
// lost connection or a new epoch. A state machine: what happened goes in, what is to be done comes out. Never a
// connection, never a clock, never what an entry means.
//
//   offline ─connected► subscribing ─► looking ─seeded, and what we hold is part of it─► following ─► (served)
//                                        │  └─seeded, and what we hold is not─► restoring ─► looking
//                                        └─not seeded─► claiming ─the most for long enough─► seeding ─► following
//
// The two connections to a Redis (commands and news) stand and fall together: nothing is answered after `disconnected`.

/// What the home is to do.
package enum RoomLogAction: Equatable, Sendable {
    /// Subscribe to the room's news; `subscribed` answers.
    case subscribe
    /// Ask Redis; `answered` answers.
    case ask(RoomLogRequest)
    /// Nobody has the room in Redis and nothing of it is held here: read it from the store; `restored` answers.
    case loadFromStore
    /// What is held here is not part of the room's log, or lies behind its beginning: begin anew from this snapshot
    /// (nil: from the store); `restored` answers.
    case restore(KeptSnapshot?)
    /// This node seeds the room: hand over what for; `seed` answers.
    case provideSeed(SeedPlan)
    /// Apply these, in this order.
    case apply([RoomMessage])
    /// What was applied is part of this epoch, which goes on from there.
    case enter(epoch: String, previous: RoomLineage?)
    /// All that was in the log has been applied: the room is served.
    case serve
    /// It is not, until `serve` comes.
    case degrade
    /// The log takes no more: the sender of this command is told.
    case refuse(tag: UInt64)
}

/// What a seed has to hold.
package struct SeedPlan: Equatable, Sendable {
    /// What is held here.
    package let position: RoomPosition
    /// The tail begins behind this seq, or as soon after it as the home remembers.
    package let after: UInt64
    /// The new epoch.
    package let epoch: String
}

/// The log of one room at one node. One thread.
package struct RoomLogClient: Sendable {
    /// How long the first claim has stood before the most is known, in milliseconds.
    package static let patienceMs: UInt64 = 300
    /// The same for who holds no more than the store: whoever applied later entries comes first.
    package static let storePatienceMs: UInt64 = 1_000
    /// Commands of a room that wait for their answer at once.
    package static let window = 256
    /// Between two claims.
    package static let claimEveryMs: UInt64 = 100
    /// Between two looks at the head of a room in which all is well.
    package static let headEveryMs: UInt64 = 1_000

    private enum Phase: Equatable {
        case offline
        case subscribing
        case looking
        case restoring
        case claiming(nextMs: UInt64?)
        case planning
        case seeding(RoomSeed)
        case raising
        /// Redis refused something: looked at again with the tick.
        case pausing
        case following
    }

    /// What is held here; nil where nothing is.
    package private(set) var position: RoomPosition?
    /// Whether people are served.
    package private(set) var isServed = false
    /// This node's commands.
    package private(set) var outbox: RoomOutbox

    private let sender: SenderTag
    private let logMax: Int
    private let nextEpoch: @Sendable (_ after: String) -> String
    private var phase = Phase.offline
    private var feed: RoomFeed?
    private var runID = ""
    /// What is held came from the store, and no entry has been applied since.
    private var isFromStore = false
    /// The latest epoch that was ever met, on whichever branch.
    private var latest = ""
    /// The greatest seq that Redis gave one of our commands, and whether it stood already at the last tick.
    private var promised: UInt64 = 0
    private var promisedAtTick: UInt64 = 0
    /// Redis has the room, but neither its snapshot nor the store's state is part of it.
    private var isStuck = false
    private var headAtMs: UInt64 = 0
    /// As of the last tick.
    private var nowMs: UInt64 = 0

    /// Whether `loadFromStore` or `restore` was asked for and `restored` is waited for: what comes at another time
    /// answers a question of before, and the home leaves it alone.
    package var isRestoring: Bool { phase == .restoring }

    /// A room of which `position` is held.
    /// - Parameters:
    ///   - logMax: entries in Redis from which on no more is taken.
    ///   - keptMs: see `RoomOutbox.keptMs`.
    ///   - nextEpoch: names an epoch that is greater than another.
    package init(
        position: RoomPosition?, sender: SenderTag, logMax: Int, keptMs: UInt64 = RoomOutbox.keptMs,
        nextEpoch: @escaping @Sendable (_ after: String) -> String
    ) {
        self.position = position
        outbox = RoomOutbox(keptMs: keptMs)
        self.sender = sender
        self.logMax = logMax
        self.nextEpoch = nextEpoch
        isFromStore = position != nil
    }

    // MARK: The connection

    /// Both connections stand; commands go to this run of Redis.
    package mutating func connected(runID: String) -> [RoomLogAction] {
        guard phase == .offline else { return [] }
        self.runID = runID
        phase = .subscribing
        return [.subscribe]
    }

    /// The subscription stands.
    package mutating func subscribed() -> [RoomLogAction] {
        guard phase == .subscribing else { return [] }
        return look()
    }

    /// Either connection is gone: no answer comes any more.
    package mutating func disconnected() -> [RoomLogAction] {
        guard phase != .offline else { return [] }
        phase = .offline
        feed = nil
        outbox.connectionLost()
        return degrade()
    }

    // MARK: Commands of this node

    /// Takes a command of this node. Nil: too many are held, or the room is not served.
    package mutating func submit(_ command: OutgoingCommand) -> [RoomLogAction]? {
        guard isServed, outbox.add(command) else { return nil }
        return send()
    }

    /// The sender of this command has been told that nobody knows what became of it; it is not sent again.
    package mutating func forget(tag: UInt64) { outbox.forget(tag: tag) }

    /// The store has the room's log up to `seq`, in this epoch.
    package mutating func stored(upTo seq: UInt64) { outbox.stored(upTo: seq, nowMs: nowMs) }

    // MARK: What comes from Redis

    /// Something was published: a message, or an empty one.
    package mutating func news(_ message: RoomMessage?) -> [RoomLogAction] {
        // Elsewhere it is read from the log, later.
        guard phase == .following else { return [] }
        guard let message else { return look() }
        return carryOut { feed in feed.news(message) }
    }

    /// An answer came.
    package mutating func answered(_ answer: RoomLogAnswer, nowMs: UInt64) -> [RoomLogAction] {
        switch answer {
        case .head(let head):
            switch phase {
            case .looking: return judge(head)
            case .following: return check(head)
            default: return []
            }
        case .range(let messages, let isEnd):
            return phase == .following ? carryOut { feed in feed.range(messages, isEnd: isEnd) } : []
        case .snapshot(let snapshot):
            guard phase == .restoring else { return [] }
            isStuck = snapshot == nil
            return [.restore(snapshot)]
        case .sequenced(let tag, let verdict): return take(verdict, tag)
        case .claimed(let verdict): return take(verdict, nowMs)
        case .seeded(let verdict): return take(verdict, nowMs)
        case .raised(let isDone):
            guard phase == .raising else { return [] }
            if isDone { return look() }
            phase = .pausing
            return []
        }
    }

    /// Redis answered with an error, or the connection did not take the request (it stands all the same): with the tick
    /// it is tried again.
    package mutating func failed(_ request: RoomLogRequest) -> [RoomLogAction] {
        if case .sequence(_, let command) = request {
            outbox.notTaken(tag: command.tag)
            return []
        }
        guard phase != .offline, phase != .subscribing else { return [] }
        feed = nil
        phase = .pausing
        return degrade()
    }

    /// The home holds the room up to `position` now.
    package mutating func restored(_ position: RoomPosition, fromStore: Bool) -> [RoomLogAction] {
        guard phase == .restoring else { return [] }
        self.position = position
        isFromStore = fromStore
        return look()
    }

    /// What seeds the room.
    package mutating func seed(_ seed: RoomSeed) -> [RoomLogAction] {
        guard phase == .planning else { return [] }
        phase = .seeding(seed)
        // Where the answer is lost, another Redis is not given the same name.
        latest = max(latest, seed.epoch)
        return [.ask(.seed(runID: runID, seed))]
    }

    /// Looks at what is due; to be called about each 100 ms.
    package mutating func tick(nowMs: UInt64) -> [RoomLogAction] {
        self.nowMs = nowMs
        switch phase {
        case .claiming(let nextMs?) where nowMs >= nextMs: return claim()
        case .pausing: return look()
        case .following:
            var actions: [RoomLogAction] = []
            // Its news should have been here long ago.
            if let position, promised > position.seq, promised == promisedAtTick {
                actions += carryOut { [promised] feed in feed.head(promised) }
            }
            promisedAtTick = promised
            if nowMs >= headAtMs {
                headAtMs = nowMs + Self.headEveryMs
                actions.append(.ask(.head))
            }
            return actions + send()
        default: return []
        }
    }

    // MARK: Where the room stands

    private mutating func look() -> [RoomLogAction] {
        feed = nil
        phase = .looking
        return [.ask(.head)]
    }

    private func isSeeded(_ head: RoomHead) -> Bool {
        guard let epoch = head.epoch, head.runID == runID else { return false }
        // Of our own epoch, but behind us: Redis came back from an older copy.
        return !(position?.epoch == epoch && head.seq < position?.seq ?? 0)
    }

    private mutating func judge(_ head: RoomHead) -> [RoomLogAction] {
        feed = nil
        guard isSeeded(head), let epoch = head.epoch else {
            let actions = degrade()
            guard position != nil else {
                phase = .restoring
                return actions + [.loadFromStore]
            }
            return actions + claim()
        }
        latest = max(latest, epoch, position?.epoch ?? "")
        if epoch < latest {
            // A branch that died out has the later name: it must never look like the later one.
            phase = .raising
            return [.ask(.raise(runID: runID, from: epoch, to: nextEpoch(latest)))]
        }
        guard let position else {
            phase = .restoring
            return degrade() + [.ask(.snapshot)]
        }
        if position.epoch == epoch { return enter(epoch, head.previous) + follow(epoch, head.previous, head: head.seq) }
        if let previous = head.previous, previous.epoch == position.epoch, position.seq <= previous.base {
            outbox.epochChanged(base: previous.base)
            return enter(epoch, previous) + follow(epoch, previous, head: head.seq)
        }
        if isStuck {
            isStuck = false
            phase = .pausing
            return degrade()
        }
        // What was applied here beyond the base is not part of the room any more.
        outbox.epochChanged(base: head.previous?.epoch == position.epoch ? head.previous?.base : nil)
        self.position = nil
        phase = .restoring
        return degrade() + [.ask(.snapshot)]
    }

    /// The head of a room that is followed: tells of a last message that was lost, and of a new epoch.
    private mutating func check(_ head: RoomHead) -> [RoomLogAction] {
        guard isSeeded(head), head.epoch == position?.epoch else { return judge(head) }
        return carryOut { feed in feed.head(head.seq) }
    }

    private mutating func enter(_ epoch: String, _ previous: RoomLineage?) -> [RoomLogAction] {
        position?.epoch = epoch
        return [.enter(epoch: epoch, previous: previous)]
    }

    private mutating func follow(_ epoch: String, _ previous: RoomLineage?, head: UInt64) -> [RoomLogAction] {
        phase = .following
        // What was promised in another epoch may never come; in this one the log is read now.
        promised = 0
        var feed = RoomFeed(epoch: epoch, previous: previous, applied: position?.seq ?? 0, head: head)
        _ = feed.start()
        self.feed = feed
        return carryOut { feed in feed.subscribed() }
    }

    private mutating func degrade() -> [RoomLogAction] {
        guard isServed else { return [] }
        isServed = false
        return [.degrade]
    }

    // MARK: Seeding

    private mutating func claim() -> [RoomLogAction] {
        guard let position else { return look() }
        phase = .claiming(nextMs: nil)
        return [.ask(.claim(runID: runID, position))]
    }

    private mutating func take(_ verdict: ClaimVerdict, _ nowMs: UInt64) -> [RoomLogAction] {
        guard case .claiming = phase, let position else { return [] }
        guard case .waiting(let waitedMs, let isMine, let least, let latest) = verdict else { return look() }
        guard isMine, waitedMs >= (isFromStore ? Self.storePatienceMs : Self.patienceMs) else {
            phase = .claiming(nextMs: nowMs + Self.claimEveryMs)
            return []
        }
        phase = .planning
        self.latest = max(self.latest, latest, position.epoch)
        return [.provideSeed(SeedPlan(position: position, after: least, epoch: nextEpoch(self.latest)))]
    }

    private mutating func take(_ verdict: SeedVerdict, _ nowMs: UInt64) -> [RoomLogAction] {
        guard case .seeding(let seed) = phase else { return [] }
        switch verdict {
        case .seeded:
            let previous = RoomLineage(epoch: seed.position.epoch, base: seed.position.seq)
            outbox.epochChanged(base: previous.base)
            return enter(seed.epoch, previous) + follow(seed.epoch, previous, head: previous.base)
        case .late: return look()
        case .refused:
            phase = .claiming(nextMs: nowMs + Self.claimEveryMs)
            return []
        }
    }

    // MARK: The log

    private mutating func take(_ verdict: SequenceVerdict, _ tag: UInt64) -> [RoomLogAction] {
        switch verdict {
        case .sequenced(let seq, _):
            promised = max(promised, seq)
            return []
        case .foreign, .behind:
            outbox.notTaken(tag: tag)
            return phase == .following ? look() : []
        case .full:
            return outbox.refused(tag: tag) ? [.refuse(tag: tag)] : []
        }
    }

    private mutating func carryOut(_ step: (inout RoomFeed) -> [RoomFeedAction]) -> [RoomLogAction] {
        guard let actions = feed.take(step) else { return [] }
        var done: [RoomLogAction] = []
        for action in actions {
            switch action {
            case .subscribe: break
            case .read(let after): done.append(.ask(.read(after: after)))
            case .deliver(let run):
                note(run)
                done.append(.apply(run))
                done += send()
            case .caughtUp:
                outbox.caughtUp()
                if !isServed {
                    isServed = true
                    done.append(.serve)
                }
                done += send()
            case .reload:
                feed = nil
                position = nil
                phase = .restoring
                // What was sent may lie under the snapshot, and never comes back.
                outbox.connectionLost()
                done += degrade() + [.ask(.snapshot)]
            case .otherEpoch: done += look()
            }
        }
        return done
    }

    private mutating func note(_ run: [RoomMessage]) {
        for message in run {
            if let tag = sender.number(message.tag) { _ = outbox.returned(tag: tag, seq: message.seq, nowMs: nowMs) }
        }
        guard let last = run.last else { return }
        position?.seq = last.seq
        position?.ts = last.ts
        isFromStore = false
    }

    private mutating func send() -> [RoomLogAction] {
        guard phase == .following, feed?.isLive == true, let position else { return [] }
        let terms = SequenceTerms(epoch: position.epoch, runID: runID, applied: position.seq, logMax: logMax)
        return outbox.takeWaiting(window: Self.window).map { .ask(.sequence(terms, $0)) }
    }
}

extension Optional where Wrapped == RoomFeed {
    /// Changes the feed in place; nil where there is none.
    fileprivate mutating func take(_ step: (inout RoomFeed) -> [RoomFeedAction]) -> [RoomFeedAction]? {
        guard var feed = self else { return nil }
        // So that it is changed in place and not copied.
        self = nil
        let actions = step(&feed)
        self = feed
        return actions
    }
}
