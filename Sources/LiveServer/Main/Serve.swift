// Owns `liveserver serve`: its flags, the log, and the start of the node. Never the node itself.

import ArgumentParser
import Glibc
import LiveIO
import LiveServer

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs a node.")

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "Address to listen on (127.0.0.1).")
    var host: String?

    @Option(help: "Port to listen on (8080); 0 takes a free one.")
    var port: Int?

    @Option(help: "Reactors; 0 takes one for each CPU (0).")
    var threads: Int?

    @Option(help: "Folder of journal and databases (./data).")
    var dataDir: String?

    @Option(help: "URL under which people reach the node, such as https://class.school.example.")
    var publicURL: String?

    @Option(help: "Least important level that is logged: trace, debug, info, notice, warning, error, critical (info).")
    var logLevel: String?

    @Option(help: "Form of log lines: logfmt, json (logfmt).")
    var logFormat: String?

    @Flag(help: "Adds /echo, which sends back what it gets without rate limits: for conformance suites.")
    var enableEcho = false

    func run() throws {
        let configuration = try options.load(flags: flags)
        try launch(configuration)
    }

    private var flags: [ConfigurationFlag] {
        let given: [(name: String, key: String, value: String?)] = [
            ("--host", "listen.host", host), ("--port", "listen.port", port.map { "\($0)" }),
            ("--threads", "listen.threads", threads.map { "\($0)" }), ("--data-dir", "data_dir", dataDir),
            ("--public-url", "public_url", publicURL), ("--log-level", "log.level", logLevel),
            ("--log-format", "log.format", logFormat),
            ("--enable-echo", "features.echo", enableEcho ? "true" : nil),
        ]
        return given.compactMap { flag in
            flag.value.map { ConfigurationFlag(name: flag.name, key: flag.key, value: $0) }
        }
    }

    /// Runs the node until SIGTERM or SIGINT. The signals are blocked before any thread starts, so that they reach
    /// this one alone.
    private func launch(_ configuration: ServerConfiguration) throws {
        let signals = try SignalSet([SIGTERM, SIGINT, SIGHUP])
        let log = ServerLog(configuration.log)
        let process = try ServerProcess(configuration: configuration, log: log)
        announce(process, configuration)
        while true {
            let signal = try signals.wait()
            guard signal != SIGHUP else {
                reload(process, log)
                continue
            }
            log.info("draining")
            process.drain()
            process.finish()
            log.stop()
            return
        }
    }

    private func announce(_ process: ServerProcess, _ configuration: ServerConfiguration) {
        StandardStream.output.line("listening on \(process.url)")
        if let url = process.encryptedURL { StandardStream.output.line("listening on \(url)") }
        guard configuration.auth.key.isDevelopment else { return }
        StandardStream.output.line("demo class, teacher: \(process.url)/teach#t=demo")
        StandardStream.output.line("demo class, student: \(process.url)/join#c=DEMO24")
    }

    /// SIGHUP: the configuration is read again, and each part takes what it can of it.
    private func reload(_ process: ServerProcess, _ log: ServerLog) {
        do {
            process.reload(try options.load(flags: flags))
        } catch {
            log.error("the configuration cannot be read; nothing was changed", reason: "\(error)")
        }
    }
}
