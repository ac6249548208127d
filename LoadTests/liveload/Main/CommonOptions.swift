// Owns the options that all scenarios share, and the way from them to a plan. Never runs anything.

import ArgumentParser
import Foundation
import Glibc

/// Whom to load, as whom, from where; what to report.
struct CommonOptions: ParsableArguments {
    @Option(help: "The server under load.")
    var url = "http://127.0.0.1:8080"

    @Flag(
        name: .customLong("i-own-this-server"),
        help: "Allows a server that is not on this machine: yours, or its owner agreed.")
    var ownsServer = false

    @Option(
        help: ArgumentHelp(
            "Room path; {n} stands for the room's number. Default: rooms of the run's own.", valueName: "i/c/s"))
    var room: String?

    @Option(
        help: ArgumentHelp(
            "The server's token key, hex or base64url. Else LIVESERVER_TOKEN_KEY, else the development key.",
            valueName: "key"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Tokens, one a line, as `liveserver token --count` prints them: participant i takes line i.",
            valueName: "file"))
    var tokenFile: String?

    @Option(help: "The `iss` of minted tokens.")
    var issuer = "liveclassroom"

    @Option(help: "The `aud` of minted tokens.")
    var audience = "liveclassroom"

    @Option(
        help: ArgumentHelp(
            "Certificates to judge an https server by; without it any certificate is taken.", valueName: "file"))
    var ca: String?

    @Flag(help: "Connections to an https server resume sessions of those before them, as after a deploy.")
    var tlsResume = false

    @Option(help: "Processes that share the load, each with a CPU's worth of it.")
    var processes = 1

    @Option(
        help: ArgumentHelp(
            "Addresses 127.1.x.y to come from (loopback targets). Default: one for each 10,000 participants.",
            valueName: "n"))
    var sources: Int?

    @Option(help: ArgumentHelp("Joins a second; default: as fast as --window lets.", valueName: "n"))
    var joinRate = 0.0

    @Option(help: ArgumentHelp("Joins under way at once, in each process.", valueName: "n"))
    var window: Int?

    @Option(help: "Seconds that a join may take.")
    var joinTimeout = 20.0

    @Option(help: "Seconds to wait at the end for what is outstanding.")
    var drain = 5.0

    @Option(help: ArgumentHelp("Process whose CPU time and memory are reported (this machine).", valueName: "pid"))
    var serverPid: Int32?

    @Option(help: ArgumentHelp("Writes the result as JSON.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Writes the report as one HTML page with charts.", valueName: "file"))
    var html: String?

    @Option(
        help: ArgumentHelp(
            "A service level such as chat_p99_ms<=40; several times. A missed one ends with exit status 1.",
            valueName: "figure<=number"))
    var slo: [String] = []

    @Flag(help: "No progress line.")
    var quiet = false

    /// Most processes, rooms and participants of a run: a mistyped number must not take the machine down.
    private static let processesMax = 64
    private static let peopleMax = 1_000_000
    /// Participants for which one source address is enough.
    private static let peopleASource = 10_000

    /// The service levels, or a sentence on the first that is none.
    var levels: [ServiceLevel] {
        get throws {
            try slo.map { text in
                guard let level = ServiceLevel(text) else {
                    throw ValidationError("--slo \(text): write figure<=number, such as chat_p99_ms<=40")
                }
                guard Figures.isKnown(level.figure) else {
                    throw ValidationError(
                        "--slo \(text): there is no figure \(level.figure); `liveload figures` lists them")
                }
                return level
            }
        }
    }

    /// A plan with what is common; the scenario's own numbers are the caller's.
    func plan(_ scenario: Scenario, people: Int, others: Int = 0) throws -> Plan {
        guard (1...Self.processesMax).contains(processes) else {
            throw ValidationError("--processes \(processes): allowed are 1 to \(Self.processesMax)")
        }
        guard (0...Self.peopleMax).contains(people), people + others <= Self.peopleMax else {
            throw ValidationError("\(people) people: allowed are up to \(Self.peopleMax)")
        }
        let target: Target
        do {
            target = try Target.parse(url, ownsServer: ownsServer)
        } catch {
            throw ValidationError(error.description)
        }
        let run = String(UInt32.random(in: 0x1000_0000...UInt32.max), radix: 16)
        var plan = Plan(
            scenario: scenario, target: target, run: run, roomPattern: room ?? "load/r\(run)/n{n}",
            tokens: try tokens())
        plan.issuer = issuer
        plan.audience = audience
        plan.people = people
        plan.authorities = ca
        plan.resumes = tlsResume
        plan.processes = processes
        plan.joinTimeoutMs = UInt32(min(max(joinTimeout, 0.1), 3_600) * 1_000)
        plan.drainMs = UInt64(min(max(drain, 0.1), 3_600) * 1_000)
        plan.joinRate = joinRate
        if joinRate > 0 { plan.arrivalMs = UInt64(Double(people + others) / joinRate * 1_000) }
        if let window { plan.window = max(1, window) }
        let wanted = sources ?? (people + others + Self.peopleASource - 1) / Self.peopleASource
        plan.sources = target.hasManySources && wanted > 1 ? min(wanted, 50_000) : 0
        return plan
    }

    private func tokens() throws -> TokenSource {
        if let tokenFile {
            guard let text = try? String(contentsOfFile: tokenFile, encoding: .utf8) else {
                throw ValidationError("--token-file \(tokenFile): cannot be read")
            }
            // A line may name the participant before its token.
            let lines = text.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
            guard !lines.isEmpty else { throw ValidationError("--token-file \(tokenFile): holds no token") }
            return .list(lines)
        }
        let given = key ?? ProcessInfo.processInfo.environment["LIVESERVER_TOKEN_KEY"]
        guard let given, !given.isEmpty else { return .key(TokenSigner.developmentKey) }
        guard let bytes = TokenSigner.key(given) else {
            throw ValidationError("--key: hex or base64url of at least 32 bytes is needed")
        }
        return .key(bytes)
    }

    /// Runs the plan, writes the reports and ends with the run's status.
    func run(_ plan: Plan) throws -> Never {
        let levels = try levels
        let progress = ProgressLine(isQuiet: quiet)
        let outcome: Outcome
        do {
            outcome = try Conductor(plan: plan, levels: levels, serverPID: serverPid, progress: progress).run()
        } catch {
            progress.end()
            StandardStream.error.line("liveload: \(error)")
            Glibc.exit(ExitStatus.noVerdict)
        }
        StandardStream.output.line(TextReport.text(outcome))
        do {
            if let json { try ResultFile.write(outcome, path: json) }
            if let html { try ResultFile.write(HTMLReport.page(outcome), path: html) }
        } catch {
            StandardStream.error.line("liveload: \(error)")
            Glibc.exit(ExitStatus.noVerdict)
        }
        Glibc.exit(outcome.isGood ? ExitStatus.good : ExitStatus.missed)
    }
}

/// What the program ends with.
enum ExitStatus {
    /// Everything arrived as it should and every service level holds.
    static let good: Int32 = 0
    /// Something was lost, doubled or wrong, or a service level was missed.
    static let missed: Int32 = 1
    /// Wrong usage, or the run could not take place: nothing is known of the server.
    static let noVerdict: Int32 = 2
}
