// Owns the commands that follow a class's day: idle, storm, burst, lesson. Never runs anything itself.

import ArgumentParser

struct Idle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "People join and stay: connections, heartbeats, memory.",
        discussion: """
            Examples:
              liveload idle --people 10000 --processes 2 --duration 60
              liveload idle --people 18000 --server-pid $(pgrep -x liveserver) --slo 'lost_connections==0'
            """)

    @Option(help: "People, over all rooms.")
    var people = 100

    @Option(help: "Rooms.")
    var rooms = 1

    @Option(help: "Seconds to stay.")
    var duration = 30.0

    @OptionGroup var common: CommonOptions

    func run() throws {
        guard rooms >= 1, rooms <= 65_536, duration > 0 else { throw ValidationError("--rooms, --duration: above 0") }
        var plan = try common.plan(.idle, people: people)
        plan.rooms = rooms
        plan.publishersPerRoom = 0
        plan.durationMs = UInt64(duration * 1_000)
        try common.run(plan)
    }
}

struct Storm: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The bell rings: a crowd joins while others are inside and chat.",
        discussion: """
            --people are inside and chat at --rate for --calm seconds; then --crowd arrive within --over seconds: \
            most of them around its middle (bell), evenly (flat) or at one instant. Joins count from the planned \
            arrival. Who is told to come later (1013, 503) does.

            Examples:
              liveload storm --crowd 10000 --over 60 --slo 'join_p99_ms<=2000' --slo 'failed==0'
              liveload storm --crowd 2000 --shape instant --people 200 --rate 20
            """)

    @Option(help: "People who arrive in the storm.")
    var crowd = 1_000

    @Option(help: "Seconds within which they arrive.")
    var over = 30.0

    @Option(help: "How they arrive: bell, flat or instant.")
    var shape = "bell"

    @Option(help: "People inside before, over all rooms.")
    var people = 50

    @Option(help: "Rooms.")
    var rooms = 1

    @Option(help: "Messages a second while all this goes on, over all rooms.")
    var rate = 10.0

    @Option(help: "Seconds of calm before and after.")
    var calm = 5.0

    @Option(help: "Attempts of one participant before it counts as failed.")
    var attempts = 3

    @OptionGroup var common: CommonOptions

    func run() throws {
        guard let shape = ArrivalShape(rawValue: shape) else {
            throw ValidationError("--shape \(shape): allowed are bell, flat, instant")
        }
        guard crowd >= 1, rooms >= 1, rate > 0, over >= 0, calm > 0, attempts >= 1 else {
            throw ValidationError("--crowd, --rooms, --rate, --calm, --attempts: above 0")
        }
        var plan = try common.plan(.storm, people: people, others: crowd)
        plan.rooms = rooms
        plan.crowd = crowd
        plan.arrivalShape = shape
        plan.arrivalMs = UInt64(over * 1_000)
        plan.calmMs = UInt64(calm * 1_000)
        plan.durationMs = plan.arrivalMs + 2 * plan.calmMs
        plan.warmupMs = 0
        plan.rate = rate
        plan.attemptsMax = attempts
        if common.window == nil { plan.window = 100_000 }
        try common.run(plan)
    }
}

struct Burst: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A poll that everybody answers at once; the count is held against the receipts.",
        discussion: """
            Each voter sends its answer 1 to --answers times, some over a connection that is cut before the receipt, \
            some with another answer the second time. The published count must be the count of receipts, exactly.

            Example:
              liveload burst --people 2000 --within 2 --slo 'receipt_p99_ms<=100' --slo 'polls_wrong==0'
            """)

    @Option(help: "Voters, over all rooms.")
    var people = 100

    @Option(help: "Rooms, each with a teacher and a poll.")
    var rooms = 1

    @Option(help: "Seconds within which everybody answers.")
    var within = 2.0

    @Option(help: "Most times that a voter sends its answer.")
    var answers = 5

    @Option(help: "Seconds until every voter must have its receipt.")
    var limit = 60.0

    @OptionGroup var common: CommonOptions

    func run() throws {
        guard rooms >= 1, rooms <= 65_536, within >= 0, answers >= 1, answers <= 100, limit > 0 else {
            throw ValidationError("--rooms, --answers (up to 100), --limit: above 0")
        }
        var plan = try common.plan(.burst, people: people)
        plan.rooms = rooms
        plan.answerSpreadMs = UInt64(within * 1_000)
        plan.answersMax = answers
        plan.durationMs = UInt64(within * 1_000) + 1_000
        plan.drainMs = max(plan.drainMs, UInt64(limit * 1_000))
        plan.comesBack = true
        plan.attemptsMax = 3
        try common.run(plan)
    }
}

struct Lesson: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A whole lesson: people arrive, chat, vote, ask, raise hands, react, lose their connection, leave.",
        discussion: """
            People arrive around the class boundary (--arrive), then the lesson lasts --duration. Lost connections \
            come back with `resume` and must have missed nothing; polls are counted against the receipts.

            Examples:
              liveload lesson --url http://127.0.0.1:8080 --people 200
              liveload lesson --people 2000 --rooms 20 --duration 300 --processes 2 --html lesson.html \\
                --slo 'chat_p99_ms<=40' --slo 'poll_started_p99_ms<=50' --slo 'receipt_p99_ms<=100'
            """)

    @Option(help: "Students, over all rooms; each room has a teacher beside them.")
    var people = 200

    @Option(help: "Rooms.")
    var rooms = 1

    @Option(help: "Students in each room who write in the chat.")
    var talkers = 20

    @Option(help: "Seconds of the lesson.")
    var duration = 60.0

    @Option(help: "Seconds within which people arrive.")
    var arrive = 10.0

    @Option(help: "How busy it is: 1 is a lively class (2 messages a talker, 3 other actions a person, each minute).")
    var pace = 1.0

    @Option(help: "Connections lost, a person and minute.")
    var drops = 0.2

    @Option(help: "Seconds between the beginnings of two polls.")
    var pollEvery = 15.0

    @OptionGroup var common: CommonOptions

    func run() throws {
        guard rooms >= 1, rooms <= 65_536, talkers >= 0, talkers <= 10_000, duration >= 5, duration <= 86_400,
            arrive >= 0, pace > 0, drops >= 0, pollEvery >= 4
        else {
            throw ValidationError("--rooms, --pace: above 0; --duration: at least 5 s; --poll-every: at least 4 s")
        }
        var plan = try common.plan(.lesson, people: people)
        plan.rooms = rooms
        plan.talkersPerRoom = min(talkers, max(1, people / rooms))
        plan.durationMs = UInt64(duration * 1_000)
        plan.warmupMs = 0
        plan.arrivalShape = .bell
        plan.arrivalMs = UInt64(arrive * 1_000)
        plan.pace = pace
        plan.dropsPerMinute = drops
        plan.pollEveryMs = UInt64(pollEvery * 1_000)
        plan.pollOpenMs = plan.pollEveryMs / 2
        plan.answersMax = 2
        plan.comesBack = true
        plan.attemptsMax = 3
        if common.window == nil { plan.window = 1_000 }
        try common.run(plan)
    }
}
