// Owns `liveserver doctor`: prints what the checks of this machine found and ends with 1 where something must be done.

import ArgumentParser
import LiveServer

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks limits, disk, port, key, clock and libraries, and says what to do.")

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Judges as for a school's server rather than a try on a laptop.")
    var production = false

    func run() throws {
        let configuration = try options.load()
        let findings = DoctorChecks.run(configuration, production: production)
        for finding in findings { StandardStream.output.line(finding.description) }
        let failed = findings.count { $0.grade == .fail }
        StandardStream.output.line(
            failed == 0 ? "nothing must be done" : "\(failed) of \(findings.count) checks failed")
        if failed > 0 { throw ExitCode(1) }
    }
}
