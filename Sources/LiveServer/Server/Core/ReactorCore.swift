// One reactor's half of the server: every connection accepted here, every room whose home is here, and
// the replicas that serve the members here. All of it is touched by this reactor's thread only; what
// others have to say arrives in the mailbox.
//
// Order of a round (LiveIO drives it): mail → sockets → timers → `roundEnded`, where rooms that have
// something new are flushed with one write a member.

import LiveIO
import LiveProtocol
import Rooms
import RoomsBackplane

/// The driver of one reactor.
final class ReactorCore: ReactorDriver {
    let index: Int
    let node: ServerNode
    let reactor: Reactor
    let mailbox: Mailbox<CoreMessage>
    let limits: CoreLimits

    var sessions = SessionTable()
    var counters = ReactorCounters()

    // Rooms on this reactor.
    var replicas: [RoomReplica?] = []
    var freeReplicaSlots: [Int32] = []
    var replicaOf: [RoomKey: Int32] = [:]
    var homes: [UInt32: RoomHome] = [:]
    var homeOf: [RoomKey: UInt32] = [:]
    var nextHomeHandle: UInt32 = 1

    /// Attaches of this reactor's connections that their homes have not answered yet.
    var joinsInProgress = 0
    /// Mail that other reactors had no room for and that must not be lost.
    var owedMail = OwedMail()
    /// A timer brings the next round soon.
    var isRetryArmed = false

    /// Proposals of this round on their way to the log.
    var submissions: [Submission] = []

    // What must be looked at when the round ends.
    var dirtySessions: [ConnectionID] = []
    var dirtyReplicas: [Int32] = []
    /// Readers that a flush found too far behind.
    var fallenBehind: [ConnectionID] = []
    /// Rooms whose flush waits one round for more of their events.
    var deferredReplicas: [Int32] = []
    var dirtyHomes: [UInt32] = []

    // Outstanding questions to the ballot desk and the history, by ticket.
    var tickets = TicketTable()

    // Scratch memory and readers shared by all connections.
    let json = JSONReader()
    var head = HTTPRequestHead()
    var scratch: [UInt8] = []
    var offsets: [Int] = []
    var writer = JSONWriter(reserving: 4096)
    var resumeScratch: [UInt8] = []
    var mail: [CoreMessage] = []
    var replyPool: [ReplyBuffer] = []
    /// Compression of all rooms here.
    let deflate: FrameDeflate
    /// Contexts of echo connections that negotiated deflate, by slot.
    var echoContexts: [UInt32: EchoDeflate] = [:]
    let verifier: TokenVerifier
    /// Allowances for heartbeats and malformed commands by POST.
    var postAllowances: [ParticipantID: TokenBucket] = [:]
    /// Bad tokens by address, as this reactor saw them.
    var tokenFailures: AttemptLimiter
    let resumes: ResumeSealer
    let entryTickets: TicketSealer
    /// Tokens that the desk is judging.
    var tokenQuestions = TokenQuestions()
    var responses = ResponseHeaders()
    var pictures = LinkPictures()
    var isDraining = false
    /// Who is still to be sent away.
    var farewell: Farewell?
    /// When a draining reactor ends at the latest.
    var stopsAtMs: UInt64?
    /// Bytes of the tails here, as far as the node counts them.
    var tailBytesHere = 0
    /// What they had when the last shortening did not reach its aim; 0 where it did.
    var tailBytesLeast = 0
    /// The log or the store does not answer, and the people here have been told.
    var isDegraded = false

    init(index: Int, node: ServerNode, reactor: Reactor, mailbox: Mailbox<CoreMessage>) {
        self.index = index
        self.node = node
        self.reactor = reactor
        self.mailbox = mailbox
        limits = CoreLimits(node.configuration, reactors: node.reactorCount)
        verifier = TokenVerifier(settings: node.tokenSettings)
        tokenFailures = AttemptLimiter(rate: node.configuration.failureRate)
        resumes = ResumeSealer(key: node.tokenSettings.key)
        entryTickets = TicketSealer(key: node.tokenSettings.key)
        deflate = FrameDeflate(
            bytesMin: node.configuration.websocket.deflateBytesMin,
            limits: InflateLimits(
                messageBytesMax: node.configuration.limits.frameBytes, ratioMax: node.configuration.limits.inflateRatio)
        )
        scratch.reserveCapacity(node.configuration.limits.gatherBytes + 4096)
    }

