// Owns a run from its first process to its outcome: starts the workers, leads them through the stages, puts together
// what they tell. Never opens a connection of the load itself. One thread.

import Glibc
import Histogram
import LiveIO

/// Leads the workers of one run.
final class Conductor {
    /// Time that the workers get to start before the first arrival, nanoseconds.
    private static let startLeadNs: UInt64 = 300_000_000
    /// Between the last join and the load: what joins set off settles, nanoseconds.
    private static let settleNs: UInt64 = 500_000_000
    /// Time for everybody to leave, nanoseconds.
    private static let farewellNs: UInt64 = 2_000_000_000
    /// Time beyond a stage's own before the run is given up, nanoseconds.
    private static let patienceNs: UInt64 = 60_000_000_000

    let plan: Plan
    private let levels: [ServiceLevel]
    private let serverPID: Int32?
    private let progress: ProgressLine
    private let signals: SignalSet
    private var workers: [WorkerProcess] = []
    private var timeline = Timeline()
    private var startNs: UInt64 = 0

    private var arrived = 0
    /// Connections when everybody had arrived.
    private var joined = 0
    private var finished: Set<Int> = []
    private var work: [WorkerWork] = []
    private var outcomes: [WorkerOutcome] = []

    init(plan: Plan, levels: [ServiceLevel], serverPID: Int32?, progress: ProgressLine) throws {
        self.plan = plan
        self.levels = levels
        self.serverPID = serverPID
        self.progress = progress
        signals = try SignalSet([SIGINT, SIGTERM])
    }

    /// Runs the plan; throws where the run could not take place or did not come to its end.
    func run() throws -> Outcome {
        signal(SIGPIPE, SIG_IGN)
        try ServerProbe.check(plan.target)
        let startedS = WallClock.nowMs() / 1_000
        let residentBefore = serverPID.flatMap(ServerProbe.residentBytes)
        for _ in 0..<plan.processes { workers.append(try WorkerProcess()) }
        startNs = MonotonicClock.nowNs() + Self.startLeadNs
        for (number, worker) in workers.enumerated() {
            try send(.prepare(plan, worker: number, startNs: startNs), to: worker)
        }
        let insiders = UInt64(Roster(plan).insiders)
        let perJoin = UInt64(plan.joinTimeoutMs) * UInt64(plan.attemptsMax) * 1_000_000
        let waves = insiders / UInt64(max(1, plan.window * plan.processes)) + 1
        try wait("people to join", untilNs: startNs + plan.arrivalMs * 1_000_000 + min(waves, 20) * perJoin) {
            arrived == workers.count
        }
        let residentJoined = serverPID.flatMap(ServerProbe.residentBytes)

        let fromNs = MonotonicClock.nowNs() + Self.settleNs
        let untilNs = fromNs + plan.durationMs * 1_000_000
        let processorBefore = serverPID.flatMap(ServerProbe.processorS)
        try sendAll(.load(fromNs: fromNs, untilNs: untilNs))
        try wait("the load to end", untilNs: untilNs + plan.drainMs * 1_000_000) { work.count == workers.count }
        let processorAfter = serverPID.flatMap(ServerProbe.processorS)
        try sendAll(.settle(work.flatMap(\.streams)))
        try wait("the workers' last word", untilNs: MonotonicClock.nowNs() + plan.drainMs * 1_000_000) {
            outcomes.count == workers.count
        }
        progress.end()
        farewell()
        var sums = OutcomeSums(plan: plan, outcomes: outcomes, work: work, timeline: timeline)
        sums.startNs = startNs
        if let residentBefore, let residentJoined, joined > 0 {
            sums.figures["server_rss_bytes_per_connection"] = (residentJoined - residentBefore) / Double(joined)
        }
        if let processorBefore, let processorAfter { sums.serverProcessorS = processorAfter - processorBefore }
        return sums.outcome(levels: levels, startedS: startedS)
    }

    private func send(_ order: Order, to worker: WorkerProcess) throws {
        guard try worker.order(order) else { throw RunProblem(description: "a worker process ended unexpectedly") }
    }

    private func sendAll(_ order: Order) throws {
        for worker in workers { try send(order, to: worker) }
    }

    /// Reads the workers' reports until `isDone`.
    private func wait(_ what: String, untilNs: UInt64, _ isDone: () -> Bool) throws {
        while !isDone() {
            guard MonotonicClock.nowNs() < untilNs + Self.patienceNs else {
                throw RunProblem(description: "gave up waiting for \(what)")
            }
            if signals.next() != nil { throw RunProblem(description: "interrupted while waiting for \(what)") }
            var watched = workers.map {
                pollfd(fd: $0.hasEnded ? -1 : $0.reports, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&watched, nfds_t(watched.count), 100)
            for (place, entry) in watched.enumerated() where entry.revents != 0 {
                for report in try workers[place].read() { try take(report, from: place) }
                if workers[place].hasEnded, !finished.contains(place) {
                    throw RunProblem(description: "a worker process ended unexpectedly while waiting for \(what)")
                }
            }
            showProgress()
        }
    }

    /// Lets the workers' people leave as people do; bounded.
    private func farewell() {
        let untilNs = MonotonicClock.nowNs() + Self.farewellNs
        while workers.contains(where: { !$0.hasEnded }), MonotonicClock.nowNs() < untilNs {
            var watched = workers.map {
                pollfd(fd: $0.hasEnded ? -1 : $0.reports, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&watched, nfds_t(watched.count), 100)
            for (place, entry) in watched.enumerated() where entry.revents != 0 { _ = try? workers[place].read() }
        }
    }

    private func take(_ report: Report, from worker: Int) throws {
        switch report {
        case .second(let second): timeline.take(second)
        case .arrived(let present):
            arrived += 1
            joined += present
        case .worked(let one): work.append(one)
        case .finished(let outcome):
            outcomes.append(outcome)
            finished.insert(worker)
        case .broken(let reason): throw RunProblem(description: "a worker cannot go on: \(reason)")
        }
    }

    private func showProgress() {
        let now = MonotonicClock.nowNs()
        guard progress.isDue(now), now > startNs else { return }
        progress.show(now, startNs: startNs, timeline: timeline, of: Roster(plan).count)
    }
}
