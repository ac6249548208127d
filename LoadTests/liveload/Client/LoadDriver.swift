// Owns one worker's share of the load: its participants, what they wait for, and the stages of the run. Tells the
// conductor where it stands. Never knows what other workers do. One thread: the reactor's.
//
// Stages: arriving -> ready -> loading -> draining -> worked -> settling -> leaving.

import Glibc
import LiveIO
import LiveProtocol

/// Where the worker stands.
enum Stage: Int, Comparable {
    case arriving, ready, loading, draining, worked, settling, leaving

    static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
}

/// What a timer is for; the number is a participant, writer or room.
enum Alarm: UInt8 {
    case arrivals, second, stage, check, write, heartbeat, again, vote, act, lower, poll, cut, handshake
}

/// A worker's participants and their driver.
final class LoadDriver: ReactorDriver {
    /// How often stages look whether they are over, milliseconds.
    private static let checkMs: UInt32 = 20
    /// How long everybody may take to leave, milliseconds.
    private static let leaveMs: UInt64 = 1_000

    let plan: Plan
    let worker: Int
    let startNs: UInt64
    unowned let reactor: Reactor
    private let mailbox: Mailbox<WorkerMail>
    let roster: Roster
    let runNumber: UInt32
    let address: SocketAddress
    let signer: TokenSigner?
    let tokens: [String]

    /// This worker's participants. Behind a pointer, since each delivery touches one: an array in a class would be
    /// checked for exclusive access each time.
    let people: UnsafeMutablePointer<Participant>
    let peopleCount: Int
    /// By a connection's place in the reactor: whose it is.
    var owners: [Int32] = []
    var measurements: Measurements
    var insiders: ArrivalQueue
    var newcomers: ArrivalQueue
    var joinsUnderWay = 0
    var isPumping = false
    var present = 0
    /// Insiders that have neither joined nor failed.
    var insidersOpen: Int
    var lastJoinNs: UInt64 = 0

    var writers: [Writer] = []
    var writerOf: [Int: Int] = [:]
    var roomStates: [RoomState]
    var pending: [UInt64: PendingCommand] = [:]
    var ballots = BallotBox()
    var closedReadings: [Reading] = []
    var handshakeLoad: HandshakeLoad?
    var records: [StreamRecord] = []

    var stage = Stage.arriving
    var fromNs: UInt64 = .max
    var untilNs: UInt64 = .max
    var measuredFromNs: UInt64 = .max
    private var stageEndNs: UInt64 = .max
    private var truth = Truth([])
    /// Those before it lack nothing.
    private var completeUpTo = 0
    private var processorAtLoadNs: UInt64 = 0
    private var processorAtEndNs: UInt64 = 0
    private var processorAtSecondNs = ProcessorTime.usedNs()
    private var secondAtNs = MonotonicClock.nowNs()
    private var mail: [WorkerMail] = []
    var randomState: UInt64

    /// When the bytes that are being looked at arrived.
    var nowNs: UInt64 = MonotonicClock.nowNs()
    var text: [UInt8] = []
    var frame: [UInt8] = []
    var dirtyRooms: [Int] = []

    init(
        plan: Plan, worker: Int, startNs: UInt64, reactor: Reactor, mailbox: Mailbox<WorkerMail>
    ) throws {
        guard let address = plan.target.socketAddress, let number = UInt32(plan.run, radix: 16) else {
            throw TargetProblem(description: "\(plan.target.address) is no address")
        }
        self.plan = plan
        self.worker = worker
        self.startNs = startNs
        self.reactor = reactor
        self.mailbox = mailbox
        self.address = address
        runNumber = number
        let roster = Roster(plan)
        self.roster = roster
        switch plan.tokens {
        case .key(let key):
            signer = TokenSigner(key: key, issuer: plan.issuer, audience: plan.audience)
            tokens = []
        case .list(let lines):
            signer = nil
            tokens = lines
        }
        let numbers = roster.numbers(of: worker, processes: plan.processes)
        peopleCount = numbers.count
        people = .allocate(capacity: max(1, numbers.count))
        for (place, number) in numbers.enumerated() {
            (people + place).initialize(to: Participant(roster[number]))
        }
        measurements = Measurements(leading: plan.scenario.leading)
        handshakeLoad = try Self.handshakeLoad(plan)
        let inside = numbers.indices.filter { numbers[$0] < roster.insiders }
        insidersOpen = inside.count
        insiders = ArrivalQueue(
            inside, numbers: numbers, firstNumber: 0,
            curve: ArrivalCurve(
                shape: plan.scenario == .storm ? .flat : plan.arrivalShape, count: max(1, roster.insiders),
                spanNs: plan.scenario == .storm ? 0 : plan.arrivalMs * 1_000_000))
        newcomers = ArrivalQueue(
            Array(numbers.indices.dropFirst(inside.count)), numbers: numbers, firstNumber: roster.insiders,
            curve: ArrivalCurve(
                shape: plan.arrivalShape, count: max(1, plan.crowd), spanNs: plan.arrivalMs * 1_000_000))
        roomStates = Array(repeating: RoomState(), count: plan.rooms)
        randomState = UInt64(number) << 16 | UInt64(worker + 1)
        makeWriters()
    }