    /// Once, on the reactor's thread, before it runs.
    func start() {
        _ = reactor.schedule(inMs: UInt32(limits.tidyEveryMs), payload: CoreTimer.tidy.payload)
        _ = reactor.schedule(inMs: UInt32(limits.healthEveryMs), payload: CoreTimer.health.payload)
    }

    /// Milliseconds since start, 32 bits: for ages of connections.
    var now32: UInt32 { UInt32(truncatingIfNeeded: reactor.nowMs) }

    // MARK: ReactorDriver

    func accepted(_ id: ConnectionID, from peer: PeerAddress) {
        let session = sessions.open(id)
        session.pointee.kind = .http
        meet(session, peer)
        session.pointee.lastInboundMs = now32
        session.pointee.lastOutboundMs = now32
        counters.accepted += 1
        admitConnection(session)
    }

    func received(_ id: ConnectionID, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        let session = sessions.at(id.index)
        session.pointee.lastInboundMs = now32
        guard !holdsBack(session) else { return 0 }
        var consumed = 0
        if session.pointee.flags.contains(.proxyHeader) {
            consumed = receiveProxyHeader(session, bytes)
            if consumed == 0 { return 0 }
        }
        // Each turn the kind decides anew: a request may turn the connection into something else.
        while consumed < bytes.count {
            guard takesStep(session) else { return consumed }
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[consumed...])
            let used: Int
            switch session.pointee.kind {
            case .http: used = receiveHTTP(session, rest)
            case .webSocket: used = receiveWebSocket(session, rest)
            case .echo: used = receiveEcho(session, rest)
            case .awaitingAnswer, .longPoll:
                // The next request of a pipeline waits until this one is answered.
                reactor.setReading(id, false)
                return consumed
            case .closing:
                // It has been told; one that floods on is not worth reading until its time is over.
                if bytes.count > limits.unreadRepliesMax { reactor.setReading(id, false) }
                return bytes.count
            case .eventStream: return bytes.count
            case .vacant: preconditionFailure("bytes reach live sessions only")
            }
            if used == 0 { break }
            consumed += used
        }
        return consumed
    }

    func drained(_ id: ConnectionID) {
        guard let session = sessions.find(id) else { return }
        session.pointee.flags.remove(.blocked)
        noteReading(session)
        if session.pointee.flags.contains(.held) {
            session.pointee.flags.remove(.held)
            reactor.setReading(id, true)
        }
        markDirty(session)
    }

    /// Who does not read its answers is not read either: what it asks for would only pile up here.
    private func holdsBack(_ session: UnsafeMutablePointer<Session>) -> Bool {
        guard session.pointee.flags.contains(.blocked),
            session.pointee.unreadReplyBytes > limits.unreadRepliesMax
        else { return false }
        session.pointee.flags.insert(.held)
        reactor.setReading(session.pointee.id, false)
        return true
    }

    func ended(_ id: ConnectionID, _ end: ConnectionEnd) {
        guard let session = sessions.find(id) else { return }
        if case .timedOut = end { counters.silentEnds += 1 }
        leaveRoom(session)
        release(session)
        sessions.close(id)
        node.gauges.connectionClosed()
        counters.closed += 1
    }

    func mailArrived() {
        mailbox.drain(into: &mail)
        for message in mail { handle(message) }
        mail.removeAll(keepingCapacity: true)
    }

    func roundEnded() {
        finishHomes()
        submitRound()
        sendOwedMail()
        for slot in dirtyReplicas {
            if let replica = replicas[Int(slot)] { account(replica) }
        }
        // Flushing can close a reader, and closing has something to say: a few turns always end it.
        for _ in 0..<4 where !(dirtySessions.isEmpty && dirtyReplicas.isEmpty) {
            flushDirtySessions()
            flushDirtyReplicas()
            settleFallenBehind()
        }
        if !(dirtySessions.isEmpty && dirtyReplicas.isEmpty) { armRetry() }
        bringDeferredBack()
        keepTailsBounded()
    }

    /// Makes sure of another round within a millisecond or two.
    func armRetry() {
        guard !isRetryArmed else { return }
        isRetryArmed = true
        _ = reactor.schedule(inMs: 1, payload: CoreTimer.retry.payload)
    }

    // MARK: Small things every part uses

    /// Puts the session on the list that `roundEnded` walks.
    func markDirty(_ session: UnsafeMutablePointer<Session>) {
        guard !session.pointee.flags.contains(.dirty) else { return }
        session.pointee.flags.insert(.dirty)
        dirtySessions.append(session.pointee.id)
    }

    func markDirty(_ replica: RoomReplica) {
        guard !replica.isDirty else { return }
        replica.isDirty = true
        dirtyReplicas.append(replica.slot)
    }

    /// The session's buffer for bytes of its own; they leave with the round.
    func replyBuffer(_ session: UnsafeMutablePointer<Session>) -> ReplyBuffer {
        // Also where a buffer waits already: what it waited for may have come.
        markDirty(session)
        if let buffer = session.pointee.replies { return buffer }
        let buffer = replyPool.popLast() ?? ReplyBuffer()
        session.pointee.replies = buffer
        return buffer
    }

    func recycle(_ buffer: ReplyBuffer) {
        // A buffer that grew for one big answer is not kept at that size.
        guard replyPool.count < 256, buffer.bytes.capacity <= 65_536 else { return }
        buffer.bytes.removeAll(keepingCapacity: true)
        replyPool.append(buffer)
    }

    private func release(_ session: UnsafeMutablePointer<Session>) {
        if let buffer = session.pointee.replies { recycle(buffer) }
        session.pointee.replies = nil
        if !echoContexts.isEmpty { echoContexts[session.pointee.id.index] = nil }
    }

    /// Hands a message to the reactor that is to hear it; on this one without a detour.
    func post(_ message: CoreMessage, to reactorIndex: Int) {
        if reactorIndex == index {
            handle(message)
        } else if !node.post(message, to: reactorIndex) {
            counters.mailboxRefusals += 1
            notPosted(message, to: reactorIndex)
        } else if case .attach(let request) = message, !owedMail.isEmpty {
            owedMail.needs(request.room)
        }
    }

    func replica(of session: UnsafeMutablePointer<Session>) -> RoomReplica? {
        session.pointee.room < 0 ? nil : replicas[Int(session.pointee.room)]
    }

    func replica(_ key: RoomKey) -> RoomReplica? {
        replicaOf[key].flatMap { replicas[Int($0)] }
    }

    func openReplica(_ key: RoomKey, epoch: String, baseSeq: UInt64) -> RoomReplica {
        let slot = freeReplicaSlots.popLast() ?? Int32(replicas.count)
        let replica = RoomReplica(
            key: key, slot: slot, epoch: epoch, baseSeq: baseSeq, entriesMax: limits.tailEvents,
            bytesMax: limits.tailBytesRoom)
        if Int(slot) == replicas.count { replicas.append(replica) } else { replicas[Int(slot)] = replica }
        replicaOf[key] = slot
        replica.emptySinceMs = reactor.nowMs
        return replica
    }

    func closeReplica(_ replica: RoomReplica) {
        precondition(replica.memberCount == 0, "a replica is dropped when nobody reads it")
        discount(replica)
        replicas[Int(replica.slot)] = nil
        freeReplicaSlots.append(replica.slot)
        replicaOf[replica.key] = nil
    }
}
