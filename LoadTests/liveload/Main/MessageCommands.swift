// Owns the commands in which few write and many read: fanout, slow, sse, longpoll. Never runs anything itself.

import ArgumentParser

/// What these have in common.
struct MessageOptions: ParsableArguments {
    @Option(help: "Readers, over all rooms.")
    var people = 100

    @Option(help: "Rooms.")
    var rooms = 1

    @Option(help: "Writers in each room.")
    var writers = 1

    @Option(help: "Messages a second, over all rooms.")
    var rate = 10.0

    @Option(
        help: ArgumentHelp(
            "In place of a rate: messages under way in each room at once (one is sent when all have the one before).",
            valueName: "n"))
    var inflight = 0

    @Option(help: "Bytes of a message's text, at least \(Stamp.bytes).")
    var size = 128

    @Option(help: "Seconds that the load lasts.")
    var duration = 10.0

    @Option(help: "Seconds at the beginning that are not in the latencies.")
    var warmup = 1.0

    /// Longest text that the server takes.
    private static let sizeMax = 2_000

    func validate() throws {
        guard rooms >= 1, rooms <= 65_536, writers >= 1, writers <= 10_000 else {
            throw ValidationError("--rooms and --writers are at least 1")
        }
        guard rate > 0, rate <= 1e6, inflight >= 0, duration > 0, duration <= 86_400, warmup >= 0, warmup < duration
        else { throw ValidationError("--rate, --duration: above 0; --warmup: shorter than the duration") }
        guard (Stamp.bytes...Self.sizeMax).contains(size) else {
            throw ValidationError("--size \(size): allowed are \(Stamp.bytes) to \(Self.sizeMax)")
        }
    }

    func apply(to plan: inout Plan) {
        plan.rooms = rooms
        plan.publishersPerRoom = writers
        plan.rate = rate
        plan.inflight = inflight
        plan.textBytes = size
        plan.durationMs = UInt64(duration * 1_000)
        plan.warmupMs = UInt64(warmup * 1_000)
    }
}

struct Fanout: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Few write, many read, over WebSocket.",
        discussion: """
            Examples:
              liveload fanout --people 2000 --rate 20 --slo 'chat_p99_ms<=40'
              liveload fanout --people 2000 --rooms 50 --rate 1000 --processes 2 --html report.html
              liveload fanout --people 2000 --inflight 1       (as fast as everybody has it)
            """)

    @OptionGroup var messages: MessageOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        var plan = try common.plan(.fanout, people: messages.people)
        messages.apply(to: &plan)
        try common.run(plan)
    }
}

struct EventStreams: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sse",
        abstract: "As fanout; readers are event streams (text/event-stream).",
        discussion: """
            Example:
              liveload sse --people 2000 --rate 20 --slo 'chat_p99_ms<=40'
            """)

    @OptionGroup var messages: MessageOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        var plan = try common.plan(.fanout, people: messages.people)
        messages.apply(to: &plan)
        plan.transport = .sse
        try common.run(plan)
    }
}

struct LongPolls: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "longpoll",
        abstract: "As fanout; readers are long polls, each on one connection.",
        discussion: """
            Example:
              liveload longpoll --people 500 --rate 5 --slo 'chat_p99_ms<=200'
            """)

    @OptionGroup var messages: MessageOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        var plan = try common.plan(.fanout, people: messages.people)
        messages.apply(to: &plan)
        plan.transport = .longpoll
        try common.run(plan)
    }
}

struct Slow: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "As fanout, with people who never read after joining: they must slow nobody down.",
        discussion: """
            The readers' latencies are the result; what becomes of the others is counted (sleepers_closed).

            Example:
              liveload slow --people 500 --asleep 100 --size 1500 --rate 100 --slo 'chat_p99_ms<=40'
            """)

    @Option(help: "People who never read, beside those of --people.")
    var asleep = 10

    @OptionGroup var messages: MessageOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        guard asleep >= 1 else { throw ValidationError("--asleep: at least 1") }
        var plan = try common.plan(.slow, people: messages.people, others: asleep)
        messages.apply(to: &plan)
        plan.slowPeople = asleep
        try common.run(plan)
    }
}
