import Foundation
import LiveTLS
import LiveTestSupport
import Testing

@testable import liveload

/// Runs of the built program against the built server, small.
@Suite("liveload: runs", .serialized, .timeLimit(.minutes(10)))
struct RunTests {
    private static let raised = [
        "limits.student_rate=100000", "limits.student_burst=100000", "limits.moderator_rate=100000",
        "limits.moderator_burst=100000", "limits.frame_rate=500000",
    ]

    @Test(arguments: [
        ["fanout", "--people", "20", "--rate", "40", "--processes", "2", "--rooms", "2"],
        ["fanout", "--people", "10", "--inflight", "2"],
        ["sse", "--people", "10", "--rate", "20"],
        ["longpoll", "--people", "10", "--rate", "10"],
        ["slow", "--people", "10", "--asleep", "3", "--rate", "50", "--size", "1000"],
    ])
    func `messages reach every reader once and in order, whatever the transport`(_ arguments: [String]) throws {
        let server = try RunningServer(settings: Self.raised)
        let folder = TemporaryDirectory("liveload-result")
        let run = try LoadRun(
            arguments + ["--url", server.url, "--duration", "2", "--warmup", "0.5", "--json", folder.path("a.json")])
        #expect(run.status == 0, "\(run.said)")
        let outcome = try ResultFile.read(folder.path("a.json"))
        #expect(outcome.figures["lost"] == 0)
        let expected = try #require(outcome.figures["expected"])
        let deliveries = try #require(outcome.figures["deliveries"])
        // Writers read too: what was due is what readers got and the writers' own copies.
        #expect(deliveries > 100 && deliveries <= expected)
        #expect((outcome.figures["chat_p99_ms"] ?? 0) >= (outcome.figures["chat_service_p99_ms"] ?? 0) * 0.99)
    }

    @Test func `a storm counts joins from the planned arrival and watches those inside`() throws {
        let server = try RunningServer(settings: Self.raised)
        let folder = TemporaryDirectory("liveload-result")
        let run = try LoadRun([
            "storm", "--url", server.url, "--crowd", "60", "--over", "2", "--calm", "1", "--people", "5", "--rate",
            "20",
            "--json", folder.path("a.json"),
        ])
        #expect(run.status == 0, "\(run.said)")
        let outcome = try ResultFile.read(folder.path("a.json"))
        #expect(outcome.figures["joined"] == 66)
        #expect(outcome.figures["chat_before_count"] ?? 0 > 0)
        #expect(outcome.figures["chat_during_count"] ?? 0 > 0)
    }

    @Test func `a burst's count is exact though voters answer again and lose their connections`() throws {
        let server = try RunningServer()
        let folder = TemporaryDirectory("liveload-result")
        let run = try LoadRun([
            "burst", "--url", server.url, "--people", "40", "--within", "1", "--processes", "2", "--json",
            folder.path("a.json"),
        ])
        #expect(run.status == 0, "\(run.said)")
        let outcome = try ResultFile.read(folder.path("a.json"))
        #expect(outcome.polls.count == 1)
        #expect(outcome.polls.first?.published.reduce(0, +) == 40)
        #expect(outcome.figures["cuts"] ?? 0 > 0)
        #expect(outcome.figures["ballots"] ?? 0 > 40)
    }

    @Test func `a lesson goes to its end with polls counted and lost connections resumed`() throws {
        let server = try RunningServer()
        let folder = TemporaryDirectory("liveload-result")
        let run = try LoadRun([
            "lesson", "--url", server.url, "--people", "24", "--rooms", "2", "--duration", "10", "--arrive", "2",
            "--poll-every", "4", "--drops", "4", "--pace", "4", "--processes", "2", "--html", folder.path("a.html"),
            "--json", folder.path("a.json"),
        ])
        #expect(run.status == 0, "\(run.said)")
        let outcome = try ResultFile.read(folder.path("a.json"))
        #expect(outcome.polls.count >= 2 && outcome.polls.allSatisfy(\.isExact))
        #expect(outcome.figures["resumed"] ?? 0 > 0)
        #expect(outcome.figures["deliveries"] ?? 0 > 0)
        #expect(try String(decoding: folder.read("a.html"), as: UTF8.self).contains("</html>"))
    }