    deinit {
        people.deinitialize(count: peopleCount)
        people.deallocate()
    }

    /// Begins with the arrivals; before the first round.
    func begin() {
        insiders.begin(atNs: startNs)
        schedule(.second, 0, atNs: secondAtNs + 1_000_000_000)
        schedule(.arrivals, 0, atNs: startNs)
        if peopleCount == 0 { noteArrivals() }
    }

    // MARK: Time

    /// Sets a timer for a moment of the monotonic clock; never early.
    func schedule(_ alarm: Alarm, _ number: Int, atNs: UInt64) {
        // The reactor counts from its round's clock, rounded up to a millisecond: so does this, and the timer is due in
        // the first millisecond that begins at `atNs` or later.
        let dueMs = (atNs + 999_999) / 1_000_000
        let baseMs = (reactor.nowNs + 999_999) / 1_000_000
        _ = reactor.schedule(
            inMs: UInt32(clamping: dueMs > baseMs ? dueMs - baseMs : 1),
            payload: UInt64(alarm.rawValue) << 56 | UInt64(truncatingIfNeeded: number))
    }

    func timerFired(_ payload: UInt64) {
        nowNs = MonotonicClock.nowNs()
        let number = Int(payload & 0x00FF_FFFF_FFFF_FFFF)
        switch Alarm(rawValue: UInt8(payload >> 56)) {
        case .arrivals?: pumpArrivals()
        case .second?: tellSecond()
        case .stage?: stageIsOver()
        case .check?: check()
        case .write?: write(number)
        case .heartbeat?: heartbeat(number)
        case .again?: comeAgain(number)
        case .vote?: vote(number)
        case .act?: act(number)
        case .lower?: lowerHand(number)
        case .poll?: pollIsDue(number)
        case .cut?:
            cutConnection(number)
            planCut(number, afterNs: nowNs)
        case .handshake?: beginHandshake()
        case nil: break
        }
    }

    /// A number below `bound`, from the run's own sequence (xorshift64*): a run can be told from its number alone.
    func random(below bound: Int) -> Int {
        randomState ^= randomState >> 12
        randomState ^= randomState << 25
        randomState ^= randomState >> 27
        return Int((randomState &* 0x2545_F491_4F6C_DD1D) >> 33) % max(1, bound)
    }

    /// A waiting time of a Poisson process with this mean, nanoseconds.
    func randomWaitNs(meanNs: Double) -> UInt64 {
        let share = (Double(random(below: 1 << 30)) + 1) / Double(1 << 30)
        return UInt64(min(-log(share) * meanNs, 3.6e12))
    }

    // MARK: Orders and stages

    func mailArrived() {
        mailbox.drain(into: &mail)
        let orders = mail
        mail.removeAll(keepingCapacity: true)
        nowNs = MonotonicClock.nowNs()
        for order in orders {
            switch order {
            case .order(.prepare), .orphaned: reactor.stop()
            case .order(.load(let from, let until)): load(fromNs: from, untilNs: until)
            case .order(.settle(let all)): settle(all)
            }
        }
    }

    func tell(_ report: Report) {
        guard (try? PipeFrames.write(report, to: 1)) == true else {
            reactor.stop()
            return
        }
    }

    /// Tells when everybody who comes before the load has come or failed.
    func noteArrivals() {
        guard stage == .arriving, insidersOpen == 0 else { return }
        stage = .ready
        tell(.arrived(present: present))
    }

    private func load(fromNs: UInt64, untilNs: UInt64) {
        stage = .loading
        self.fromNs = fromNs
        self.untilNs = untilNs
        measuredFromNs = fromNs + plan.warmupMs * 1_000_000
        processorAtLoadNs = ProcessorTime.usedNs()
        secondAtNs = max(secondAtNs, nowNs)
        schedule(.stage, 0, atNs: untilNs)
        newcomers.begin(atNs: fromNs + plan.calmMs * 1_000_000)
        schedule(.arrivals, 0, atNs: fromNs)
        beginWriting()
        beginActing()
        beginHandshakes()
    }

    private func stageIsOver() {
        guard stage == .loading else { return }
        processorAtEndNs = ProcessorTime.usedNs()
        stage = .draining
        stageEndNs = untilNs + plan.drainMs * 1_000_000
        check()
    }

    private func settle(_ all: [StreamRecord]) {
        stage = .settling
        truth = Truth(all)
        stageEndNs = nowNs + plan.drainMs * 1_000_000
        closeOpenPolls()
        check()
    }

