// Owns the reference of all settings as Markdown: Config/README.md is this text, and a test keeps it so. Pure.

/// The reference of all settings.
package enum ConfigurationReference {
    /// The whole page.
    package static var markdown: String {
        """
        # Configuration

        A node runs without any configuration: it then listens on `127.0.0.1:8080`, keeps its data in
        `./data` and has the demo class. `liveserver init` writes a file for a classroom; `liveserver serve
        --config FILE` reads it.

        Settings come from the file, then from the environment, then from flags; the later one wins. The
        file is one JSON object; a dot in a key stands for an object within it: `limits.frame_bytes` is
        `{"limits": {"frame_bytes": 16384}}`. Any setting is a flag too: `--set limits.frame_bytes=32768`.
        Lists in variables and flags are separated by commas.

        A key that is unknown or stands twice, a value of another type or out of range, and settings that
        contradict each other refuse the start, with the place, the key and what is allowed.
        `LIVESERVER_CONFIG` names the file.

        `bench.json` beside this page is for load tests: rates and connections raised, journal and store on;
        `bench-memory.json` is the same with rooms in memory only.

        | key | default | allowed | why |
        |---|---|---|---|
        \(SettingCatalogue.all.map(row).joined(separator: "\n"))

        Each setting's environment variable is `LIVESERVER_` and the key in capitals with `_` for the dot, such as
        `LIVESERVER_LISTEN_PORT`; that of `auth.key` is `LIVESERVER_TOKEN_KEY`.

        """
    }

    private static func row(_ setting: Setting) -> String {
        let value = setting.read(ServerConfiguration()).map { "`\($0.json)`" } ?? "the development key"
        return "| `\(setting.key)` | \(value) | \(setting.allowed) | \(setting.reason) |"
    }
}
