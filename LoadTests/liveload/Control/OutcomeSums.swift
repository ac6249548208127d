// Owns the step from what the workers measured to the outcome: sums, rates, polls held against receipts, and what must
// not be. Pure.

import Histogram

/// Adds up workers.
struct OutcomeSums {
    private let plan: Plan
    private let timeline: Timeline
    private(set) var counts: [Counter: UInt64] = [:]
    private var histograms: [Metric: Histogram<UInt64>] = [:]
    private var reasons: [String: UInt64] = [:]
    private var polls: [PollCheck] = []
    private var processorShare = 0.0
    private var lastJoinNs: UInt64 = 0
    var startNs: UInt64 = 0
    var serverProcessorS: Double?
    var figures: [String: Double] = [:]

    init(plan: Plan, outcomes: [WorkerOutcome], work: [WorkerWork], timeline: Timeline) {
        self.plan = plan
        self.timeline = timeline
        for outcome in outcomes {
            for counter in Counter.allCases { counts[counter, default: 0] += outcome.counts[counter.rawValue] ?? 0 }
            for (name, sparse) in outcome.latencies {
                guard let metric = Metric(rawValue: name) else { continue }
                var histogram = histograms[metric] ?? Measurements.histogram()
                sparse.add(to: &histogram)
                histograms[metric] = histogram
            }
            for (reason, count) in outcome.reasons { reasons[reason, default: 0] += count }
            processorShare = max(processorShare, outcome.processorShare)
            lastJoinNs = max(lastJoinNs, outcome.lastJoinNs)
        }
        polls = Self.check(work.flatMap(\.ballots), outcomes.flatMap(\.results))
    }

    /// Every poll's published count beside the sum of its receipts.
    static func check(_ ballots: [PollCount], _ results: [PollCount]) -> [PollCheck] {
        var checks: [PollCheck] = []
        func place(_ one: PollCount) -> Int {
            if let known = checks.firstIndex(where: { $0.room == one.room && $0.poll == one.poll }) { return known }
            checks.append(
                PollCheck(
                    room: one.room, poll: one.poll, receipts: Array(repeating: 0, count: BallotBox.options),
                    published: []))
            return checks.count - 1
        }
        for one in ballots {
            let at = place(one)
            for (choice, count) in one.counts.enumerated() where choice < BallotBox.options {
                checks[at].receipts[choice] += count
            }
        }
        for one in results {
            let at = place(one)
            // Every worker saw the same results; where one saw others, those show.
            if checks[at].published.isEmpty || checks[at].published == checks[at].receipts {
                checks[at].published = one.counts
            }
        }
        return checks.sorted { ($0.room, $0.poll) < ($1.room, $1.poll) }
    }

    /// The outcome, judged.
    func outcome(levels: [ServiceLevel], startedS: Int64) -> Outcome {
        var figures = figures
        for (metric, histogram) in histograms { figures.merge(Figures.latency(metric, histogram)) { $1 } }
        for (counter, count) in counts { figures[counter.rawValue] = Double(count) }
        figures.merge(derived) { $1 }
        let points = timeline.points
        var generator = GeneratorLoad()
        generator.processorShare = processorShare
        generator.processorShareMax = points.map(\.processorShare).max() ?? 0
        generator.lagMaxMs = points.map(\.lagMaxMs).max() ?? 0
        generator.lateP99Ms = figures["late_p99_ms"] ?? 0
        let named = Set(levels.map(\.figure))
        return Outcome(
            scenario: plan.scenario, target: plan.target.url, startedS: startedS, run: plan.run,
            options: PlanText.options(plan), figures: figures,
            latencies: Metric.allCases.compactMap { metric in histograms[metric].map { Latency(metric, $0) } },
            seconds: points, polls: polls, reasons: reasons,
            judgements: levels.map { Judgement($0, figures: figures) },
            violations: violations(except: named), warnings: generator.warnings + warnings, generator: generator)
    }

    private func count(_ counter: Counter) -> UInt64 { counts[counter] ?? 0 }

