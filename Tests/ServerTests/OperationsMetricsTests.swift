// Metrics, health and doctor: the text format read by a strict parser, and each judgement at its edge.

import Foundation
import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

/// A strict reader of Prometheus' text format 0.0.4: families whole and once, HELP and TYPE first, names and labels
/// well formed, no sample twice, histograms cumulative.
private struct Exposition {
    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var samples: [String: [Sample]] = [:]
    private(set) var types: [String: String] = [:]
    private(set) var faults: [String] = []

    init(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self), text.hasSuffix("\n") else {
            faults = ["not UTF-8, or no newline at the end"]
            return
        }
        var family = ""
        var helped: Set<String> = []
        var series: Set<String> = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n]+)/) {
                if !helped.insert(String(match.1)).inserted { faults.append("\(match.1) stands twice") }
                family = String(match.1)
            } else if let match = line.wholeMatch(of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)/) {
                if match.1 != family || types[family] != nil { faults.append("TYPE out of place: \(line)") }
                types[family] = String(match.2)
            } else if let sample = Self.sample(line) {
                let base = types[family] == "histogram" ? Self.base(sample.name) : sample.name
                if base != family || types[family] == nil { faults.append("sample outside its family: \(line)") }
                let labels = sample.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                if !series.insert(sample.name + labels.joined(separator: ",")).inserted {
                    faults.append("twice: \(line)")
                }
                samples[sample.name, default: []].append(sample)
            } else {
                faults.append("not understood: \(line)")
            }
        }
        for (name, type) in types where type == "histogram" { checkHistogram(name) }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples[name]?.first { $0.labels == labels }?.value
    }

    private static func base(_ name: String) -> String {
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            return String(name.dropLast(suffix.count))
        }
        return name
    }

    private static func sample(_ line: Substring) -> Sample? {
        guard let match = line.wholeMatch(of: /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)/),
            let value = Double(match.4)
        else {
            return nil
        }
        var labels: [String: String] = [:]
        var rest = match.3 ?? ""
        while !rest.isEmpty {
            guard let label = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/),
                labels.updateValue(String(label.2), forKey: String(label.1)) == nil
            else { return nil }
            rest = rest[label.range.upperBound...]
        }
        return Sample(name: String(match.1), labels: labels, value: value)
    }

    private mutating func checkHistogram(_ name: String) {
        let groups = Dictionary(grouping: samples["\(name)_bucket"] ?? []) { $0.labels["reactor"] ?? "" }
        for (reactor, buckets) in groups {
            let bounds = buckets.map {
                $0.labels["le"] == "+Inf" ? Double.infinity : Double($0.labels["le"] ?? "") ?? -1
            }
            let isRising = zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
            let isCumulative = zip(buckets, buckets.dropFirst()).allSatisfy { $0.value <= $1.value }
            let count = value("\(name)_count", ["reactor": reactor])
            guard isRising, isCumulative, bounds.last == .infinity, buckets.last?.value == count,
                value("\(name)_sum", ["reactor": reactor]) != nil
            else {
                faults.append("\(name) of reactor \(reactor) is no histogram")
                continue
            }
        }
    }
}

@Suite struct OperationsMetricsTests {
    private static let node = NodeFacts(
        startedMs: 1_700_000_000_500, logFailing: false, logEntries: 7, logRounds: 5, logFailures: 0, logDepth: 2,
        ballotsInJournal: true, ballotsUndrained: 4, ballotQueueDepth: 1, ballotCommits: 9, historyFailures: 1,
        historyFailing: true, classes: 3)

    private func counters(seed: UInt64) -> ReactorCounters {
        var random = SeededRandom(seed: seed)
        var counters = ReactorCounters()
        counters.connections.webSocket = UInt64(random.below(5_000))
        counters.connections.longPoll = 3
        counters.deliveries = .max
        counters.joins = UInt64(seed)
        for code in RejectionCode.allCases { for _ in 0..<random.below(5) { counters.reject(code) } }
        for _ in 0..<500 { counters.deliveryLatency.record(ns: random.next() >> UInt64(random.below(64))) }
        counters.reactor.acceptFailures = [EMFILE: 2, ENFILE: 1]
        counters.reactor.lagMaxNs = 1_500_000
        return counters
    }

