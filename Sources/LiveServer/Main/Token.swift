// Owns `liveserver token`: access tokens under the configured key, on standard output and nothing beside them.

import ArgumentParser
import Glibc
import LiveServer
import Rooms

struct Token: ParsableCommand {
    /// Most tokens of one call.
    private static let countMax = 1_000_000
    /// Tokens that are written at once: output of a million must not gather in memory.
    private static let linesAtOnce = 1_000

    static let configuration = CommandConfiguration(
        abstract: "Mints access tokens with the configured key.",
        discussion: "With --count N: N lines for ID-1 to ID-N, each the bare token.")

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "Whom the token names: 1 to 64 printable ASCII characters without space, quotes, backslash, < and >.")
    var sub: String

    @Option(help: "observer, student, assistant, instructor or service.")
    var role: String

    @Option(
        help: ArgumentHelp("Room it opens; * for any name in a place. May stand several times.", valueName: "i/c/s"))
    var room: [String]

    @Option(help: "Displayed name.")
    var name: String?

    @Option(help: "Cohort: 1 to 64 of A-Z a-z 0-9 . _ ~ -")
    var cohort: String?

    @Option(help: "Validity: a number and s, m, h or d, up to 366d.")
    var ttl = "2h"

    @Option(help: "Number of tokens, for ID-1 to ID-N; without it one token for ID.")
    var count: Int?

    func run() throws {
        let configuration = try options.load()
        let signer = try TokenSigner(configuration)
        let base = try claims()
        guard let count else {
            StandardStream.output.line(signer.mint(base))
            return
        }
        var lines = ""
        for number in 1...count {
            var claims = base
            claims.sub = try subject("\(sub)-\(number)")
            lines += signer.mint(claims) + "\n"
            if number % Self.linesAtOnce == 0 || number == count {
                guard StandardStream.output.write(lines) else {
                    throw CommandFailure("standard output: cannot be written")
                }
                lines = ""
            }
        }
    }

    func validate() throws {
        _ = try claims()
        guard (1...Self.countMax).contains(count ?? 1) else {
            throw ValidationError("--count \(count ?? 1): allowed are 1 to \(Self.countMax)")
        }
        if let count { _ = try subject("\(sub)-\(count)") }
    }

    private func claims() throws -> TokenClaims {
        guard let role = Role(text: role) else {
            let names = Role.allCases.map(\.text).joined(separator: ", ")
            throw ValidationError("--role \(role): allowed are \(names)")
        }
        guard (1...TokenLimits.roomsMax).contains(room.count) else {
            throw ValidationError("--room: 1 to \(TokenLimits.roomsMax) rooms are needed")
        }
        let rooms = try room.map { text in
            guard let pattern = RoomPattern(text) else {
                throw ValidationError("--room \(text): write institution/course/session, each a name or *")
            }
            return pattern
        }
        if let cohort, !TokenLimits.isCohort(cohort) {
            throw ValidationError("--cohort \(cohort): allowed are 1 to 64 of A-Z a-z 0-9 . _ ~ -")
        }
        guard let span = TimeSpan(ttl) else {
            throw ValidationError("--ttl \(ttl): write a number and s, m, h or d, such as 90m or 2h, up to 366d")
        }
        let nowS = Int64(time(nil))
        return TokenClaims(
            sub: try subject(sub), name: name.map { DisplayName.cleaned($0) }, role: role, rooms: rooms, cohort: cohort,
            expS: nowS + span.seconds, iatS: nowS)
    }

    private func subject(_ text: String) throws -> ParticipantID {
        guard let id = ParticipantID(text), id != .system else {
            throw ValidationError(
                "--sub \(text): 1 to 64 printable ASCII characters without space, quotes, backslash, < and > are needed"
            )
        }
        return id
    }
}