    private var derived: [String: Double] {
        let seconds = Double(plan.durationMs) / 1_000
        let everybody = Double(max(1, Roster(plan).count))
        var all: [String: Double] = [
            "deliveries_per_s": Double(count(.deliveries)) / seconds,
            "published_per_s": Double(count(.published)) / seconds,
            "handshakes_per_s": handshakes(.handshake),
            "handshakes_resumed_per_s": handshakes(.handshakeResumed),
            "failed_percent": Double(count(.failed)) / everybody * 100,
            "lost_percent": Double(count(.lost)) / Double(max(1, count(.expected))) * 100,
            "polls": Double(polls.count),
            "polls_wrong": Double(polls.count { !$0.isExact }),
            "connections_max": Double(timeline.points.map(\.present).max() ?? 0),
            "generator_cpu_percent": processorShare * 100,
        ]
        if lastJoinNs > startNs, count(.joined) > 0, plan.scenario != .storm {
            let took = Double(lastJoinNs - startNs) / 1e9
            all["join_all_s"] = took
            all["joins_per_s"] = Double(count(.joined)) / max(took, 0.001)
        }
        if let serverProcessorS, count(.deliveries) > 0 {
            all["server_cpu_s_per_million"] = serverProcessorS * 1e6 / Double(count(.deliveries))
        }
        return all
    }

    /// Handshakes of one kind a second: each kind has half of the load's time.
    private func handshakes(_ metric: Metric) -> Double {
        Double(histograms[metric]?.totalCount ?? 0) / (Double(plan.durationMs) / 2_000)
    }

    /// What must not be. A service level that names the figure speaks in place of these.
    private func violations(except named: Set<String>) -> [String] {
        let refused: [(Counter, String)] = [
            (.lost, "messages never reached a reader who should have had them"),
            (.duplicate, "events reached a reader twice"),
            (.outOfOrder, "events reached a reader out of order"),
            (.foreign, "messages of another room reached a reader"),
            (.malformed, "times the server broke the protocol"),
            (.failed, "participants could not join"),
            (.lostConnections, "connections were lost"),
            (.unanswered, "commands never got a reply"),
            (.contradictions, "receipts contradict each other"),
            (.handshakesFailed, "handshakes failed"),
        ]
        var all = refused.compactMap { counter, text in
            count(counter) > 0 && !named.contains(counter.rawValue)
                ? "\(Figures.text(Double(count(counter)))) \(text) (\(counter.rawValue))" : nil
        }
        if !named.contains("polls_wrong") {
            all += polls.filter { !$0.isExact }.map { poll in
                let published = poll.published.isEmpty ? "no final result" : "\(poll.published)"
                return "poll \(poll.poll): \(published) published, \(poll.receipts) receipts (polls_wrong)"
            }
        }
        if let missing { all.append(missing) }
        return all
    }

    /// A run that measured nothing has not passed.
    private var missing: String? {
        switch plan.scenario {
        case .fanout, .slow, .storm: count(.deliveries) == 0 ? "no message was delivered" : nil
        case .lesson: count(.joined) == 0 ? "nobody joined" : nil
        case .burst: polls.isEmpty || count(.receipts) == 0 ? "no answer was counted" : nil
        case .idle: count(.joined) == 0 ? "nobody joined" : nil
        case .tls: count(.handshakes) == 0 ? "no handshake was made" : nil
        }
    }

    private var warnings: [String] {
        var all: [String] = []
        if count(.rejected) > 0 {
            all.append(
                "\(Figures.text(Double(count(.rejected)))) of \(Figures.text(Double(count(.published)))) messages were "
                    + "refused: the load was lighter than planned")
        }
        if count(.deferred) > 0 {
            all.append("\(Figures.text(Double(count(.deferred)))) joins were told to come later, and did")
        }
        if count(.reset) > 0 {
            all.append(
                "\(Figures.text(Double(count(.reset)))) readers got a new snapshot in place of what they had missed")
        }
        return all
    }
}