    /// Looks whether the stage is over, and again soon where it is not.
    private func check() {
        let isLate = nowNs >= stageEndNs
        switch stage {
        case .draining where isLate || !hasOpenOutcomes:
            stage = .worked
            noteUnanswered()
            tell(.worked(WorkerWork(streams: records, ballots: ballots.counts)))
        case .settling where isLate || (!lacksDeliveries && !ballots.awaitsResults):
            finish()
        case .leaving where isLate || reactor.connectionCount == 0: reactor.stop()
        case .draining, .settling, .leaving:
            schedule(.check, 0, atNs: nowNs + UInt64(Self.checkMs) * 1_000_000)
        case .arriving, .ready, .loading, .worked: break
        }
    }

    /// Whether somebody here still lacks what it should have.
    private var lacksDeliveries: Bool {
        while completeUpTo < peopleCount {
            let person = people + completeUpTo
            if person.pointee.phase == .present, reading(of: person)?.missing(truth).lost ?? 0 > 0 { return true }
            completeUpTo += 1
        }
        return false
    }

    /// What a participant has read since its last snapshot; nil for those who don't read.
    func reading(of person: UnsafeMutablePointer<Participant>) -> Reading? {
        let member = person.pointee.member
        guard member.duty != .sleeper, !person.pointee.cursors.isEmpty else { return nil }
        return Reading(
            room: member.room, afterSeq: person.pointee.joinSeq,
            upToSeq: person.pointee.phase == .present ? .max : person.pointee.cursorSeq,
            cursors: person.pointee.cursors)
    }

    private func finish() {
        for place in 0..<peopleCount {
            if let reading = reading(of: people + place) { closedReadings.append(reading) }
        }
        for reading in closedReadings {
            let (expected, lost) = reading.missing(truth)
            measurements.count(.expected, expected)
            measurements.count(.lost, lost)
        }
        tell(
            .finished(
                WorkerOutcome(
                    counts: measurements.counts, latencies: measurements.latencies, reasons: measurements.reasons,
                    results: ballots.results, processorShare: processorShareOfLoad, lastJoinNs: lastJoinNs)))
        stage = .leaving
        stageEndNs = nowNs + Self.leaveMs * 1_000_000
        for place in 0..<peopleCount { leave(place) }
        check()
    }

    private var processorShareOfLoad: Double {
        let spanNs = untilNs > fromNs ? untilNs - fromNs : 0
        guard spanNs > 0, processorAtEndNs > processorAtLoadNs else { return 0 }
        return Double(processorAtEndNs - processorAtLoadNs) / Double(spanNs)
    }

    private func tellSecond() {
        let used = ProcessorTime.usedNs()
        let now = nowNs
        let spanNs = max(1, now - min(now, secondAtNs))
        let second = WorkerSecond(
            worker: worker, second: Int((now - min(now, startNs)) / 1_000_000_000), present: present,
            counts: measurements.counts, latency: measurements.takeInterval(),
            processorShare: Double(used - processorAtSecondNs) / Double(spanNs),
            lagMaxMs: Double(reactor.takeStatistics().lagMaxNs) / 1e6)
        processorAtSecondNs = used
        secondAtNs = now
        if stage < .leaving { tell(.second(second)) }
        schedule(.second, 0, atNs: now + 1_000_000_000)
    }

    // MARK: The reactor's word

    func accepted(_ id: ConnectionID, from peer: PeerAddress) {}

    func connected(_ id: ConnectionID) {
        nowNs = MonotonicClock.nowNs()
        if handshakeDone(id) { return }
        guard let person = owner(id) else { return }
        ask(person)
    }

    func received(_ id: ConnectionID, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        nowNs = MonotonicClock.nowNs()
        guard let person = owner(id) else {
            _ = handshakeAnswered(id)
            return bytes.count
        }
        var at = 0
        if let exchange = people[person].exchange {
            at = readExchange(person, exchange, bytes)
            guard people[person].connection == id else { return bytes.count }
            guard people[person].exchange == nil else { return at }
        }
        return at + readFrames(person, id, UnsafeMutableRawBufferPointer(rebasing: bytes[at...]))
    }

    func drained(_ id: ConnectionID) {}

    /// The one deadline of a connection: the join, or the answer to a long poll.
    func deadlineReached(_ id: ConnectionID) {
        nowNs = MonotonicClock.nowNs()
        if handshakeEnded(id, "no answer in time") { reactor.close(id, afterDrain: false) }
        guard let person = owner(id) else { return }
        disown(person)
        reactor.close(id, afterDrain: false)
        attemptFailed(person, "no answer in time")
    }

    func ended(_ id: ConnectionID, _ end: ConnectionEnd) {
        nowNs = MonotonicClock.nowNs()
        if handshakeEnded(id, "\(end)") { return }
        guard let person = owner(id) else { return }
        connectionLost(person, end)
    }

    func roundEnded() {
        guard !dirtyRooms.isEmpty else { return }
        let rooms = dirtyRooms
        dirtyRooms.removeAll(keepingCapacity: true)
        for room in rooms { refill(room) }
    }
}