    @Test func `the page is read by a strict parser with every number in its place`() {
        let reactors = [(reactor: 0, counters: counters(seed: 1)), (reactor: 1, counters: counters(seed: 2))]
        var process = ProcessFacts()
        process.cpuSeconds = 12.25
        let page = Exposition(MetricsText.render(reactors, node: Self.node, process: process))
        #expect(page.faults == [])
        for (reactor, counters) in reactors {
            let label = ["reactor": "\(reactor)"]
            #expect(page.value("liveclassroom_joins_total", label) == Double(counters.joins))
            #expect(page.value("liveclassroom_deliveries_total", label) == Double(UInt64.max))
            #expect(
                page.value("liveclassroom_connections", ["reactor": "\(reactor)", "transport": "websocket"])
                    == Double(counters.connections.webSocket))
            #expect(page.value("liveclassroom_delivery_latency_seconds_count", label) == 500)
            #expect(
                page.value("liveclassroom_loop_lag_seconds", ["reactor": "\(reactor)", "stat": "max"]) == 0.0015)
            #expect(
                page.value("liveclassroom_accept_failures_total", ["reactor": "\(reactor)", "errno": "\(EMFILE)"]) == 2)
            for code in RejectionCode.allCases {
                #expect(
                    page.value("liveclassroom_rejections_total", ["reactor": "\(reactor)", "reason": code.text])
                        == Double(counters.rejections[Int(code.rawValue)]))
            }
        }
        #expect(page.value("process_cpu_seconds_total") == 12.25)
        #expect(page.value("process_start_time_seconds") == 1_700_000_000.5)
        #expect(page.value("liveclassroom_ballots_in_journal") == 1)
        #expect(page.value("liveclassroom_log_queue") == 2)
        #expect(page.value("liveclassroom_build_info", ["version": ServerVersion.text]) == 1)
        for (name, type) in page.types { #expect(name.hasSuffix("_total") == (type == "counter"), "\(name)") }
    }

    @Test func `the page names what operators are promised`() {
        let text = String(
            decoding: MetricsText.render([(0, counters(seed: 3))], node: Self.node), as: UTF8.self)
        for family in [
            "connections", "joins_total", "rejections_total", "deliveries_total", "delivery_latency_seconds",
            "tail_bytes",
            "loop_lag_seconds", "log_entries_total", "ballots_total", "log_lines_dropped_total",
        ] {
            #expect(text.contains("# TYPE liveclassroom_\(family) "), "\(family)")
        }
    }

    @Test func `a node without reactors still gives a page`() {
        #expect(Exposition(MetricsText.render([], node: Self.node)).faults == [])
    }

    @Test func `promtool finds nothing to say, where it is installed`() throws {
        let paths = ["/usr/bin/promtool", "/usr/local/bin/promtool"]
        guard let tool = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else { return }
        let folder = TemporaryDirectory("metrics")
        try folder.write("page", MetricsText.render([(0, counters(seed: 4))], node: Self.node))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = ["check", "metrics"]
        process.standardInput = FileHandle(forReadingAtPath: folder.path("page"))
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.000000001"), (65_536, "0.000065536"), (1_000_000_000, "1"), (1_500_000_000, "1.5"),
            (UInt64.max, "18446744073.709551615"),
        ] as [(UInt64, String)])
    func `nanoseconds are written as seconds without loss`(ns: UInt64, text: String) {
        #expect(MetricsWriter.seconds(ns) == text)
    }

    @Test func `label values are escaped`() {
        #expect(MetricsWriter.escaped("a\"b\\c\nd") == #"a\"b\\c\nd"#)
    }

    @Test func `a duration falls into the bucket whose bound is the first not below it`() {
        for (ns, bucket) in [
            (0, 0), (65_536, 0), (65_537, 1), (131_072, 1), (131_073, 2),
            (UInt64.max, DurationHistogram.bucketCount - 1),
        ] as [(UInt64, Int)] {
            var histogram = DurationHistogram()
            histogram.record(ns: ns)
            #expect(histogram.buckets.firstIndex(of: 1) == bucket, "\(ns)")
        }
    }

    @Test func `the process sees itself`() {
        let facts = ProcessFacts.read()
        #expect(facts.cpuSeconds > 0 && facts.residentBytes > 1 << 20)
        #expect(facts.openDescriptors >= 3 && facts.openDescriptors <= facts.descriptorLimit)
    }
}

@Suite struct OperationsHealthTests {
    @Test func `a node is ready while each of its parts is well`() throws {
        let well = HealthReport(
            mode: "embedded", uptimeMs: 1_500,
            parts: [
                .init(name: "journal", isWell: true, state: "ok"),
                .init(name: "ballots", isWell: true, state: "journal"),
            ])
        #expect(well.status == 200)
        #expect(
            String(decoding: well.json, as: UTF8.self)
                == #"{"ready":true,"mode":"embedded","version":"\#(ServerVersion.text)","uptime_ms":1500,"#
                + #""parts":{"journal":"ok","ballots":"journal"}}"#)
        let ill = HealthReport(
            mode: "embedded", uptimeMs: 0, parts: [.init(name: "journal", isWell: false, state: "full")])
        #expect(ill.status == 503)
        #expect(try JSONDocument.parse(ill.json)["ready"]?.bool == false)
    }

    private static let healthy = MachineFacts(
        descriptorCeiling: 1_048_576, listenQueue: 4_096, folderFailure: nil, freeBytes: 100 << 30, syncNs: 200_000,
        bindFailure: nil, wallMs: 1_795_250_099_007, clockSynchronized: true, processors: 2, libraries: ["OpenSSL 3"])

    private func grade(
        _ check: (MachineFacts) -> DoctorFinding, _ change: (inout MachineFacts) -> Void = { _ in }
    ) -> DoctorFinding.Grade {
        var facts = Self.healthy
        change(&facts)
        return check(facts).grade
    }

