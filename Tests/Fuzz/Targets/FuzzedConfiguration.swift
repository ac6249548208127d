// Owns the promises of the configuration's reader: any file gives a configuration within its ranges, or problems
// that can be shown; the same setting as a variable and as a flag is judged alike.

@testable import LiveProtocol
@testable import LiveServer

enum FuzzedConfiguration {
    static func run(_ input: [UInt8]) {
        let file = ConfigurationFile(path: "live.json", bytes: input)
        judge(ConfigurationLoader.load(file: file, environment: [:], flags: []))
        // The first line as `key=value`, once as a flag and once from the environment.
        let line = String(decoding: input.prefix { $0 != 0x0A }, as: UTF8.self)
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let setting = SettingCatalogue.find(parts[0]) else { return }
        let flag = ConfigurationFlag(name: "--set", key: parts[0], value: parts[1])
        let flagged = ConfigurationLoader.load(file: nil, environment: [:], flags: [flag])
        let exported = ConfigurationLoader.load(
            file: nil, environment: [setting.environmentName: parts[1]], flags: [])
        judge(flagged)
        judge(exported)
        switch (flagged, exported) {
        case (.success(let one), .success(let other)): promise(one == other, "a flag means another thing")
        case (.failure, .failure): break
        default: preconditionFailure("a flag is judged otherwise than a variable")
        }
    }

    private static func judge(_ outcome: Result<ServerConfiguration, ConfigurationFailure>) {
        switch outcome {
        case .failure(let failure): promise(!"\(failure)".isEmpty, "refuses without a word")
        case .success(let configuration):
            promise(ConfigurationRules.faults(configuration).isEmpty, "takes what its own rules refuse")
        }
    }
}
