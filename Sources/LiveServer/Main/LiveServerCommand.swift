// Owns the entry of the executable: the list of its commands, and the exit codes 0 ok, 1 failed, 2 usage. Never does a
// command's work.

import ArgumentParser
import Glibc
import LiveServer

@main
struct LiveServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "liveserver",
        abstract: "A real-time classroom: rooms with chat, polls, questions and presence.",
        discussion: "Without any configuration `liveserver serve` opens a demo class at http://127.0.0.1:8080/.",
        version: "liveserver \(ServerVersion.text)",
        subcommands: [
            Serve.self, Init.self, Token.self, Key.self, Doctor.self, SetSwitch.self, Switches.self, NodeStatus.self,
            ListRooms.self, ShowRoom.self, Participants.self, Kick.self, Drain.self,
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
                Glibc.exit(0)
            }
            if !text.isEmpty { StandardStream.error.line(text) }
            Glibc.exit(code == .validationFailure ? 2 : code == .failure ? 1 : code.rawValue)
        }
    }
}

/// A command that could not do its work: exit code 1 and these lines on standard error.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
