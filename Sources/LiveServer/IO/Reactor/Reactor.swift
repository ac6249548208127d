// Owns one thread's share of the world: an epoll, its listeners and connections, timers, and the loop. Never parses,
// never knows a protocol or a room. Not Sendable: made on any thread, run by one; only `Waker` and `Mailbox` cross.
//
// A round: wait → clocks → mail → sockets → newcomers → handshakes → timers → roundEnded → ends. Connections'
// descriptors are closed and slots freed in the last step only, so an id or event that a round holds cannot mean
// another connection.

internal import CLinux
internal import Glibc

/// A single-threaded event loop over epoll (level-triggered).
///
/// Where its state is touched for each delivery, it lies behind one pointer (`state`): a class's stored variables are
/// checked for exclusive access at run time, memory behind a pointer is not. One thread makes that safe.
package final class Reactor {
    let configuration: ReactorConfiguration
    let epoll: OwnedFD
    /// The epoll in which newcomers are watched; nil where they are served like all others. Closed in `deinit`.
    let lobby: Int32?
    let waker: Waker
    let state: UnsafeMutablePointer<ReactorState>
    let readBuffer: UnsafeMutableRawBufferPointer
    let events: UnsafeMutablePointer<epoll_event>
    /// A descriptor kept to be given up when none is left, so that a newcomer can be taken and turned away.
    var reserve: OwnedFD?
    var signals: SignalSet?
    var listeners: [ListenerState] = []
    var driver: (any ReactorDriver)?
    /// What encrypted connections share; nil until there may be one.
    var encryption: ReactorEncryption?
    /// Whether `stop` was called.
    package private(set) var isStopping = false
    private var emptyWaitFailures = 0
    /// The kernel told, in this round, that somebody in the lobby spoke.
    private var newcomersWait = false

    /// Opens the epoll and its helpers; `waker` is what mailboxes of this reactor wake.
    package init(configuration: ReactorConfiguration = ReactorConfiguration(), waker: Waker) throws(IOFailure) {
        precondition(configuration.readBufferBytes >= 1_024, "a read buffer under 1 KiB holds no request head")
        precondition(configuration.eventsMax >= 1, "a round takes at least one event")
        let epoll = OwnedFD(try checked("epoll_create1", SystemCall.epollCreate()))
        let added = SystemCall.epollControl(
            epoll.raw, EPOLL_CTL_ADD, waker.raw, events: Interest.read | Interest.edge, token: Token.waker)
        _ = try checked("epoll_ctl", added)
        lobby = try Self.openLobby(configuration, within: epoll)
        self.configuration = configuration
        self.epoll = epoll
        self.waker = waker
        state = .allocate(capacity: 1)
        state.initialize(to: ReactorState())
        readBuffer = .allocate(
            byteCount: configuration.readBufferBytes + ReactorEncryption.readSlackBytes, alignment: 64)
        events = .allocate(capacity: configuration.eventsMax)
        reserve = Self.openReserve()
    }

    deinit {
        for listener in listeners { SystemCall.close(listener.descriptor) }
        for index in 0..<state.pointee.slab.indexEnd {
            guard let id = state.pointee.slab.id(at: index), let slot = state.pointee.slab.pointer(to: id) else {
                continue
            }
            slot.pointee.freeBuffers()
            SystemCall.close(slot.pointee.descriptor)
        }
        if let lobby { SystemCall.close(lobby) }
        state.deinitialize(count: 1)
        state.deallocate()
        readBuffer.deallocate()
        events.deallocate()
    }

    /// Sets who is told; once, before `run`. Kept alive by the reactor.
    package func attach(_ driver: any ReactorDriver) {
        precondition(self.driver == nil, "a reactor has one driver")
        self.driver = driver
    }

    /// Watches signals: each is told with `signalled`.
    package func watch(_ signals: consuming SignalSet) throws(IOFailure) {
        precondition(self.signals == nil, "a reactor watches one set of signals")
        let added = SystemCall.epollControl(
            epoll.raw, EPOLL_CTL_ADD, signals.raw, events: Interest.read, token: Token.signals)
        _ = try checked("epoll_ctl", added)
        self.signals = consume signals
    }

    /// Runs rounds until `stop`, then ends every connection with `.closed`, lets the driver go and returns.
    package func run() {
        // With the kernel's own 50 microseconds of slack each rest would be twice as long as it should.
        if configuration.roundRestNs > 0 { _ = live_thread_timer_slack(1_000) }
        while !isStopping { turn(waitMaxMs: configuration.waitMaxMs) }
        endAll()
        driver = nil
    }

    /// Lets `run` return after this round; on the reactor's thread.
    package func stop() { isStopping = true }

    /// One round that waits at most `waitMaxMs`; for tests and for loops that have more to do than this reactor.
    package func turn(waitMaxMs: UInt32) {
        guard let driver else { preconditionFailure("attach a driver before the first round") }
        let ready = wait(timeoutMs: timeoutMs(waitMaxMs, from: restAfterRound()))
        state.pointee.readClocks()
        let startNs = state.pointee.nowNs
        let sendsBefore = state.pointee.statistics.sends
        if waker.takePending() { driver.mailArrived() }
        redeliverKept(driver)
        newcomersWait = false
        for index in 0..<ready { handle(events[index], driver) }
        if newcomersWait { serveNewcomers(driver) }
        if !state.pointee.handshakes.isEmpty { beginHandshakes(driver) }
        fireTimers(driver)
        driver.roundEnded()
        finishEnded(driver)
        noteRound(startNs, events: ready, sends: state.pointee.statistics.sends - sendsBefore)
    }

    // MARK: Steps of a round

    /// Under a hail of small messages, lets some gather.
    /// - Returns: the time, in nanoseconds.
    private func restAfterRound() -> UInt64 {
        let nowNs = MonotonicClock.nowNs()
        let dueNs = state.pointee.rest.dueNs(nowNs: nowNs, restNs: configuration.roundRestNs)
        guard dueNs > 0, !isStopping, !state.pointee.hasWorkWaiting else { return nowNs }
        SystemCall.sleep(ns: dueNs)
        return MonotonicClock.nowNs()
    }

    private func wait(timeoutMs: Int32) -> Int {
        let count = SystemCall.epollWait(epoll.raw, events, Int32(configuration.eventsMax), timeoutMs: timeoutMs)
        if count >= 0 {
            emptyWaitFailures = 0
            return count
        }
        if count != -Int(EINTR) {
            // No reason of the world makes epoll_wait fail for long; a passing one is an empty round.
            emptyWaitFailures += 1
            precondition(emptyWaitFailures < 1_000, "epoll_wait keeps failing: \(errnoText(Int32(-count)))")
        }
        return 0
    }

    func handle(_ event: epoll_event, _ driver: any ReactorDriver) {
        var event = event
        let token = live_event_token(&event)
        if token >> 32 != 0 {
            handle(ConnectionID(token: token), event.events, driver)
        } else if token >= Token.firstListener {
            acceptFrom(Int(token - Token.firstListener), driver)
        } else if token == Token.lobby {
            newcomersWait = true
        } else if token == Token.signals {
            while let signal = signals?.next() { driver.signalled(signal) }
        }
        // Token.waker: its mail was fetched at the beginning of the round, or the next wake is on its way.
    }

    private func timeoutMs(_ waitMaxMs: UInt32, from nowNs: UInt64) -> Int32 {
        if isStopping || state.pointee.hasWorkWaiting { return 0 }
        let nowMs = nowNs / 1_000_000
        let wakeMs = min(
            state.pointee.timers.nextWakeMs ?? .max, state.pointee.deadlines.nextWakeMs ?? .max,
            nowMs + UInt64(waitMaxMs))
        return wakeMs <= nowMs ? 0 : Int32(min(wakeMs - nowMs, UInt64(waitMaxMs), UInt64(Int32.max)))
    }

    private func noteRound(_ startNs: UInt64, events: Int, sends: UInt64) {
        let endNs = MonotonicClock.nowNs()
        state.pointee.rest.ended(
            startNs: startNs, endNs: endNs, events: events, sends: sends, restNs: configuration.roundRestNs)
        let lagNs = endNs &- startNs
        state.pointee.statistics.rounds += 1
        state.pointee.statistics.lastRoundNs = lagNs
        if lagNs > state.pointee.statistics.lagMaxNs { state.pointee.statistics.lagMaxNs = lagNs }
        let averageNs = state.pointee.statistics.lagAverageNs
        state.pointee.statistics.lagAverageNs = averageNs - averageNs / 8 + lagNs / 8
    }

    // MARK: What the driver may ask

    /// Monotonic nanoseconds, read once a round.
    package var nowNs: UInt64 { state.pointee.nowNs }

    /// Monotonic milliseconds, read once a round.
    package var nowMs: UInt64 { state.pointee.nowNs / 1_000_000 }

    /// Wall-clock milliseconds since 1970, read once a round.
    package var wallMs: Int64 { state.pointee.wallMs }

    /// Time of a round, from waking to waiting again, moving average in nanoseconds.
    package var lagAverageNs: UInt64 { state.pointee.statistics.lagAverageNs }

    /// Connections that have not ended, those that are closing included.
    package var connectionCount: Int { state.pointee.slab.count }

    /// A copy of the counters.
    package var statistics: ReactorStatistics {
        var copy = state.pointee.statistics
        copy.connections = connectionCount
        copy.handshakesWaiting = state.pointee.handshakes.count
        return copy
    }

    /// A copy of the counters; the longest lag begins anew.
    package func takeStatistics() -> ReactorStatistics {
        defer { state.pointee.statistics.lagMaxNs = 0 }
        return statistics
    }
}

