// The simulation as tests: no promise breaks from any seed, two processes agree byte for byte, and every planted fault
// is found.

import Foundation
import SimulationModel
import Testing

struct SimulationTests {
    /// Seeds and commands of a test run; `make bench`'s million is `RoomSimulation 1 500 2000` in a release build.
    static let seeds: UInt64 = 12
    static let commands = 500

    @Test(arguments: 1...SimulationTests.seeds) func `every promise holds from a seed`(seed: UInt64) throws {
        let report = try Simulation.run(seed: seed, commands: Self.commands)
        #expect(report.commands == Self.commands)
        #expect(report.accepted > 50 && report.acknowledged > 50 && report.deliveries > 500, "\(report)")
        #expect(report.resends > 0 && report.crashes > 0 && report.resumes > 0 && report.resets > 0, "\(report)")
    }

    @Test func `a seed gives the same run again, and another seed another`() throws {
        let one = try Simulation.run(seed: 77, commands: 300)
        #expect(try Simulation.run(seed: 77, commands: 300) == one)
        #expect(try Simulation.run(seed: 78, commands: 300).history != one.history)
    }

    @Test func `power cuts, duplicates and refusals occur among the seeds`() throws {
        var cuts = 0
        var duplicates = 0
        var ignored = 0
        for seed in 200..<206 as Range<UInt64> {
            let report = try Simulation.run(seed: seed, commands: 400)
            cuts += report.powerCuts
            duplicates += report.duplicates
            ignored += report.ignored
        }
        #expect(cuts > 0 && duplicates > 0 && ignored > 0)
    }

    /// How many seeds a fault may hide in; each run is short.
    static let faultSeeds: UInt64 = 30

    /// What the checker must say of each fault: found for another reason, it would not be understood.
    static func signs(of fault: Fault) -> [String] {
        switch fault {
        case .dedupeOff: ["had two effects", "which the log does not hold"]
        case .ackBeforeLog: ["was acknowledged at"]
        case .fanOutBeforeLog: ["which the log does not hold", "does not show the state"]
        case .losesLastEntry, .skipsLogSuffix: ["differs from a replay of the log"]
        case .resumeRepeats: ["twice"]
        case .resumeSkips, .swapsEvents: ["comes next", "twice"]
        case .wrongView: ["got other bytes", "comes next", "which the log does not hold"]
        case .replyFirst: ["before its event"]
        case .clockInState: ["does not show the state", "got other bytes", "differs from a replay of the log"]
        case .leakyEncoder: ["a hidden author", "a moderators' event", "right options", "moderators' lists"]
        case .staleWelcome: ["does not show the state"]
        case .keepsDeletedText: ["the deleted text"]
        case .epochKept: ["names two events"]
        }
    }

    @Test(arguments: Fault.allCases) func `a planted fault is found, and for what it is`(fault: Fault) {
        for seed in 1...Self.faultSeeds {
            do throws(Violation) {
                _ = try Simulation.run(seed: seed, commands: 300, fault: fault)
            } catch {
                let isItsSign = Self.signs(of: fault).contains { error.description.contains($0) }
                #expect(isItsSign, "\(fault) gave: \(error)")
                return
            }
        }
        Issue.record("\(fault) was not found in \(Self.faultSeeds) seeds")
    }
}

struct TwoProcessTests {
    /// The executable stands beside the test's own.
    static var executable: URL {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let beside = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("RoomSimulation")
            if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
            // Where the test runs as a library of another program, the bundle's path is among the arguments.
            let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
            return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("RoomSimulation")
        }
    }

    @Test(.timeLimit(.minutes(5))) func `two processes with the same seeds print the same bytes`() throws {
        let runs = try (0..<2).map { _ in try Run(Self.executable, ["1000", "10", "400"]) }
        let outputs = runs.map { $0.finish() }
        #expect(outputs[0].status == 0, "\(outputs[0].text)")
        #expect(outputs[0].text == outputs[1].text)
        #expect(outputs[0].text.split(separator: "\n").count == 11)
        #expect(outputs[0].text.hasSuffix("every promise held\n"))
    }

    /// A process under way.
    struct Run {
        private let process = Process()
        private let pipe = Pipe()

        init(_ executable: URL, _ arguments: [String]) throws {
            process.executableURL = executable
            process.arguments = arguments
            process.standardOutput = pipe
            try process.run()
        }

        func finish() -> (status: Int32, text: String) {
            let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
        }
    }
}
