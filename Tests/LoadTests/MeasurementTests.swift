import Histogram
import Testing

@testable import liveload

@Suite("liveload: measuring")
struct MeasurementTests {
    @Test func `histograms of several workers merge to the histogram of all values`() {
        var all = Measurements.histogram()
        var merged = Measurements.histogram()
        for worker in 0..<3 {
            var own = Measurements.histogram()
            for value in 0..<1_000 {
                let us = UInt64(value * value + worker * 37)
                own.record(us)
                all.record(us)
            }
            SparseHistogram(own).add(to: &merged)
        }
        #expect(merged.totalCount == 3_000)
        for percentile in [0.1, 10, 50, 90, 99, 99.9, 100] {
            #expect(merged.valueAtPercentile(percentile) == all.valueAtPercentile(percentile))
        }
        #expect(SparseHistogram(merged) == SparseHistogram(all))
    }

    @Test func `a latency longer than an hour is kept as an hour`() {
        var measurements = Measurements(leading: .chat)
        measurements.record(.chat, ns: .max)
        let histogram = measurements.latencies["chat"]
        #expect(histogram?.counts == [1])
        var whole = Measurements.histogram()
        histogram?.add(to: &whole)
        #expect(whole.totalCount == 1)
        #expect(Double(whole.max) >= 3.59e9)
    }

    @Test func `each name has its own place`() {
        #expect(Set(Metric.allCases.map(\.place)) == Set(0..<Metric.allCases.count))
        #expect(Set(Counter.allCases.map(\.place)) == Set(0..<Counter.allCases.count))
        var measurements = Measurements(leading: .chat)
        for (more, counter) in Counter.allCases.enumerated() { measurements.count(counter, UInt64(more)) }
        for (more, counter) in Counter.allCases.enumerated() {
            #expect(measurements.counts[counter.rawValue] == UInt64(more))
        }
    }

    @Test func `a second's latencies are its own`() {
        var measurements = Measurements(leading: .chat)
        measurements.record(.chat, ns: 5_000_000)
        measurements.record(.join, ns: 9_000_000)
        #expect(measurements.takeInterval().counts.reduce(0, +) == 1)
        #expect(measurements.takeInterval().counts.isEmpty)
        #expect(measurements.latencies["chat"]?.counts == [1])
    }

    @Test func `the timeline adds up workers and tells a second from the sum so far`() {
        func second(_ worker: Int, _ second: Int, _ delivered: UInt64) -> WorkerSecond {
            WorkerSecond(
                worker: worker, second: second, present: 10, counts: ["deliveries": delivered],
                latency: SparseHistogram(), processorShare: 0.1 * Double(worker), lagMaxMs: 1)
        }
        var timeline = Timeline()
        for report in [second(0, 0, 100), second(1, 0, 50), second(0, 1, 250), second(1, 1, 60)] {
            timeline.take(report)
        }
        #expect(timeline.points.map(\.deliveries) == [150, 160])
        #expect(timeline.points.map(\.present) == [20, 20])
        #expect(timeline.total(.deliveries) == 310)
        #expect(timeline.present == 20)
    }

    @Test(arguments: [
        (0, "0"), (0.5, "0.5"), (12.345, "12.35"), (123.45, "123.5"), (1_234.5, "1,235"), (1_234_567, "1,234,567"),
        (-3.25, "-3.25"), (99.9, "99.9"), (.infinity, "–"),
    ])
    func `numbers are written for people`(_ value: Double, _ text: String) {
        #expect(Figures.text(value) == text)
    }

    @Test func `a pipe cut anywhere gives the same messages`() throws {
        let orders: [Order] = [
            .prepare(.sample(.lesson), worker: 1, startNs: 5), .load(fromNs: 1, untilNs: 2),
            .settle([StreamRecord(room: 1, stream: 2, seqs: [5, 0, -1])]),
        ]
        let bytes = try orders.flatMap { try PipeFrames.bytes($0) }
        for cut in stride(from: 0, to: bytes.count, by: 7) {
            var frames = PipeFrames()
            var found = 0
            for piece in [bytes[..<cut], bytes[cut...]] {
                frames.append(piece)
                while try frames.next(Order.self) != nil { found += 1 }
            }
            #expect(found == orders.count)
        }
    }

    @Test func `a pipe that announces nonsense is refused`() {
        var frames = PipeFrames()
        frames.append([0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: PipeProblem.self) { _ = try frames.next(Order.self) }
    }

    @Test func `an event stream cut anywhere gives the same events`() {
        let stream = Array("retry: 2000\n\nid: abcdefgh.5\ndata: {\"a\":1}\n\n: \n\ndata: {\"b\":2}\n\ndata: {".utf8)
        for cut in 0...stream.count {
            var reader = EventStreamReader()
            var events: [String] = []
            for piece in [stream[..<cut], stream[cut...]] {
                let isFine = piece.withUnsafeBytes { bytes in
                    reader.take(bytes) { events.append(String(decoding: $0, as: UTF8.self)) }
                }
                #expect(isFine)
            }
            #expect(events == ["{\"a\":1}", "{\"b\":2}"], "cut at \(cut)")
        }
    }
}
