import Foundation
import Testing

@testable import liveload

@Suite("liveload: judging")
struct JudgingTests {
    private static func outcome(
        _ counts: [Counter: UInt64], scenario: Scenario = .fanout, levels: [String] = [],
        ballots: [PollCount] = [], results: [PollCount] = []
    ) -> Outcome {
        let sums = OutcomeSums(
            plan: .sample(scenario), outcomes: [.sample(counts, results: results), .sample()],
            work: [WorkerWork(streams: [], ballots: ballots)], timeline: Timeline())
        return sums.outcome(levels: levels.compactMap { ServiceLevel($0) }, startedS: 0)
    }

    @Test(arguments: [
        ("chat_p99_ms<=40", "chat_p99_ms <= 40"), ("lost == 0", "lost == 0"),
        ("deliveries_per_s>=1e4", "deliveries_per_s >= 10,000"),
        ("failed<1", "failed < 1"), ("joined>5", "joined > 5"),
    ])
    func `a service level is read as it is written`(_ text: String, _ read: String) {
        #expect(ServiceLevel(text)?.text == read)
    }

    @Test(arguments: ["", "chat_p99_ms", "<=40", "chat_p99_ms<=", "chat_p99_ms<=fast", "chat_p99_ms=40"])
    func `what is no service level is refused`(_ text: String) {
        #expect(ServiceLevel(text) == nil)
    }

    @Test func `a figure that exists can be named, another cannot`() {
        for name in ["chat_p99_ms", "join_p999_ms", "handshake_resumed_max_ms", "lost", "polls_wrong", "receipt_count"]
        {
            #expect(Figures.isKnown(name), "\(name)")
        }
        for name in ["chat_p98_ms", "chat_p99", "speed", "", "chat_"] { #expect(!Figures.isKnown(name), "\(name)") }
    }

    @Test func `a level at its bound holds, beyond it not, and without a measurement not`() throws {
        let level = try #require(ServiceLevel("chat_p99_ms<=40"))
        #expect(Judgement(level, figures: ["chat_p99_ms": 40]).holds)
        #expect(!Judgement(level, figures: ["chat_p99_ms": 40.001]).holds)
        #expect(!Judgement(level, figures: [:]).holds)
    }

    @Test func `a run without fault is good`() {
        #expect(Self.outcome([.deliveries: 10, .expected: 10]).isGood)
    }

    @Test(arguments: [
        Counter.lost, .duplicate, .outOfOrder, .foreign, .malformed, .failed, .lostConnections, .unanswered,
        .contradictions,
    ])
    func `one fault makes a run bad, unless a service level allows it`(_ counter: Counter) {
        #expect(!Self.outcome([.deliveries: 10, counter: 1]).isGood)
        #expect(Self.outcome([.deliveries: 10, counter: 1], levels: ["\(counter.rawValue)<=1"]).isGood)
        #expect(!Self.outcome([.deliveries: 10, counter: 2], levels: ["\(counter.rawValue)<=1"]).isGood)
    }

    @Test func `a run that measured nothing is not good`() {
        #expect(!Self.outcome([:]).isGood)
        #expect(!Self.outcome([.joined: 5], scenario: .burst).isGood)
        #expect(!Self.outcome([:], scenario: .idle).isGood)
    }

    @Test func `a poll's count is held against the receipts of all workers`() {
        let ballots = [
            PollCount(room: 0, poll: "p1", counts: [1, 2, 0, 0]), PollCount(room: 0, poll: "p1", counts: [0, 3, 0, 1]),
        ]
        let right = [PollCount(room: 0, poll: "p1", counts: [1, 5, 0, 1])]
        let wrong = [PollCount(room: 0, poll: "p1", counts: [1, 6, 0, 1])]
        #expect(OutcomeSums.check(ballots, right).map(\.isExact) == [true])
        #expect(OutcomeSums.check(ballots, wrong).map(\.isExact) == [false])
        #expect(OutcomeSums.check(ballots, []).map(\.isExact) == [false])
        // One worker that saw other results than the rest shows.
        #expect(OutcomeSums.check(ballots, right + wrong).map(\.isExact) == [false])
        #expect(OutcomeSums.check(ballots, wrong + right).map(\.isExact) == [false])
        let counts: [Counter: UInt64] = [.receipts: 7]
        #expect(!Self.outcome(counts, scenario: .burst, ballots: ballots, results: wrong).isGood)
        #expect(Self.outcome(counts, scenario: .burst, ballots: ballots, results: right).isGood)
    }

    @Test func `a generator at its limit says so`() {
        var load = GeneratorLoad()
        #expect(load.warnings.isEmpty)
        load.processorShare = 0.95
        #expect(load.warnings.count == 1)
        load.lateP99Ms = 11
        #expect(load.warnings.count == 2)
    }

    @Test(arguments: [
        ("http://127.0.0.1:8080", "127.0.0.1", 8080), ("https://localhost", "127.0.0.1", 443),
        ("ws://127.9.9.9:1/x?y", "127.9.9.9", 1), ("http://[::1]:99", "::1", 99),
    ])
    func `a URL of this machine is taken`(_ url: String, _ address: String, _ port: Int) throws {
        let target = try Target.parse(url, ownsServer: false)
        #expect(target.address == address)
        #expect(Int(target.port) == port)
    }

    @Test(arguments: ["http://192.0.2.1", "https://203.0.113.5:8443", "http://0.0.0.0:80", "http://[2001:db8::1]:80"])
    func `another machine is refused without its owner's word`(_ url: String) throws {
        #expect(throws: TargetProblem.self) { try Target.parse(url, ownsServer: false) }
        #expect(throws: Never.self) { try Target.parse(url, ownsServer: true) }
    }

    @Test(arguments: ["127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://127.0.0.1:0", "http://127.0.0.1:x"])
    func `what is no URL is refused`(_ url: String) {
        #expect(throws: TargetProblem.self) { try Target.parse(url, ownsServer: true) }
    }

    @Test func `a comparison names each figure with both values and the difference`() {
        let lines = Compare.lines(["a": 10, "b": 5, "same": 1], ["a": 15, "c": 2, "same": 1], least: 1)
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("a ") && lines[0].hasSuffix("+50 %"))
        #expect(lines[1].hasSuffix("-100 %"))
        #expect(lines[2].hasSuffix("new"))
    }

    @Test func `the page holds everything itself and escapes what it is given`() throws {
        var outcome = Self.outcome([.deliveries: 10, .lost: 3], levels: ["lost<=0"])
        outcome.target = "http://<script>alert(1)</script>"
        outcome.reasons = ["<b>": 2]
        outcome.seconds = (0..<10).map { SecondPoint(second: $0, present: $0 * 10, deliveries: 5, p50: 1, p99: 2) }
        let page = HTMLReport.page(outcome)
        #expect(!page.contains("<script"))
        #expect(
            !page.contains("src=") && !page.contains("href=") && !page.contains("url(") && !page.contains("@import"))
        #expect(page.contains("prefers-color-scheme:dark"))
        #expect(page.contains("Not good"))
        #expect(page.contains("&lt;script&gt;") && page.contains("&lt;b&gt;"))
        let charts = page.components(separatedBy: "<svg role=\"img\"").dropFirst()
        #expect(charts.count >= 4)
        #expect(charts.allSatisfy { $0.contains("<title>") && $0.contains("<desc>") })
    }
}
