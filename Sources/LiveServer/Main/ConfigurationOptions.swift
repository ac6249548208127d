// Owns the options that every command with a configuration shares, and the way from them to a ServerConfiguration:
// file, environment, flags. Never prints: it throws what is wrong.

import ArgumentParser
import Foundation
import LiveServer

/// `--config` and `--set`.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .long, help: "Configuration file (JSON); else the file that LIVESERVER_CONFIG names, else none.")
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Any setting, such as limits.frame_bytes=32768; may stand several times.", valueName: "key=value"))
    var settings: [String] = []

    /// The configuration, with a command's own flags behind `--set`.
    func load(flags: [ConfigurationFlag] = []) throws -> ServerConfiguration {
        let environment = ProcessInfo.processInfo.environment
        var file: ConfigurationFile?
        if let path = config ?? environment["LIVESERVER_CONFIG"], !path.isEmpty {
            switch ConfigurationFile.read(path: path) {
            case .success(let read): file = read
            case .failure(let problem): throw CommandFailure(problem.description)
            }
        }
        let given = try settings.map { text in
            guard let equals = text.firstIndex(of: "=") else {
                throw ValidationError("--set \(text): write key=value, such as --set limits.frame_bytes=32768")
            }
            return ConfigurationFlag(
                name: "--set", key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
        }
        switch ConfigurationLoader.load(file: file, environment: environment, flags: given + flags) {
        case .success(let configuration): return configuration
        case .failure(let failure): throw CommandFailure(failure.description)
        }
    }
}
