// What operators and load balancers ask: is it alive, is it ready, what does it count.

import LiveIO
import LiveProtocol
import Rooms
import Synchronization

/// Collects the counters of all reactors for one `/metrics` request.
final class MetricsScrape: Sendable {
    private struct State {
        var parts: [(reactor: Int, counters: ReactorCounters)] = []
        var answered = false
    }

    private let state = Mutex(State())
    private let expected: Int
    private let finish: @Sendable ([(reactor: Int, counters: ReactorCounters)]) -> Void

    init(expected: Int, finish: @escaping @Sendable ([(reactor: Int, counters: ReactorCounters)]) -> Void) {
        self.expected = expected
        self.finish = finish
    }

    /// One reactor's counters; the last one makes the answer. Any reactor's thread.
    func add(_ reactor: Int, _ counters: ReactorCounters) {
        let complete: [(reactor: Int, counters: ReactorCounters)]? = state.withLock {
            $0.parts.append((reactor, counters))
            guard $0.parts.count == expected, !$0.answered else { return nil }
            $0.answered = true
            return $0.parts.sorted { $0.reactor < $1.reactor }
        }
        if let complete { finish(complete) }
    }
}

extension ReactorCore {
    /// Every reactor is asked; the answer is posted back to this one.
    func scrapeMetrics(_ session: UnsafeMutablePointer<Session>) {
        let id = session.pointee.id
        let origin = index
        awaitAnswer(session)
        let node = node
        let scrape = MetricsScrape(expected: node.reactorCount) { parts in
            let body = MetricsText.render(parts, node: node.facts())
            _ = node.post(
                .answer(id, status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: body),
                to: origin)
        }
        for other in 0..<node.reactorCount where other != index { post(.scrape(scrape), to: other) }
        handle(.scrape(scrape))
    }

    /// Ready while the log takes events and ballots have somewhere to go.
    func readiness() -> HTTPAnswer {
        let facts = node.facts()
        let report = HealthReport(
            mode: node.configuration.journal.enabled ? "embedded" : "development",
            uptimeMs: max(0, reactor.wallMs - facts.startedMs),
            parts: [
                .init(name: "node", isWell: !isDraining, state: isDraining ? "draining" : "ok"),
                .init(name: "log", isWell: !facts.logFailing, state: facts.logFailing ? "failing" : "ok"),
                .init(name: "ballots", isWell: true, state: facts.ballotsInJournal ? "journal" : "store"),
            ] + keysPart(facts))
        return .json(report.status, report.json)
    }

    /// Without a key nobody can come in; with old ones everybody can.
    private func keysPart(_ facts: NodeFacts) -> [HealthReport.Part] {
        guard let keys = facts.issuerKeysInForce else { return [] }
        let state = keys == 0 ? "missing" : facts.issuerKeyFailures > 0 ? "stale" : "ok"
        return [.init(name: "keys", isWell: keys > 0, state: state)]
    }
}