/// What a reactor touches in each round; behind one pointer, for one thread.
struct ReactorState: ~Copyable {
    var slab = Slab<ConnectionSlot>()
    var deadlines: TimerWheel
    var timers: TimerWheel
    var nowNs: UInt64
    var wallMs: Int64
    var rest = RoundRest()
    var statistics = ReactorStatistics()
    /// Connections whose end is to be told, in order.
    var ended: [ConnectionID] = []
    /// Connections whose kept input is to be shown again.
    var resumed: [ConnectionID] = []
    /// Encrypted connections that spoke and whose handshake has not begun.
    var handshakes = HandshakeQueue()
    /// Something was told after the last `roundEnded`: the next round must not wait.
    var needsRound = false

    init() {
        nowNs = MonotonicClock.nowNs()
        wallMs = WallClock.nowMs()
        deadlines = TimerWheel(nowMs: nowNs / 1_000_000)
        timers = TimerWheel(nowMs: nowNs / 1_000_000)
    }

    mutating func readClocks() {
        nowNs = max(nowNs, MonotonicClock.nowNs())
        wallMs = WallClock.nowMs()
    }

    /// The time from which "in n milliseconds" counts: rounded up, so that nothing is early.
    var timerBaseMs: UInt64 { (nowNs + 999_999) / 1_000_000 }

    var hasWorkWaiting: Bool { needsRound || !ended.isEmpty || !resumed.isEmpty || !handshakes.isEmpty }
}

/// What epoll is asked to watch.
enum Interest {
    static let read: UInt32 = EPOLLIN.rawValue | EPOLLRDHUP.rawValue
    static let write: UInt32 = EPOLLOUT.rawValue
    static let edge: UInt32 = EPOLLET.rawValue
    static let broken: UInt32 = EPOLLERR.rawValue | EPOLLHUP.rawValue
}

/// Tokens of what is not a connection: generation 0, which no connection has.
enum Token {
    static let waker: UInt64 = 0
    static let signals: UInt64 = 1
    static let lobby: UInt64 = 2
    static let firstListener: UInt64 = 16
}

/// A call's answer, or its error thrown.
func checked(_ operation: String, _ result: Int) throws(IOFailure) -> Int32 {
    guard result >= 0 else { throw IOFailure(operation, errno: Int32(-result)) }
    return Int32(truncatingIfNeeded: result)
}