    @Test func `each check grades what it finds at its edge`() {
        let settings = ServerConfiguration()
        #expect(grade({ DoctorChecks.port(settings, $0) }) == .ok)
        #expect(grade({ DoctorChecks.port(settings, $0) }, { $0.bindFailure = "in use" }) == .fail)
        #expect(grade({ DoctorChecks.dataFolder(settings, $0) }, { $0.folderFailure = "denied" }) == .fail)
        #expect(grade({ DoctorChecks.diskSpace(settings, $0) }) == .ok)
        #expect(grade({ DoctorChecks.diskSpace(settings, $0) }, { $0.freeBytes = (1 << 30) + 1 }) == .warn)
        #expect(grade({ DoctorChecks.diskSpace(settings, $0) }, { $0.freeBytes = 1 << 30 }) == .fail)
        #expect(grade({ DoctorChecks.diskSpace(settings, $0) }, { $0.freeBytes = nil }) == .warn)
        for (production, expected) in [(false, DoctorFinding.Grade.warn), (true, .fail)] {
            #expect(grade({ DoctorChecks.diskSync($0, production) }, { $0.syncNs = 20_000_000 }) == .ok)
            #expect(grade({ DoctorChecks.diskSync($0, production) }, { $0.syncNs = 20_000_001 }) == expected)
            #expect(grade({ DoctorChecks.listenQueue($0, production) }) == .ok)
            #expect(grade({ DoctorChecks.listenQueue($0, production) }, { $0.listenQueue = 4_095 }) == expected)
            #expect(grade({ DoctorChecks.descriptors(settings, $0, production) }) == .ok)
            #expect(
                grade({ DoctorChecks.descriptors(settings, $0, production) }, { $0.descriptorCeiling = 20_000 })
                    == .warn
            )
            #expect(
                grade({ DoctorChecks.descriptors(settings, $0, production) }, { $0.descriptorCeiling = 4_096 })
                    == expected)
            #expect(grade({ DoctorChecks.clock($0, production) }) == .ok)
            #expect(grade({ DoctorChecks.clock($0, production) }, { $0.clockSynchronized = nil }) == .ok)
            #expect(grade({ DoctorChecks.clock($0, production) }, { $0.clockSynchronized = false }) == .warn)
            #expect(grade({ DoctorChecks.clock($0, production) }, { $0.wallMs = 0 }) == .fail)
            #expect(DoctorChecks.key(settings, production).grade == expected)
        }
        #expect(grade({ DoctorChecks.descriptors(settings, $0, false) }, { $0.descriptorCeiling = 100 }) == .fail)
        var crowded = settings
        crowded.listen.threads = 3
        #expect(grade({ DoctorChecks.processors(crowded, $0) }) == .warn)
        #expect(grade({ DoctorChecks.processors(settings, $0) }) == .ok)
    }

    @Test func `production judges habits that a laptop may have`() {
        var settings = ServerConfiguration()
        settings.features.echo = true
        settings.log.names = true
        settings.origins = ["*"]
        settings.journal.enabled = false
        #expect(DoctorChecks.habits(settings, false).isEmpty)
        #expect(DoctorChecks.habits(settings, true).map(\.grade) == [.fail, .warn, .warn, .fail])
        #expect(DoctorChecks.publicURL(settings, true).grade == .warn)
        settings.publicURL = "https://class.example"
        #expect(DoctorChecks.publicURL(settings, true).grade == .ok)
        settings.publicURL = ""
        settings.listen.host = "0.0.0.0"
        #expect(DoctorChecks.publicURL(settings, false).grade == .warn)
    }

    @Test func `every finding that is not well says what to do and shows no secret`() throws {
        var settings = ServerConfiguration()
        settings.auth.key = try TokenKey(secret: Array("0123456789abcdef0123456789abcdef".utf8))
        settings.listen.port = 0
        settings.dataDir = "/proc/nowhere/data"
        for finding in DoctorChecks.run(settings, production: true) {
            #expect((finding.remedy == nil) == (finding.grade == .ok))
            #expect(!finding.description.contains("0123456789abcdef"))
        }
        let folder = DoctorChecks.run(settings, production: false).first { $0.subject == "data folder" }
        #expect(folder?.grade == .fail)
    }

    @Test func `doctor sees a port in use and a folder that does not exist yet`() throws {
        let listener = try Listener.tcp(host: "127.0.0.1", port: 0, reusePort: true)
        var settings = ServerConfiguration()
        settings.listen.port = Int(listener.port)
        let folder = TemporaryDirectory("doctor")
        settings.dataDir = folder.path("a/b/c")
        let findings = DoctorChecks.run(settings, production: false)
        #expect(findings.first { $0.subject == "port" }?.grade == .fail)
        #expect(findings.first { $0.subject == "data folder" }?.grade == .ok)
        #expect(try folder.names().isEmpty)
        #expect(MachineFacts.nearestFolder("data") == "." || FileManager.default.fileExists(atPath: "data"))
        _ = consume listener
    }
}
