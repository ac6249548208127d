// RoomSimulation: runs seeds of the room simulation and prints one line each, the same in every process.
// Usage: RoomSimulation [first seed] [seeds] [commands a seed]. Exit code 1 and the broken promise where one breaks,
// 2 on wrong usage. A million commands: RoomSimulation 1 500 2000.

import Glibc
import SimulationModel

/// The number at a place of the command line, or what stands for it.
func number(_ place: Int, _ standard: UInt64) -> UInt64 {
    guard place < CommandLine.arguments.count else { return standard }
    guard let value = UInt64(CommandLine.arguments[place]), value <= 1_000_000_000 else {
        print("usage: RoomSimulation [first seed] [seeds] [commands a seed]")
        exit(2)
    }
    return value
}

let first = number(1, 1)
let seeds = number(2, 500)
let commands = Int(number(3, 2_000))
var total = 0
for seed in first..<first + seeds {
    do throws(Violation) {
        let report = try Simulation.run(seed: seed, commands: commands)
        total += report.commands + report.resends
        print(report)
    } catch {
        print("broken: \(error)")
        exit(1)
    }
}
print("\(total) commands in \(seeds) seeds: every promise held")
