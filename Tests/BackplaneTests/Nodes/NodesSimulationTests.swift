// Owns that one room on several nodes loses nothing and shows nothing twice, whatever dies; and that the simulation
// would see it if it did.

import LiveTestSupport
import Testing

@Suite struct NodesSimulationTests {
    @Test(arguments: SeededRandom.seeds(40))
    func `whatever dies, one thing after the other, nothing that was acknowledged is lost`(seed: UInt64) {
        var simulation = NodesSimulation(seed: seed, pace: .oneAtATime)
        simulation.run(forMs: 30_000)
        #expect(simulation.violations.isEmpty)
        #expect(simulation.acknowledged > 300 && simulation.faultCount >= 5, "\(simulation.faults)")
    }

    @Test(arguments: SeededRandom.seeds(40))
    func `whatever dies at the same time, no epoch and seq names two events and all agree`(seed: UInt64) {
        var simulation = NodesSimulation(seed: seed, pace: .anyTime)
        simulation.run(forMs: 30_000)
        #expect(simulation.violations.isEmpty)
    }

    @Test(arguments: NodeFault.allCases)
    func `a planted mistake is found`(fault: NodeFault) {
        let found = (UInt64(1)...60).contains { seed in
            var simulation = NodesSimulation(seed: seed, pace: .oneAtATime, fault: fault)
            simulation.run(forMs: 30_000)
            return !simulation.violations.isEmpty
        }
        #expect(found)
    }
}
