// Owns `liveload compare`: two results beside each other. Never judges which is better: it cannot know what was
// changed.

import ArgumentParser
import Glibc

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows two results beside each other.",
        discussion: """
            Example:
              liveload fanout --json before.json; liveload fanout --json after.json
              liveload compare before.json after.json
            """)

    @Argument(help: "A result that --json wrote.")
    var before: String

    @Argument(help: "Another of the same scenario.")
    var after: String

    @Option(help: "Hides figures that differ by less, percent.")
    var least = 0.0

    func run() throws {
        do {
            let (first, second) = (try ResultFile.read(before), try ResultFile.read(after))
            if first.scenario != second.scenario {
                StandardStream.error.line("these are different scenarios: \(first.scenario), \(second.scenario)")
            }
            for line in Self.lines(first.figures, second.figures, least: least) { StandardStream.output.line(line) }
        } catch {
            StandardStream.error.line("liveload: \(error)")
            Glibc.exit(ExitStatus.noVerdict)
        }
    }

    /// Name, both values, and the difference in percent, sorted by name.
    static func lines(_ first: [String: Double], _ second: [String: Double], least: Double) -> [String] {
        Set(first.keys).union(second.keys).sorted().compactMap { name in
            let (one, other) = (first[name] ?? 0, second[name] ?? 0)
            guard one != 0 || other != 0 else { return nil }
            let percent = one == 0 ? Double.infinity : (other - one) / one.magnitude * 100
            guard percent.magnitude >= least else { return nil }
            let change = percent.isFinite ? "\(percent >= 0 ? "+" : "")\(Figures.text(percent)) %" : "new"
            return [name, Figures.text(one), Figures.text(other), change].enumerated().map { place, cell in
                let space = String(repeating: " ", count: max(1, (place == 0 ? 36 : 14) - cell.count))
                return place == 0 ? cell + space : space + cell
            }.joined()
        }
    }
}
