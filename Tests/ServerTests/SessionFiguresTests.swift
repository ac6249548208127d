// The five figures of a session: added up in any order and place they are the same, kept and read back they are the
// same, and each is what its definition says at its edges.

import LiveProtocol
import LiveTestSupport
import Testing

@testable import LiveServer

@Suite struct SessionFiguresTests {
    private func beat(_ random: inout SeededRandom) -> Heartbeat {
        Heartbeat(
            seq: 1, lagMs: random.below(4) == 0 ? nil : random.below(LagHistogram.lagMsMax) >> random.below(22),
            transport: ClientTransport.allCases[random.below(4)], failedConnects: random.below(3),
            positionMs: random.below(2) == 0 ? 1_000 : nil, videoError: random.below(5) == 0)
    }

    @Test func `every lag lies in its bucket, and buckets rise without a gap`() {
        var last = -1
        for bucket in 0..<LagHistogram.bucketCount {
            let greatest = LagHistogram.greatestMs(of: bucket)
            #expect(greatest > last)
            #expect(LagHistogram.bucket(ofMs: last + 1) == bucket)
            #expect(LagHistogram.bucket(ofMs: greatest) == bucket)
            last = greatest
        }
        #expect(last >= LagHistogram.lagMsMax, "an hour has a bucket")
    }

    @Test func `the p95 is within an eighth above the exact one`() throws {
        let seed = UInt64.random(in: 1 ... .max)
        var random = SeededRandom(seed: seed)
        for count in [1, 2, 19, 20, 21, 100, 1_000] {
            var histogram = LagHistogram()
            var lags: [Int] = []
            for _ in 0..<count {
                let lag = random.below(LagHistogram.lagMsMax) >> random.below(20)
                lags.append(lag)
                histogram.record(ms: lag)
            }
            lags.sort()
            let exact = lags[(count * 95 + 99) / 100 - 1]
            let p95 = try #require(histogram.p95Ms)
            #expect(p95 >= exact && p95 <= exact + exact / 8, "seed \(seed): \(p95) for \(exact)")
        }
        #expect(LagHistogram().p95Ms == nil)
        var longest = LagHistogram()
        longest.record(ms: .max)
        #expect(longest.p95Ms == LagHistogram.lagMsMax)
    }

    @Test func `heartbeats added up in parts are the same as in one place, and survive being kept`() throws {
        let seed = UInt64.random(in: 1 ... .max)
        var random = SeededRandom(seed: seed)
        var whole = SessionFigures()
        var parts = [HeartbeatFigures(), HeartbeatFigures(), HeartbeatFigures()]
        for number in 0..<500 {
            let one = beat(&random)
            whole.heartbeats.add(one)
            parts[number % 3].add(one)
        }
        var sum = SessionFigures()
        for part in parts { sum.heartbeats.merge(part) }
        #expect(sum == whole, "seed \(seed)")
        whole.connected(returns: false, participants: 1, ts: 1_000)
        whole.connected(returns: true, participants: 7, ts: 2_000)
        whole.connected(returns: true, participants: 3, ts: 3_000)
        let back = try #require(SessionFigures(kept: whole.kept))
        #expect(back == whole, "seed \(seed)")
        #expect(back.peakParticipants == 7 && back.peakTs == 2_000)
        #expect(back.connects == 3 && back.reconnects == 2)
    }

    @Test func `figures from before a restart are added, and the greater peak stays`() {
        var before = SessionFigures()
        before.connected(returns: false, participants: 9, ts: 1_000)
        before.heartbeats.add(Heartbeat(seq: 1, failedConnects: 1))
        var after = SessionFigures()
        after.connected(returns: true, participants: 4, ts: 5_000)
        after.merge(before)
        #expect(after.connects == 2 && after.reconnects == 1)
        #expect(after.peakParticipants == 9 && after.peakTs == 1_000)
        #expect(after.firstTs == 1_000 && after.lastTs == 5_000)
        #expect(after.failedConnectPPM == 333_333)
    }

    @Test func `rates count what they should and are 0 without anything to count`() {
        var figures = SessionFigures()
        #expect(figures.failedConnectPPM == 0 && figures.videoErrorPPM == 0)
        figures.heartbeats.add(Heartbeat(seq: 1))
        #expect(figures.videoErrorPPM == 0, "a heartbeat without a video is no report of one")
        figures.heartbeats.add(Heartbeat(seq: 1, positionMs: 5_000))
        figures.heartbeats.add(Heartbeat(seq: 1, videoError: true))
        #expect(figures.videoErrorPPM == 500_000)
        figures.heartbeats.failedConnects = .max / 2
        #expect(figures.failedConnectPPM == 1_000_000, "no trap at absurd counts")
    }

    @Test(arguments: [
        "", "[]", "{\"connects\":-1,\"lag\":[[1],[999,1],[1,-1],7,[0,3]]}", "{\"lag\":{},\"by_transport\":7}",
    ])
    func `kept bytes that are damaged are read as far as they mean something`(text: String) {
        let figures = SessionFigures(kept: Array(text.utf8))
        #expect((figures == nil) == !text.hasPrefix("{"))
        #expect((figures?.connects ?? 0) == 0)
        #expect((figures?.heartbeats.lag.count ?? 0) == (text.contains("[0,3]") ? 3 : 0))
    }

    @Test func `the gauges of a reactor show the worst of its sessions with people in them`() {
        var gauges = SessionGauges()
        var calm = SessionFigures()
        calm.connected(returns: false, participants: 30, ts: 1)
        calm.heartbeats.add(Heartbeat(seq: 1, lagMs: 10))
        var bad = SessionFigures()
        bad.connected(returns: false, participants: 2, ts: 1)
        bad.heartbeats.add(Heartbeat(seq: 1, lagMs: 900, failedConnects: 1))
        gauges.add(calm, participants: 5)
        gauges.add(bad, participants: 1)
        #expect(gauges.active == 2 && gauges.participants == 6 && gauges.peakParticipants == 30)
        #expect((900...1_012).contains(gauges.worstP95Ms))
        #expect(gauges.worstFailedConnectPPM == 500_000)
        var over = SessionGauges()
        over.add(bad, participants: 0)
        #expect(over.worstP95Ms == 0 && over.active == 0, "a class that is over alarms nobody")
    }
}
