// Owns plans for tests that run no server.

@testable import liveload

extension Plan {
    /// A plan against nobody.
    static func sample(_ scenario: Scenario) -> Plan {
        Plan(
            scenario: scenario, target: Target(isSecure: false, host: "127.0.0.1", address: "127.0.0.1", port: 1),
            run: "1a2b3c4d", roomPattern: "load/test/{n}", tokens: .key(TokenSigner.developmentKey))
    }
}

extension WorkerOutcome {
    /// A worker that measured nothing but `counts`.
    static func sample(_ counts: [Counter: UInt64] = [:], results: [PollCount] = []) -> WorkerOutcome {
        WorkerOutcome(
            counts: Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }), latencies: [:],
            reasons: [:], results: results, processorShare: 0.1, lastJoinNs: 0)
    }
}