    @Test func `an encrypted server serves full and resumed handshakes, and rooms, and is judged by its certificate`()
        throws
    {
        let folder = TemporaryDirectory("liveload-tls")
        let made = try TLSSelfSigned(names: ["localhost"], addresses: ["127.0.0.1"])
        try folder.write("certificate.pem", made.certificate)
        try folder.write("key.pem", made.key)
        chmod(folder.path("key.pem"), 0o600)
        let server = try RunningServer(
            settings: Self.raised + [
                "tls.certificate=" + folder.path("certificate.pem"), "tls.key=" + folder.path("key.pem"),
            ])
        let authorities = ["--url", server.url, "--ca", folder.path("certificate.pem")]
        let shaking = try LoadRun(
            ["tls", "--duration", "3", "--under-way", "4", "--json", folder.path("a.json")] + authorities)
        #expect(shaking.status == 0, "\(shaking.said)")
        let outcome = try ResultFile.read(folder.path("a.json"))
        #expect(outcome.figures["handshake_count"] ?? 0 > 0)
        #expect(outcome.figures["handshake_resumed_count"] ?? 0 > 0)
        for transport in ["fanout", "sse", "longpoll"] {
            let run = try LoadRun([transport, "--people", "5", "--duration", "1.5", "--warmup", "0.2"] + authorities)
            #expect(run.status == 0, "\(run.said)")
        }
        let other = try TLSSelfSigned(names: ["localhost"], addresses: ["127.0.0.1"])
        try folder.write("other.pem", other.certificate)
        let refused = try LoadRun([
            "idle", "--people", "2", "--duration", "1", "--url", server.url, "--ca", folder.path("other.pem"),
        ])
        #expect(refused.status == 1, "\(refused.said)")
    }

    @Test func `people who only stay are counted, and come from several addresses where told`() throws {
        let server = try RunningServer()
        let run = try LoadRun([
            "idle", "--url", server.url, "--people", "30", "--duration", "1", "--sources", "3", "--slo", "joined==30",
        ])
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("holds: joined == 30"))
    }

    @Test(arguments: [
        (PlantedFault.none, Int32(0), ""), (.drop, 1, "(lost)"), (.duplicate, 1, "(duplicate)"),
        (.swap, 1, "(out_of_order)"), (.foreign, 1, "(foreign)"),
    ])
    func `one fault planted on the way to one reader ends with status 1`(
        _ fault: PlantedFault, _ status: Int32, _ word: String
    ) throws {
        let server = try RunningServer(settings: Self.raised)
        let proxy = try FaultProxy(to: server.port, fault: fault)
        defer { proxy.stop() }
        let run = try LoadRun([
            "fanout", "--url", "http://127.0.0.1:\(proxy.port)", "--people", "5", "--rate", "20", "--duration", "1.5",
            "--warmup", "0.1", "--drain", "1",
        ])
        #expect(run.status == status, "\(run.said)")
        #expect(word.isEmpty || run.output.contains(word), "\(run.said)")
    }

    @Test func `a missed service level ends with status 1 and is named`() throws {
        let server = try RunningServer(settings: Self.raised)
        let run = try LoadRun([
            "fanout", "--url", server.url, "--people", "5", "--duration", "1.5", "--slo", "chat_p50_ms<=0.000001",
        ])
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("missed: chat_p50_ms <= "))
    }

    @Test func `where no server is, the status is 2 and the sentence says so`() throws {
        let run = try LoadRun(["fanout", "--url", "http://127.0.0.1:9", "--people", "1"])
        #expect(run.status == 2)
        #expect(run.errors.contains("no server at http://127.0.0.1:9"))
    }

    @Test(arguments: [
        ["fanout", "--url", "http://192.0.2.7"], ["fanout", "--slo", "speed<=1"], ["fanout", "--rate", "-1"],
        ["nonsense"],
        ["storm", "--shape", "round"], ["tls", "--url", "http://127.0.0.1:1"], ["lesson", "--key", "short"],
    ])
    func `wrong usage ends with status 2 before anything is sent`(_ arguments: [String]) throws {
        let run = try LoadRun(arguments)
        #expect(run.status == 2, "\(run.said)")
    }

    @Test func `tokens that the server does not take end the run with their reason`() throws {
        let server = try RunningServer()
        let run = try LoadRun([
            "idle", "--url", server.url, "--people", "3", "--duration", "1", "--key",
            String(repeating: "ab", count: 32),
        ])
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("HTTP 401"))
    }

    @Test(arguments: ["fanout", "sse", "longpoll", "slow", "storm", "burst", "lesson", "idle", "tls"])
    func `every scenario's help has an example`(_ scenario: String) throws {
        let run = try LoadRun([scenario, "--help"])
        #expect(run.status == 0)
        #expect(run.output.contains("liveload \(scenario) --"))
    }
}
