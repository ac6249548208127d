// Owns the entry of the executable: the list of its commands, and the exit status 0 good, 1 missed, 2 no verdict. Never
// does a command's work.

import ArgumentParser
import Glibc

@main
struct LiveLoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "liveload",
        abstract: "Loads a LiveClassroom server as a school does, and checks that nothing is lost.",
        discussion: """
            Every reader is checked: each message of its room once and in order. Latencies count from the time at \
            which something should have happened, so a server that stalls cannot hide it.

            Exit status: 0 everything arrived and every --slo holds; 1 something was lost, wrong or missed; 2 no \
            verdict (wrong usage, or no server).

            Begin with:  liveload lesson --url http://127.0.0.1:8080 --people 200
            """,
        subcommands: [
            Lesson.self, Fanout.self, Storm.self, Burst.self, Slow.self, Idle.self, EventStreams.self, LongPolls.self,
            Handshakes.self, Compare.self, FigureList.self, WorkerCommand.self,
        ])

    /// ArgumentParser ends with 64 for a wrong command line; the contract says 2.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code.isSuccess {
                StandardStream.output.line(text)
                Glibc.exit(ExitStatus.good)
            }
            if !text.isEmpty { StandardStream.error.line(text) }
            Glibc.exit(ExitStatus.noVerdict)
        }
    }
}

/// A worker of a run, started by its conductor.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker", shouldDisplay: false)

    func run() throws { Glibc.exit(Worker.run()) }
}

/// What a service level may name.
struct FigureList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "figures", abstract: "Lists the figures that --slo may name.")

    func run() throws {
        StandardStream.output.line("Latencies, each with _p50_ms _p90_ms _p99_ms _p999_ms _max_ms _mean_ms _count:")
        for metric in Metric.allCases {
            let name = metric.rawValue
            let space = String(repeating: " ", count: max(1, 20 - name.count))
            StandardStream.output.line("  \(name)\(space)\(metric.title)")
        }
        StandardStream.output.line("Counters:")
        StandardStream.output.line("  " + Counter.allCases.map(\.rawValue).joined(separator: " "))
        StandardStream.output.line("Rates and shares:")
        StandardStream.output.line("  " + Figures.derived.joined(separator: " "))
    }
}
