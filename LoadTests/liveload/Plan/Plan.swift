// Owns what a run is: every number that a worker needs to do its share, as it goes through the pipe. Never how it is
// done.

/// What the load is.
enum Scenario: String, Codable, CaseIterable, Sendable {
    /// People join and stay.
    case idle
    /// Few write, many read.
    case fanout
    /// Many join around the class boundary while others are inside.
    case storm
    /// A poll that everybody answers at once, several times, over lost connections.
    case burst
    /// As fanout, with people who never read.
    case slow
    /// A whole lesson.
    case lesson
    /// Encrypted handshakes, one after another.
    case tls

    /// The latency of the progress line and of the chart over time.
    var leading: Metric {
        switch self {
        case .idle: .join
        case .burst: .receipt
        case .tls: .handshake
        case .fanout, .storm, .slow, .lesson: .chat
        }
    }
}

/// How a participant is connected.
enum Transport: String, Codable, CaseIterable, Sendable {
    case websocket
    case sse
    case longpoll
}

/// How access tokens are come by.
enum TokenSource: Codable, Sendable, Equatable {
    /// Minted here with this secret (HS256).
    case key([UInt8])
    /// One a line; participant i takes line i.
    case list([String])
}

/// A run; times in milliseconds unless named otherwise.
struct Plan: Codable, Sendable {
    var scenario: Scenario
    var target: Target
    /// Eight hexadecimal digits that no other run has: part of room names, command ids and stamps.
    var run: String
    /// Room path; `{n}` stands for the room's number.
    var roomPattern: String
    var tokens: TokenSource
    var issuer = "liveclassroom"
    var audience = "liveclassroom"

    // MARK: Who
    var transport = Transport.websocket
    var rooms = 1
    /// Those who write, in each room; in `burst` and `lesson` the teachers.
    var publishersPerRoom = 1
    /// Those who read and, in a lesson, take part; over all rooms.
    var people = 100
    /// Of the people of a lesson, how many in each room also write in the chat.
    var talkersPerRoom = 0
    /// Who never read after they joined, beside the people.
    var slowPeople = 0
    /// Who arrive in the storm, beside the people.
    var crowd = 0

    // MARK: Where it runs
    var processes = 1
    /// Addresses within 127.0.0.0/8 to come from; 0: whatever the kernel takes.
    var sources = 0

    // MARK: Arrival
    /// Joins a second over all; 0: as fast as `window` allows.
    var joinRate = 0.0
    var arrivalShape = ArrivalShape.flat
    var arrivalMs: UInt64 = 0
    /// Joins under way at once, in each process.
    var window = 128
    /// How long one attempt may take until the welcome.
    var joinTimeoutMs: UInt32 = 20_000
    /// Attempts of one participant before it counts as failed.
    var attemptsMax = 1
    /// Whether those whose connection is lost come again.
    var comesBack = false

    // MARK: Load
    var durationMs: UInt64 = 10_000
    /// Messages before this time after the beginning are not in the latencies.
    var warmupMs: UInt64 = 1_000
    /// Messages a second over all rooms.
    var rate = 10.0
    /// Messages under way in each room at once, in place of the rate; 0: the rate holds.
    var inflight = 0
    /// Bytes of a message's text.
    var textBytes = 128
    /// Time between heartbeats; 0: none.
    var heartbeatMs: UInt32 = 30_000
    /// After the last message: how long to wait for what is outstanding.
    var drainMs: UInt64 = 5_000
    /// Calm before the storm, for comparison.
    var calmMs: UInt64 = 5_000
    /// Within how long everybody answers a poll.
    var answerSpreadMs: UInt64 = 2_000
    /// Most times that one voter sends its answer.
    var answersMax = 5
    /// Time between the beginnings of two polls of a lesson, and how long each is open.
    var pollEveryMs: UInt64 = 15_000
    var pollOpenMs: UInt64 = 8_000
    /// How busy a lesson is; 1 is a lively class.
    var pace = 1.0
    /// Connections lost, a person and minute.
    var dropsPerMinute = 0.2
    /// Handshakes under way at once in each process.
    var handshakes = 32
    /// Whether participants' connections resume sessions of those before them.
    var resumes = false
    /// A file of certificates to judge the server by; nil accepts any.
    var authorities: String?

    /// Seconds that a minted token lives: the run, and time to spare.
    var tokenLifeS: Int64 { Int64((arrivalMs + durationMs) / 1_000) + 3_600 }

    /// The path of room `number`.
    func room(_ number: Int) -> String { roomPattern.replacing("{n}", with: "\(number)") }
}
