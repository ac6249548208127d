// Owns `liveload tls`: its options. Never runs anything itself.

import ArgumentParser

struct Handshakes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls",
        abstract: "Encrypted handshakes, as many as go: full ones, then resumed ones.",
        discussion: """
            Half of --duration makes full handshakes, half resumes sessions by ticket. Each connection asks for \
            /healthz and closes, so that its tickets have come. A handshake's latency holds the connect.

            Example:
              liveload tls --url https://127.0.0.1:8443 --duration 10 --under-way 64 --processes 2
            """)

    @Option(help: "Seconds in all.")
    var duration = 10.0

    @Option(help: "Handshakes under way at once, in each process.")
    var underWay = 32

    @OptionGroup var common: CommonOptions

    /// Most handshakes under way in one process.
    private static let underWayMax = 10_000

    func run() throws {
        guard duration > 0, duration <= 86_400, (1...Self.underWayMax).contains(underWay) else {
            throw ValidationError("--duration: above 0; --under-way: 1 to \(Self.underWayMax)")
        }
        var plan = try common.plan(.tls, people: 0)
        guard plan.target.isSecure else {
            throw ValidationError("--url \(common.url): an https URL is needed, such as https://127.0.0.1:8443")
        }
        plan.publishersPerRoom = 0
        plan.durationMs = UInt64(duration * 1_000)
        plan.handshakes = underWay
        // Closed ports rest for a minute: many addresses have many ports.
        if common.sources == nil, plan.target.hasManySources { plan.sources = 64 }
        try common.run(plan)
    }
}
